"""Three weeks of the service, tick by tick: nobody is forgotten, nobody gets anything twice."""

import itertools
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest.core.deliveries import DeliveryStatus
from digest.core.fetching import FetchRequest, Page
from digest.core.subscribers import Frequency, Preferences, Status, has_slot_on, next_slot, slot_on
from digest.daemon import service_ticks
from digest.store.engine import Store, open_store
from digest.store.outbox import DeliveryRow
from tests.builders import make_app, make_record, store_subscriber
from tests.fakes import FakeClock, FakeMailer, FakeSource
from tests.pipeline.world import rows

DAYS = 21
# Clocks go forward in New York on the 8th and in Berlin on the 29th of March 2026, and back in
# Auckland on the 5th of April.
FIRST_DAYS = (date(2026, 3, 2), date(2026, 3, 18))
ZONES = ("Pacific/Auckland", "Europe/Berlin", "America/New_York", "UTC")
TIMES = (time(0, 10), time(2, 30), time(7, 30), time(18, 0), time(23, 50))
GRACE = timedelta(hours=6)

timetables = st.builds(
    Preferences,
    frequency=st.sampled_from(Frequency),
    at=st.sampled_from(TIMES),
    timezone=st.sampled_from(ZONES),
    max_papers=st.just(2),
)


class Weekdays(FakeSource):
    """Eight new papers on the morning of every weekday, none at weekends."""

    def fetch(self, request: FetchRequest) -> Iterator[Page]:
        first_time = not self.requests
        self.requests.append(request)
        for back in range(8 if first_time else 3, -1, -1):
            day = request.now.date() - timedelta(days=back)
            morning = datetime.combine(day, time(1), tzinfo=UTC)
            if day.weekday() < 5 and morning <= request.now:
                first = day.toordinal() % 10_000 * 8
                records = tuple(
                    make_record(
                        n,
                        title=f"{n}: walking robots that plan ahead",
                        appeared_at=morning,
                        published_at=morning,
                    )
                    for n in range(first, first + 8)
                )
                yield Page(records=records, cursor={})


@dataclass(frozen=True)
class Weeks:
    """Where the service lives, when it begins, and from when until when it is down."""

    start: datetime
    down: datetime
    up: datetime

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=DAYS)

    def slots(self, preferences: Preferences) -> dict[date, datetime]:
        """The slots of a reader in these weeks, by the day of their own calendar."""
        days = (self.start.date() + timedelta(days=n) for n in range(-2, DAYS + 3))
        slots = {d: slot_on(preferences, d) for d in days if has_slot_on(preferences.frequency, d)}
        return {day: slot for day, slot in slots.items() if self.start < slot <= self.end}

    def moments(self, readers: Sequence[Preferences]) -> list[datetime]:
        """When something may be due: slots, fetches, and the end of the outage."""
        found = {slot for reader in readers for slot in self.slots(reader).values()}
        found |= {self.start + timedelta(days=n, minutes=61) for n in range(DAYS)}
        return sorted({m for m in found if not self.down <= m < self.up} | {self.up})

    def due_at(self, slot: datetime) -> datetime | None:
        """When the mail of a slot is to go out; None when it is missed."""
        if not self.down <= slot < self.up:
            return slot
        return self.up if self.up - slot <= GRACE else None


def live_through(database: Path, weeks: Weeks, readers: Sequence[Preferences]) -> list[DeliveryRow]:
    """All deliveries of these weeks, with every tick of the daemon run at every moment."""
    store = open_store(f"sqlite:///{database}")
    clock, start = FakeClock(weeks.start), weeks.start
    for number, reader in enumerate(readers):
        due = next_slot(reader, start)
        store_subscriber(store, number, preferences=reader, now=start, next_due_at=due)
    for number, status in enumerate((Status.PAUSED, Status.UNSUBSCRIBED, Status.SUPPRESSED), 90):
        store_subscriber(store, number, status=status, now=start, next_due_at=start)
    app = make_app(
        store,
        clock=clock,
        sources={"arxiv": Weekdays("arxiv")},
        mailer=FakeMailer(),
        catch_up_within=GRACE,
        every=timedelta(hours=8),
    )
    ticks = service_ticks(app, threading.Event(), None, timedelta(minutes=2))
    for moment in weeks.moments(readers):
        clock.set(moment)
        for tick in ticks:
            tick.step()
    found = rows(store)
    store.close()
    return found


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first_day=st.sampled_from(FIRST_DAYS),
    readers=st.lists(timetables, min_size=1, max_size=5),
    down_after_h=st.integers(24, 24 * 15),
    down_for_h=st.sampled_from([0, 3, 48]),
)
@example(
    first_day=FIRST_DAYS[0],
    readers=[Preferences(at=time(2, 30), timezone=zone, max_papers=2) for zone in ZONES],
    down_after_h=24 * 8,
    down_for_h=48,
)
@example(
    first_day=FIRST_DAYS[1],
    readers=[
        Preferences(frequency=frequency, at=at, timezone=zone, max_papers=2)
        for frequency, at, zone in zip(Frequency, TIMES, ZONES, strict=False)
    ],
    down_after_h=24 * 9 + 5,
    down_for_h=48,
)
def test_everybody_gets_one_mail_on_each_of_their_days_at_their_hour_and_no_paper_twice(
    tmp_path: Path,
    sqlite_store: Store,
    first_day: date,
    readers: list[Preferences],
    down_after_h: int,
    down_for_h: int,
) -> None:
    start = datetime.combine(first_day, time(), tzinfo=UTC)
    down = start + timedelta(hours=down_after_h)
    weeks = Weeks(start=start, down=down, up=down + timedelta(hours=down_for_h))
    empty = str(sqlite_store.engine.url.database)
    database = Path(shutil.copy(empty, tmp_path / f"{next(_numbers)}.db"))
    found = live_through(database, weeks, readers)
    by_email = {f"reader{number}@example.org": reader for number, reader in enumerate(readers)}
    assert {row.email for row in found} <= set(by_email)
    for email, reader in by_email.items():
        mine = [row for row in found if row.email == email]
        expected = {day: weeks.due_at(slot) for day, slot in weeks.slots(reader).items()}
        assert {row.edition: row.delivery.sent_at for row in mine} == expected
        assert len(mine) == len(expected)
        for row in mine:
            missed = row.delivery.status is DeliveryStatus.SKIPPED
            assert missed == row.delivery.detail.startswith("missed:")
            assert len(row.papers) == (0 if missed else 2)
        assert max(Counter(p for row in mine for p in row.papers).values(), default=0) <= 1


_numbers = itertools.count()
