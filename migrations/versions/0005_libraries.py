"""The libraries of subscribers: which papers each has, and what their files say of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "library_papers",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("value", sa.String(512), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("year", sa.Integer),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_papers")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_library_papers_kind_value")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "libraries",
        sa.Column("subscriber_id", sa.Integer, nullable=False),
        sa.Column("library_paper_id", sa.Integer, nullable=False),
        sa.Column("liked_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_libraries_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["library_paper_id"],
            ["library_papers.id"],
            name=op.f("fk_libraries_library_paper_id_library_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "library_paper_id", name=op.f("pk_libraries")),
    )
    op.create_index(op.f("ix_libraries_library_paper_id"), "libraries", ["library_paper_id"])
