"""The texts of which the model is asked: titles, sentences of abstracts, and single words."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from training.papers import PaperText

# Not after an abbreviation of one letter, "e.g." or "et al.": the sentence goes on.
_BOUNDARY = re.compile(r"(?<=[.!?])(?<!\b\w\.)(?<!\bal\.)\s+(?=[A-Z])")
_SHORTEST, _LONGEST = 30, 400
_SENTENCES_A_PAPER = 4
_WORD = re.compile(r"[a-z]{3,}")
# A word of fewer papers is as likely a name or a slip of the pen.
_LEAST_PAPERS = 3
_MOST_WORDS = 30_000


def sentences(text: str) -> list[str]:
    """The sentences of a text that say something and are not lists, in order."""
    return [part for part in _BOUNDARY.split(text) if _SHORTEST < len(part) < _LONGEST]


def sample(papers: Iterable[PaperText], *, most: int, seed: int) -> tuple[str, ...]:
    """At most `most` distinct texts: the titles of the papers, then up to four sentences of each
    abstract. Which papers and which sentences is drawn by the seed."""
    drawn = random.Random(seed)
    shuffled = list(papers)
    drawn.shuffle(shuffled)
    texts = dict.fromkeys(paper.title for paper in shuffled[:most])
    for paper in shuffled:
        if len(texts) >= most:
            break
        found = sentences(paper.abstract)
        texts.update(dict.fromkeys(drawn.sample(found, min(_SENTENCES_A_PAPER, len(found)))))
    return tuple(texts)[:most]


def single_words(papers: Iterable[PaperText], known: Iterable[str]) -> tuple[str, ...]:
    """The words that the model's tokenizer knows whole, then those of three papers or more, the
    commonest first; of three letters or more."""
    counts = Counter(word for paper in papers for word in _words_of(paper))
    common = (word for word, papers_ in _by_count(counts) if papers_ >= _LEAST_PAPERS)
    return tuple(dict.fromkeys((*filter(_WORD.fullmatch, known), *common)))


def tokenizer_words(tokenizer: Path) -> tuple[str, ...]:
    """The pieces of a WordPiece or BPE tokenizer.json, by their numbers; none of other kinds."""
    pieces = json.loads(tokenizer.read_text(encoding="utf-8"))["model"].get("vocab")
    return tuple(sorted(pieces, key=pieces.__getitem__)) if isinstance(pieces, dict) else ()


def _words_of(paper: PaperText) -> set[str]:
    return set(_WORD.findall(f"{paper.title} {paper.abstract}".lower()))


def _by_count(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    """The commonest words, equals by the alphabet: sets have no order of their own."""
    yield from sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:_MOST_WORDS]


def split_off(count: int, share: float, seed: int) -> tuple[Sequence[int], Sequence[int]]:
    """The numbers below `count`, ascending: those to learn from, and a share to measure by."""
    held = set(random.Random(seed).sample(range(count), round(count * share)))
    return [n for n in range(count) if n not in held], sorted(held)
