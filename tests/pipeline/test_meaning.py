"""What papers and interests mean: encoded once, kept, and never in the way of the mail."""

import threading
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from digest.core.errors import ConfigError, EncoderUnavailable
from digest.core.fetching import Page
from digest.core.identifiers import Identifier, PaperId
from digest.core.interests import Interest, InterestKind
from digest.core.subscribers import Status, Subscriber
from digest.embedding.prompts import Prompts
from digest.embedding.texts import paper_text, text_hash
from digest.pipeline import meaning as meanings
from digest.pipeline.app import App
from digest.pipeline.assemble import Issues, assemble
from digest.pipeline.choice import choose
from digest.pipeline.edition import Issue, gather
from digest.pipeline.embed import NOTHING, EmbedReport, embed
from digest.pipeline.housekeeping import housekeeping
from digest.pipeline.meaning import Meanings
from digest.pipeline.model_space import understand
from digest.pipeline.refresh import refresh
from digest.pipeline.turns import Busy
from digest.ranking.fit import Vote, Wishes
from digest.ranking.meaning import LikedPaper
from digest.ranking.rank import Reader, score_all
from digest.store import embeddings, libraries, wanted_texts
from digest.store.engine import Store
from digest.store.libraries import LibraryPaper
from tests.builders import (
    NOW,
    TODAY,
    make_app,
    make_record,
    make_subscriber,
    store_papers,
    store_records,
    store_subscriber,
)
from tests.fakes import FakeClock, FakeEncoder, FakeSource

DAY = timedelta(days=1)
IDS = tuple(map(PaperId, (1, 2, 3)))


def meaning(app: App) -> Meanings:
    assert app.meanings is not None
    return app.meanings


def dimensions(issue: Issue) -> tuple[int, ...]:
    """Of each space that the candidates lie in; the fakes' table has none."""
    return tuple(one.space.dimensions for one in issue.prepared.corpus.meanings)


def later(start: timedelta = timedelta(minutes=1)) -> FakeClock:
    """Papers are encoded after they were stored."""
    return FakeClock(NOW + start)


def encoding(store: Store, encoder: FakeEncoder, **rules: Any) -> App:
    return make_app(store, clock=later(), encoder=encoder, **rules)


def put_into_library(
    store: Store,
    reader: Subscriber,
    *,
    title: str,
    abstract: str,
    name: Identifier | None = None,
    liked_at: datetime = NOW,
) -> None:
    paper = LibraryPaper(
        name=name or Identifier("doi", f"10.1/{title.casefold()}"),
        ids=(),
        title=title,
        abstract=abstract,
        authors=(),
        year=None,
        liked_at=liked_at,
    )
    with store.write() as conn:
        libraries.put(conn, reader.id, [paper])


# --- papers ---------------------------------------------------------------------------------------


def test_every_paper_is_encoded_once(store: Store) -> None:
    records = [make_record(n, title=f"{letter} robot") for n, letter in enumerate("ABCDEFG", 1)]
    store_records(store, records)
    encoder = FakeEncoder()
    app = encoding(store, encoder)
    heard: list[tuple[int, int]] = []
    report = embed(app, progress=lambda done, total: heard.append((done, total)))
    assert report == EmbedReport(encoded=7)
    assert heard == [(4, 7), (7, 7)]
    assert list(map(len, encoder.asked)) == [4, 3]
    assert encoder.asked[0][0] == "A robot. " + records[0].abstract
    assert embed(app) == NOTHING
    assert len(encoder.asked) == 2


def test_the_papers_of_an_edition_have_a_row_each(sqlite_store: Store) -> None:
    store_records(sqlite_store, [make_record(n, title=t) for n, t in ((1, "A"), (2, "B"))])
    app = encoding(sqlite_store, FakeEncoder())
    assert meaning(app).paper_vectors(IDS[:2]).shape == (2, 0)
    embed(app)
    store_records(sqlite_store, [make_record(3, title="C")], NOW + DAY)
    found = meaning(app).paper_vectors(IDS)
    assert found.shape == (3, 32)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.argmax(axis=1)[:2], [ord("A") % 32, ord("B") % 32])
    np.testing.assert_array_equal(np.linalg.norm(found, axis=1), [1, 1, 0])
    np.testing.assert_array_equal(meaning(app).paper_vectors(IDS[::-1]), found[::-1])


