"""What ranking needs of a paper's text: worked out once, when the paper is stored."""

from collections import Counter

from digest.core.analyses import Analysis, ShortForm, unpack
from digest.ranking.short_forms import introduced
from digest.ranking.text import SET_PHRASES, Words, phrase_text, read, terms, words_in

__all__ = ["ANALYSIS_VERSION", "TITLE_WEIGHT", "Analysis", "analyse", "unpack"]

# Whatever changes what `analyse` gives for some text makes another version: analyses stored
# under an older one are made anew.
ANALYSIS_VERSION = 6

# A title's terms count as if written so often, the simple form of BM25F; measured together with
# BM25's own constants on judged collections of abstracts.
TITLE_WEIGHT = 3


def analyse(title: str, abstract: str = "") -> Analysis:
    """A paper's text, TeX and all, as the index counts and searches it."""
    head, body = read(title), read(abstract)
    bag = Counter(_counted(abstract, body))
    for term in _counted(title, head):
        bag[term] += TITLE_WEIGHT
    forms = (form for text in (title, abstract) for form in introduced(text))
    return Analysis(
        counts=bag,
        phrases=phrase_text(head, body),
        short_forms=tuple(
            dict.fromkeys(ShortForm(short, " ".join(words_in(long))) for short, long in forms)
        ),
    )


def _counted(text: str, words: Words) -> list[str]:
    """The terms of a text, with set phrases as one word each."""
    joined, found = SET_PHRASES.subn(lambda phrase: "".join(filter(None, phrase.groups())), text)
    return terms(read(joined) if found else words)
