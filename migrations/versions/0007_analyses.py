"""The analysed texts of papers, and in how many of them each term occurs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_papers = sa.table("papers", sa.column("id", sa.Integer))
_analyses = sa.table(
    "analyses",
    sa.column("paper_id", sa.Integer),
    sa.column("version", sa.Integer),
    sa.column("payload", sa.LargeBinary),
)


def upgrade() -> None:
    """Papers that are there lack their analyses; these are made when there is time for it."""
    op.create_table(
        "analyses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.id"],
            name=op.f("fk_analyses_paper_id_papers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_analyses_paper_id")),
    )
    op.create_index("ix_analyses_version_paper_id", "analyses", ["version", "paper_id"])
    op.create_table(
        "term_counts",
        sa.Column("term", sa.String(length=64), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_term_counts")),
        sqlite_with_rowid=False,
    )
    op.execute(
        _analyses.insert().from_select(
            ["paper_id", "version", "payload"],
            sa.select(_papers.c.id, sa.literal(0), sa.literal(b"")).order_by(_papers.c.id),
        )
    )
