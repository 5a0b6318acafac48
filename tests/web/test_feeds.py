"""Feed readers get what trends, and one person what they were sent: each paper once, under one
name, at one time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from digest.core.deliveries import DeliveryStatus, PlannedPaper
from digest.core.identifiers import ARXIV, Identifier
from digest.core.messages import MailKind
from digest.core.papers import Paper, Reading
from digest.core.subscribers import Language, Preferences, Status, Subscriber
from digest.core.tokens import Purpose
from digest.pipeline import links
from digest.pipeline.feeds import MOST_ENTRIES
from digest.store import outbox, subscribers, tables
from digest.store.outbox import NewDelivery
from digest.web.site import create_web
from tests.web.world import TODAY, World, make_app

HOSTILE = '<script>alert("x")</script> & <b>bold</b> ]]> \x0b\ufffe'
GERMAN = {"Accept-Language": "de"}


def read(web: FlaskClient, path: str = "/feed.xml", **headers: str) -> Any:
    """The feed as a reader of feeds has it."""
    response = web.get(path, headers=headers)
    assert response.status_code == 200
    found = feedparser.parse(response.data)
    assert not found.bozo
    assert found.version == "atom10"
    etree.fromstring(response.data)
    return found


def titles(found: Any) -> list[str]:
    return [entry.title for entry in found.entries]


def trends(world: World, *papers: Paper, day_ago: int = 0) -> None:
    """The edition of a day, in which the first of these papers trends most."""
    chosen = [(paper, 1 / place, "") for place, paper in enumerate(papers, start=1)]
    world.edition(TODAY - timedelta(days=day_ago), chosen)


# --- what trends, for everybody -------------------------------------------------------------------


def test_the_feed_has_what_the_front_page_shows(world: World, web: FlaskClient) -> None:
    trends(world, *[world.paper(f"Work no. {n} on galaxies") for n in range(23)])
    found = read(web)
    shown = web.get("/").text
    assert len(found.entries) == 20
    assert all(title in shown for title in titles(found))
    assert found.feed.title == "Trending papers · Paper Digest"
    assert found.feed.author == "Paper Digest"


def test_an_entry_says_who_wrote_it_what_about_and_where_it_is(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper(
        r"An $\ell_1$ bound",
        abstract=r"We bound $\alpha \leq 1$.",
        categories=("cs.LG", "stat.ML"),
        pdf_url="https://arxiv.org/pdf/2603.1",
        code_url="https://github.com/calm/calm",
    )
    trends(world, paper)
    (entry,) = read(web).entries
    assert entry.title == "An ℓ₁ bound"
    assert entry.summary_detail.type == "text/plain"
    assert entry.summary == "We bound α≤ 1."
    assert [author.name for author in entry.authors] == ["Grace Hopper", "Alan Turing"]
    assert [tag.term for tag in entry.tags] == ["cs.LG", "stat.ML"]
    assert entry.link == f"https://digest.example/papers/{paper.id}"
    related = [link.href for link in entry.links if link.rel == "related"]
    assert related == [paper.url, paper.pdf_url, paper.code_url]
    for words in ("Grace Hopper and Alan Turing", "19 March 2026", paper.url, "Code on GitHub"):
        assert words in entry.content[0].value


def test_a_paper_of_several_editions_is_there_once_and_older_editions_go_on(
    world: World, web: FlaskClient
) -> None:
    both, today, before = (world.paper(name) for name in ("Both", "Today", "Before"))
    trends(world, both, before, day_ago=1)
    trends(world, today, both)
    assert sorted(titles(read(web))) == ["Before", "Both", "Today"]


def test_what_was_seen_last_comes_first(world: World, web: FlaskClient) -> None:
    old = world.paper("Old")
    world.clock.sleep(3600)
    new = world.paper("New")
    trends(world, old, new)
    found = read(web)
    assert titles(found) == ["New", "Old"]
    assert [entry.updated for entry in found.entries] == [
        "2026-03-20T10:00:00Z",
        "2026-03-20T09:00:00Z",
    ]
    assert found.feed.updated == "2026-03-20T10:00:00Z"


def test_votes_change_nothing_of_what_a_feed_says(world: World, web: FlaskClient) -> None:
    first, second = (
        world.paper(name, source="huggingface", code_url=f"https://github.com/calm/{name}")
        for name in ("First", "Second")
    )
    trends(world, first, second)
    before = web.get("/feed.xml").data
    world.clock.sleep(3600)
    for paper, votes in ((first, 3), (second, 300)):
        again = {"ids": paper.ids, "url": paper.url, "code_url": paper.code_url}
        readings = tuple(Reading(metric=m, value=votes) for m in ("upvotes", "stars", "comments"))
        world.paper(paper.title, source="huggingface", readings=readings, **again)
    trends(world, second, first)
    assert web.get("/feed.xml").data == before


def test_a_feed_stays_small_whatever_the_papers_are(world: World, web: FlaskClient) -> None:
    for day in range(4):
        huge = [
            world.paper(
                f"Day {day} number {n}",
                abstract="word " * 20_000,
                authors=tuple(f"Author {a}" for a in range(300)),
            )
            for n in range(20)
        ]
        trends(world, *huge, day_ago=day)
    response = web.get("/feed.xml")
    found = feedparser.parse(response.data)
    assert len(found.entries) == MOST_ENTRIES
    assert sum(title.startswith("Day 0") for title in titles(found)) == 20
    assert max(len(entry.summary) for entry in found.entries) <= 4000
    assert max(len(entry.authors) for entry in found.entries) <= 20
    assert len(response.data) < 1_000_000


def test_text_from_sources_is_text_in_a_feed(world: World, web: FlaskClient) -> None:
    paper = world.paper(
        f"Title {HOSTILE}",
        abstract=f"Abstract {HOSTILE}",
        authors=(f"Author {HOSTILE}",),
        categories=(f"cs.{HOSTILE}",),
    )
    trends(world, paper)
    (entry,) = read(web).entries
    assert entry.title_detail.type == entry.summary_detail.type == "text/plain"
    assert entry.title.startswith('Title <script>alert("x")</script> & <b>bold</b>')
    root = etree.fromstring(web.get("/feed.xml").data)
    content = root.findtext(".//{http://www.w3.org/2005/Atom}content")
    assert content is not None
    tags = {element.tag for element in html.fragment_fromstring(content, create_parent=True).iter()}
    assert tags == {"div", "p", "br", "a"}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/"])
def test_only_web_links_get_into_a_feed(world: World, web: FlaskClient, url: str) -> None:
    trends(world, world.paper(url=url, pdf_url=url, code_url=url, discussion_url=url))
    assert url.encode() not in web.get("/feed.xml").data
    assert len(read(web).entries[0].links) == 1


def test_a_paper_without_words_is_an_entry_still(world: World, web: FlaskClient) -> None:
    bare = world.paper(
        "?", abstract="", authors=(), url="", categories=(), ids=(Identifier(ARXIV, "2603.09999"),)
    )
    trends(world, bare)
    (entry,) = read(web).entries
    assert entry.title
    assert entry.link.endswith(f"/papers/{bare.id}")


def test_without_an_edition_the_feed_has_the_latest_papers(world: World, web: FlaskClient) -> None:
    assert read(web).entries == []
    assert read(web).feed.updated == "1970-01-01T00:00:00Z"
    world.paper("New")
    assert titles(read(web)) == ["New"]


def test_the_addresses_in_a_feed_are_those_of_the_outside(world: World) -> None:
    app = make_app(world.app.store, world.clock, base_url="https://lab.example/digest")
    trends(world, world.paper("On calm"))
    found = read(create_web(app).test_client(), "/digest/feed.xml")
    assert found.entries[0].link.startswith("https://lab.example/digest/papers/")
    assert found.entries[0].id == found.entries[0].link
    own = {link.rel: link.href for link in found.feed.links}
    assert own["self"] == found.feed.id == "https://lab.example/digest/feed.xml"
    assert own["alternate"] == "https://lab.example/digest/"


def test_a_feed_speaks_as_it_is_asked_and_says_what_is_in_english(
    world: World, web: FlaskClient
) -> None:
    trends(world, world.paper("On the art of being calm"))
    response = web.get("/feed.xml", headers=GERMAN)
    assert "Accept-Language" in response.headers["Vary"]
    found = feedparser.parse(response.data)
    assert found.feed.title == "Arbeiten im Gespräch · Paper Digest"
    assert found.feed.title_detail.language == "de"
    assert found.entries[0].title_detail.language == "en"
    assert "Arbeit lesen" in found.entries[0].content[0].value


def test_the_front_page_leads_to_the_feed(world: World, web: FlaskClient) -> None:
    trends(world, world.paper())
    page = html.fromstring(web.get("/").text)
    (link,) = page.xpath('//link[@rel="alternate"][@type="application/atom+xml"]')
    assert read(web, link.get("href")).feed.title == link.get("title")
    assert page.xpath('//main//a[@href="/feed.xml"]')


# --- manners --------------------------------------------------------------------------------------


def test_whoever_has_the_feed_already_is_told_so(world: World, web: FlaskClient) -> None:
    trends(world, world.paper())
    first = web.get("/feed.xml")
    assert first.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["X-Robots-Tag"] == "noindex"
    assert first.headers["Last-Modified"] == "Fri, 20 Mar 2026 09:00:00 GMT"
    assert "Set-Cookie" not in first.headers
    for asked in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        for method in ("GET", "HEAD"):
            again = web.open("/feed.xml", method=method, headers=asked)
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]


def test_a_look_at_the_head_says_as_much_as_one_at_the_feed(world: World, web: FlaskClient) -> None:
    trends(world, world.paper())
    head, whole = web.head("/feed.xml"), web.get("/feed.xml")
    assert head.data == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Cache-Control"):
        assert head.headers[name] == whole.headers[name]


def test_a_new_edition_is_not_missed_by_who_asks_by_time_alone(
    world: World, web: FlaskClient
) -> None:
    """What trends now may have been seen before what did so far."""
    early = world.paper("Early")
    world.clock.sleep(3600)
    trends(world, world.paper("Late"), day_ago=1)
    seen = web.get("/feed.xml").headers["Last-Modified"]
    world.clock.sleep(3600)
    trends(world, early)
    again = web.get("/feed.xml", headers={"If-Modified-Since": seen})
    assert again.status_code == 200
    assert b"Early" in again.data


# --- one person's own -----------------------------------------------------------------------------


def address(world: World, member: Subscriber) -> str:
    """Where the feed of a member is."""
    return links.feed_url(world.app, member).removeprefix("https://digest.example")


def digest(
    world: World,
    member: Subscriber,
    papers: Sequence[tuple[Paper, str]],
    *,
    day_ago: int = 0,
    status: DeliveryStatus = DeliveryStatus.QUEUED,
) -> str:
    """A digest of these papers, each with why it is there; its public id."""
    day = TODAY - timedelta(days=day_ago)
    edition_id = world.edition(day, [(paper, 0.5, "") for paper, _ in papers])
    new = NewDelivery(
        public_id=world.app.new_id(),
        kind=MailKind.DIGEST,
        subscriber_id=member.id,
        edition_id=edition_id,
        message_id="<digest@digest.example>",
        status=status,
        papers=tuple(
            PlannedPaper(paper_id=paper.id, score=1, relevance=1, trend=1, reason=reason)
            for paper, reason in papers
        ),
    )
    with world.app.store.write() as conn:
        outbox.enqueue(conn, [new], world.clock.now())
    return new.public_id


def test_a_reader_has_the_papers_of_their_digests_and_why_each_is_there(
    world: World, web: FlaskClient
) -> None:
    ada, ben = world.member(), world.member("ben@reader.example")
    first, second, third, other = (world.paper(name) for name in ("One", "Two", "Three", "Ben's"))
    digest(world, ada, [(first, "matches “proof”")], day_ago=1)
    digest(world, ben, [(other, "new on arXiv")], day_ago=2)
    world.clock.sleep(24 * 3600)
    digest(world, ada, [(second, "trending everywhere: 9 votes"), (third, "new on arXiv")])
    found = read(web, address(world, ada))
    assert titles(found) == ["Two", "Three", "One"]
    assert found.feed.title == "Papers for you · Paper Digest"
    assert found.feed.updated == "2026-03-21T09:00:00Z"
    for entry, why in zip(
        found.entries,
        ("Trending everywhere: 9 votes", "New on arXiv", "Matches “proof”"),
        strict=True,
    ):
        assert entry.content[0].value.startswith(f"<p><strong>{why}</strong></p>")
        assert entry.summary == "We watch the paint dry and report how long it takes."
    # By time, as feed readers sort them, they stay in this order.
    assert [entry.updated for entry in found.entries] == [
        "2026-03-21T09:00:00Z",
        "2026-03-21T08:59:59Z",
        "2026-03-20T09:00:00Z",
    ]
    assert found.entries[0].link == f"https://digest.example/papers/{second.id}"


def test_an_entry_keeps_its_name_and_time_through_delivery_and_a_new_address(
    world: World, web: FlaskClient
) -> None:
    ada = world.member()
    public_id = digest(world, ada, [(world.paper(), "new on arXiv")])
    before = read(web, address(world, ada))
    with world.app.store.write() as conn:
        conn.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.public_id == public_id)
            .values(status="sent", sent_at=world.clock.now() + timedelta(hours=5))
        )
        subscribers.renew_feed(conn, ada.id)
    after = read(web, address(world, world.reread(ada)))
    assert after.feed.id == before.feed.id
    assert [(e.id, e.updated) for e in after.entries] == [(e.id, e.updated) for e in before.entries]


@pytest.mark.parametrize(
    "status", [DeliveryStatus.SKIPPED, DeliveryStatus.CANCELLED, DeliveryStatus.FAILED]
)
def test_what_did_not_reach_a_reader_is_not_in_their_feed(
    world: World, web: FlaskClient, status: DeliveryStatus
) -> None:
    """Its papers come again with another digest."""
    ada = world.member()
    digest(world, ada, [(world.paper(), "new on arXiv")], status=status)
    assert read(web, address(world, ada)).entries == []


def test_before_the_first_digest_a_feed_is_there_and_empty(world: World, web: FlaskClient) -> None:
    found = read(web, address(world, world.member()))
    assert found.entries == []
    assert found.feed.updated == "2026-03-20T09:00:00Z"


def test_a_feed_holds_the_newest_fifty_papers(world: World, web: FlaskClient) -> None:
    ada = world.member()
    for day in (2, 1, 0):
        papers = [(world.paper(f"Day {day} number {n}"), "new on arXiv") for n in range(20)]
        digest(world, ada, papers, day_ago=day)
    found = titles(read(web, address(world, ada)))
    assert len(found) == MOST_ENTRIES
    assert found[0] == "Day 0 number 0"
    assert found[-1] == "Day 2 number 9"


def test_a_private_feed_says_nothing_that_acts_or_names_its_reader(
    world: World, web: FlaskClient
) -> None:
    ada = world.member()
    digest(world, ada, [(world.paper(), "new on arXiv")])
    text = web.get(address(world, ada)).text
    assert ada.email not in text
    for path in ("/preferences/", "/unsubscribe/", "/feedback/", "/export/", "/confirm/"):
        assert path not in text


def test_a_hostile_reason_is_text(world: World, web: FlaskClient) -> None:
    ada = world.member()
    digest(world, ada, [(world.paper(f"T {HOSTILE}"), f"like “{HOSTILE}”, which you liked")])
    (entry,) = read(web, address(world, ada)).entries
    assert "&lt;script&gt;" in web.get(address(world, ada)).text
    assert "<script" not in entry.content[0].value
    assert "<b>" not in entry.content[0].value


def test_a_feed_speaks_the_language_of_its_reader(world: World, web: FlaskClient) -> None:
    ada = world.member(preferences=Preferences(language=Language.GERMAN))
    digest(world, ada, [(world.paper("On the art"), "rising: 53 → 301 votes since yesterday")])
    found = read(web, address(world, ada), **{"Accept-Language": "en"})
    assert found.feed.title == "Arbeiten für Sie · Paper Digest"
    assert "Steigt: 53 → 301 Stimmen seit gestern" in found.entries[0].content[0].value


def test_a_private_feed_is_kept_by_its_reader_alone(world: World, web: FlaskClient) -> None:
    ada = world.member()
    digest(world, ada, [(world.paper(), "new on arXiv")])
    first = web.get(address(world, ada))
    assert first.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["X-Robots-Tag"] == "noindex"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in first.headers
    for asked in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = web.get(address(world, ada), headers=asked)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Cache-Control"] == "private, no-cache"
    world.clock.sleep(24 * 3600)
    digest(world, ada, [(world.paper("Next"), "new on arXiv")], day_ago=-1)
    for asked in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        assert b"Next" in web.get(address(world, ada), headers=asked).data


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNSUBSCRIBED, Status.SUPPRESSED])
def test_of_whoever_is_no_member_a_feed_says_what_it_says_of_a_stranger(
    world: World, web: FlaskClient, status: Status
) -> None:
    ada = world.member(status=status)
    digest(world, ada, [(world.paper(), "new on arXiv")])
    answer, forged = web.get(address(world, ada)), web.get("/f/forged.xml")
    assert (answer.status_code, answer.data) == (404, forged.data)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_break_leaves_the_feed_as_it_is(world: World, web: FlaskClient) -> None:
    ada = world.member(status=Status.PAUSED)
    digest(world, ada, [(world.paper("Before the break"), "new on arXiv")])
    assert titles(read(web, address(world, ada))) == ["Before the break"]


def test_the_feed_of_whoever_was_erased_leads_nowhere(world: World, web: FlaskClient) -> None:
    ada = world.member()
    there = web.get(address(world, ada))
    asked = {"If-None-Match": there.headers["ETag"]}
    with world.app.store.write() as conn:
        subscribers.erase(conn, ada.id)
    gone = web.get(address(world, ada), headers=asked)
    assert (gone.status_code, gone.data) == (404, web.get("/f/forged.xml").data)


def test_the_address_of_a_feed_opens_nothing_else_and_nothing_else_opens_it(
    world: World, web: FlaskClient
) -> None:
    ada = world.member()
    token = address(world, ada).removeprefix("/f/").removesuffix(".xml")
    before = world.state()
    for page in ("confirm", "preferences", "unsubscribe", "feedback", "d", "export"):
        assert web.get(f"/{page}/{token}").status_code == 404
        assert web.post(f"/{page}/{token}", data={"action": "forget"}).status_code in (404, 405)
    assert world.state() == before
    named = f"{ada.public_id}.{ada.feed_number}"
    for purpose in set(Purpose) - {Purpose.FEED}:
        for subject in (named, ada.public_id):
            other = world.app.tokens.sign(purpose, subject)
            assert web.get(f"/f/{other}.xml").status_code == 404
    for subject in (ada.public_id, f"{ada.public_id}.", f"{ada.public_id}.00", f".{named}", ""):
        other = world.app.tokens.sign(Purpose.FEED, subject)
        assert web.get(f"/f/{other}.xml").status_code == 404


# --- how to have it -------------------------------------------------------------------------------


def preferences(world: World, member: Subscriber) -> str:
    return f"/preferences/{world.token(Purpose.PREFERENCES, member)}"


def shown_address(page: str) -> str:
    (field,) = html.fromstring(page).xpath('//input[@id="feed-address"]')
    found: str = field.get("value")
    return found


def test_the_preferences_page_tells_the_address_of_the_feed(world: World, web: FlaskClient) -> None:
    ada = world.member()
    digest(world, ada, [(world.paper("Mine"), "new on arXiv")])
    shown = shown_address(web.get(preferences(world, ada)).text)
    assert shown.startswith("https://digest.example/f/")
    assert titles(read(web, shown)) == ["Mine"]


def test_a_new_address_ends_the_old_one(world: World, web: FlaskClient) -> None:
    ada, ben = world.member(), world.member("ben@reader.example")
    old = shown_address(web.get(preferences(world, ada)).text)
    page = web.post(preferences(world, ada), data={"action": "renew"})
    assert "Your feed has a new address." in page.text
    new = shown_address(page.text)
    assert shown_address(web.get(preferences(world, ada)).text) == new != old
    assert read(web, new).entries == []
    gone = web.get(old)
    assert (gone.status_code, gone.data) == (404, web.get("/f/forged.xml").data)
    assert read(web, address(world, ben)).entries == []


def test_whoever_has_not_confirmed_is_offered_no_feed(world: World, web: FlaskClient) -> None:
    waiting = world.member(status=Status.PENDING)
    assert 'id="feed-address"' not in web.get(preferences(world, waiting)).text
