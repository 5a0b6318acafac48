"""Readers together, and the places of a digest that go to papers which do not fit."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.core.interests import Interest, InterestKind, parse_interest
from digest.ranking.choosing import EXPLORE_FROM_FITTING, EXPLORE_FROM_LIMIT, EXPLORE_LEAST
from digest.ranking.fit import Vote
from digest.ranking.meaning import LikedPaper
from digest.ranking.rank import Place, Prepared, Ranked, Reader, prepare, rank, rank_all
from digest.ranking.relevance import FLOOR
from digest.ranking.static_table import StaticTable
from digest.ranking.trending import VOTED_LEAST
from tests.ranking.papers import ALL, GRASP, candidate

LIKED = {"7": LikedPaper(title="Robots grasp by diffusion", abstract="A diffusion policy grasps.")}
VOTES = (
    Vote(paper=LikedPaper(title="Robot hands", abstract="A robot grasps in a kitchen."), weight=1),
    Vote(paper=LikedPaper(title="Evaluation of LLMs"), weight=-0.5),
)
GRAPHS = [
    candidate(100 + n, f"Graph walks on {place}", f"We walk on graphs of {place}.", trend=0.05 * n)
    for n, place in enumerate(["roads", "rivers", "proteins", "towns", "cells"])
]
TRENDING = [
    candidate(200 + n, f"{name} at scale", f"We study {name}.", trend=0.7 + 0.05 * n, reason="up")
    for n, name in enumerate(["Speech", "Vision", "Poetry", "Markets", "Weather"])
]
EDGE = candidate(300, "A graph of trees", "A graph of towns, by road.", trend=0.0)
STRANGERS = [candidate(400 + n, f"Stranger {n}", "Nothing of note.") for n in range(30)]


@pytest.fixture(scope="module")
def day(table: StaticTable | None) -> Prepared:
    return prepare([*ALL, *GRAPHS, *TRENDING, EDGE, *STRANGERS], table=table)


def reader(*lines: str, dial: float = 0.3, limit: int = 10, explore: bool = True) -> Reader:
    return Reader(
        interests=[parse_interest(line) for line in lines],
        liked=LIKED,
        dial=dial,
        limit=limit,
        explore=explore,
    )


def of(found: Sequence[Ranked], place: Place) -> list[Ranked]:
    return [one for one in found if one.place is place]


LINES = ["graph walks", "grasping robots", "keyword: graph", "category: cs.*", "like: 7"]
EXCLUSIONS = ["not: rivers", "not: category: cs.LG", "not: survey"]
readers = st.builds(
    lambda lines, votes, dial, limit, explore: Reader(
        interests=[parse_interest(line) for line in lines],
        liked=LIKED,
        votes=VOTES[:votes],
        dial=dial,
        limit=limit,
        explore=explore,
    ),
    st.lists(st.sampled_from([*LINES, *EXCLUSIONS]), max_size=4, unique=True),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    st.integers(0, 12),
    st.booleans(),
)


def alike(one: Ranked, other: Ranked) -> bool:
    return (one.paper_id, one.place, one.reason) == (
        other.paper_id,
        other.place,
        other.reason,
    ) and (one.score == pytest.approx(other.score, abs=1e-5))


@given(st.lists(readers, max_size=5), st.sampled_from([0.0, 0.3, 1.0]))
@settings(max_examples=40)
def test_readers_together_get_what_each_would_alone(
    day: Prepared, some: list[Reader], diversity: float
) -> None:
    together = rank_all(day, some, diversity=diversity)
    assert len(together) == len(some)
    for one, found in zip(some, together, strict=True):
        alone = rank(day, one, diversity=diversity)
        assert len(alone) == len(found)
        assert all(map(alike, alone, found))


@given(readers)
@settings(max_examples=40)
def test_every_place_keeps_its_bounds(day: Prepared, one: Reader) -> None:
    found = rank(day, one, diversity=0.3)
    assert len(found) <= one.limit
    assert len({paper.paper_id for paper in found}) == len(found)
    assert [p.place for p in found] == sorted((p.place for p in found), key=[*Place].index)
    assert len(of(found, Place.EXPLORE)) <= (1 if one.explore else 0)
    for paper in of(found, Place.EXPLORE):
        assert EXPLORE_LEAST <= paper.relevance < FLOOR
    for paper in of(found, Place.EVERYWHERE):
        assert paper.relevance < FLOOR


@given(readers, st.sampled_from([("not: weather", "eather"), ("not: graphs", "raph")]))
@settings(max_examples=40)
def test_an_excluded_paper_is_in_no_place(
    day: Prepared, one: Reader, exclusion: tuple[str, str]
) -> None:
    line, part = exclusion
    strict = Reader(
        interests=[*one.interests, parse_interest(line)],
        liked=LIKED,
        votes=one.votes,
        dial=one.dial,
        limit=one.limit,
    )
    gone = {p.paper_id for p in day.corpus.papers if part in p.title + p.abstract}
    assert gone.isdisjoint(paper.paper_id for paper in rank(day, strict, diversity=0.3))


@pytest.mark.parametrize(("dial", "most"), [(0.0, 0), (0.3, 1), (0.7, 3)])
def test_what_trends_everywhere_has_half_the_share_of_the_dial(
    day: Prepared, dial: float, most: int
) -> None:
    found = of(rank(day, reader("graph walks", dial=dial), diversity=0.3), Place.EVERYWHERE)
    assert len(found) == most
    trends = [paper.trend for paper in found]
    assert trends == sorted(trends, reverse=True)
    assert all(paper.trend >= VOTED_LEAST for paper in found)
    assert all(paper.reason.startswith("trending everywhere: ") for paper in found)


def test_who_gets_no_fitting_paper_gets_no_other(day: Prepared) -> None:
    for dial in (0.0, 0.3, 0.9):
        assert rank(day, reader("medieval numismatics", dial=dial), diversity=0.3) == ()


def test_whoever_votes_but_names_no_interest_gets_filled_up_with_what_trends(
    day: Prepared,
) -> None:
    voter = Reader(interests=(), votes=VOTES[:1], limit=8)
    found = rank(day, voter, diversity=0.3)
    assert [paper.place for paper in found] == sorted(
        (paper.place for paper in found), key=[*Place].index
    )
    assert len(found) == 8
    assert found[0].place is Place.FITS
    assert found[0].paper_id == 1
    trends = [paper.trend for paper in of(found, Place.EVERYWHERE)]
    assert trends == sorted(trends, reverse=True)
    assert trends[0] == pytest.approx(max(p.trend for p in ALL))


EDGY = ("graph walks", "robot surgery")


def test_a_paper_at_the_edge_of_the_interests_is_marked_as_such_and_comes_last(
    day: Prepared,
) -> None:
    found = rank(day, reader(*EDGY), diversity=0.3)
    (explored,) = of(found, Place.EXPLORE)
    assert explored == found[-1]
    assert EXPLORE_LEAST <= explored.relevance < FLOOR
    assert explored.reason.startswith("to explore: matches “")


def test_what_is_explored_nearly_fits_and_is_not_what_trends_and_hardly_fits() -> None:
    near = candidate(501, "Tides", "Of the sea.", categories=("physics.ao-ph",), trend=0.0)
    far = candidate(502, "Prompts", "Of a chat.", categories=("cs.CL",), trend=0.9)
    everywhere = candidate(503, "Agents", "Of a team.", categories=("cs.MA",), trend=1.0)
    # Of what a category gives, .35, weights of less than 1 leave .23 and .10.
    faint = [
        Interest(InterestKind.CATEGORY, "physics.ao-ph", 0.6),
        Interest(InterestKind.CATEGORY, "cs.CL", 0.25),
    ]
    asks = Reader(interests=[parse_interest("graph walks"), *faint], dial=0.3)
    found = rank(prepare([*GRAPHS, near, far, everywhere, *STRANGERS]), asks, diversity=0.3)

    assert [paper.paper_id for paper in of(found, Place.EVERYWHERE)] == [503]
    assert [paper.paper_id for paper in of(found, Place.EXPLORE)] == [501]


@pytest.mark.parametrize(
    "one",
    [
        reader(*EDGY, explore=False),
        reader(*EDGY, limit=EXPLORE_FROM_LIMIT - 1),
        reader(*EDGY, dial=1.0),
    ],
    ids=["not wanted", "few places", "trend alone"],
)
def test_there_is_no_place_to_explore_where_it_is_not_wanted(day: Prepared, one: Reader) -> None:
    assert of(rank(day, one, diversity=0.3), Place.EXPLORE) == []


def test_there_is_no_place_to_explore_before_enough_papers_fit(table: StaticTable | None) -> None:
    for fitting in range(EXPLORE_FROM_FITTING + 1):
        papers = [GRASP, *GRAPHS[:fitting], *TRENDING, *STRANGERS]
        found = rank(prepare(papers, table=table), reader(*EDGY), diversity=0.3)
        if len(of(found, Place.FITS)) < EXPLORE_FROM_FITTING:
            assert of(found, Place.EXPLORE) == []


@given(trend=st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), more=st.sampled_from([0.0, 0.3, 1.0]))
@settings(max_examples=15)
def test_more_trend_never_lowers_a_papers_place(trend: float, more: float) -> None:
    place_of = []
    for value in (trend, min(trend + more, 1.0)):
        papers = [candidate(1, "Graph walks by night", trend=value), *GRAPHS, *STRANGERS]
        found = rank(prepare(papers), reader("graph walks", dial=0.5), diversity=0.0)
        place_of.append([int(paper.paper_id) for paper in found].index(1))
    assert place_of[1] <= place_of[0]
