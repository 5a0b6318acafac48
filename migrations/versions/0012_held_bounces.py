"""What a bounce led to: a suppression, or one that is held back because there were too many."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bounces") as table:
        table.add_column(sa.Column("effect", sa.String(12), nullable=True))
        table.create_check_constraint(op.f("ck_bounces_effect"), "effect IN ('suppressed', 'held')")
    op.create_index(op.f("ix_bounces_effect"), "bounces", ["effect"])
