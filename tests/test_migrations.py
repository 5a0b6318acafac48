"""The migrations lead from nothing to what `tables.py` says, on both engines."""

import json
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from digest.core.bounces import BounceClass, BounceEffect
from digest.core.deliveries import DeliveryId, DeliveryStatus
from digest.core.editions import Card, EditionId
from digest.core.feedback import FeedbackKind
from digest.core.identifiers import Identifier, PaperId
from digest.core.places import Place, Section
from digest.core.subscribers import Language
from digest.store import (
    analyses,
    bounces,
    editions,
    feedback,
    libraries,
    library,
    measures,
    models,
    outbox,
    schema,
    subscribers,
)
from digest.store.engine import Store
from digest.store.libraries import LibraryPaper
from digest.store.tables import metadata, paper_sources
from tests.builders import NOW, store_subscriber

# Full-text search is made by hand, differently on each engine, and known to no metadata.
SEARCH = "papers_search"


def test_the_migrations_make_the_tables_of_the_program(blank_store: Store) -> None:
    schema.upgrade(blank_store)
    options = {"include_object": _is_ours, "compare_type": True, "compare_server_default": True}
    with blank_store.read() as conn:
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, metadata) == []


def _is_ours(_thing: Any, name: str | None, _kind: str, _found: bool, _other: Any) -> bool:
    return SEARCH not in (name or "")


def test_the_migrations_name_every_rule_as_the_program_does(blank_store: Store) -> None:
    """Alembic compares neither checks nor what happens to rows whose parent goes."""
    schema.upgrade(blank_store)
    inspector = sa.inspect(blank_store.engine)
    for table in metadata.sorted_tables:
        checks = {c["name"] for c in inspector.get_check_constraints(table.name)}
        wanted = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        assert checks == wanted, table.name
        found = {
            (tuple(key["constrained_columns"]), key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert found == {
            (tuple(key.column_keys), key.ondelete) for key in table.foreign_key_constraints
        }, table.name


def test_the_number_of_a_deleted_row_is_not_given_out_again(store: Store) -> None:
    """It may stand in logs long after the row is gone."""
    first = store_subscriber(store, 1)
    with store.write() as conn:
        subscribers.erase(conn, first.id)
    assert store_subscriber(store, 2).id > first.id


_OLD_PAPER = (
    "INSERT INTO papers (id, title, abstract, authors, published_at, first_seen_at, updated_at, "
    "url, pdf_url, code_url, discussion_url, summary, venue, categories, provenance, title_block) "
    "VALUES (:id, 'Walking', '', '[]', :at, :at, :at, '', '', '', '', '', '', '[]', :provenance, "
    "'walking')"
)
_OLD_READER = (
    "INSERT INTO subscribers (public_id, email, email_key, status, created_at, frequency, at, "
    "timezone, max_papers, dial) VALUES ('a', 'ada@reader.example', 'ada@reader.example', "
    "'active', :at, 'daily', '07:30', 'UTC', 10, 0.3)"
)
_OLD_SOURCE = "INSERT INTO paper_sources VALUES (:id, :source, :at, :at, :at, NULL)"


def test_0002_tells_of_old_papers_what_is_certain(blank_store: Store) -> None:
    """Of one source all, of several only their standing; what was stored stays as it was."""
    schema.upgrade(blank_store, "0001")
    at = "2026-03-20T12:00:00.000000Z"
    title = {"source": "arxiv", "authority": 90, "version": 1}
    origin = json.dumps({"title": title, "venue": title | {"source": "votes", "authority": 5}})
    with blank_store.write() as conn:
        for key in (1, 2):
            conn.execute(sa.text(_OLD_PAPER), {"id": key, "at": at, "provenance": origin})
            name = {"value": f"2603.0000{key}", "id": key}
            conn.execute(sa.text("INSERT INTO paper_ids VALUES ('arxiv', :value, :id)"), name)
        for key, source in ((1, "arxiv"), (2, "arxiv"), (2, "votes")):
            conn.execute(sa.text(_OLD_SOURCE), {"id": key, "source": source, "at": at})
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        rows = conn.execute(
            sa.select(paper_sources).order_by(paper_sources.c.paper_id, paper_sources.c.source)
        ).all()
        assert library.count(conn) == 2
        assert [paper.title for paper in library.search(conn, "walking", 9)] == ["Walking"] * 2
    assert [(row.ids, row.fields, row.given, row.authority) for row in rows] == [
        (["arxiv:2603.00001"], {}, 1, 90),
        ([], {}, 0, 90),
        ([], {}, 0, 5),
    ]
    assert {row.appeared_at.isoformat() for row in rows} == {"2026-03-20T12:00:00+00:00"}


def test_0003_leaves_everybody_who_was_there_with_nothing_said(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0002")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        conn.execute(sa.text(_OLD_PAPER), at | {"id": 1, "provenance": "{}"})
    schema.upgrade(blank_store)
    with blank_store.write() as conn:
        (ada,) = subscribers.listed(conn)
        assert feedback.of(conn, [ada.id]) == {ada.id: ()}
        feedback.record(conn, ada.id, PaperId(1), FeedbackKind.MORE, ada.created_at)
        assert feedback.counts(conn)[FeedbackKind.MORE] == 1


def test_0004_leaves_what_was_there_and_has_learnt_nothing_yet(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0003")
    at = "2026-03-20T12:00:00.000000Z"
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_PAPER), {"id": 1, "at": at, "provenance": "{}"})
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        assert library.count(conn) == 1
        assert models.get(conn, "growth") is None


def test_0005_brings_libraries_to_those_who_are_there(blank_store: Store) -> None:
    """Nobody has one yet; each can have one from then on, and nobody else changes."""
    schema.upgrade(blank_store, "0004")
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), {"at": "2026-03-20T12:00:00.000000Z"})
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        (ada,) = subscribers.listed(conn)
    name = Identifier("doi", "10.1234/old")
    paper = LibraryPaper(
        name=name, ids=(name,), title="Old", abstract="", authors=(), year=None, liked_at=NOW
    )
    with blank_store.write() as conn:
        assert libraries.owners(conn) == frozenset()
        libraries.put(conn, ada.id, [paper])
        assert libraries.of_subscriber(conn, ada.id) == [paper]
        assert subscribers.by_id(conn, ada.id) == ada


