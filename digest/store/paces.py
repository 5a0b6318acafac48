"""Etiquette that outlives a restart: when a group of hosts may be asked again, and for what."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from digest.core.pacing import Standing, Validators, turn_at
from digest.store.engine import Store
from digest.store.tables import paces, validators
from digest.store.upserts import upsert

_EMPTY = {"pause_reason": "", "throttled_in_a_row": 0, "failed_in_a_row": 0}


def standing(conn: sa.Connection, name: str) -> Standing:
    """How we stand with the group; an empty Standing when it was never asked."""
    row = conn.execute(sa.select(paces).where(paces.c.name == name)).one_or_none()
    if row is None:
        return Standing()
    return Standing(
        next_request_at=row.next_request_at,
        paused_until=row.paused_until,
        pause_reason=row.pause_reason,
        throttled_in_a_row=row.throttled_in_a_row,
        failed_in_a_row=row.failed_in_a_row,
    )


def _save(conn: sa.Connection, name: str, **columns: Any) -> None:
    conn.execute(
        upsert(conn, paces)
        .values(_EMPTY | {"name": name} | columns)
        .on_conflict_do_update(index_elements=[paces.c.name], set_=columns)
    )


class StoredPaces:
    """What the polite client remembers, kept in the database at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def standing(self, name: str) -> Standing:
        with self._store.read() as conn:
            return standing(conn, name)

    def reserve(self, name: str, *, now: datetime, interval: timedelta) -> datetime:
        with self._store.write() as conn:
            # The row is there before it is read, so that PostgreSQL can lock it.
            conn.execute(
                upsert(conn, paces).values(_EMPTY | {"name": name}).on_conflict_do_nothing()
            )
            kept = conn.scalar(
                sa.select(paces.c.next_request_at).where(paces.c.name == name).with_for_update()
            )
            moment = turn_at(kept, now, interval)
            _save(conn, name, next_request_at=moment + interval)
        return moment

    def save_next_request(self, name: str, at: datetime) -> None:
        self._save(name, next_request_at=at)

    def save_pause(
        self,
        name: str,
        *,
        until: datetime,
        reason: str,
        throttled_in_a_row: int,
        failed_in_a_row: int = 0,
    ) -> None:
        self._save(
            name,
            paused_until=until,
            pause_reason=reason,
            throttled_in_a_row=throttled_in_a_row,
            failed_in_a_row=failed_in_a_row,
        )

    def save_failures(self, name: str, failed_in_a_row: int) -> None:
        self._save(name, failed_in_a_row=failed_in_a_row)

    def clear_pause(self, name: str) -> None:
        self._save(name, paused_until=None, **_EMPTY)

    def _save(self, name: str, **columns: Any) -> None:
        with self._store.write() as conn:
            _save(conn, name, **columns)

    def validators(self, url: str) -> Validators | None:
        with self._store.read() as conn:
            row = conn.execute(sa.select(validators).where(validators.c.url == url)).one_or_none()
        if row is None:
            return None
        return Validators(etag=row.etag, last_modified=row.last_modified)

    def save_validators(self, url: str, kept: Validators) -> None:
        columns = {"etag": kept.etag, "last_modified": kept.last_modified}
        with self._store.write() as conn:
            conn.execute(
                upsert(conn, validators)
                .values(url=url, **columns)
                .on_conflict_do_update(index_elements=[validators.c.url], set_=columns)
            )
