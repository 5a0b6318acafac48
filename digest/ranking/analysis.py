"""What ranking needs of a paper's text: worked out once, when the paper is stored."""

import re
from collections import Counter

from digest.core.analyses import Analysis, unpack
from digest.ranking.text import Words, phrase_text, read, terms

__all__ = ["ANALYSIS_VERSION", "TITLE_WEIGHT", "Analysis", "analyse", "unpack"]

# Whatever changes what `analyse` gives for some text makes another version: analyses stored
# under an older one are made anew.
ANALYSIS_VERSION = 5

# A title's terms count as if written so often, the simple form of BM25F; measured together with
# BM25's own constants on judged collections of abstracts.
TITLE_WEIGHT = 3


# Every fifth abstract says one of these, and means neither a world nor an art: as words of their
# own they would make it one on "world models" or "generative art". Phrases keep what is written.
SET_PHRASES = re.compile(
    r"(?i)\b(real)[-\u2010\u2011](?=world\b)"
    r"|\b(state)[-\u2010\u2011](of)[-\u2010\u2011](the)[-\u2010\u2011](?=art\b)"
)


def analyse(title: str, abstract: str = "") -> Analysis:
    """A paper's text, TeX and all, as the index counts and searches it."""
    head, body = read(title), read(abstract)
    bag = Counter(_counted(abstract, body))
    for term in _counted(title, head):
        bag[term] += TITLE_WEIGHT
    return Analysis(counts=bag, phrases=phrase_text(head, body))


def _counted(text: str, words: Words) -> list[str]:
    """The terms of a text, with set phrases as one word each."""
    joined, found = SET_PHRASES.subn(lambda phrase: "".join(filter(None, phrase.groups())), text)
    return terms(read(joined) if found else words)
