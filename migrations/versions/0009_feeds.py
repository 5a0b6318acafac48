"""How often a subscriber has made a new address of their private feed, each of which ends the one
before."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: SQLite would have to write the table anew, and much hangs on its rows.
    op.add_column(
        "subscribers", sa.Column("feed_number", sa.Integer(), nullable=False, server_default="0")
    )
