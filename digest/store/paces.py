"""Etiquette that outlives a restart: when a group of hosts may be asked again, and for what."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.pacing import Standing, Validators
from digest.store.engine import Store
from digest.store.papers import upsert
from digest.store.tables import paces, validators


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
    )


class StoredPaces:
    """What the polite client remembers, kept in the database at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def standing(self, name: str) -> Standing:
        with self._store.read() as conn:
            return standing(conn, name)

    def save_next_request(self, name: str, at: datetime) -> None:
        self._save(name, next_request_at=at)

    def save_pause(
        self, name: str, *, until: datetime, reason: str, throttled_in_a_row: int
    ) -> None:
        self._save(
            name, paused_until=until, pause_reason=reason, throttled_in_a_row=throttled_in_a_row
        )

    def clear_pause(self, name: str) -> None:
        self._save(name, paused_until=None, pause_reason="", throttled_in_a_row=0)

    def _save(self, name: str, **columns: Any) -> None:
        with self._store.write() as conn:
            row = {"name": name, "pause_reason": "", "throttled_in_a_row": 0} | columns
            conn.execute(
                upsert(conn, paces)
                .values(row)
                .on_conflict_do_update(index_elements=[paces.c.name], set_=columns)
            )

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
