import functools
import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind, parse_interest
from digest.ranking.lexical import Background
from digest.ranking.meaning import LikedPaper
from digest.ranking.query import phrase_forms
from digest.ranking.rank import Place, Prepared, Ranked, Reader, prepare, rank, score_query
from digest.ranking.relevance import FLOOR
from digest.ranking.static_table import StaticTable
from digest.ranking.text import phrase_text, read
from tests.ranking.papers import (
    ALL,
    GRASP,
    JUDGE,
    MOLECULE,
    OTHERS,
    SECRET,
    candidate,
    contains_phrase,
)

LIKED = {"7": LikedPaper(title="Robots grasp by diffusion", abstract="A diffusion policy grasps.")}


@functools.cache
def everything() -> Prepared:
    return prepare(ALL)


@pytest.fixture(scope="module")
def day(table: StaticTable | None) -> Prepared:
    return prepare(ALL, table=table)


def ranked(
    *lines: str | Interest,
    dial: float = 0.0,
    diversity: float = 0.0,
    seen: frozenset[PaperId] = frozenset(),
    limit: int = 100,
    prepared: Prepared | None = None,
) -> tuple[Ranked, ...]:
    return rank(
        prepared or everything(),
        Reader(
            interests=[parse_interest(each) if isinstance(each, str) else each for each in lines],
            liked=LIKED,
            dial=dial,
            seen=seen,
            limit=limit,
        ),
        diversity=diversity,
    )


def ids(found: Iterable[Ranked]) -> list[int]:
    return [one.paper_id for one in found]


def fitting(found: Iterable[Ranked]) -> tuple[Ranked, ...]:
    return tuple(one for one in found if one.place is Place.FITS)


def test_each_interest_brings_its_paper_and_nothing_below_the_floor(day: Prepared) -> None:
    wanted = ("diffusion policies for robots", "LLM evaluation", "neural networks, molecules")
    found = ranked(*wanted, prepared=day)
    assert set(ids(found)) == {GRASP.paper_id, JUDGE.paper_id, MOLECULE.paper_id}
    assert all(one.relevance >= FLOOR for one in found)


def test_without_a_fitting_paper_nothing_is_ranked_however_high_the_trend(day: Prepared) -> None:
    assert ranked("medieval poetry", dial=0.9, prepared=day) == ()
    assert ranked("keyword: sonnet", dial=0.9, prepared=day) == ()


def test_without_interests_trend_decides_alone() -> None:
    found = ranked(dial=0.2)
    assert ids(found)[:3] == [JUDGE.paper_id, GRASP.paper_id, MOLECULE.paper_id]
    assert len(found) == len(ALL)
    assert found[0].reason == "494 votes on Hugging Face"
    assert found[0].score == found[0].trend == pytest.approx(0.9)


def test_exclusions_alone_leave_trend_to_decide_about_the_rest() -> None:
    assert ids(ranked("not: surveys"))[0] == GRASP.paper_id


def test_at_the_trend_end_of_the_dial_interests_neither_rank_nor_explain() -> None:
    found = ranked("molecules", dial=1.0)
    assert ids(found)[0] == JUDGE.paper_id
    assert "matches" not in "".join(one.reason for one in found)


def test_the_dial_moves_a_trending_paper_up() -> None:
    wanted = ("diffusion policies for robot manipulation", "category: cs.CL")
    assert ids(ranked(*wanted, dial=0.0)) == [GRASP.paper_id, JUDGE.paper_id]
    assert ids(fitting(ranked(*wanted, dial=0.9))) == [JUDGE.paper_id, GRASP.paper_id]


def test_papers_that_fit_equally_are_ordered_by_trend_then_by_id() -> None:
    twins = [candidate(n, f"Title {n}", categories=("cs.CL",), trend=0.4) for n in (3, 1, 2)]
    late = candidate(9, "Title 9", categories=("cs.CL",), trend=0.8)
    found = ranked("category: cs.CL", prepared=prepare([*twins, late]))
    assert ids(found) == [9, 1, 2, 3]


