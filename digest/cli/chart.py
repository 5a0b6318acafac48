"""`digest stats --plot`: how it went, a panel for each thing that is counted, on one axis of days.

Drawn by matplotlib, which is loaded only now, without a display. Readable in greyscale: series
differ in lightness, and in the form of their marks. The same counts make the same bytes.
"""

import importlib
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import typer

from digest import __version__
from digest.core.deliveries import DeliveryStatus
from digest.core.feedback import FeedbackKind
from digest.core.fetching import Outcome
from digest.embedding.encoder import require
from digest.pipeline.stats import Stats
from digest.store.timeline import SourceDay

SUFFIXES = (".svg", ".png")
_INSTALL = "pip install 'digest[plot]'"
# Dark, middle and light, apart for all kinds of colour blindness (Okabe and Ito).
_INK, _DARK, _MIDDLE, _LIGHT, _PALE = "#222222", "#004c7f", "#d55e00", "#e8a33d", "#cfd8df"
_RULE = "#dddddd"
_LEFT_IN, _PLOT_IN, _RIGHT_IN = 1.04, 6.72, 0.24
_PANEL_IN, _ROW_IN, _GAP_IN, _EDGE_IN = 1.05, 0.2, 0.45, 0.6
_NAME_PT = 8
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "text.color": _INK,
    "text.parse_math": False,  # names of sources are no formulas
    "axes.edgecolor": "#888888",
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "ytick.labelsize": _NAME_PT,
    "xtick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "digest",
    "savefig.dpi": 160,
}
_DAYS_OF_A_YEAR = 366
_MOST_TICKS = 9
_TROUBLED = (Outcome.FAILED, Outcome.THROTTLED)


class _Kit(NamedTuple):
    """The parts of matplotlib that are used."""

    figure: Any
    dates: Any
    patches: Any
    textpath: Any
    ticker: Any


def check_chart(path: Path | None) -> Path | None:
    """Refuses a file of another kind, as a mistake in the call. Raises ConfigError where nothing
    can be drawn because matplotlib is not installed."""
    if path is None:
        return None
    if path.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter(f"'{path}' ends neither in .svg nor in .png")
    require("matplotlib", "a chart", _INSTALL)
    return path


def draw(counted: Stats, path: Path) -> None:
    """Draws a chart in the form that the suffix of `path` names; the file is there once it is
    whole, in place of what was there before. Raises OSError where it cannot be written."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(chart(counted, path.suffix.lower().removeprefix(".")))
        unfinished.replace(path)
    except OSError as error:
        if error.filename:
            error.filename = str(path)  # which was asked for, not ours on the way to it
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def chart(counted: Stats, form: str) -> bytes:
    """The chart as `svg`, whose text is text, or `png`."""
    with _matplotlib() as kit:
        figure = _figure(kit, counted)
        about = {"Title": _title(counted)}
        own = {"Date": None, "Creator": f"digest {__version__}"} if form == "svg" else {}
        plain = {"Software": f"digest {__version__}"} if form == "png" else {}
        drawn = io.BytesIO()
        figure.savefig(drawn, format=form, metadata=about | own | plain)
    return drawn.getvalue()


@contextmanager
def _matplotlib() -> Iterator[_Kit]:
    """The library with our style alone, whatever the user's own says."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    library = importlib.import_module("matplotlib")
    with library.rc_context():
        library.rcdefaults()
        library.rcParams.update(_STYLE)
        yield _Kit(
            *(importlib.import_module(f"matplotlib.{name}") for name in _Kit._fields),
        )


def _title(counted: Stats) -> str:
    first, last = _long_date(counted.first), _long_date(counted.last)
    return f"digest, {first}" if first == last else f"digest, {first} to {last}"


