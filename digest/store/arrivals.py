"""Subscribers who are new, one or many at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.interests import Interest
from digest.core.subscribers import (
    Preferences,
    Status,
    Subscriber,
    SubscriberId,
    address_key,
)
from digest.store import subscribers as members
from digest.store.chunks import chunks
from digest.store.tables import interests, subscribers, suppressions

_CONFIRMED = (Status.ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """The address must be normalised and not yet known."""

    public_id: str
    email: str
    status: Status
    preferences: Preferences
    interests: Sequence[Interest] = ()
    next_due_at: datetime | None = None


def add(conn: sa.Connection, new: NewSubscriber, now: datetime) -> Subscriber:
    (subscriber_id,) = add_all(conn, [new], now)
    found = members.by_id(conn, subscriber_id)
    assert found is not None
    return found


def add_all(conn: sa.Connection, new: Sequence[NewSubscriber], now: datetime) -> list[SubscriberId]:
    """Adds new subscribers; their ids, in the same order."""
    ids: list[SubscriberId] = []
    statement = sa.insert(subscribers).returning(subscribers.c.id, sort_by_parameter_order=True)
    for some in chunks(new):
        inserted = conn.execute(statement, [_row(one, now) for one in some]).scalars().all()
        wishes = [
            row
            for key, one in zip(inserted, some, strict=True)
            for row in members.interest_rows(SubscriberId(key), one.interests)
        ]
        if wishes:
            conn.execute(sa.insert(interests), wishes)
        ids.extend(map(SubscriberId, inserted))
    return ids


def _row(new: NewSubscriber, now: datetime) -> dict[str, Any]:
    return {
        "public_id": new.public_id,
        "email": new.email,
        "email_key": address_key(new.email),
        "status": new.status,
        "created_at": now,
        "confirmed_at": now if new.status in _CONFIRMED else None,
        "next_due_at": new.next_due_at,
        **members.preference_columns(new.preferences),
    }


def known_keys(conn: sa.Connection, keys: Collection[str]) -> set[str]:
    """Which of these keys of addresses somebody here has."""
    return _found(conn, subscribers.c.email_key, keys)


def suppressed_hashes(conn: sa.Connection, hashes: Collection[str]) -> set[str]:
    """Which of these hashes of addresses are not to be written to."""
    return _found(conn, suppressions.c.address_hash, hashes)


def _found(conn: sa.Connection, column: sa.ColumnElement[str], keys: Collection[str]) -> set[str]:
    return {
        key
        for some in chunks(keys)
        for key in conn.execute(sa.select(column).where(column.in_(some))).scalars()
    }
