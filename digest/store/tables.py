"""Every table. Times are UTC ISO-8601 text of fixed width: they sort, and read well in a shell."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from digest.core.bounces import BounceClass, BounceEffect
from digest.core.deliveries import DeliveryStatus
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.core.interests import InterestKind
from digest.core.messages import MailKind
from digest.core.places import Place, Section
from digest.core.subscribers import Frequency, Status
from digest.store import columns, learnt_tables, operation_tables
from digest.store.columns import Time, one_of, serial

metadata = columns.metadata
# What is worked out from the others, and what the running service needs; named here, too, so that
# all tables are found in one place.
analyses, term_counts, models, summaries = (
    learnt_tables.analyses,
    learnt_tables.term_counts,
    learnt_tables.models,
    learnt_tables.summaries,
)
suppressions, attempts, inbound_mails, leases, counters = (
    operation_tables.suppressions,
    operation_tables.attempts,
    operation_tables.inbound_mails,
    operation_tables.leases,
    operation_tables.counters,
)

# --- papers -----------------------------------------------------------------------------------

papers = Table(
    "papers",
    metadata,
    serial(),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", sa.JSON, nullable=False),
    Column("published_at", Time, nullable=False),
    Column("first_seen_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Column("url", Text, nullable=False),
    Column("pdf_url", Text, nullable=False),
    Column("code_url", Text, nullable=False),
    Column("discussion_url", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("venue", Text, nullable=False),
    Column("categories", sa.JSON, nullable=False),
    Column("provenance", sa.JSON, nullable=False),
    # What fuzzy matching looks up: the first letters of the title, without case or marks.
    Column("title_block", sa.String(32), nullable=False, index=True),
    sqlite_autoincrement=True,
)

paper_ids = Table(
    "paper_ids",
    metadata,
    Column("kind", sa.String(64), primary_key=True),
    Column("value", sa.String(512), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), nullable=False, index=True),
)

paper_sources = Table(
    "paper_sources",
    metadata,
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Column("source", sa.String(80), primary_key=True),
    Column("appeared_at", Time, nullable=False, index=True),
    Column("first_seen_at", Time, nullable=False),
    Column("last_seen_at", Time, nullable=False),
    Column("version", Integer),
    # What the source said, see core/origins.py: its identifiers, what the paper does not show
    # of it, which fields it gave as bits, and its standing when they disagree.
    Column("ids", sa.JSON, nullable=False),
    Column("fields", sa.JSON, nullable=False),
    Column("given", Integer, nullable=False),
    Column("authority", Integer, nullable=False),
)

# Two identifiers that somebody ruled to be of different papers; in one row from either side.
rulings = Table(
    "rulings",
    metadata,
    Column("kind", sa.String(64), primary_key=True),
    Column("value", sa.String(512), primary_key=True),
    Column("other_kind", sa.String(64), primary_key=True),
    Column("other_value", sa.String(512), primary_key=True),
    Column("at", Time, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Column("source", sa.String(80), primary_key=True),
    Column("metric", sa.String(40), primary_key=True),
    Column("at", Time, primary_key=True),
    Column("value", sa.Float, nullable=False),
)

# What the text of a paper means, by a model of that name: float16 in little-endian order, of length
# 1; empty where the model does not take the text. Made again when the text changes.
embeddings = Table(
    "embeddings",
    metadata,
    Column("model", sa.String(255), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("vector", sa.LargeBinary, nullable=False),
    Column("made_at", Time, nullable=False),
    Column("text_hash", sa.String(32), nullable=False),
    Index("ix_embeddings_model_made_at", "model", "made_at"),
    Index("ix_embeddings_model_text_hash", "model", "text_hash"),
)

# The same of what readers wrote, by its hash: kept while anybody uses it.
text_embeddings = Table(
    "text_embeddings",
    metadata,
    Column("model", sa.String(255), primary_key=True),
    Column("text_hash", sa.String(32), primary_key=True),
    Column("vector", sa.LargeBinary, nullable=False),
    Column("last_used_at", Time, nullable=False),
)

# --- sources ----------------------------------------------------------------------------------

sources = Table(
    "sources",
    metadata,
    Column("name", sa.String(80), primary_key=True),
    Column("cursor", sa.JSON, nullable=False),
    Column("next_due_at", Time),
    Column("failures", Integer, nullable=False),
    # The days that were last asked for by date, and whether all of them have come.
    Column("backfill", sa.JSON(none_as_null=True)),
)

fetches = Table(
    "fetches",
    metadata,
    serial(),
    Column("source", sa.String(80), nullable=False),
    Column("started_at", Time, nullable=False),
    Column("finished_at", Time, nullable=False),
    Column("outcome", sa.String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fetched", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("merged", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    one_of("outcome", "outcome", Outcome),
    Index("ix_fetches_source_started_at", "source", "started_at"),
)

# Etiquette that outlives a restart: when a group of hosts may be asked again, and why not sooner.
paces = Table(
    "paces",
    metadata,
    Column("name", sa.String(255), primary_key=True),
    Column("next_request_at", Time),
    Column("paused_until", Time),
    Column("pause_reason", Text, nullable=False),
    Column("throttled_in_a_row", Integer, nullable=False),
    Column("failed_in_a_row", Integer, nullable=False),
)

validators = Table(
    "validators",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
)

# --- subscribers ------------------------------------------------------------------------------

subscribers = Table(
    "subscribers",
    metadata,
    serial(),
    Column("public_id", sa.String(32), nullable=False, unique=True),
    Column("email", sa.String(320), nullable=False),
    Column("email_key", sa.String(320), nullable=False, unique=True),
    Column("status", sa.String(16), nullable=False),
    Column("created_at", Time, nullable=False),
    Column("confirmed_at", Time),
    Column("frequency", sa.String(16), nullable=False),
    Column("at", sa.String(5), nullable=False),
    Column("timezone", sa.String(64), nullable=False),
    Column("max_papers", Integer, nullable=False),
    Column("dial", sa.Float, nullable=False),
    # No check: a language that was taken away again leaves its readers with English.
    Column("language", sa.String(8), nullable=False, server_default="en"),
    Column("feed_number", Integer, nullable=False, server_default="0"),
    Column("paused_until", Time),
    Column("last_sent_at", Time),
    Column("next_due_at", Time),
    one_of("status", "status", Status),
    one_of("frequency", "frequency", Frequency),
    Index("ix_subscribers_status_next_due_at", "status", "next_due_at"),
    sqlite_autoincrement=True,
)

interests = Table(
    "interests",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", sa.String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("weight", sa.Float, nullable=False),
    one_of("kind", "kind", InterestKind),
    # Where two papers become one, whoever likes one by its number likes the other.
    Index(
        "ix_interests_likes",
        "value",
        sqlite_where=sa.text("kind = 'like'"),
        postgresql_where=sa.text("kind = 'like'"),
    ),
)

# Papers of subscribers' own libraries, one row for all who have it, by one of its names: what the
# file of somebody said, as most of them are older than what sources bring.
library_papers = Table(
    "library_papers",
    metadata,
    serial(),
    Column("kind", sa.String(64), nullable=False),
    Column("value", sa.String(512), nullable=False),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", sa.JSON, nullable=False),
    Column("year", Integer),
    sa.UniqueConstraint("kind", "value"),
    sqlite_autoincrement=True,
)

# Who has which paper in their library, and since when, as far as their file tells.
libraries = Table(
    "libraries",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "library_paper_id",
        ForeignKey("library_papers.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("liked_at", Time, nullable=False),
)

# Consent and its withdrawal, as proof: what was done, when, from where, to what wording.
consents = Table(
    "consents",
    metadata,
    serial(),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("at", Time, nullable=False),
    Column("event", sa.String(32), nullable=False),
    Column("via", sa.String(16), nullable=False),
    Column("ip", sa.String(64), nullable=False),
    Column("wording", Text, nullable=False),
    Index("ix_consents_subscriber_id", "subscriber_id"),
)

# What readers say of papers; when they first and last said it.
feedback = Table(
    "feedback",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("kind", sa.String(8), primary_key=True),
    Column("first_at", Time, nullable=False),
    Column("last_at", Time, nullable=False),
    one_of("kind", "kind", FeedbackKind),
)

# --- editions and deliveries --------------------------------------------------------------------

editions = Table(
    "editions",
    metadata,
    serial(),
    Column("date", sa.String(10), nullable=False, unique=True),
    Column("window_start", Time, nullable=False),
    Column("window_end", Time, nullable=False),
    Column("frozen_at", Time, nullable=False),
    Column("candidate_count", Integer, nullable=False),
    Column("missing", sa.JSON, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Column("trend", sa.Float, nullable=False),
    Column("trend_reason", Text, nullable=False),
    Index("ix_candidates_paper_id", "paper_id"),
)

# A paper as the mails of an edition show it in a language; rendered when first chosen for anybody.
cards = Table(
    "cards",
    metadata,
    Column("edition_id", ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Column("language", sa.String(8), primary_key=True),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_cards_paper_id", "paper_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    serial(),
    Column("public_id", sa.String(32), nullable=False, unique=True),
    Column("kind", sa.String(16), nullable=False),
    Column(
        "subscriber_id",
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("edition_id", ForeignKey("editions.id", ondelete="CASCADE")),
    Column("status", sa.String(16), nullable=False),
    Column("priority", Integer, nullable=False),  # 0: somebody waits for it; 1: a digest
    Column("created_at", Time, nullable=False),
    Column("next_attempt_at", Time, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", sa.String(160)),
    Column("lease_until", Time),
    Column("message_id", sa.String(255), nullable=False),
    Column("smtp_code", Integer),
    Column("smtp_reply", Text, nullable=False),
    Column("sent_at", Time),
    Column("detail", Text, nullable=False),
    Column("payload", sa.JSON, nullable=False),
    one_of("status", "status", DeliveryStatus),
    one_of("kind", "kind", MailKind),
    sa.UniqueConstraint("edition_id", "subscriber_id"),
    Index("ix_deliveries_status_priority_next_attempt_at", "status", "priority", "next_attempt_at"),
    sqlite_autoincrement=True,
)

delivery_papers = Table(
    "delivery_papers",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("score", sa.Float, nullable=False),
    Column("relevance", sa.Float, nullable=False),
    Column("trend", sa.Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("place", sa.String(16), nullable=False),
    Column("section", sa.String(16), nullable=False),
    one_of("place", "place", Place),
    one_of("section", "section", Section),
)

# What came back of a delivery, or was answered instead of taking it, at its worst: `status` is of
# RFC 3463. `effect` is what it led to, if anything.
bounces = Table(
    "bounces",
    metadata,
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Time, nullable=False),
    Column("bounce_class", sa.String(8), nullable=False),
    Column("status", sa.String(16), nullable=False),
    Column("effect", sa.String(12), index=True),
    one_of("bounce_class", "bounce_class", BounceClass),
    one_of("effect", "effect", BounceEffect),
)

# The ledger: nobody gets a paper twice, whatever the day, source or version. It outlives the
# deliveries, which retention drops with their editions.
sent_papers = Table(
    "sent_papers",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("delivery_id", ForeignKey("deliveries.id", ondelete="SET NULL")),
    Index("ix_sent_papers_delivery_id", "delivery_id"),
)