def _long_date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _figure(kit: _Kit, counted: Stats) -> Any:
    """The panels below each other, as high as the number of sources needs."""
    heights = [_PANEL_IN] * len(_PANELS) + [_ROW_IN * max(len(counted.fetched), 1) + 0.1]
    whole = sum(heights) + _GAP_IN * (len(heights) - 1) + 2 * _EDGE_IN + 0.25
    left = _left_in(kit, counted.fetched)
    wide = left + _PLOT_IN + _RIGHT_IN
    figure = kit.figure.Figure(figsize=(wide, whole))
    figure.text(
        0.16 / wide, 1 - 0.25 / whole, _title(counted), fontsize=13, weight="bold", va="top"
    )
    top, first = whole - _EDGE_IN - 0.25, None
    for height, panel in zip(heights, (*_PANELS, _sources), strict=True):
        place = (left / wide, (top - height) / whole, _PLOT_IN / wide, height / whole)
        axes = figure.add_axes(place, sharex=first)
        first = first or axes
        panel(kit, axes, counted)
        _days_below(kit, axes, counted, last=panel is _sources)
        top -= height + _GAP_IN
    figure.text(0.16 / wide, 0.12 / whole, _SMALL_PRINT, fontsize=7, color="#555555")
    return figure


def _left_in(kit: _Kit, names: Iterable[str]) -> float:
    """How much room is for what stands at the left, of which names of sources may be long."""
    paths = (kit.textpath.TextPath((0, 0), name, size=_NAME_PT) for name in names)
    longest_pt = max((path.get_extents().width for path in paths), default=0)
    return max(_LEFT_IN, float(longest_pt) / 72 + 0.3)


_SMALL_PRINT = (
    "Days of UTC. Readers are told back from who joined and left since, without those erased. "
    "Mails stand on the day on which they were queued."
)


