"""What became of deliveries, counted as it happens: for monitors, at no cost however many there
are, and for longer than the deliveries themselves are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Whatever changes a status, it is counted; only rows that change one at a time are, so that no two
# transactions ever wait for each other's counters.
_WHEN = "NEW.status IN ('sent', 'failed', 'bounced') AND NEW.status <> OLD.status"
_SQLITE = (
    "CREATE TRIGGER deliveries_counted AFTER UPDATE OF status ON deliveries "  # noqa: S608 (ours)
    f"WHEN {_WHEN} BEGIN "
    "INSERT INTO counters(name, slot, value) VALUES (NEW.status, 0, 1) "
    "ON CONFLICT (name, slot) DO UPDATE SET value = value + 1; END",
)
# Workers that send at the same time count in different rows, which are added up when read.
_POSTGRESQL = (
    "CREATE FUNCTION count_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO counters(name, slot, value) VALUES (NEW.status, NEW.id % 64, 1) "
    "ON CONFLICT (name, slot) DO UPDATE SET value = counters.value + 1; "
    "RETURN NULL; END $$",
    "CREATE TRIGGER deliveries_counted AFTER UPDATE OF status ON deliveries "
    f"FOR EACH ROW WHEN ({_WHEN}) EXECUTE FUNCTION count_delivery()",
)
# What bounced had been sent before.
_UNTIL_NOW = (
    "INSERT INTO counters(name, slot, value) SELECT 'sent', 0, count(*) FROM deliveries "
    "WHERE status IN ('sent', 'bounced') HAVING count(*) > 0",
    "INSERT INTO counters(name, slot, value) SELECT status, 0, count(*) FROM deliveries "
    "WHERE status IN ('failed', 'bounced') GROUP BY status",
)


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_counters")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*_UNTIL_NOW, *(_SQLITE if sqlite else _POSTGRESQL)):
        op.execute(statement)
