"""Whether this installation can do its work: what is stored, and what is going on with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.exc import SQLAlchemyError

from digest.core.errors import ConfigError, EncodingError, SchemaOutOfDate, StoreError
from digest.core.fetching import Outcome
from digest.embedding.encoder import Encoder
from digest.embedding.prompts import Kind
from digest.mail.render import Renderer
from digest.pipeline.outcomes import ODD, oddly_empty
from digest.store import bounces, checks, cursors, embeddings, history, leases, schema
from digest.store.cursors import Fetch, SourceState
from digest.store.engine import Store

_OTHERS = 0o007
# A clock that is set back by its time server jumps by less.
_CLOCK_TOLERANCE = timedelta(minutes=2)
_LEAST_FREE_BYTES = 100_000_000
_WAITS_TOO_LONG = timedelta(hours=1)
_FAILURES_TOO_MANY = 3
_SILENT_AFTER = timedelta(days=1)


class Level(StrEnum):
    """`fail`: the service does not work as it must. `warn`: it works, something is amiss."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: what was found and, unless nothing is to be done, what to do.

    `name` is stable and dotted (`database.schema`).
    """

    name: str
    level: Level
    what: str
    todo: str = ""


def ok(name: str, what: str, todo: str = "") -> Check:
    return Check(name=name, level=Level.OK, what=what, todo=todo)


def warn(name: str, what: str, todo: str) -> Check:
    return Check(name=name, level=Level.WARN, what=what, todo=todo)


def fail(name: str, what: str, todo: str) -> Check:
    return Check(name=name, level=Level.FAIL, what=what, todo=todo)


# --- what lies on this machine ------------------------------------------------------------------


def check_database(store: Store) -> Check:
    """Whether the database answers, has this program's schema, and holds no damage."""
    name = "database"
    try:
        if schema.current_revision(store) is None:
            return warn(name, "the database is empty", "run `digest db upgrade`")
        schema.guard(store)
        damage = checks.problems(store)
    except SchemaOutOfDate as error:
        what, _, todo = str(error).partition(": ")
        return fail(name, what, todo)
    except StoreError as error:
        return fail(name, str(error), "check database.url, and that the server is up")
    except SQLAlchemyError as error:
        reason = " ".join(str(error.__cause__ or error).split())[:200]
        return fail(name, f"this is no database of ours: {reason}", "check database.url")
    if damage:
        return fail(name, "; ".join(damage), "restore a backup: `digest db restore FILE`")
    return ok(name, f"{store.engine.dialect.name}, schema {schema.newest_revision()}, sound")


def check_private(name: str, path: Path) -> Check:
    """Whether a file that holds secrets or addresses is closed to the machine's other users."""
    mode = path.stat().st_mode & 0o777
    if mode & _OTHERS:
        return warn(
            name, f"every user of this machine can open {path} ({mode:o})", f"chmod 600 {path}"
        )
    return ok(name, f"{path} is closed to other users ({mode:o})")


def check_templates(renderer: Renderer) -> Check:
    """Whether every kind of mail can be made."""
    try:
        renderer.check()
    except ConfigError as error:
        return fail(
            "templates", "; ".join(error.mistakes), "restore the templates, or mend the theme"
        )
    return ok("templates", "every kind of mail compiles")


def check_disk(folder: Path, *, free_bytes: int, database_bytes: int) -> Check:
    """Whether the database can grow and a backup, which is as large, fits beside it.

    `database_bytes` is 0 where the database lies elsewhere.
    """
    what = f"{_size(free_bytes)} free in {folder}"
    if database_bytes:
        what += f", the database takes {_size(database_bytes)}"
    todo = "free some space, or keep papers and deliveries for fewer days: [retention]"
    if free_bytes < _LEAST_FREE_BYTES:
        return fail("disk", what, todo)
    if free_bytes < 2 * database_bytes + _LEAST_FREE_BYTES:
        return warn("disk", f"{what}: too little for a backup", todo)
    return ok("disk", what)


def _size(size_bytes: int) -> str:
    if size_bytes >= 1_000_000_000:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.1f} MB"


# --- time -----------------------------------------------------------------------------------------


def check_clock(newest: datetime | None, now: datetime) -> Check:
    """Whether time has only gone forward since the newest row was written, where there is one."""
    if newest is not None and newest - now > _CLOCK_TOLERANCE:
        return fail(
            "clock",
            f"it is {_moment(now)}, but something was stored at {_moment(newest)}",
            "set the clock, and let a time server keep it; what is due waits until then",
        )
    return ok("clock", f"it is {_moment(now)}")


