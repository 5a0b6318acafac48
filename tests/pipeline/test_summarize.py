"""Summaries by a model: asked for once, kept, and never waited for."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from digest.core.errors import WriterUnavailable
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.compose import load_letters
from digest.pipeline.preview import preview
from digest.pipeline.refresh import refresh
from digest.pipeline.summarize import summarize
from digest.pipeline.writer import Summaries
from digest.store.engine import Store
from tests.builders import NOW, TODAY, make_app, make_record, store_records, store_subscriber
from tests.fakes import FakeClock
from tests.pipeline.world import deliveries

ADA = "ada@a.example"
WRITTEN = "A planner that counts falls."


@dataclass
class FakeWriter:
    """Writes of each paper, or fails; remembers the titles it was asked for."""

    name: str = "fake"
    text: str = WRITTEN
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def summarize(self, title: str, abstract: str) -> str:
        self.asked.append(title)
        if self.fails:
            raise WriterUnavailable("the model answered 500")
        return self.text


def writing(store: Store, writer: FakeWriter, *, per_run: int = 50) -> App:
    clock = FakeClock(NOW)
    store_records(store, [make_record(1), make_record(2, summary="A summary of its source.")])
    app = make_app(store, clock=clock)
    return replace(app, summaries=Summaries(writer, clock, per_run=per_run))


def test_a_paper_without_a_summary_is_asked_for_once(store: Store) -> None:
    writer = FakeWriter()
    app = writing(store, writer)
    refresh(app)
    refresh(app)
    assert writer.asked == [make_record(1).title]


def test_what_was_written_stands_in_for_what_no_source_gives(sqlite_store: Store) -> None:
    app = writing(sqlite_store, FakeWriter())
    assert summarize(app) == 1
    store_subscriber(sqlite_store, email=ADA)
    assert WRITTEN in preview(app, ADA, TODAY).content.text
    assemble(app, TODAY)
    (delivery,) = deliveries(sqlite_store)
    text = load_letters(app, [delivery]).content(delivery).text
    assert text.count(WRITTEN) == 1
    assert "A summary of its source." in text
    assert load_letters(app, [delivery], anew=True).content(delivery).text == text


def test_an_answer_that_cannot_be_shown_is_kept_as_none(sqlite_store: Store) -> None:
    writer = FakeWriter(text="")
    app = writing(sqlite_store, writer)
    assert (summarize(app), summarize(app), len(writer.asked)) == (0, 0, 1)
    store_subscriber(sqlite_store, email=ADA)
    assert "we propose a planner" in preview(app, ADA, TODAY).content.text


def test_a_changed_text_is_asked_for_anew_and_not_shown_with_the_old_summary(
    sqlite_store: Store,
) -> None:
    writer = FakeWriter()
    app = writing(sqlite_store, writer)
    summarize(app)
    later = NOW + timedelta(hours=1)
    store_records(sqlite_store, [make_record(1, abstract="Wholly new.", version=2)], later)
    store_subscriber(sqlite_store, email=ADA)
    assert WRITTEN not in preview(app, ADA, TODAY).content.text
    assert isinstance(app.clock, FakeClock)
    app.clock.advance(2 * 3600)
    assert summarize(app) == 1


def test_a_model_that_fails_is_left_alone_and_mails_go_on(sqlite_store: Store) -> None:
    writer = FakeWriter(fails=True)
    app = writing(sqlite_store, writer)
    assert (summarize(app), summarize(app), len(writer.asked)) == (0, 0, 1)
    store_subscriber(sqlite_store, email=ADA)
    assert assemble(app, TODAY).planned == 1
    assert isinstance(app.clock, FakeClock)
    app.clock.advance(31 * 60)
    writer.fails = False
    assert summarize(app) == 1


def test_so_many_are_asked_for_at_a_time(sqlite_store: Store) -> None:
    writer = FakeWriter()
    app = writing(sqlite_store, writer, per_run=2)
    store_records(sqlite_store, [make_record(n) for n in range(3, 8)])
    assert (summarize(app), len(writer.asked)) == (2, 2)
