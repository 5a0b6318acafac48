"""Why a paper is in a digest, in words: only what its score was made of."""

from collections.abc import Sequence

from digest.core.interests import Interest, InterestKind
from digest.ranking.corpus import Corpus, in_category
from digest.ranking.meaning import LikedPaper
from digest.ranking.text import QueryWord, query_words

MAX_REASON_CHARS = 120
_MAX_QUOTE_CHARS = 60
_MAX_PART_CHARS = 34
_MAX_RUN_CHARS = 24
_MAX_RUNS = 2
# With this much of an interest's weight in a paper, the interest is said without its words.
_WHOLE_SHARE = 0.8
_BETWEEN = " · "


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words where that keeps half of it."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) >= most // 2 else cut).rstrip(" ,;:-") + "…"


def in_words(corpus: Corpus, row: int, interest: Interest) -> str:
    """What a matching interest says of a paper: `matches “diffusion policies”`."""
    paper = corpus.papers[row]
    match interest.kind:
        case InterestKind.TEXT:
            return _text_in_words(corpus, row, interest.value)
        case InterestKind.KEYWORD:
            return f"matches “{shortened(interest.value, _MAX_QUOTE_CHARS)}”"
        case InterestKind.AUTHOR:
            printed = corpus.authors.find(interest.value).get(row, (0.0, interest.value))[1]
            return f"by {shortened(printed, _MAX_QUOTE_CHARS)}, an author you follow"
        case InterestKind.CATEGORY:
            own = (c for c in paper.categories if in_category(c.casefold(), interest.value))
            return f"in {shortened(next(own, interest.value), _MAX_QUOTE_CHARS)}"
        case InterestKind.EXCLUDE | InterestKind.LIKE:
            return ""


def liking(paper: LikedPaper, saying: str) -> str:
    """How a liked paper is named: `like “Attention Is All You Need”, which you liked`."""
    return f"like “{shortened(paper.title, _MAX_QUOTE_CHARS)}”, {saying}"


def _text_in_words(corpus: Corpus, row: int, text: str) -> str:
    words = query_words(text)
    weights = [corpus.word(word).evidence for word in words]
    said = [row in corpus.rows_saying(word) for word in words]
    found = sum(weight for weight, there in zip(weights, said, strict=True) if there)
    if not any(said):
        return f"close in meaning to “{shortened(text, _MAX_QUOTE_CHARS)}”"
    if found >= _WHOLE_SHARE * sum(weights):
        return f"matches “{shortened(text, _MAX_QUOTE_CHARS)}”"
    runs = _runs([word for word, there in zip(words, said, strict=True) if there])
    listed = ", ".join(f"“{shortened(run, _MAX_RUN_CHARS)}”" for run in runs[:_MAX_RUNS])
    return f"matches {listed} of “{shortened(text, _MAX_PART_CHARS)}”"


def _runs(words: Sequence[QueryWord]) -> list[str]:
    """The words, those that stand side by side in the interest as one string."""
    runs: list[str] = []
    before: QueryWord | None = None
    for word in words:
        if before and before.followed_by == word.spelling:
            runs[-1] += f" {word.spelling}"
        else:
            runs.append(word.spelling)
        before = word
    return runs


def joined(*reasons: str) -> str:
    """The reasons as one line of less than 120 characters; what does not fit whole is left out,
    but for the first, which is cut."""
    line = ""
    for reason in filter(None, reasons):
        longer = f"{line}{_BETWEEN}{reason}" if line else reason
        if len(longer) < MAX_REASON_CHARS:
            line = longer
        elif not line:
            line = shortened(reason, MAX_REASON_CHARS - 1)
    return line