def test_the_reason_names_the_match_and_what_trend_added(day: Prepared) -> None:
    assert ranked("diffusion policies", dial=0.3, prepared=day)[0].reason == (
        "matches “diffusion policies” · rising: 53 → 301 votes since yesterday"
    )
    for wanted, dial, said in (
        ("diffusion policies", 0.0, "“diffusion policies”"),
        ("cache timing", 0.3, "“cache”, “timing”"),
    ):
        assert ranked(wanted, dial=dial, prepared=day)[0].reason == f"matches {said}"


def test_the_strongest_of_several_matches_is_the_reason(day: Prepared) -> None:
    found = ranked("category: cs.RO", "author: Mira Hal", "grasping robots", prepared=day)
    assert found[0].reason == "by Mira Hal, an author you follow"
    assert [name for name, _ in found[0].parts] == [
        "relevance",
        "trend",
        "dial",
        "author: Mira Hal",
        "grasping robots",
        "category: cs.RO",
    ]


def test_a_like_that_is_not_known_matches_nothing(day: Prepared) -> None:
    assert ranked("like: 8", prepared=day) == ()
    assert ids(ranked("like: 7", prepared=day)) == [GRASP.paper_id]
    assert (
        ranked("like: 7", prepared=day)[0].reason
        == "like “Robots grasp by diffusion”, which you liked"
    )


def test_a_weight_decides_between_two_interests() -> None:
    heavy = Interest(InterestKind.CATEGORY, "cs.CR", 5.0)
    light = Interest(InterestKind.CATEGORY, "cs.CL", 1.0)
    assert ids(ranked(light, heavy)) == [SECRET.paper_id, JUDGE.paper_id]


def test_a_search_answers_in_the_order_of_the_candidates_given() -> None:
    for papers in (ALL, ALL[::-1]):
        scores = score_query(prepare(papers), "cache timing")
        assert papers[int(np.argmax(scores))] is SECRET
        assert scores.shape == (len(papers),)


def test_a_search_for_an_author_finds_hardly_anybody_of_half_the_name() -> None:
    papers = [
        candidate(1, "Eels", authors=("Ada Byte",)),
        candidate(2, "Eels", authors=("Ada Li",)),
    ]
    found, other = score_query(prepare(papers), "Ada Byte")
    assert found > 0.5
    assert other < 0.1


def test_no_candidates_give_an_empty_ranking(table: StaticTable | None) -> None:
    nothing = prepare([], table=table)
    assert ranked("graphs", "like: 7", "not: x", prepared=nothing, diversity=0.5) == ()
    assert score_query(nothing, "graphs").shape == (0,)


def test_a_background_tells_what_is_common_when_candidates_are_few(
    table: StaticTable | None,
) -> None:
    few = [candidate(1, "Graph walks"), candidate(2, "Protein walks")]
    common = Background(documents=1000, counts={"walk": 700, "protein": 3})
    plain = ranked("walking proteins", prepared=prepare(few, table=table))
    informed = ranked("walking proteins", prepared=prepare(few, background=common, table=table))
    assert plain[0].paper_id == informed[0].paper_id == 2
    assert ids(informed) == [2]


TOPICS = [
    "diffusion policies for robot manipulation",
    "LLM evaluation",
    "molecules",
    "keyword: graph neural network",
    "author: Mira Hal",
    "category: cs.*",
    "category: cs.CR",
    "like: 7",
    "protein folding",
    "learning",
]
PHRASES = ["survey", "diffusion policy", "learning methods", "caches", "model", "data-sets"]
some_interests = st.lists(
    st.builds(
        lambda line, weight: Interest(
            parse_interest(line).kind, parse_interest(line).value, weight
        ),
        st.sampled_from(TOPICS),
        st.sampled_from([0.5, 1.0, 3.0]),
    ),
    max_size=4,
)
dials = st.sampled_from([0.0, 0.3, 0.7, 1.0])
diversities = st.sampled_from([0.0, 0.3, 1.0])