def test_0007_leaves_the_texts_of_old_papers_to_be_analysed(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0006")
    row = {"at": "2026-03-20T12:00:00.000000Z", "provenance": "{}"}
    with blank_store.write() as conn:
        for key in (1, 2):
            conn.execute(sa.text(_OLD_PAPER), row | {"id": key})
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        assert analyses.count_lacking(conn, 1) == 2
        assert analyses.count(conn) == 0
    with blank_store.write() as conn:
        assert [text.title for text in analyses.lacking(conn, 1, 9)] == ["Walking", "Walking"]


_OLD_DELIVERY = (
    "INSERT INTO deliveries (public_id, kind, subscriber_id, status, priority, created_at, "
    "next_attempt_at, attempts, message_id, smtp_reply, detail, payload) VALUES ('d', 'digest', 1, "
    "'sent', 1, :at, :at, 1, '<d@e.org>', '', '', '{}')"
)
_OLD_PLANNED = "INSERT INTO delivery_papers VALUES (1, :position, :id, 0.5, 0.5, 0.5, :reason)"


def test_0008_tells_by_their_reasons_what_papers_were_there_for(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0007")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    reasons = (
        "matches “walking” · 9 votes",
        "by Ada Bell, an author you follow",
        "trending everywhere: 40 votes",
        "to explore: close in meaning to “walking”",
    )
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        conn.execute(sa.text(_OLD_DELIVERY), at)
        for position, reason in enumerate(reasons):
            row = {"id": position + 1, "provenance": "{}"}
            conn.execute(sa.text(_OLD_PAPER), at | row)
            planned = {"position": position, "id": position + 1, "reason": reason}
            conn.execute(sa.text(_OLD_PLANNED), planned)
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        found = outbox.papers_of(conn, [DeliveryId(1)])[DeliveryId(1)]
    assert [(paper.place, paper.section) for paper in found] == [
        (Place.FITS, Section.FOR_YOU),
        (Place.FITS, Section.AUTHORS),
        (Place.EVERYWHERE, Section.EVERYWHERE),
        (Place.EXPLORE, Section.FOR_YOU),
    ]


def test_0008_leaves_readers_and_cards_in_english(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0007")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        conn.execute(sa.text(_OLD_PAPER), at | {"id": 1, "provenance": "{}"})
        conn.execute(
            sa.text(
                "INSERT INTO editions (date, window_start, window_end, frozen_at, "
                "candidate_count, missing) VALUES ('2026-03-20', :at, :at, :at, 1, '[]')"
            ),
            at,
        )
        conn.execute(sa.text("INSERT INTO cards VALUES (1, 1, '<p>1</p>', '1')"))
    schema.upgrade(blank_store)
    one, day = PaperId(1), EditionId(1)
    with blank_store.write() as conn:
        (ada,) = subscribers.listed(conn)
        assert ada.preferences.language is Language.ENGLISH
        editions.add_cards(
            conn, day, [Card(paper_id=one, language=Language.GERMAN, html="<p>eins</p>", text="1")]
        )
        assert editions.cards_of(conn, day, [one])[one].html == "<p>1</p>"
        assert editions.cards_of(conn, day, [one], Language.GERMAN)[one].html == "<p>eins</p>"


def test_0009_leaves_everybody_with_the_first_address_of_their_feed(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0008")
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), {"at": "2026-03-20T12:00:00.000000Z"})
    schema.upgrade(blank_store)
    with blank_store.write() as conn:
        (ada,) = subscribers.listed(conn)
        assert ada.feed_number == 0
        subscribers.renew_feed(conn, ada.id)
        (ada,) = subscribers.listed(conn)
        assert ada.feed_number == 1


def test_0010_knows_of_no_bounce_yet_and_takes_those_of_old_deliveries(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0009")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        conn.execute(sa.text(_OLD_DELIVERY), at)
    schema.upgrade(blank_store)
    with blank_store.write() as conn:
        (ada,) = subscribers.listed(conn)
        assert bounces.of_subscriber(conn, ada.id) == {}
        assert bounces.record(conn, DeliveryId(1), BounceClass.SOFT, "5.2.2", "full", NOW)
        assert outbox.listed(conn)[0].delivery.status is DeliveryStatus.BOUNCED


def test_0011_counts_what_was_delivered_before_it_came(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0010")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    statuses = ("sent", "sent", "bounced", "failed", "queued", "skipped")
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        for number, status in enumerate(statuses):
            statement = _OLD_DELIVERY.replace("'d'", f"'d{number}'").replace("'sent'", ":status")
            conn.execute(sa.text(statement), at | {"status": status})
    schema.upgrade(blank_store)
    with blank_store.read() as conn:
        found = {status.value: n for status, n in measures.delivery_totals(conn).items()}
        assert len(outbox.listed(conn)) == len(statuses)
    assert found == {"sent": 3, "failed": 1, "bounced": 1}


def test_0012_takes_nothing_of_old_bounces_for_held_back(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0011")
    at = {"at": "2026-03-20T12:00:00.000000Z"}
    with blank_store.write() as conn:
        conn.execute(sa.text(_OLD_READER), at)
        conn.execute(sa.text(_OLD_DELIVERY), at)
        conn.execute(sa.text("INSERT INTO bounces VALUES (1, :at, 'hard', '5.1.1')"), at)
    schema.upgrade(blank_store)
    with blank_store.write() as conn:
        (ada,) = subscribers.listed(conn)
        assert bounces.of_subscriber(conn, ada.id)[DeliveryId(1)].status == "5.1.1"
        assert bounces.held_readers(conn, NOW) == 0
        bounces.mark(conn, DeliveryId(1), BounceEffect.HELD)
        assert bounces.held_readers(conn, NOW) == 1


def test_the_history_is_one_line() -> None:
    scripts = ScriptDirectory.from_config(schema._config())
    assert len(scripts.get_heads()) == 1
    assert all(not script.is_merge_point for script in scripts.walk_revisions())
