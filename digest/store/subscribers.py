"""Subscribers, their interests, and what proves their consent."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from digest.core.editions import EditionId
from digest.core.interests import Interest, InterestKind
from digest.core.messages import MailKind
from digest.core.subscribers import (
    Frequency,
    Preferences,
    Status,
    Subscriber,
    SubscriberId,
    address_key,
    language_of,
    parse_at,
)
from digest.store import libraries, waiting
from digest.store.chunks import chunks
from digest.store.tables import (
    attempts,
    consents,
    deliveries,
    interests,
    subscribers,
    suppressions,
)

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One act of giving or withdrawing consent: `via` web, mail, operator, or service where it has
    taken back its own; `wording` as shown."""

    event: str
    via: str
    at: datetime
    ip: str = ""
    wording: str = ""


def by_id(conn: sa.Connection, subscriber_id: SubscriberId) -> Subscriber | None:
    return _one(conn, subscribers.c.id == subscriber_id)


def for_change(conn: sa.Connection, subscriber_id: SubscriberId) -> Subscriber | None:
    """The subscriber as they are now; nobody else changes them before this transaction ends.

    The connection must be a write.
    """
    row = sa.select(subscribers.c.id).where(subscribers.c.id == subscriber_id)
    conn.execute(row.with_for_update())  # SQLite has one writer at a time and no such words
    return by_id(conn, subscriber_id)


def by_email(conn: sa.Connection, email: str) -> Subscriber | None:
    return _one(conn, subscribers.c.email_key == address_key(email))


def by_public_id(conn: sa.Connection, public_id: str) -> Subscriber | None:
    return _one(conn, subscribers.c.public_id == public_id)


def _one(conn: sa.Connection, condition: sa.ColumnElement[bool]) -> Subscriber | None:
    row = conn.execute(sa.select(subscribers).where(condition)).mappings().one_or_none()
    return None if row is None else _with_interests(conn, [row])[0]


def many(conn: sa.Connection, ids: Sequence[SubscriberId]) -> dict[SubscriberId, Subscriber]:
    rows = conn.execute(sa.select(subscribers).where(subscribers.c.id.in_(ids))).mappings().all()
    return {s.id: s for s in _with_interests(conn, rows)}


def listed(
    conn: sa.Connection,
    *,
    status: Status | None = None,
    query: str = "",
    limit: int | None = None,
) -> list[Subscriber]:
    """In order of subscription; `query` is a part of the address, without regard to case."""
    statement = sa.select(subscribers).order_by(subscribers.c.id).limit(limit)
    if status is not None:
        statement = statement.where(subscribers.c.status == status)
    if query:
        statement = statement.where(
            subscribers.c.email_key.contains(query.casefold(), autoescape=True)
        )
    return _with_interests(conn, conn.execute(statement).mappings().all())


def active_batch(
    conn: sa.Connection,
    *,
    after: SubscriberId,
    without_edition: EditionId,
    emails: Sequence[str] = (),
) -> list[Subscriber]:
    """The next few hundred active subscribers behind `after` with no delivery of this edition,
    or only with the decision to send them nothing. With `emails` only these.
    """
    statement = (
        sa.select(subscribers)
        .where(*waiting.without(without_edition), subscribers.c.id > after)
        .order_by(subscribers.c.id)
        .limit(_BATCH)
    )
    if emails:
        keys = [address_key(email) for email in emails]
        statement = statement.where(subscribers.c.email_key.in_(keys))
    rows = conn.execute(statement).mappings().all()
    return _with_interests(conn, rows)


def due(
    conn: sa.Connection,
    now: datetime,
    *,
    after: Subscriber | None = None,
    limit: int | None = _BATCH,
) -> list[Subscriber]:
    """Active subscribers whose slot has come, the longest waiting first; some hundred at a time,
    with `after` those behind that one."""
    statement = (
        sa.select(subscribers)
        .where(*waiting.due(now))
        .order_by(subscribers.c.next_due_at, subscribers.c.id)
        .limit(limit)
    )
    if after is not None:
        later = subscribers.c.next_due_at > after.next_due_at
        beside = (subscribers.c.next_due_at == after.next_due_at) & (subscribers.c.id > after.id)
        statement = statement.where(later | beside)
    return _with_interests(conn, conn.execute(statement).mappings().all())


