"""A series of readings as one line of block characters."""

import math
from collections.abc import Sequence
from datetime import datetime

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 24


def sparkline(readings: Sequence[tuple[datetime, float]], width: int = WIDTH) -> str:
    """`readings`, in the order of their time, in at most `width` characters; "" for none.

    Columns are even in time, since sources are read at uneven intervals and what counts is the
    pace: one reading a column at the most, and where a column has none, the count read before
    still stands. Scaled from the least to the greatest value: growth of a large count is seen;
    a series that never moves lies flat at the bottom. Values that are no finite number are
    left out.
    """
    points = [(at, value) for at, value in readings if math.isfinite(value)]
    if not points:
        return ""
    values = _columns(points, min(width, len(points)))
    # Halves, so that the difference of two huge values is still a number.
    low, high = min(values) / 2, max(values) / 2
    if high == low:
        return BARS[0] * len(values)
    return "".join(
        BARS[min(int((value / 2 - low) / (high - low) * len(BARS)), len(BARS) - 1)]
        for value in values
    )


def _columns(points: Sequence[tuple[datetime, float]], width: int) -> list[float]:
    """The last value of each of `width` equal spans of time."""
    start, span = points[0][0], (points[-1][0] - points[0][0]).total_seconds()
    latest: list[float | None] = [None] * width
    for at, value in points:
        share = (at - start).total_seconds() / span if span else 1.0
        latest[min(int(share * width), width - 1)] = value
    columns, standing = [], points[0][1]
    for value_here in latest:
        standing = standing if value_here is None else value_here
        columns.append(standing)
    return columns
