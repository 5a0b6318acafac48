"""No change makes ranking worse on papers, interests and moments that were judged by hand.

What is worse on purpose is written down by `make gate`, where a reader of the change sees it.
"""

import functools
from statistics import fmean

import pytest

from digest.evaluation.files import read_judgements, read_papers, read_queries
from digest.evaluation.runs import METHODS
from evaluation.trend import METHODS as TRENDS
from evaluation.trend import quality, read_cases
from tests.ranking import gate

# Two papers that change places far down one list are no loss.
ALLOWED = 0.01
relevance = functools.cache(gate.relevance)
trends = functools.cache(gate.trends)


@pytest.mark.parametrize(
    ("method", "group"), [(m, group) for m in METHODS for group in gate.expected()[m]]
)
def test_relevance_is_not_worse_than_it_was(method: str, group: str) -> None:
    assert relevance(method)[group] >= gate.expected()[method][group] - ALLOWED


@pytest.mark.parametrize("group", gate.expected()["trend"])
def test_trend_is_not_worse_than_it_was(group: str) -> None:
    assert trends()[group] >= gate.expected()["trend"][group] - ALLOWED


def test_trend_foretells_the_votes_at_the_end_better_than_every_simple_formula() -> None:
    cases = read_cases(gate.FOLDER / "moments.jsonl")
    simple = [method for name, method in TRENDS.items() if name != "digest"]
    assert trends()["final"] > max(fmean(quality(cases, method)["final"]) for method in simple)


def test_every_group_is_guarded() -> None:
    expected = gate.expected()
    assert expected.keys() == {*METHODS, "trend"}
    for method in METHODS:
        assert expected[method].keys() == relevance(method).keys()


def test_the_judgements_are_of_papers_and_queries_that_are_there() -> None:
    papers = {paper.id for paper in read_papers(gate.FOLDER / "papers.jsonl")[0]}
    queries = {query.id for query in read_queries(gate.FOLDER / "queries.jsonl")}
    judged = read_judgements(gate.FOLDER / "qrels.tsv")
    assert judged.keys() == queries
    assert {name for row in judged.values() for name in row} <= papers