def check_time_zones(timezone: str) -> Check:
    """Whether this machine knows the rules of time zones; UTC alone needs none."""
    try:
        for name in (timezone, "Europe/Berlin"):
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return fail(
            "clock.time_zones",
            "time zone data is missing: nobody could be served at their local time",
            "install the system's tzdata, or `pip install tzdata`",
        )
    return ok("clock.time_zones", f"time zone data is there, the schedule's zone is {timezone}")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# --- the model ------------------------------------------------------------------------------------

# Two ways to say one thing, and another.
_PROBES = ("robots that learn to walk", "learning of gaits for legged machines", "the tax on wine")


def check_encoder(encoder: Encoder) -> Check:
    """Whether the model encodes, and takes what is alike for more alike than what is not."""
    try:
        same, like, other = encoder.encode(_PROBES)
        what = f"{encoder.name}, vectors of {encoder.dimensions} numbers"
        before = {kind: prompt for kind in Kind if (prompt := encoder.prompts.of(kind))}
        what += "".join(f", {prompt!r} before each {kind}" for kind, prompt in before.items())
    except ConfigError as error:
        return fail("model", str(error), "set ranking.model to a model that can be loaded")
    except EncodingError as error:
        todo = "mend it; until then papers are ranked by words alone"
        return fail("model", str(error), todo)
    if same @ like <= same @ other:
        return warn("model", f"{what}: unlike texts are alike to it", "take another model")
    return ok("model", what)


def check_vectors(store: Store, model: str, lookback: timedelta, now: datetime) -> Check:
    """Whether the papers that may be in an edition have been encoded."""
    with store.read() as conn:
        waiting = len(embeddings.wanted(conn, now - lookback, None, model))
    if waiting:
        what = f"{waiting:,} papers are not encoded yet, and are matched by words alone"
        return warn("model.vectors", what, "`digest model embed`; `digest run` does it by itself")
    return ok("model.vectors", "every paper that may be in an edition is encoded")


# --- what is going on -----------------------------------------------------------------------------


def check_sources(store: Store, every: Mapping[str, timedelta], now: datetime) -> list[Check]:
    """How the enabled sources do; `every` says how often each is asked."""
    if not every:
        return [fail("sources", "no source is enabled", "enable one under [sources]")]
    with store.read() as conn:
        last = cursors.last_fetches(conn, tuple(every))
        states = {name: cursors.state(conn, name) for name in every}
        odd = oddly_empty(conn, last.values())
    return [
        warn(f"sources.{name}", ODD, "look at what it answers: its url or categories may be wrong")
        if name in odd
        else _check_source(f"sources.{name}", last.get(name), states[name], pace, now)
        for name, pace in every.items()
    ]


def _check_source(
    name: str, last: Fetch | None, state: SourceState, pace: timedelta, now: datetime
) -> Check:
    if last is None:
        return warn(name, "never fetched", "run `digest fetch`, or start `digest run`")
    at = _moment(last.started_at)
    if state.failures >= _FAILURES_TOO_MANY:
        return fail(
            name,
            f"failed {state.failures} times in a row, last at {at}: {last.reason}",
            "check its url and this machine's way out, then `digest fetch`",
        )
    if last.outcome is Outcome.THROTTLED:
        return warn(name, f"paused since {at}: {last.reason}", "nothing: it is asked again in time")
    if last.outcome is Outcome.FAILED:
        return warn(name, f"failed at {at}: {last.reason}", "nothing yet: it is tried again soon")
    if now - last.started_at > max(3 * pace, _SILENT_AFTER):
        return warn(name, f"last asked at {at}", "start `digest run`, or `digest fetch` by a timer")
    return ok(name, f"{last.outcome.value} at {at}, {last.fetched} papers, {last.new} new")


def check_outbox(store: Store, now: datetime) -> Check:
    """Whether mail goes out: nothing holds it up, and nothing waits for long."""
    with store.read() as conn:
        paused = leases.holder(conn, leases.OUTBOX_PAUSE, now)
        oldest = history.oldest_waiting(conn, now)
    if paused is not None:
        return fail(
            "outbox",
            f"paused until {_moment(paused.until)}: {paused.reason}",
            "mend the way to the relay; deliveries go on by themselves, or with `digest send`",
        )
    if oldest is not None and now - oldest > _WAITS_TOO_LONG:
        return warn(
            "outbox",
            f"mail has been waiting since {_moment(oldest)}",
            "start `digest run` or `digest worker`, or send it with `digest send`",
        )
    return ok("outbox", "nothing is overdue")


def check_bounces(store: Store, now: datetime) -> Check:
    """Whether so much came back at once that nobody was suppressed for it."""
    with store.read() as conn:
        readers = bounces.held_readers(conn, now)
    if readers:
        return warn(
            "bounces",
            f"{readers:,} readers bounced with too many others: their suppression is held back",
            "look at the relay's log, then `digest subscribers held`, --suppress or --drop",
        )
    return ok("bounces", "nothing is held back")
