"""Whether a paper rises or has risen, and what is said of it: true, short and with its numbers."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from digest.core.papers import Signal
from digest.core.source_names import source_name
from digest.ranking.attention import Series

RISING_FACTOR = 1.25
RISING_VOTES = 3
NEW_WITHIN = timedelta(days=3)
STALE_AFTER = timedelta(hours=36)
# From then on little is still to come, and a standing in the upper half is there to stay.
ESTABLISHED_AGE = timedelta(days=3)
ESTABLISHED_STANDING = 0.5


class Momentum(StrEnum):
    """`new`: no votes yet; `early`: votes of the first days; `rising`: a reading of about a day
    before shows it; `established`: high, and no longer rising; `quiet`: none of these."""

    NEW = "new"
    EARLY = "early"
    RISING = "rising"
    ESTABLISHED = "established"
    QUIET = "quiet"


def momentum(series: Series, standing: float, now: datetime) -> Momentum:
    """Of a paper that was voted for, by its strongest series and where that stands, in [0, 1]."""
    if series.before and _rises(series.before, series.last) and now - series.last.at <= STALE_AFTER:
        return Momentum.RISING
    # A later reading that stands in does not say how far the paper was by then.
    if series.age < ESTABLISHED_AGE or series.last.at > now:
        return Momentum.EARLY
    return Momentum.ESTABLISHED if standing >= ESTABLISHED_STANDING else Momentum.QUIET


def _rises(before: Signal, last: Signal) -> bool:
    gained = last.value - before.value
    return gained >= RISING_VOTES and last.value >= RISING_FACTOR * before.value


def words(series: Series, state: Momentum, most_in: str, now: datetime) -> str:
    """`most_in` names the area in which nobody has more, or is empty."""
    last, before, metric = series.last, series.before, series.metric
    count = f"{last.value:,.0f}"
    noun = metric.one if round(last.value) == 1 else metric.many
    leads = f", the most in {most_in}" if most_in else ""
    if state is Momentum.RISING and before:
        return f"rising: {before.value:,.0f} → {count} {noun} {_since(before.at, now)}{leads}"
    name = source_name(series.source)
    known_for = "established: " if state is Momentum.ESTABLISHED else ""
    where = "" if name in noun else f" on {name}"
    return f"{known_for}{count} {noun}{where}{leads}"


def silent(age: timedelta, source: str) -> tuple[Momentum, str]:
    """Of a paper without votes that `source` (or nobody known: "") showed first, `age` ago."""
    if age > NEW_WITHIN:
        return Momentum.QUIET, f"{age.days} days old, no votes yet"
    return Momentum.NEW, f"new on {source_name(source)}" if source else "new"


def _since(moment: datetime, now: datetime) -> str:
    days = (now.astimezone(UTC).date() - moment.astimezone(UTC).date()).days
    match max(days, 0):
        case 0:
            hours = round((now - moment) / timedelta(hours=1))
            return f"in {max(hours, 1)} h"
        case 1:
            return "since yesterday"
        case _:
            return f"in {days} days"
