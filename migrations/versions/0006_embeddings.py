"""What papers and interests mean, by a model, so that each text is encoded once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "embeddings",
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("text_hash", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.id"],
            name=op.f("fk_embeddings_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model", "paper_id", name=op.f("pk_embeddings")),
    )
    op.create_index(op.f("ix_embeddings_paper_id"), "embeddings", ["paper_id"])
    op.create_index("ix_embeddings_model_made_at", "embeddings", ["model", "made_at"])
    op.create_index("ix_embeddings_model_text_hash", "embeddings", ["model", "text_hash"])
    op.create_table(
        "text_embeddings",
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("text_hash", sa.String(length=32), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("last_used_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("model", "text_hash", name=op.f("pk_text_embeddings")),
    )
