"""Preprints and what becomes of them: versions, prefixes, and journals, kept as one paper each."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digest.core.dedupe import plan
from digest.core.fetching import Outcome
from digest.core.identifiers import DOI, Identifier
from digest.core.papers import Paper, SourceRecord
from digest.pipeline.refresh import refresh
from digest.sources.feeds import parse_feed
from digest.sources.http import PoliteClient
from digest.sources.openreview_notes import parse_notes
from digest.sources.openrxiv import Biorxiv
from digest.sources.openrxiv_details import BIORXIV, parse_details
from digest.store import library, papers
from digest.store.engine import Store
from tests.builders import NOW, make_app, make_record
from tests.fakes import FakeClock, MemoryPaces
from tests.sources.site import Reply, running_site

ARTICLE = "10.1234/sleep.2026.17"
TITLE = "Sleeping octopuses rehearse their escapes from moray eels"
OTHER_TITLE = "Why do hummingbirds hover backwards in front of red flowers?"
ABSTRACT = "Octopuses change colour while asleep; we film them and match what we see to escapes."
OTHER_ABSTRACT = "Hummingbirds reverse. We measure wing strokes before feeders of every hue."


def preprint(suffix: str = "2026.03.13.700001", prefix: str = "10.64898", **more: Any) -> Any:
    return {
        "title": TITLE,
        "authors": "Lovelace, A.; Turing, A. M.",
        "doi": f"{prefix}/{suffix}",
        "date": "2026-03-17",
        "version": "1",
        "category": "neuroscience",
        "abstract": ABSTRACT,
        "published": "NA",
    } | more


def posted(*entries: dict[str, Any]) -> tuple[SourceRecord, ...]:
    return parse_details(body(*entries), server=BIORXIV).records


def body(*entries: dict[str, Any]) -> bytes:
    messages = [{"status": "ok", "cursor": 0, "total": len(entries)}]
    return json.dumps({"messages": messages, "collection": entries}).encode()


def article(title: str = TITLE) -> tuple[SourceRecord, ...]:
    """The article as the feed of its journal gives it, with names in full."""
    feed = f"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
      xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"><channel><title>Sleep</title>
      <item><title>{title}</title><link>https://sleep.example/17</link><guid>sleep-17</guid>
      <dc:creator>Ada Lovelace</dc:creator><dc:creator>Alan M. Turing</dc:creator>
      <prism:doi>{ARTICLE}</prism:doi><description>{ABSTRACT}</description>
      <pubDate>Fri, 20 Mar 2026 08:00:00 GMT</pubDate></item></channel></rss>"""
    return parse_feed(feed.encode(), name="sleep", now=NOW, url="https://sleep.example/").records


def stored(store: Store, *pages: tuple[SourceRecord, ...]) -> list[Paper]:
    """All papers after these pages came in, one after another."""
    for number, page in enumerate(pages):
        with store.write() as conn:
            groups = plan(page, papers.known(conn, page))
            papers.apply(conn, groups, NOW + timedelta(hours=number))
    with store.read() as conn:
        return library.latest(conn)


FIRST = posted(preprint(prefix="10.1101"))
SECOND = posted(preprint(version="2", date="2026-03-19", abstract=f"{ABSTRACT} Twice."))
ACCEPTED = posted(preprint(version="2", date="2026-03-19", published=ARTICLE))


def test_versions_under_both_prefixes_are_one_paper_with_the_text_of_the_last(
    store: Store,
) -> None:
    for pages in ((FIRST, SECOND), (SECOND, FIRST), ((*SECOND, *FIRST),)):
        (paper,) = stored(store, *pages)
        assert paper.ids == (Identifier(DOI, "10.1101/2026.03.13.700001"),)
        assert paper.abstract.endswith("Twice.")
        assert paper.url.endswith("10.64898/2026.03.13.700001v2")


@pytest.mark.parametrize(
    "pages",
    [
        (FIRST, SECOND, ACCEPTED, article()),
        (FIRST, ACCEPTED, article(), SECOND),
        (FIRST, article(), ACCEPTED),
        (article(), FIRST, ACCEPTED),
        (article(), ACCEPTED),
        (FIRST, (*article(), *ACCEPTED)),
    ],
)
def test_the_article_in_the_journal_is_the_same_paper_once_its_preprint_says_so(
    store: Store, pages: tuple[tuple[SourceRecord, ...], ...]
) -> None:
    (paper,) = stored(store, *pages)
    assert {name.value for name in paper.ids} == {"10.1101/2026.03.13.700001", ARTICLE}
    assert set(paper.sources) == {"biorxiv", "feeds.sleep"}


@pytest.mark.parametrize("together", [True, False])
def test_two_preprints_that_name_one_article_by_mistake_stay_apart(
    store: Store, together: bool
) -> None:
    right = posted(preprint(published=ARTICLE))
    wrong = posted(
        preprint(
            "2026.03.14.700002",
            title=OTHER_TITLE,
            authors="Noether, E.",
            abstract=OTHER_ABSTRACT,
            published=ARTICLE,
        )
    )
    pages = [(*right, *wrong)] if together else [right, wrong]
    assert {paper.title for paper in stored(store, *pages)} == {TITLE, OTHER_TITLE}


def test_a_paper_of_last_year_that_is_revised_today_is_not_todays(store: Store) -> None:
    revised = posted(preprint("2025.07.02.700003", version="4", date="2026-03-20"))
    (paper,) = stored(store, revised)
    with store.read() as conn:
        assert library.appeared_between(conn, NOW - timedelta(days=7), NOW) == {}
    assert paper.published_at == datetime(2025, 7, 2, tzinfo=UTC)


def test_a_revision_leaves_the_day_on_which_a_paper_came_up_as_it_was(store: Store) -> None:
    pages = [
        [preprint()],
        [preprint(version="2", date="2026-03-20"), preprint("2025.07.02.700003", version="3")],
    ]
    with running_site() as site, closing(make_client()) as client:
        site.answers(*(Reply(body=body(*entries)) for entries in pages))
        app = make_app(store, sources={"biorxiv": Biorxiv(client, url=site.url)})
        outcomes = [refresh(app, only=["biorxiv"]).fetches[0] for _ in pages]
    assert [(one.outcome, one.new, one.updated) for one in outcomes] == [
        (Outcome.OK, 1, 0),
        (Outcome.OK, 1, 1),
    ]
    with store.read() as conn:
        appeared = library.appeared_between(conn, NOW - timedelta(days=7), NOW)
    assert list(appeared.values()) == [datetime(2026, 3, 17, tzinfo=UTC)]


def make_client() -> PoliteClient:
    return PoliteClient(user_agent="digest/tests", paces=MemoryPaces(), clock=FakeClock())


def test_a_paper_on_arxiv_and_at_a_conference_is_one_and_gets_its_venue(store: Store) -> None:
    note = {
        "id": "aB3dEf6hIj",
        "forum": "aB3dEf6hIj",
        "cdate": 1758700000000,
        "pdate": 1773400000000,
        "content": {
            "title": {"value": make_record().title},
            "authors": {"value": list(make_record().authors)},
            "venue": {"value": "ICLR 2026 Oral"},
            "venueid": {"value": "ICLR.cc/2026/Conference"},
        },
    }
    page = parse_notes(json.dumps({"notes": [note], "count": 1}).encode(), now=NOW)
    known = make_record(authority=90)
    (paper,) = stored(store, (known,), (page.notes[0].record,))
    assert (paper.venue, paper.url) == ("ICLR 2026 Oral", known.url)
    assert {name.kind for name in paper.ids} == {"arxiv", "openreview"}
