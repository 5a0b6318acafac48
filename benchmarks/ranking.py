"""Papers chosen for many readers out of a thousand candidates: words, meaning, taste, trend and
diversity, the top 30 of each; beside the bare product of as many vectors with the candidates'.
What is then said of the papers, scores and reasons, is counted apart. A share of the interests
may be `alike`: of some thousand phrases, the n-th said by every n-th as many as the first. With
several processes each has its share of the readers, as when a service plans for many: the time is
that of the slowest, the bare product that of all in one."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.measure import Stopwatch, in_process, peak_mb
from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind
from digest.embedding.shipped import table_bytes
from digest.ranking.choosing import choose_all
from digest.ranking.corpus import RankingPaper
from digest.ranking.meaning import LikedPaper
from digest.ranking.rank import Reader, prepare
from digest.ranking.saying import said_of
from digest.ranking.static_table import StaticTable, parse_table

_CANDIDATES, _BATCH, _TOP = 1_000, 256, 30
_DIMENSIONS = 256
_WORDS_OF_AN_ABSTRACT, _WORDS_OF_A_TITLE = 130, 9
_SUBJECTS = 40
_PHRASES = 2_000


def main(readers: int, most_interests: int, alike: float, processes: int = 1) -> None:
    if processes == 1:
        print(json.dumps(measured(readers, most_interests, alike)))
        return
    share = (str(readers // processes), str(most_interests), str(alike))
    with ThreadPoolExecutor(processes) as pool:
        each = list(pool.map(lambda _: in_process("ranking", *share), range(processes)))
    print(json.dumps(_together(each)))


def _together(each: list[dict[str, Any]]) -> dict[str, Any]:
    slowest = max(each, key=lambda one: float(one["choose_s"]))
    readers = sum(one["readers"] for one in each)
    bare = sum(one["bare_product_and_top_s"] for one in each)
    return {
        **slowest,
        "processes": len(each),
        "readers": readers,
        "choose_us_per_reader": round(slowest["choose_s"] / readers * 1e6),
        "bare_product_and_top_s": round(bare, 2),
        "times_bare": round(slowest["choose_s"] / bare, 1),
        "peak_mb": sum(one["peak_mb"] for one in each),
    }


def measured(readers: int, most_interests: int, alike: float) -> dict[str, Any]:
    random = np.random.default_rng(0)
    table = parse_table(table_bytes())
    writer = _Writer(table, random, alike)
    papers = [
        RankingPaper(
            paper_id=PaperId(n),
            title=writer.text(n % _SUBJECTS, _WORDS_OF_A_TITLE),
            abstract=writer.text(n % _SUBJECTS, _WORDS_OF_AN_ABSTRACT),
            categories=(f"cs.{n % 7}",),
            trend=float(random.beta(1, 4)),
            trend_reason="12 votes",
        )
        for n in range(1, _CANDIDATES + 1)
    ]
    preparing, choosing, saying, bare = (Stopwatch() for _ in range(4))
    with preparing:
        prepared = prepare(papers, table=table)
    multiply, chosen = _Product(random), 0
    # Writing the interests is not measured; the bare product is, in the same minutes.
    for batch in _batches(writer, readers, most_interests):
        with choosing:
            found = list(choose_all(prepared, batch, diversity=0.3))
        with saying:
            chosen += sum(len(said_of(prepared, one)) for one in found)
        with bare:
            multiply(len(batch))
    return {
        "readers": readers,
        "interests_each": f"1 to {most_interests}" if most_interests > 1 else "1",
        "alike": alike,
        "prepare_s": round(preparing.seconds, 2),
        "choose_s": round(choosing.seconds, 2),
        "choose_cpu_s": round(choosing.cpu_seconds, 2),
        "choose_us_per_reader": round(choosing.seconds / readers * 1e6),
        "say_us_per_reader": round(saying.seconds / readers * 1e6),
        "chosen_each": round(chosen / readers, 1),
        "bare_product_and_top_s": round(bare.seconds, 2),
        "times_bare": round(choosing.seconds / bare.seconds, 1),
        "peak_mb": round(peak_mb()),
    }


class _Writer:
    """Texts about subjects: words of a subject among words of any paper."""

    def __init__(self, table: StaticTable, random: np.random.Generator, alike: float) -> None:
        self._words = [term for term in table.terms if term.isalpha()][:8_000]
        self._common = 1 / np.arange(20, 20 + len(self._words))
        self._common /= self._common.sum()
        self._subjects = random.integers(200, len(self._words), (_SUBJECTS, 30))
        self._random = random
        self._alike = alike
        self._phrases = [self._phrase() for _ in range(_PHRASES)] if alike else []
        self._shares = 1 / np.arange(1, _PHRASES + 1)
        self._shares /= self._shares.sum()

    def text(self, subject: int, count: int) -> str:
        common = self._random.choice(len(self._words), count, p=self._common)
        own = self._random.choice(self._subjects[subject], count)
        places = np.where(self._random.random(count) < 0.35, own, common)
        return " ".join(self._words[place] for place in places)

    def interest(self) -> Interest:
        if self._random.random() < self._alike:
            phrase = self._phrases[self._random.choice(_PHRASES, p=self._shares)]
        else:
            phrase = self._phrase()
        return Interest(InterestKind.TEXT, phrase)

    def _phrase(self) -> str:
        subject = self._random.integers(_SUBJECTS)
        words = self._random.choice(self._subjects[subject], self._random.integers(2, 5))
        return " ".join(self._words[place] for place in words)


def _batches(writer: _Writer, readers: int, most_interests: int) -> Iterator[list[Reader]]:
    random = np.random.default_rng(1)
    liked = {
        str(n): LikedPaper(title=writer.text(n, 9), abstract=writer.text(n, 130)) for n in range(20)
    }
    for first in range(0, readers, _BATCH):
        yield [
            Reader(
                interests=(
                    *(writer.interest() for _ in range(random.integers(1, most_interests + 1))),
                    Interest(InterestKind.LIKE, str(random.integers(len(liked)))),
                ),
                liked=liked,
                limit=_TOP,
            )
            for _ in range(min(_BATCH, readers - first))
        ]


class _Product:
    """The bare product of readers' vectors with the candidates', and the top of each."""

    def __init__(self, random: np.random.Generator) -> None:
        self._papers = random.standard_normal((_DIMENSIONS, _CANDIDATES), np.float32)
        self._readers = random.standard_normal((_BATCH, _DIMENSIONS), np.float32)

    def __call__(self, readers: int) -> None:
        np.argpartition(-(self._readers[:readers] @ self._papers), _TOP, axis=1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *map(int, sys.argv[4:]))
