"""Texts made vectors by a model: slow, so what is done stays done."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from digest.ranking.vectors import Floats

_PORTION = 1_024


class Encoder(Protocol):
    """What is asked of a sentence model, as `digest.embedding` has it."""

    @property
    def name(self) -> str:
        """Another one for any other model."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text, in their order."""


def encoded(encoder: Encoder, texts: Sequence[str], kept: Path) -> Floats:
    """The vectors of texts, one row each, in half precision.

    Portions are kept in the folder `kept`, by the model and their texts: after an interruption,
    or with other options of the fit, only what is missing is encoded.
    """
    kept.mkdir(parents=True, exist_ok=True)
    rows = []
    for first in range(0, len(texts), _PORTION):
        portion = texts[first : first + _PORTION]
        rows.append(_portion(encoder, portion, kept))
        done = first + len(portion)
        print(f"\rencoded {done:,} of {len(texts):,}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return np.concatenate(rows)


def _portion(encoder: Encoder, texts: Sequence[str], kept: Path) -> Floats:
    said = "\n".join((encoder.name, *texts)).encode()
    file = kept / f"{hashlib.sha256(said).hexdigest()[:32]}.npy"
    if file.is_file():
        return np.asarray(np.load(file, allow_pickle=False), np.float32)
    half = encoder.encode(texts).astype(np.float16)
    unfinished = file.with_suffix(".part")
    with unfinished.open("wb") as out:
        np.save(out, half)
    unfinished.replace(file)
    return half.astype(np.float32)
