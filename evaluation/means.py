"""Means with their uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over queries or moments, and its 95 % interval by the bootstrap's percentiles."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f} {self.high:.3f}]"


def mean_of(values: Sequence[float]) -> Mean:
    sample = np.asarray(values, float)
    if not len(sample):
        return Mean(value=0.0, low=0.0, high=0.0)
    chance = np.random.default_rng(7)
    means = [chance.choice(sample, len(sample)).mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return Mean(value=float(sample.mean()), low=float(low), high=float(high))