def set_status(
    conn: sa.Connection,
    subscriber_id: SubscriberId,
    status: Status,
    **columns: Any,
) -> None:
    """Changes the status, and with it any of confirmed_at, paused_until, next_due_at."""
    conn.execute(
        sa.update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(status=status, **columns)
    )


def set_next_due(conn: sa.Connection, due_at: Sequence[tuple[SubscriberId, datetime]]) -> None:
    if due_at:
        conn.execute(
            sa.update(subscribers).where(subscribers.c.id == sa.bindparam("key")),
            [{"key": key, "next_due_at": moment} for key, moment in due_at],
        )


def set_preferences(
    conn: sa.Connection,
    subscriber_id: SubscriberId,
    preferences: Preferences,
    next_due_at: datetime | None,
) -> None:
    conn.execute(
        sa.update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(next_due_at=next_due_at, **preference_columns(preferences))
    )


def replace_interests(
    conn: sa.Connection, subscriber_id: SubscriberId, wishes: Sequence[Interest]
) -> None:
    conn.execute(sa.delete(interests).where(interests.c.subscriber_id == subscriber_id))
    if wishes:
        conn.execute(sa.insert(interests), interest_rows(subscriber_id, wishes))


def renew_feed(conn: sa.Connection, subscriber_id: SubscriberId) -> None:
    """Makes every address of the subscriber's feed so far worthless."""
    conn.execute(
        sa.update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(feed_number=subscribers.c.feed_number + 1)
    )


def ended_pauses(conn: sa.Connection, now: datetime) -> list[Subscriber]:
    rows = conn.execute(
        sa.select(subscribers).where(
            subscribers.c.status == Status.PAUSED, subscribers.c.paused_until <= now
        )
    ).mappings()
    return _with_interests(conn, rows.all())


def forget_unconfirmed(conn: sa.Connection, asked_before: datetime) -> int:
    """Removes requests that nobody confirmed; how many.

    Whoever was a member once goes back to being unsubscribed: a stranger who fills in the form
    must not be able to make their history vanish.
    """
    asked_lately = sa.exists().where(
        deliveries.c.subscriber_id == subscribers.c.id,
        deliveries.c.kind == MailKind.CONFIRMATION,
        deliveries.c.created_at >= asked_before,
    )
    stale = (subscribers.c.status == Status.PENDING, subscribers.c.created_at < asked_before)
    conn.execute(
        sa.update(subscribers)
        .where(*stale, ~asked_lately, subscribers.c.confirmed_at.is_not(None))
        .values(status=Status.UNSUBSCRIBED)
    )
    return conn.execute(sa.delete(subscribers).where(*stale, ~asked_lately)).rowcount


def erase(conn: sa.Connection, subscriber_id: SubscriberId) -> None:
    """Removes the person with interests, consents, deliveries and library."""
    libraries.take_out(conn, subscriber_id)
    conn.execute(sa.delete(subscribers).where(subscribers.c.id == subscriber_id))


def counts(conn: sa.Connection) -> dict[Status, int]:
    rows = conn.execute(
        sa.select(subscribers.c.status, sa.func.count()).group_by(subscribers.c.status)
    )
    found = {Status(status): count for status, count in rows}
    return {status: found.get(status, 0) for status in Status}


# --- consent, suppression, limits -------------------------------------------------------------


def record_consent(conn: sa.Connection, subscriber_id: SubscriberId, consent: Consent) -> None:
    record_consents(conn, [subscriber_id], consent)


def record_consents(conn: sa.Connection, ids: Sequence[SubscriberId], consent: Consent) -> None:
    """The same act by each of several subscribers."""
    if ids:
        act = asdict(consent)
        conn.execute(sa.insert(consents), [{"subscriber_id": key, **act} for key in ids])