def _days_below(kit: _Kit, axes: Any, counted: Stats, *, last: bool) -> None:
    days = len(counted.days)
    axes.xaxis.set_major_locator(
        kit.dates.AutoDateLocator(minticks=3, maxticks=_MOST_TICKS)
        if days > _MOST_TICKS
        else kit.dates.DayLocator()
    )
    years = days > _DAYS_OF_A_YEAR
    axes.xaxis.set_major_formatter(
        kit.ticker.FuncFormatter(lambda value, _: _tick(kit.dates.num2date(value), years=years))
    )
    edge = 0.6
    low, high = (kit.dates.date2num(day) for day in (counted.first, counted.last))
    axes.set_xlim(low - edge, high + edge)
    axes.grid(axis="x", color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", labelbottom=last)


def _tick(day: date, *, years: bool) -> str:
    return f"{day:%b %Y}" if years else f"{day.day} {day:%b}"


# --- the panels -----------------------------------------------------------------------------------


def _readers(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Readers at the end of the day")
    days, readers = [d.day for d in counted.days], [d.readers for d in counted.days]
    axes.plot(days, readers, color=_DARK, linewidth=1.8, marker="o" if len(days) == 1 else "")
    axes.annotate(
        f"{readers[-1]:,}",
        (days[-1], readers[-1]),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        weight="bold",
        fontsize=8.5,
    )
    _counts_at_left(kit, axes)


def _comings(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Joined, and left")
    days = [d.day for d in counted.days]
    joined = [d.membership.joined for d in counted.days]
    unsubscribed = [-d.membership.unsubscribed for d in counted.days]
    suppressed = [-d.membership.suppressed for d in counted.days]
    axes.bar(days, joined, color=_DARK, label="joined")
    axes.bar(days, unsubscribed, color=_LIGHT, label="unsubscribed")
    axes.bar(
        days,
        suppressed,
        bottom=unsubscribed,
        color=_MIDDLE,
        hatch="////",
        edgecolor="white",
        linewidth=0,
        label="suppressed",
    )
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.spines["bottom"].set_visible(False)
    _legend(axes)
    _counts_at_left(kit, axes, signed=True)


def _editions(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Papers in the edition")
    whole = {"color": _DARK, "label": "all sources answered"}
    # In front: where a day is a line, those beside it must not hide it.
    lacking = {"color": _LIGHT, "label": "a source was missing", "zorder": 3}
    for edition in counted.editions:
        axes.bar(edition.day, edition.candidates, **(lacking if edition.missing else whole))
    _legend(axes, handles=[kit.patches.Patch(**look) for look in (whole, lacking)])
    _counts_at_left(kit, axes)


def _mails(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Mails sent")
    days = [day.day for day in counted.deliveries]
    sent = [_sent(day.by_status) for day in counted.deliveries]
    axes.bar(days, sent, color=_DARK)
    _counts_at_left(kit, axes)


def _sent(by_status: Mapping[DeliveryStatus, int]) -> int:
    """What bounced had been sent."""
    return by_status.get(DeliveryStatus.SENT, 0) + by_status.get(DeliveryStatus.BOUNCED, 0)


def _trouble(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Mails that failed or bounced")
    by_day = {day.day: day.by_status for day in counted.deliveries}
    _lines(
        axes,
        [d.day for d in counted.days],
        {
            status.value: [by_day.get(d.day, {}).get(status, 0) for d in counted.days]
            for status in (DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)
        },
    )
    _counts_at_left(kit, axes)


def _clicks(kit: _Kit, axes: Any, counted: Stats) -> None:
    axes.set_title("Papers opened and voted on")
    names = {
        FeedbackKind.OPEN: "opened",
        FeedbackKind.MORE: "more like this",
        FeedbackKind.LESS: "less like this",
    }
    _lines(
        axes,
        [d.day for d in counted.days],
        {name: [d.feedback.get(kind, 0) for d in counted.days] for kind, name in names.items()},
    )
    _counts_at_left(kit, axes)


def _sources(_kit: _Kit, axes: Any, counted: Stats) -> None:
    """A row for each source: what its fetches of each day came to."""
    axes.set_title("Sources")
    names = sorted(counted.fetched)
    for form, look in _MARKS.items():
        spots = [
            (day, row)
            for row, name in enumerate(names)
            for day, found in counted.fetched[name].items()
            if _came_to(found) == form
        ]
        axes.scatter([d for d, _ in spots], [r for _, r in spots], label=form, **look)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    _legend(axes)


_MARKS: dict[str, dict[str, Any]] = {
    "new papers": {"marker": "s", "s": 26, "color": _DARK},
    "nothing new": {"marker": "s", "s": 26, "color": _PALE},
    "failed at times": {"marker": "d", "s": 26, "color": _LIGHT},
    "failed": {"marker": "x", "s": 26, "color": _MIDDLE, "linewidths": 1.6},
}


def _came_to(found: SourceDay) -> str:
    troubled = sum(found.outcomes.get(outcome, 0) for outcome in _TROUBLED)
    if troubled == sum(found.outcomes.values()):
        return "failed"
    if troubled or found.outcomes.get(Outcome.PARTIAL):
        return "failed at times"
    return "new papers" if found.new else "nothing new"


_PANELS: Sequence[Callable[[_Kit, Any, Stats], None]] = (
    _readers,
    _comings,
    _editions,
    _mails,
    _trouble,
    _clicks,
)


# --- what panels share ----------------------------------------------------------------------------


def _lines(axes: Any, days: Sequence[date], series: Mapping[str, Sequence[int]]) -> None:
    """Lines that are told apart by lightness, by their marks and by their strokes."""
    looks = ((_DARK, "o", "-"), (_MIDDLE, "s", "--"), (_LIGHT, "^", ":"))
    size = 3.5 if len(days) <= 100 else 0
    for (name, values), (color, marker, stroke) in zip(series.items(), looks, strict=False):
        axes.plot(
            days,
            values,
            color=color,
            marker=marker,
            markersize=size,
            linestyle=stroke,
            linewidth=1.4,
            label=name,
            clip_on=False,
        )
    _legend(axes)


def _legend(axes: Any, **handles: Any) -> None:
    axes.legend(
        **handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 0.96),
        ncols=4,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0,
    )


def _counts_at_left(kit: _Kit, axes: Any, *, signed: bool = False) -> None:
    """Whole numbers, few of them, from 0 unless what is shown lies far above it."""
    axes.yaxis.set_major_locator(kit.ticker.MaxNLocator(nbins=3, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(kit.ticker.FuncFormatter(lambda value, _: f"{abs(value):,.0f}"))
    low, high = axes.get_ylim()
    if not signed:
        axes.set_ylim(0 if low < high / 2 else low, max(high, 1))
    axes.grid(axis="y", color=_RULE, linewidth=0.6)
