"""Tables of the running service: what is limited, what was handled, who holds what."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table, Text

from digest.store.columns import Time, metadata, serial

# Kept after erasure: a keyed hash, no address.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", sa.String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Time, nullable=False),
)

# What is limited per key (an address, a network) in a stretch of time; keys are hashed.
attempts = Table(
    "attempts",
    metadata,
    serial(),
    Column("scope", sa.String(32), nullable=False),
    Column("key_hash", sa.String(64), nullable=False),
    Column("at", Time, nullable=False),
    Index("ix_attempts_scope_key_hash_at", "scope", "key_hash", "at"),
)

# Mails that came in, by Message-ID or content hash: each is handled once.
inbound_mails = Table(
    "inbound_mails",
    metadata,
    Column("key", sa.String(255), primary_key=True),
    Column("at", Time, nullable=False),
    Column("outcome", sa.String(32), nullable=False),
    Column("detail", Text, nullable=False),
)

# Held by one process at a time, for a limited time; `outbox-pause` with a reason is the breaker.
leases = Table(
    "leases",
    metadata,
    Column("name", sa.String(80), primary_key=True),
    Column("owner", sa.String(160), nullable=False),
    Column("until", Time, nullable=False),
    Column("reason", Text, nullable=False),
)

# What became of deliveries, by the name of the status, counted by the database itself as it happens
# (see the migration), in a few rows for each name: what is dropped later stays counted.
counters = Table(
    "counters",
    metadata,
    Column("name", sa.String(40), primary_key=True),
    Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    Column("value", sa.BigInteger, nullable=False),
)
