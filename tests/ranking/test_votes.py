"""What votes do to a reader's whole digest, beside interests and without any."""

import dataclasses

import pytest

from digest.core.interests import Interest, InterestKind, parse_interest
from digest.ranking.fit import Vote
from digest.ranking.likes import AVERSION_SHARE
from digest.ranking.meaning import LikedPaper
from digest.ranking.rank import Prepared, Ranked, Reader, prepare, rank
from digest.ranking.static_table import StaticTable
from tests.ranking.papers import ALL, GRASP, JUDGE, MOLECULE

ROBOTS = LikedPaper(
    title="Robots that learn to grasp by diffusion",
    abstract="A diffusion policy lets a robot grasp from few demonstrations.",
)
GRASP_ITSELF = LikedPaper(title=GRASP.title, abstract=GRASP.abstract)
GRASP_TWIN = LikedPaper(title=f"{GRASP.title}, revisited", abstract=GRASP.abstract)
FIELDS = (parse_interest("category: cs.RO"), parse_interest("category: cs.CL"))


@pytest.fixture(scope="module")
def day(table: StaticTable | None) -> Prepared:
    return prepare(ALL, table=table)


def digest_of(day: Prepared, reader: Reader) -> dict[int, Ranked]:
    return {one.paper_id: one for one in rank(day, reader, diversity=0.0)}


def against(paper: LikedPaper, weight: float = 1.0) -> tuple[Vote, ...]:
    return (Vote(paper=paper, weight=-weight),)


def test_a_vote_against_lowers_what_is_like_it_whatever_brings_it(day: Prepared) -> None:
    plain = Reader(interests=FIELDS, dial=0.1, limit=30)
    before = digest_of(day, plain)
    after = digest_of(day, dataclasses.replace(plain, votes=against(ROBOTS, 0.5)))
    assert before[GRASP.paper_id].relevance == before[JUDGE.paper_id].relevance
    assert after[JUDGE.paper_id].relevance == pytest.approx(0.35, rel=0.01)
    lost = dict(after[GRASP.paper_id].parts)["voted down"]
    assert lost > 0.05
    assert after[GRASP.paper_id].relevance == pytest.approx(0.35 * (1 - lost))
    assert "voted down" not in dict(after[JUDGE.paper_id].parts)


def test_what_a_vote_against_takes_is_a_share_and_fades_with_the_vote(day: Prepared) -> None:
    plain = Reader(interests=[parse_interest("diffusion policies for robots")], dial=0.0)
    (before,) = digest_of(day, plain).values()
    after = [
        digest_of(day, dataclasses.replace(plain, votes=votes))[GRASP.paper_id].relevance
        for weight in (0.01, 0.3, 1.0)
        for votes in [against(ROBOTS, weight)]
    ]
    assert before.relevance * (1 - AVERSION_SHARE) <= after[2] < after[1] < after[0]
    assert after[0] == pytest.approx(before.relevance, rel=0.01)


def test_votes_against_count_for_whoever_names_no_interests(day: Prepared) -> None:
    before = digest_of(day, Reader(interests=(), limit=30))
    after = digest_of(day, Reader(interests=(), limit=30, votes=against(ROBOTS)))
    assert list(before)[:3] == [JUDGE.paper_id, GRASP.paper_id, MOLECULE.paper_id]
    assert after[GRASP.paper_id].score < before[GRASP.paper_id].score
    assert after[GRASP.paper_id].trend == before[GRASP.paper_id].trend
    assert after[JUDGE.paper_id].score == pytest.approx(before[JUDGE.paper_id].score, rel=0.01)
    assert set(after) == set(before)


def test_a_vote_for_its_like_answers_a_vote_against(day: Prepared) -> None:
    plain = Reader(interests=[parse_interest("diffusion policies for robots")], dial=0.0)
    votes = against(ROBOTS)
    down = digest_of(day, dataclasses.replace(plain, votes=votes))
    both = digest_of(
        day, dataclasses.replace(plain, votes=(*votes, Vote(paper=GRASP_TWIN, weight=1.0)))
    )
    assert both[GRASP.paper_id].relevance > down[GRASP.paper_id].relevance


@pytest.mark.parametrize("weight", [1.0, 0.2, -1.0])
@pytest.mark.parametrize("interests", [("robots grasp by diffusion",), ()])
def test_a_paper_that_a_reader_spoke_of_is_not_offered(
    day: Prepared, interests: tuple[str, ...], weight: float
) -> None:
    reader = Reader(
        interests=[parse_interest(each) for each in interests],
        votes=[Vote(paper=GRASP_ITSELF, weight=weight)],
        limit=30,
    )
    assert GRASP.paper_id not in digest_of(day, reader)


def test_a_paper_that_an_interest_likes_is_not_offered(day: Prepared) -> None:
    reader = Reader(
        interests=[parse_interest("category: cs.RO"), Interest(InterestKind.LIKE, "7")],
        liked={"7": GRASP_ITSELF},
        limit=30,
    )
    assert GRASP.paper_id not in digest_of(day, reader)
