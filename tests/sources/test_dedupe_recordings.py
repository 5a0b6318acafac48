"""Recorded days of several sources: each paper is one row, with or without its arXiv id."""

from pathlib import Path

import pytest

from benchmarks.dedupe import Corpus, Score, load, measure
from digest.store.engine import Store

pytestmark = pytest.mark.recordings


@pytest.fixture(scope="module")
def corpus(recordings: Path) -> Corpus:
    inner = recordings / "recordings"
    loaded = load(inner if inner.is_dir() else recordings)
    if not loaded.pages:
        pytest.skip("the folder of recordings holds none of these days")
    return loaded


def shown(score: Score) -> str:
    return (
        f"{score.records} records, {score.positives} pairs: recall {score.recall:.4%}, "
        f"precision {score.precision:.4%}; wrong {score.wrong[:20]}, missed {score.missed[:20]}"
    )


def test_every_pair_with_the_same_arxiv_id_is_one_row(sqlite_store: Store, corpus: Corpus) -> None:
    score = measure(sqlite_store, corpus, by_title=False)
    print(shown(score))  # noqa: T201
    assert score.positives > 0
    assert (score.recall, score.precision) == (1, 1), shown(score)


def test_pairs_without_an_identifier_in_common_are_found_by_their_titles(
    sqlite_store: Store, corpus: Corpus
) -> None:
    score = measure(sqlite_store, corpus, by_title=True)
    print(shown(score))  # noqa: T201
    assert score.recall >= 0.98, shown(score)
    assert score.precision >= 0.999, shown(score)
