"""Hosts that do not answer rest; days fetched by date are known to be whole or not."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("paces") as table:
        table.add_column(
            sa.Column("failed_in_a_row", sa.Integer, nullable=False, server_default="0")
        )
    with op.batch_alter_table("paces") as table:
        table.alter_column("failed_in_a_row", server_default=None)
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("backfill", sa.JSON))
