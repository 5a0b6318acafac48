"""What every model does for us, and the form that its vectors have."""

import importlib.util
from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digest.core.errors import ConfigError, EncodingError
from digest.embedding.prompts import Kind, Prompts

Floats: TypeAlias = NDArray[np.float32]


class Encoder(Protocol):
    @property
    def name(self) -> str:
        """Which model this is, to the letter: vectors under one name may be compared, and are
        kept under it. At most 255 characters. May load the model."""

    @property
    def dimensions(self) -> int:
        """The length of a vector; 0 while it is not known, before an endpoint's first answer."""

    @property
    def batch(self) -> int:
        """How many texts it takes at a time at best; any number may be given."""

    @property
    def prompts(self) -> Prompts:
        """What it wants before texts, and puts there itself. May load the model."""

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Floats:
        """One row of length 1 for each text, in their order; all of one kind.

        Raises EncoderUnavailable when no text can be encoded now, EncodingError when one of these
        cannot; ConfigError when the model is not what the configuration says.
        """


def unit_rows(vectors: Floats, wanted: int) -> Floats:
    """The rows with length 1. Raises EncodingError unless they are `wanted` rows of numbers."""
    if vectors.ndim != 2 or len(vectors) != wanted:
        raise EncodingError(f"the model gave an array of {vectors.shape} for {wanted} texts")
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    if not (np.isfinite(norms) & (norms > 0)).all():
        raise EncodingError("the model gave a vector without a direction")
    return np.asarray(vectors / norms[:, None], np.float32)


def require(module: str, purpose: str, install: str) -> None:
    """Raises ConfigError, with what to do, unless the package is installed; loads nothing, as
    that may take seconds."""
    if importlib.util.find_spec(module) is None:
        raise ConfigError([f"{purpose} needs the package {module}: {install}"])


def one_line(error: Exception) -> str:
    """What a library says of its trouble, short enough for a log."""
    return " ".join(str(error).split())[:200] or type(error).__name__
