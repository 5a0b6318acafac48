"""What ranking needs of a paper's text: worked out once, when the paper is stored."""

from collections import Counter

from digest.core.analyses import Analysis, unpack
from digest.ranking.text import phrase_text, read, terms

__all__ = ["ANALYSIS_VERSION", "TITLE_WEIGHT", "Analysis", "analyse", "unpack"]

# Whatever changes what `analyse` gives for some text makes another version: analyses stored
# under an older one are made anew.
ANALYSIS_VERSION = 2

# A title's terms count as if written so often, the simple form of BM25F; measured together with
# BM25's own constants on judged collections of abstracts.
TITLE_WEIGHT = 3


def analyse(title: str, abstract: str = "") -> Analysis:
    """A paper's text, TeX and all, as the index counts and searches it."""
    head, body = read(title), read(abstract)
    bag = Counter(terms(body))
    for term in terms(head):
        bag[term] += TITLE_WEIGHT
    return Analysis(counts=bag, phrases=phrase_text(head, body))
