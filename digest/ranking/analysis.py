"""What ranking needs of a paper's text: worked out once, when the paper is stored."""

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from digest.ranking.text import phrase_text, read, terms

# Whatever changes what `analyse` gives for some text makes another version: analyses stored
# under an older one are made anew.
ANALYSIS_VERSION = 1

# A title's terms count as if written so often, the simple form of BM25F; measured together with
# BM25's own constants on judged collections of abstracts.
TITLE_WEIGHT = 3

_WIDE = np.dtype("<u4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """`counts` says how often each term occurs, one in the title `TITLE_WEIGHT` times. `phrases`
    is the `text.phrase_text` of title and abstract, where phrases are found."""

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
    """What `pack` was given; some 40 µs for an abstract."""
    phrases, terms, numbers = zlib.decompress(packed).split(b"\0", 2)
    names = terms.decode().split()
    counts = numbers if len(numbers) == len(names) else np.frombuffer(numbers, _WIDE).tolist()
    return Analysis(counts=dict(zip(names, counts, strict=True)), phrases=phrases.decode())


def analyse(title: str, abstract: str = "") -> Analysis:
    """A paper's text, TeX and all, as the index counts and searches it."""
    head, body = read(title), read(abstract)
    bag = Counter(terms(body))
    for term in terms(head):
        bag[term] += TITLE_WEIGHT
    return Analysis(counts=bag, phrases=phrase_text(head, body))
