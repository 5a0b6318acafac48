"""What is kept of a paper's text so that it need not be read again to be ranked."""

import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_WIDE = np.dtype("<u4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """`counts` says how often each term occurs, one in the title as often as its weight says.
    `phrases` are all words of title and abstract in order, in which phrases are found; the forms
    of both are `ranking.text`'s."""

    counts: Mapping[str, int]
    phrases: str

    @property
    def length(self) -> int:
        """How many terms there are, those of the title with their weight."""
        return sum(self.counts.values())

    def pack(self) -> bytes:
        """The analysis for keeping: some 800 bytes for an abstract, a third of it unpressed."""
        numbers = self.counts.values()
        wide = max(numbers, default=0) > 255
        packed = np.fromiter(numbers, _WIDE).tobytes() if wide else bytes(numbers)
        return zlib.compress(
            b"\0".join((self.phrases.encode(), " ".join(self.counts).encode(), packed))
        )


def unpack(packed: bytes) -> Analysis:
    """What `pack` was given; some 50 µs for an abstract."""
    phrases, terms, numbers = zlib.decompress(packed).split(b"\0", 2)
    names = list(map(sys.intern, terms.decode().split()))  # many papers at once share most terms
    counts = numbers if len(numbers) == len(names) else np.frombuffer(numbers, _WIDE).tolist()
    return Analysis(counts=dict(zip(names, counts, strict=True)), phrases=phrases.decode())