@given(some_interests, dials, diversities, st.integers(0, 20))
def test_scores_are_in_range_and_best_first_within_the_limit(
    day: Prepared, wanted: list[Interest], dial: float, diversity: float, limit: int
) -> None:
    found = ranked(*wanted, dial=dial, diversity=diversity, limit=limit, prepared=day)
    assert len(found) <= limit
    scores = [one.score for one in fitting(found)]
    assert scores == sorted(scores, reverse=True)
    assert [one.place for one in found] == sorted((one.place for one in found), key=[*Place].index)
    for one in found:
        assert all(0 <= value <= 1 for value in (one.score, one.relevance, one.trend))
        assert all(0 <= value <= 1 for _, value in one.parts)
        assert len(one.reason) < 120


@given(some_interests, dials, diversities, st.randoms(use_true_random=False), st.integers(1, 12))
@settings(max_examples=30)
def test_the_order_of_the_candidates_changes_nothing(
    table: StaticTable | None,
    wanted: list[Interest],
    dial: float,
    diversity: float,
    order: random.Random,
    limit: int,
) -> None:
    shuffled = list(ALL)
    order.shuffle(shuffled)
    first, again = (
        ranked(
            *wanted,
            dial=dial,
            diversity=diversity,
            limit=limit,
            prepared=prepare(papers, table=table),
        )
        for papers in (ALL, shuffled)
    )
    assert again == first


@given(some_interests, dials, diversities, st.sets(st.sampled_from([p.paper_id for p in ALL])))
def test_what_was_seen_is_never_given_again(
    day: Prepared, wanted: list[Interest], dial: float, diversity: float, seen: set[PaperId]
) -> None:
    found = ranked(
        *wanted, dial=dial, diversity=diversity, seen=frozenset(seen), limit=9, prepared=day
    )
    assert seen.isdisjoint(ids(found))


@given(some_interests, st.sampled_from(PHRASES), dials, st.integers(1, 20))
def test_an_excluded_phrase_is_in_no_paper_given(
    day: Prepared, wanted: list[Interest], phrase: str, dial: float, limit: int
) -> None:
    found = ids(ranked(*wanted, f"not: {phrase}", dial=dial, limit=limit, prepared=day))
    forms = phrase_forms(phrase)
    for paper in ALL:
        if contains_phrase(phrase_text(read(paper.title), read(paper.abstract)), forms):
            assert paper.paper_id not in found


@given(some_interests.filter(bool), st.sampled_from(TOPICS))
def test_one_interest_more_never_lowers_the_relevance_of_a_paper(
    day: Prepared, wanted: list[Interest], another: str
) -> None:
    # What there is to explore may be another paper then.
    before = {
        one.paper_id: one.relevance
        for one in ranked(*wanted, prepared=day)
        if one.place is Place.FITS
    }
    after = {one.paper_id: one.relevance for one in ranked(*wanted, another, prepared=day)}
    assert all(after[number] >= relevance - 1e-6 for number, relevance in before.items())


@given(
    st.lists(st.sampled_from(TOPICS), min_size=2, max_size=4, unique=True),
    st.sampled_from([0.0, 0.3, 0.7]),
    st.sampled_from([0.1, 0.3, 1.0]),
)
def test_an_unrelated_interest_does_not_remove_the_best_match_of_another(
    day: Prepared, topics: list[str], dial: float, diversity: float
) -> None:
    """With diversity, and as long as there is a place for each interest beside the best."""
    together = ids(ranked(*topics, dial=dial, diversity=diversity, limit=9, prepared=day))
    for topic in topics:
        best = ids(ranked(topic, dial=dial, diversity=diversity, limit=9, prepared=day))[0]
        assert best in together


def test_excluding_takes_away_every_form_of_the_word(table: StaticTable | None) -> None:
    forms = [
        candidate(n, title)
        for n, title in enumerate(
            ["A survey of graphs", "Surveys of graphs", "Surveying graphs", "Survey-based graphs"]
        )
    ]
    kept = candidate(9, "Surveillance of graphs")
    prepared = prepare([*forms, kept, *OTHERS], table=table)
    assert ids(ranked("graphs", "not: surveys", prepared=prepared)) == [9]
