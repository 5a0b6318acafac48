"""Mail that came in: each is handled once."""

from datetime import datetime

import sqlalchemy as sa

from digest.store.tables import inbound_mails
from digest.store.upserts import upsert


def outcome_of(conn: sa.Connection, key: str) -> str | None:
    """What came of a mail that was handled before; None for a new one."""
    return conn.scalar(sa.select(inbound_mails.c.outcome).where(inbound_mails.c.key == key))


def last_handled_at(conn: sa.Connection) -> datetime | None:
    """When a mail was last handled, of those that are remembered."""
    newest = sa.select(inbound_mails.c.at).order_by(inbound_mails.c.at.desc()).limit(1)
    return conn.scalar(newest)


def record(conn: sa.Connection, key: str, *, outcome: str, detail: str, now: datetime) -> None:
    statement = upsert(conn, inbound_mails).values(key=key, at=now, outcome=outcome, detail=detail)
    conn.execute(statement.on_conflict_do_nothing())


def forget(conn: sa.Connection, before: datetime) -> int:
    return conn.execute(sa.delete(inbound_mails).where(inbound_mails.c.at < before)).rowcount