def consents_of(conn: sa.Connection, subscriber_id: SubscriberId) -> list[Consent]:
    """Oldest first."""
    rows = conn.execute(
        sa.select(consents).where(consents.c.subscriber_id == subscriber_id).order_by(consents.c.id)
    ).mappings()
    return [
        Consent(event=r["event"], via=r["via"], at=r["at"], ip=r["ip"], wording=r["wording"])
        for r in rows
    ]


def suppress_hash(conn: sa.Connection, address_hash: str, reason: str, now: datetime) -> None:
    conn.execute(sa.delete(suppressions).where(suppressions.c.address_hash == address_hash))
    conn.execute(sa.insert(suppressions).values(address_hash=address_hash, reason=reason, at=now))


def lift_suppression(conn: sa.Connection, address_hash: str) -> bool:
    deleted = conn.execute(
        sa.delete(suppressions).where(suppressions.c.address_hash == address_hash)
    )
    return deleted.rowcount > 0


def suppression_reason(conn: sa.Connection, address_hash: str) -> str | None:
    return conn.execute(
        sa.select(suppressions.c.reason).where(suppressions.c.address_hash == address_hash)
    ).scalar_one_or_none()


def attempts_since(conn: sa.Connection, scope: str, key_hash: str, since: datetime) -> int:
    return conn.execute(
        sa.select(sa.func.count()).where(
            attempts.c.scope == scope, attempts.c.key_hash == key_hash, attempts.c.at > since
        )
    ).scalar_one()


def record_attempt(conn: sa.Connection, scope: str, key_hash: str, now: datetime) -> None:
    conn.execute(sa.insert(attempts).values(scope=scope, key_hash=key_hash, at=now))


def forget_attempts(conn: sa.Connection, before: datetime) -> int:
    return conn.execute(sa.delete(attempts).where(attempts.c.at < before)).rowcount


# --- rows -------------------------------------------------------------------------------------


def preference_columns(preferences: Preferences) -> dict[str, Any]:
    """Preferences as the table of subscribers has them."""
    return {
        "frequency": preferences.frequency,
        "at": f"{preferences.at:%H:%M}",
        "timezone": preferences.timezone,
        "max_papers": preferences.max_papers,
        "dial": preferences.dial,
        "language": preferences.language,
    }


def interest_rows(subscriber_id: SubscriberId, wishes: Sequence[Interest]) -> list[dict[str, Any]]:
    """Interests as their table has them."""
    return [
        {
            "subscriber_id": subscriber_id,
            "position": position,
            "kind": wish.kind,
            "value": wish.value,
            "weight": wish.weight,
        }
        for position, wish in enumerate(wishes)
    ]


def _with_interests(conn: sa.Connection, rows: Sequence[sa.RowMapping]) -> list[Subscriber]:
    wishes: dict[int, list[Interest]] = {row["id"]: [] for row in rows}
    for chunk in chunks(wishes):
        found = conn.execute(
            sa.select(interests)
            .where(interests.c.subscriber_id.in_(chunk))
            .order_by(interests.c.subscriber_id, interests.c.position)
        ).mappings()
        for row in found:
            interest = Interest(InterestKind(row["kind"]), row["value"], row["weight"])
            wishes[row["subscriber_id"]].append(interest)
    return [_subscriber(row, tuple(wishes[row["id"]])) for row in rows]


def _subscriber(row: sa.RowMapping, wishes: tuple[Interest, ...]) -> Subscriber:
    return Subscriber(
        id=SubscriberId(row["id"]),
        public_id=row["public_id"],
        email=row["email"],
        status=Status(row["status"]),
        created_at=row["created_at"],
        confirmed_at=row["confirmed_at"],
        paused_until=row["paused_until"],
        last_sent_at=row["last_sent_at"],
        next_due_at=row["next_due_at"],
        feed_number=row["feed_number"],
        interests=wishes,
        preferences=Preferences(
            frequency=Frequency(row["frequency"]),
            at=parse_at(row["at"]),
            timezone=row["timezone"],
            max_papers=row["max_papers"],
            dial=row["dial"],
            language=language_of(row["language"]),
        ),
    )
