"""Papers as points in a space of meaning, and how near a text or a taste lies to each.

Similarities are given in standard deviations over the papers (z-scores): what is usual for two
papers of these is 0, so that spaces of different making, and words, can be added up.
"""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from digest.ranking.vectors import Floats, Places

# How far the covariance is drawn to that of a ball: O. Ledoit, M. Wolf, "A well-conditioned
# estimator for large-dimensional covariance matrices", 2004; measured on readers' libraries.
SHRINKAGE = 0.3
MODEL_SHRINKAGE = 0.5
# In the space of a model a taste is compared by the discriminant, and by so much of the plain
# product, brought to the same size: what a broad library shares with its field says something, too.
MODEL_PLAIN_SHARE = 0.3
# Z-scores are cut here: a very near paper is not worth any number of words.
MOST_DEVIATIONS = 6.0
# A taste is a mean of many words: its nearest papers lie further out, and are cut only here.
MOST_DEVIATIONS_OF_TASTES = 15.0
# One like may be alone in what a paper is near to; three say it is what a reader comes back to.
NEAREST_LIKES = 3
# Among fewer papers than these the nearest lie far out by chance, or none can lie so far out:
# what deviations are taken to mean counts in proportion.
PAPERS_TO_JUDGE_BY = 500
ROWS_AT_ONCE = 64


class Space:
    """`vectors` (papers x dimensions) in the order of the corpus; zeros where there is none.

    They are moved so that their mean is the origin, and given length 1. `shrinkage` is how far the
    covariance is drawn to that of a ball; for `plain_share` see `towards`.
    """

    def __init__(
        self, vectors: Floats, *, shrinkage: float = SHRINKAGE, plain_share: float = 0.0
    ) -> None:
        self._centre = centre_of(vectors)
        self.papers = placed(vectors, self._centre)
        covariance = self.papers.T @ self.papers / max(len(self.papers), 1)
        ball = np.trace(covariance) / self.dimensions * np.eye(self.dimensions)
        shrunk = (1.0 - shrinkage) * covariance + shrinkage * ball
        self._covariance = np.asarray(shrunk + 1e-9 * np.eye(self.dimensions))
        precision = np.linalg.inv(self._covariance)
        # How much larger the discriminant's products of these papers are than the plain ones.
        of_all = max(float(np.linalg.norm(covariance)), 1e-9)
        larger = float(np.linalg.norm(precision @ covariance)) / of_all
        metric = precision + plain_share * larger * np.eye(self.dimensions)
        self._judged = self.papers @ metric.astype(np.float32)

    @property
    def dimensions(self) -> int:
        return int(self.papers.shape[1])

    def placed(self, vectors: Floats) -> Floats:
        """Vectors of papers as points here; zeros stay zeros."""
        return placed(vectors, self._centre)

    def near(self, texts: Floats) -> Floats:
        """How near each paper is to each text (texts x dimensions): z-scores, texts x papers.

        0 throughout for a text without a vector.
        """
        return standardised(_product(unit(texts), self.papers.T))

    def near_papers(self, rows: Places, weights: Floats) -> Floats:
        """How near each paper is to the mean of some of these papers (sets x rows), weighted:
        z-scores, sets x papers."""
        means = np.matmul(weights[:, np.newaxis], self.papers[rows])[:, 0]
        return standardised(_product(means, self.papers.T))

    def towards(self, tastes: Floats) -> Floats:
        """How far each paper lies towards each taste, which is a mean of points (tastes x
        dimensions): z-scores, tastes x papers.

        The discriminant of R. A. Fisher, "The use of multiple measurements in taxonomic
        problems", 1936, with one covariance for all: what all papers share says nothing. To it
        comes the plain product, by its share.
        """
        return standardised(_product(tastes, self._judged.T), MOST_DEVIATIONS_OF_TASTES)

    def nearest(self, tastes: Sequence[Floats]) -> Floats:
        """How near each paper is to the NEAREST_LIKES nearest points of each taste (each points x
        dimensions): z-scores, tastes x papers; where a mean lies between all that is liked, this
        does not.

        Cosines in the metric of `towards`, in which no direction is commoner than another.
        """
        found = np.zeros((len(tastes), len(self.papers)), np.float32)
        for row, points in zip(found, tastes, strict=True):
            cosines = unit(points @ self._whitening) @ self._whitened.T
            most = min(NEAREST_LIKES, len(points))
            best = np.partition(cosines, len(points) - most, axis=0)[-most:]
            row[:] = np.sort(best, axis=0).mean(axis=0)
        return standardised(found, MOST_DEVIATIONS_OF_TASTES)

    @functools.cached_property
    def _whitening(self) -> Floats:
        """What makes all directions equally common: its product with itself is the precision."""
        sizes, axes = np.linalg.eigh(self._covariance)
        return np.asarray(axes / np.sqrt(sizes), np.float32)

    @functools.cached_property
    def _whitened(self) -> Floats:
        return unit(self.papers @ self._whitening)


def _product(rows: Floats, matrix: Floats) -> Floats:
    """rows @ matrix, always so many rows at a time: sums of other shapes are rounded otherwise,
    and what a reader gets must not hang on who else is served in the same go. Where a row stands
    among these may still decide its last bit, as in OpenBLAS on processors with AVX2."""
    out = np.empty((len(rows), matrix.shape[1]), np.float32)
    block = np.zeros((ROWS_AT_ONCE, rows.shape[1]), np.float32)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[first : first + ROWS_AT_ONCE]
        block[: len(part)], block[len(part) :] = part, 0.0
        out[first : first + len(part)] = (block @ matrix)[: len(part)]
    return out


def centre_of(vectors: Floats) -> Floats:
    """The mean of the vectors that are not zeros."""
    known = np.any(vectors != 0.0, axis=1)
    mean = np.mean(vectors[known], axis=0) if known.any() else np.zeros(vectors.shape[1])
    return np.asarray(mean, np.float32)


def placed(vectors: Floats, centre: Floats) -> Floats:
    """Vectors with this centre as the origin, each with length 1; zeros stay zeros."""
    known = np.any(vectors != 0.0, axis=1)
    points = np.where(known[:, np.newaxis], vectors - centre, np.float32(0.0))
    return unit(points.astype(np.float32))


def unit(vectors: Floats) -> Floats:
    """Each row with length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def deviations(rows: Floats) -> Floats:
    """The standard deviation of each row, as a column."""
    around = rows - rows.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", around, around) / np.float32(max(rows.shape[1], 1))
    return np.asarray(np.sqrt(squares)[:, np.newaxis], np.float32)


def standardised(scores: npt.NDArray[np.floating], most: float = MOST_DEVIATIONS) -> Floats:
    """Each row in deviations from its mean, at most `most` of them; 0 where all are equal."""
    rows = np.asarray(scores, np.float32)
    if not rows.size:
        return rows
    rows = rows - rows.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1])
    rows /= np.maximum(np.sqrt(squares), 1e-6)[:, np.newaxis]
    return np.asarray(np.clip(rows, -most, most, out=rows), np.float32)
