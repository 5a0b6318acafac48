"""What is kept of a paper's text so that it need not be read again to be ranked."""

import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

_WIDE = np.dtype("<u4")
# What words and phrases never have.
_FIELD, _FORM, _LONG = "\x1e", "\x1d", "\x1f"


class ShortForm(NamedTuple):
    """A short form as it is written, without the s of a plural, and the folded words of what it
    stands for, with blanks between: LLM, of "large language models"."""

    short: str
    long: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """`counts` says how often each term occurs, one in the title as often as its weight says.
    `phrases` are all words of title and abstract in order, in which phrases are found; the forms
    of both are `ranking.text`'s. `short_forms` are those that the paper introduces."""

    counts: Mapping[str, int]
    phrases: str
    short_forms: tuple[ShortForm, ...] = ()

    @property
    def length(self) -> int:
        """How many terms there are, those of the title with their weight."""
        return sum(self.counts.values())

    def pack(self) -> bytes:
        """The analysis for keeping: some 800 bytes for an abstract, a third of it unpressed."""
        numbers = self.counts.values()
        wide = max(numbers, default=0) > 255
        packed = np.fromiter(numbers, _WIDE).tobytes() if wide else bytes(numbers)
        forms = _FORM.join(map(_LONG.join, self.short_forms))
        said = f"{self.phrases}{_FIELD}{forms}" if forms else self.phrases
        return zlib.compress(b"\0".join((said.encode(), " ".join(self.counts).encode(), packed)))


def unpack(packed: bytes) -> Analysis:
    """What `pack` was given; some 50 µs for an abstract."""
    said, terms, numbers = zlib.decompress(packed).split(b"\0", 2)
    phrases, _, forms = said.decode().partition(_FIELD)
    names = list(map(sys.intern, terms.decode().split()))  # many papers at once share most terms
    counts = numbers if len(numbers) == len(names) else np.frombuffer(numbers, _WIDE).tolist()
    return Analysis(
        counts=dict(zip(names, counts, strict=True)),
        phrases=phrases,
        short_forms=tuple(ShortForm(*form.split(_LONG)) for form in forms.split(_FORM) if form),
    )