def test_without_a_model_nothing_is_encoded_or_needed(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    app = make_app(sqlite_store)
    assert embed(app) == NOTHING
    assert dimensions(gather(app, TODAY)) == ()
    understand(app, [Reader(interests=[Interest(InterestKind.TEXT, "robots")])])


def test_a_changed_title_is_encoded_again_and_a_changed_link_is_not(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    encoder = FakeEncoder()
    clock = later()
    app = make_app(sqlite_store, clock=clock, encoder=encoder)
    embed(app)
    link = make_record(1, code_url="https://github.com/a/b", version=2)
    title = make_record(2, title="Zeppelins", version=2)
    store_records(sqlite_store, [link, title], NOW + DAY)
    clock.advance(2 * 86400)
    assert embed(app) == EmbedReport(encoded=1)
    assert encoder.asked[-1] == (paper_text("Zeppelins", title.abstract),)
    assert embed(app) == NOTHING


def test_a_paper_that_the_model_does_not_take_stops_no_other(sqlite_store: Store) -> None:
    records = [make_record(n, title=t) for n, t in enumerate(("A", "toolong", "C"), 1)]
    store_records(sqlite_store, records)
    encoder = FakeEncoder()
    encoder.refused = frozenset({"toolong."})
    app = encoding(sqlite_store, encoder)
    assert embed(app) == EmbedReport(encoded=2, refused=1)
    assert embed(app) == NOTHING
    found = meaning(app).paper_vectors(IDS)
    np.testing.assert_array_equal(np.linalg.norm(found, axis=1), [1, 0, 1])


def test_a_model_that_takes_no_text_at_all_is_the_one_at_fault(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 4)
    encoder = FakeEncoder()
    encoder.refused = frozenset({"robots"})
    app = encoding(sqlite_store, encoder)
    assert embed(app) == EmbedReport(left=4, reason="input is too long")
    assert len(encoder.asked) == 4  # the batch and three of its texts
    encoder.refused = frozenset()
    assert embed(app) == EmbedReport(encoded=4)


def test_what_was_encoded_before_a_failure_is_kept(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 6)
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)

    def fail_after_the_first(_done: int, _total: int) -> None:
        encoder.down = "host cannot be reached"

    report = embed(app, progress=fail_after_the_first)
    assert report == EmbedReport(encoded=4, left=2, reason="host cannot be reached")
    assert report.troubled
    encoder.down = ""
    assert embed(app) == EmbedReport(encoded=2)


def test_a_crash_of_the_encoder_is_trouble_and_no_more(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_papers(sqlite_store, 1)
    encoder = FakeEncoder()
    monkeypatch.setattr(encoder, "encode", lambda *_: 1 / 0)
    report = embed(encoding(sqlite_store, encoder))
    assert report.reason == "internal error: ZeroDivisionError: division by zero"


def test_somebody_may_stop_it_between_two_batches(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 6)
    stop = threading.Event()
    report = embed(encoding(sqlite_store, FakeEncoder()), stop=stop, progress=lambda *_: stop.set())
    assert report == EmbedReport(encoded=4, left=2)


def test_whoever_lost_the_lease_ends_at_once(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 6)

    def renew() -> None:
        raise Busy("taken over")

    with pytest.raises(Busy):
        embed(encoding(sqlite_store, FakeEncoder()), renew=renew)


def test_a_daemon_leaves_the_rest_after_half_an_hour(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 12)
    clock = later()
    app = make_app(sqlite_store, clock=clock, encoder=FakeEncoder())
    report = embed(app, patient=True, progress=lambda *_: clock.advance(1200))
    assert report == EmbedReport(encoded=8, left=4)


def test_a_daemon_leaves_a_model_that_failed_alone_for_longer_and_longer(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 1)
    encoder = FakeEncoder()
    clock = later()
    app = make_app(sqlite_store, clock=clock, encoder=encoder)
    encoder.down = "host is down"
    asked_at = []
    for minute in range(180):
        before = len(encoder.asked)
        embed(app, patient=True)
        if len(encoder.asked) > before:
            asked_at.append(minute)
        clock.advance(60)
    assert asked_at == [0, 5, 15, 35, 75, 135]
    encoder.down = ""
    assert embed(app).encoded == 1
    assert not meaning(app).rests


def test_vectors_of_another_length_are_never_mixed(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    clock = later()
    embed(make_app(sqlite_store, clock=clock, encoder=FakeEncoder()))
    store_records(sqlite_store, [make_record(3)], NOW + DAY)
    clock.advance(2 * 86400)
    app = make_app(sqlite_store, clock=clock, encoder=FakeEncoder(dimensions=8))
    meaning(app).text_vectors(["robots"])
    report = embed(app)
    assert "vectors of 8 numbers, those kept have 32: `digest model embed --again`" in report.reason
    assert (report.encoded, report.left) == (0, 1)
    clock.advance(60)
    assert embed(app, again=True) == EmbedReport(encoded=3)
    assert meaning(app).paper_vectors(IDS).shape == (3, 8)


def test_older_papers_are_encoded_on_request(sqlite_store: Store) -> None:
    store_records(sqlite_store, [make_record(1, appeared_at=NOW - 100 * DAY), make_record(2)])
    app = encoding(sqlite_store, FakeEncoder(), lookback_days=7, delivery_retention_days=180)
    assert embed(app) == EmbedReport(encoded=1)
    assert embed(app, everything=True) == EmbedReport(encoded=1)


def test_housekeeping_drops_the_vectors_of_another_model(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    embed(encoding(sqlite_store, FakeEncoder("old")))
    new = encoding(sqlite_store, FakeEncoder("new"))
    embed(new)
    housekeeping(make_app(sqlite_store))  # knows of no model, and drops none
    with sqlite_store.read() as conn:
        assert len(embeddings.vectors(conn, "old", IDS)) == 2
    housekeeping(new)
    with sqlite_store.read() as conn:
        assert embeddings.vectors(conn, "old", IDS) == {}
        assert len(embeddings.vectors(conn, "new", IDS)) == 2


# --- interests ------------------------------------------------------------------------------------


def test_the_interests_of_a_batch_are_encoded_together_and_once(store: Store) -> None:
    encoder = FakeEncoder()
    app = encoding(store, encoder)
    robots = Interest(InterestKind.TEXT, "robots")
    readers = [
        Reader(interests=[robots, Interest(InterestKind.KEYWORD, "wine")]),
        Reader(interests=[robots, Interest(InterestKind.TEXT, "graphs")]),
    ]
    understand(app, readers)
    assert encoder.asked == [("graphs", "robots")]
    understand(app, readers)
    found = meaning(app).text_vectors(["robots", "graphs"])
    assert len(encoder.asked) == 1
    assert set(found) == {"robots", "graphs"}
    assert found["robots"].argmax() == ord("r") % 32
    anew = encoding(store, encoder)
    np.testing.assert_array_equal(meaning(anew).text_vectors(["graphs"])["graphs"], found["graphs"])
    assert len(encoder.asked) == 1


def test_a_vector_is_the_same_to_whoever_had_it_encoded_and_to_whoever_reads_it(
    sqlite_store: Store,
) -> None:
    first = encoding(sqlite_store, FakeEncoder(prompts=Prompts(query="a", document="b")))
    meaning(first).encoder.encode = lambda *_: np.full((1, 3), 3**-0.5, np.float32)  # type: ignore[method-assign]
    second = encoding(sqlite_store, FakeEncoder(prompts=Prompts(query="a", document="b")))
    encoded = meaning(first).text_vectors(["robots"])["robots"]
    np.testing.assert_array_equal(meaning(second).text_vectors(["robots"])["robots"], encoded)


def test_a_text_that_the_model_does_not_take_is_asked_for_once(sqlite_store: Store) -> None:
    encoder, clock = FakeEncoder(), FakeClock(NOW)
    encoder.refused = frozenset({"toolong"})
    app = make_app(sqlite_store, clock=clock, encoder=encoder)
    assert set(meaning(app).text_vectors(["robots", "toolong"])) == {"robots"}
    asked = len(encoder.asked)
    for _ in range(2):
        assert set(meaning(app).text_vectors(["robots", "toolong"])) == {"robots"}
        clock.advance(3600)
    assert len(encoder.asked) == asked


def test_an_interest_that_reads_like_a_paper_has_a_vector_of_its_own_where_the_model_asks(
    sqlite_store: Store,
) -> None:
    encoder = FakeEncoder(prompts=Prompts(query="query: ", document="passage: "))
    store_records(sqlite_store, [make_record(1, title="Robots", abstract="They walk.")])
    app = encoding(sqlite_store, encoder)
    assert embed(app) == EmbedReport(encoded=1)
    text = "Robots. They walk."
    asking = meaning(app).text_vectors([text])[text]
    found = meaning(app).liked_vectors([text])[text]
    assert encoder.asked == [(f"passage: {text}",), (f"query: {text}",)]
    assert (asking.argmax(), found.argmax()) == (ord("q") % 32, ord("p") % 32)
    likes = ["Apes. Old."]
    meaning(app).liked_vectors(likes, most_new=1)
    assert encoder.asked[-1] == ("passage: Apes. Old.",)


def test_with_other_words_before_them_interests_are_encoded_anew_and_papers_are_not(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 1)
    before = encoding(sqlite_store, FakeEncoder(prompts=Prompts(query="find: ")))
    embed(before)
    meaning(before).text_vectors(["robots"])
    encoder = FakeEncoder(prompts=Prompts(query="query: "))
    app = encoding(sqlite_store, encoder)
    assert embed(app) == NOTHING
    assert meaning(app).text_vectors(["robots"])["robots"].argmax() == ord("q") % 32


# --- liked papers ---------------------------------------------------------------------------------


def test_liked_papers_that_are_kept_need_no_model(sqlite_store: Store) -> None:
    record = make_record(1, title="Robots")
    store_records(sqlite_store, [record])
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    embed(app)
    encoder.asked.clear()
    text = paper_text(record.title, record.abstract)
    found = meaning(app).liked_vectors([text, "Wine. Of vines."])
    assert set(found) == {text}
    assert found[text].argmax() == ord("R") % 32
    assert encoder.asked == []


def test_no_number_of_liked_papers_makes_the_model_encode_what_is_kept(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "_MOST_AT_HAND", 2)
    records = [make_record(n, title=title) for n, title in enumerate(("Apes", "Bees", "Cats"), 1)]
    store_records(sqlite_store, records)
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    embed(app)
    encoder.asked.clear()
    texts = [paper_text(record.title, record.abstract) for record in records]
    for _ in range(2):
        assert set(meaning(app).liked_vectors(texts, most_new=3)) == set(texts)
    assert encoder.asked == []


def test_liked_papers_of_a_library_are_encoded_a_few_at_a_time(sqlite_store: Store) -> None:
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    texts = ["Apes. Old.", "Bees. Old.", "Cats. Old."]
    assert set(meaning(app).liked_vectors(texts, most_new=2)) == set(texts[:2])
    assert set(meaning(app).liked_vectors(texts)) == set(texts[:2])
    assert set(meaning(app).liked_vectors(texts, most_new=2)) == set(texts)
    assert encoder.asked == [tuple(texts[:2]), tuple(texts[2:])]


def test_votes_and_likes_of_readers_are_encoded_before_they_are_ranked(
    sqlite_store: Store,
) -> None:
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    like, vote = LikedPaper(title="Apes"), LikedPaper(title="Bees", abstract="Old.")
    understand(
        app, [Reader(interests=[], liked={"apes": like}, votes=[Vote(paper=vote, weight=-1.0)])]
    )
    assert encoder.asked == [("Apes.", "Bees. Old.")]


def test_interests_in_use_outlive_housekeeping(sqlite_store: Store) -> None:
    encoder = FakeEncoder()
    clock = FakeClock(NOW)
    app = make_app(sqlite_store, clock=clock, encoder=encoder)
    meaning(app).text_vectors(["robots", "wine"])
    for _ in range(40):
        clock.advance(86400)
        meaning(app).text_vectors(["robots"])
        housekeeping(app)
    encoder.asked.clear()
    meaning(app).text_vectors(["robots", "wine"])
    assert encoder.asked == [("wine",)]


def test_interests_that_cannot_be_encoded_now_are_left_out_and_not_asked_for_again_at_once(
    sqlite_store: Store,
) -> None:
    encoder = FakeEncoder()
    clock = FakeClock(NOW)
    app = make_app(sqlite_store, clock=clock, encoder=encoder)
    meaning(app).text_vectors(["robots"])
    encoder.down = "host is down"
    assert set(meaning(app).text_vectors(["robots", "wine"])) == {"robots"}
    assert meaning(app).text_vectors(["wine", " "]) == {}
    assert len(encoder.asked) == 2
    encoder.down = ""
    clock.advance(301)
    assert set(meaning(app).text_vectors(["wine"])) == {"wine"}


class _Unloadable(FakeEncoder):
    @property
    def name(self) -> str:  # type: ignore[override]
        raise ConfigError(["ranking.model: it cannot be loaded"])

    @name.setter
    def name(self, value: str) -> None:
        pass


def test_a_model_that_cannot_be_loaded_is_as_good_as_none(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 1)
    app = encoding(sqlite_store, _Unloadable())
    assert embed(app) == EmbedReport(reason="ranking.model: it cannot be loaded")
    assert meaning(app).paper_vectors(IDS).shape == (3, 0)
    assert meaning(app).text_vectors(["robots"]) == {}
    assert meaning(app).stamp() is None
    housekeeping(app)
    with pytest.raises(EncoderUnavailable):
        _ = meaning(app).model


class _NothingKnown(FakeEncoder):
    """As a model whose prompts are only known when it is loaded."""

    @property
    def prompts(self) -> Prompts:  # type: ignore[override]
        raise ConfigError(["ranking.model: it cannot be loaded"])

    @prompts.setter
    def prompts(self, value: Prompts) -> None:
        pass


def test_interests_wait_for_a_model_of_which_it_is_not_known_what_it_wants(
    sqlite_store: Store,
) -> None:
    assert meaning(encoding(sqlite_store, _NothingKnown())).text_vectors(["robots"]) == {}


# --- in the daily work ----------------------------------------------------------------------------


def test_a_refresh_encodes_what_it_brought(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [Page(records=(make_record(1), make_record(2)), cursor={})])
    encoder = FakeEncoder()
    app = make_app(sqlite_store, clock=later(), sources={"arxiv": source}, encoder=encoder)
    heard: list[tuple[str, int, float | None]] = []
    report = refresh(app, progress=lambda *what: heard.append(what))
    assert report.embedding == EmbedReport(encoded=2)
    assert heard[-1] == ("vectors of papers", 2, 1.0)


def test_a_refresh_goes_on_without_its_model_and_catches_up(sqlite_store: Store) -> None:
    source = FakeSource("arxiv", [Page(records=(make_record(1),), cursor={})])
    encoder = FakeEncoder()
    encoder.down = "host is down"
    clock = later()
    app = make_app(sqlite_store, clock=clock, sources={"arxiv": source}, encoder=encoder)
    report = refresh(app)
    assert report.embedding == EmbedReport(left=1, reason="host is down")
    assert report.troubled == ()
    store_subscriber(sqlite_store)
    assert assemble(app, TODAY).planned == 1
    encoder.down = ""
    again = refresh(app).embedding  # though no source was due
    assert (again.encoded, again.left, again.reason) == (1, 0, "")


def test_a_refresh_encodes_what_readers_say_so_that_no_edition_has_to(store: Store) -> None:
    store_papers(store, 1)
    robots, wine = (Interest(InterestKind.TEXT, text) for text in ("robots", "wine"))
    first = store_subscriber(store, 1, wishes=[robots, wine])
    store_subscriber(store, 2, wishes=[wine, Interest(InterestKind.KEYWORD, "tax")])
    store_subscriber(
        store,
        3,
        wishes=[Interest(InterestKind.TEXT, "left")],
        status=Status.UNSUBSCRIBED,
    )
    put_into_library(store, first, title="Apes", abstract="Old.")
    encoder = FakeEncoder()
    app = encoding(store, encoder)
    assert refresh(app).embedding == EmbedReport(encoded=1, wishes=3)
    assert encoder.asked[1:] == [("robots", "wine"), ("Apes. Old.",)]
    assert refresh(app).embedding == NOTHING
    encoder.asked.clear()
    liked = LikedPaper(title="Apes", abstract="Old.")
    votes = [Vote(paper=liked, weight=1.0)]
    understand(app, [Reader(interests=[robots, wine], votes=votes)])
    assert encoder.asked == []


def test_papers_of_a_library_that_sources_brought_are_encoded_as_these_have_them(
    sqlite_store: Store,
) -> None:
    record = make_record(1, title="Robots", abstract="They walk.")
    store_records(sqlite_store, [record])
    reader = store_subscriber(sqlite_store, wishes=[])
    name = record.ids[0]
    put_into_library(sqlite_store, reader, name=name, title="ROBOTS", abstract="Cut")
    app = encoding(sqlite_store, FakeEncoder())
    assert embed(app) == EmbedReport(encoded=1)


def test_only_the_latest_of_a_library_are_encoded(sqlite_store: Store) -> None:
    reader = store_subscriber(sqlite_store, wishes=[])
    for day, title in enumerate(("Apes", "Bees", "Cats")):
        put_into_library(sqlite_store, reader, title=title, abstract="", liked_at=NOW + day * DAY)
    with sqlite_store.read() as conn:
        assert wanted_texts.library_papers_of_readers(conn, 2) == [("Bees", ""), ("Cats", "")]


def test_what_readers_say_waits_behind_papers_and_for_a_model_that_failed(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 1)
    store_subscriber(sqlite_store, wishes=[Interest(InterestKind.TEXT, "robots")])
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    assert embed(app, progress=lambda *_: setattr(encoder, "down", "host is down")) == EmbedReport(
        encoded=1, reason="host is down"
    )
    stop = threading.Event()
    stop.set()
    encoder.down = ""
    assert embed(app, stop=stop) == NOTHING
    assert embed(app) == EmbedReport(wishes=1)


def test_an_interest_that_the_model_does_not_take_is_no_trouble_and_not_asked_for_again(
    sqlite_store: Store,
) -> None:
    store_subscriber(sqlite_store, wishes=[Interest(InterestKind.TEXT, "toolong")])
    encoder = FakeEncoder()
    encoder.refused = frozenset({"toolong"})
    app = encoding(sqlite_store, encoder)
    assert embed(app) == NOTHING
    assert not meaning(app).rests
    encoder.asked.clear()
    assert embed(app) == NOTHING
    assert meaning(encoding(sqlite_store, encoder)).text_vectors(["toolong"]) == {}
    assert encoder.asked == []


def test_an_issue_at_hand_is_gathered_anew_when_its_papers_were_encoded(
    sqlite_store: Store,
) -> None:
    store_papers(sqlite_store, 2)
    app = encoding(sqlite_store, FakeEncoder())
    issues = Issues(app)
    issues.drop_stale()
    assert dimensions(issues.of(TODAY)[0]) == ()
    embed(app)
    issues.drop_stale()
    assert dimensions(issues.of(TODAY)[0]) == (32,)


def test_a_crash_of_the_encoder_keeps_no_mail_back(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_papers(sqlite_store, 2)
    app = encoding(sqlite_store, FakeEncoder())
    embed(app)
    store_subscriber(sqlite_store, wishes=[Interest(InterestKind.TEXT, "robots")])
    monkeypatch.setattr(meaning(app).encoder, "encode", lambda *_: 1 / 0)
    assert assemble(app, TODAY).planned == 1
    assert meaning(app).rests


def test_papers_are_ranked_by_what_they_mean(sqlite_store: Store) -> None:
    titles = ["Zebras graze", "Moths fly", *("Quarries yield", "Lakes freeze") * 19]
    store_records(sqlite_store, [make_record(n, title=t) for n, t in enumerate(titles, 1)])
    wish = Interest(InterestKind.TEXT, "Zymology")
    words = gather(make_app(sqlite_store), TODAY)
    assert (
        len(set(score_all(words.prepared, [Wishes(interests=[wish], liked={})])[0].tolist())) == 1
    )
    encoder = FakeEncoder()
    app = encoding(sqlite_store, encoder)
    embed(app)
    encoder.asked.clear()
    issue = gather(app, TODAY)
    assert encoder.asked == []  # ranking only reads what papers mean
    choose(app, issue, [make_subscriber(interests=(wish,))])
    assert encoder.asked == [(wish.value,)]
    assert score_all(issue.prepared, [Wishes(interests=[wish], liked={})])[0].argmax() == 0
    like = Interest(InterestKind.LIKE, "theirs")
    liked = {"theirs": LikedPaper(title="Mirrors")}
    understand(app, [Reader(interests=[like], liked=liked)])
    assert score_all(issue.prepared, [Wishes(interests=[like], liked=liked)])[0].argmax() == 1


def test_few_papers_with_a_vector_do_not_stand_out_for_having_one(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 1)
    app = encoding(sqlite_store, FakeEncoder())
    embed(app)
    assert dimensions(gather(app, TODAY)) == (32,)
    store_records(sqlite_store, [make_record(n) for n in (2, 3)])
    assert dimensions(gather(app, TODAY)) == ()


def test_interests_kept_with_another_length_are_left_out(sqlite_store: Store) -> None:
    store_papers(sqlite_store, 2)
    app = encoding(sqlite_store, FakeEncoder())
    embed(app)
    short = np.ones(8, np.float32)
    with sqlite_store.write() as conn:
        embeddings.save_texts(conn, "letters", {text_hash("robots"): short}, NOW)
    subscriber = make_subscriber(interests=(Interest(InterestKind.TEXT, "robots"),))
    assert subscriber.id in choose(app, gather(app, TODAY), [subscriber])
