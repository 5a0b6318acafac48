from collections.abc import Sequence

import numpy as np
import pytest

from digest.ranking import corpus as corpus_module
from digest.ranking import likes
from digest.ranking.analysis import analyse
from digest.ranking.corpus import Corpus, RankingPaper
from digest.ranking.likes import Kin, Opinion, all_kin, strengths
from digest.ranking.meaning import LikedPaper, ModelMeaning
from digest.ranking.relevance import FLOOR
from digest.ranking.static_table import StaticTable
from digest.ranking.vectors import Floats
from tests.ranking.papers import ALL, GRASP, JUDGE, MOLECULE, SECRET, candidate

ROBOTS = LikedPaper(
    title="Robots that learn to grasp by diffusion",
    abstract="A diffusion policy lets a robot grasp from few demonstrations.",
)
CHEMISTRY = LikedPaper(
    title="Energies of molecules by graph networks",
    abstract="We predict the energy of molecules from their bonds by a graph neural network.",
)
NAMELESS = LikedPaper(title="…")
# The model of these tests does not know it.
JUDGE_LIKED = LikedPaper(title=f"More on: {JUDGE.title}", abstract=JUDGE.abstract)


@pytest.fixture(scope="module")
def corpus(table: StaticTable | None) -> Corpus:
    return Corpus(ALL, None, table=table)


def kin_of(corpus: Corpus, paper: LikedPaper) -> Kin:
    (kin,) = all_kin(corpus, [paper])
    return kin


def taste(corpus: Corpus, *said: tuple[LikedPaper, float]) -> Floats:
    opinions = [Opinion(kin=kin_of(corpus, paper), weight=weight) for paper, weight in said]
    return np.asarray(strengths(corpus, [opinions])[0], np.float32)


def row(corpus: Corpus, paper: RankingPaper) -> int:
    return corpus.papers.index(paper)


def test_a_liked_paper_lifts_its_like_above_the_floor_and_nothing_else(corpus: Corpus) -> None:
    found = taste(corpus, (ROBOTS, 1.0))
    assert np.flatnonzero(found >= FLOOR).tolist() == [row(corpus, GRASP)]
    assert 0 <= found.min() <= found.max() < 1


def test_a_liked_paper_is_not_told_of_again(corpus: Corpus) -> None:
    itself = LikedPaper(title=GRASP.title.upper(), abstract=GRASP.abstract)
    assert kin_of(corpus, itself).scores[row(corpus, GRASP)] == 0
    assert kin_of(corpus, itself).likeness[row(corpus, GRASP)] == 0
    untitled = LikedPaper(title="", abstract=GRASP.abstract)
    for paper in (itself, untitled):
        assert taste(corpus, (paper, 1.0))[row(corpus, GRASP)] == 0
        assert taste(corpus, (ROBOTS, 1.0), (paper, 1.0))[row(corpus, GRASP)] == 0


def test_a_twin_under_another_title_is_nearest_of_all(corpus: Corpus) -> None:
    twin = LikedPaper(title=f"{GRASP.title}, revisited", abstract=GRASP.abstract)
    found = taste(corpus, (twin, 1.0))
    assert found.argmax() == row(corpus, GRASP)
    assert found.max() > taste(corpus, (ROBOTS, 1.0)).max()
    likeness = kin_of(corpus, twin).likeness
    assert likeness[row(corpus, GRASP)] > 0.8
    assert 0 <= likeness.min() <= likeness.max() <= 1


def test_a_paper_that_says_much_else_is_less_like_a_liked_one() -> None:
    short = candidate(1, "Grasping by diffusion", "A robot learns to grasp by diffusion.")
    much = "Beside it: taxes, rivers, sonnets, bread, volcanoes, violins, glaciers and the moon."
    long = candidate(2, "Grasping by diffusion", f"A robot learns to grasp by diffusion. {much}")
    both = Corpus((short, long))
    likeness = kin_of(both, ROBOTS).likeness
    assert likeness[row(both, short)] > likeness[row(both, long)] > 0


def test_several_likes_are_one_taste_for_each_of_them(corpus: Corpus) -> None:
    found = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0))
    best = set(np.argsort(-found)[:2].tolist())
    assert best == {row(corpus, GRASP), row(corpus, MOLECULE)}


def test_a_vote_against_a_paper_lowers_what_is_like_it(corpus: Corpus) -> None:
    plain = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0))
    less = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0), (CHEMISTRY, -1.0))
    assert less[row(corpus, MOLECULE)] < plain[row(corpus, MOLECULE)]
    assert less.argmax() == row(corpus, GRASP)


def test_an_old_vote_against_counts_less_than_a_fresh_one(corpus: Corpus) -> None:
    molecule = [
        taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0), (CHEMISTRY, -weight))[row(corpus, MOLECULE)]
        for weight in (0.1, 0.5, 1.0)
    ]
    assert molecule == sorted(molecule, reverse=True)
    assert molecule[0] > molecule[-1]


def test_of_two_likes_the_older_counts_less(corpus: Corpus) -> None:
    even = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0))[row(corpus, MOLECULE)]
    older = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 0.3))[row(corpus, MOLECULE)]
    assert older < even


def test_without_a_liked_paper_there_is_no_taste(corpus: Corpus) -> None:
    assert not taste(corpus).any()
    assert not taste(corpus, (ROBOTS, -1.0)).any()


def test_a_liked_paper_without_words_is_like_nothing(corpus: Corpus) -> None:
    for title in ("…", ""):
        assert not kin_of(corpus, LikedPaper(title=title)).likeness.any()
        assert np.all(taste(corpus, (LikedPaper(title=title), 1.0)) < FLOOR)


def test_a_liked_paper_of_words_that_no_candidate_has_is_like_nothing(corpus: Corpus) -> None:
    found = taste(corpus, (LikedPaper(title="Sonnets of the Zyzzogeton"), 1.0))
    assert np.all(found < FLOOR)


def test_a_liked_paper_without_words_takes_nothing_from_the_others(corpus: Corpus) -> None:
    found = taste(corpus, (ROBOTS, 1.0), (NAMELESS, 1.0))
    assert found.argmax() == row(corpus, GRASP)


def test_tastes_do_not_know_of_each_other(corpus: Corpus) -> None:
    robots, chemistry = ([Opinion(kin=kin_of(corpus, paper))] for paper in (ROBOTS, CHEMISTRY))
    together = strengths(corpus, [robots, [], chemistry])
    assert together.shape == (3, len(corpus))
    for alone, found in ((robots, together[0]), ([], together[1]), (chemistry, together[2])):
        assert found == pytest.approx(strengths(corpus, [alone])[0], abs=1e-5)


def modelled(table: StaticTable | None, candidates: Sequence[RankingPaper]) -> Corpus:
    """A corpus with a model to which papers of one subject are alike, and any others are not."""
    rng = np.random.default_rng(1)
    known = {p.title: rng.normal(size=32).astype(np.float32) for p in candidates}
    known |= {
        liked.title: known[paper.title] + rng.normal(size=32).astype(np.float32) / 4
        for liked, paper in ((ROBOTS, GRASP), (CHEMISTRY, MOLECULE))
    }
    return Corpus(
        candidates,
        None,
        table=table,
        model=lambda papers: ModelMeaning(
            np.stack([known[paper.title] for paper in papers]),
            texts=lambda _: {},
            liked=lambda liked: {one: known[one.title] for one in liked if one.title in known},
        ),
    )


def test_what_a_model_says_of_likes_has_a_say(table: StaticTable | None) -> None:
    corpus = modelled(table, ALL)
    found = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0), (JUDGE_LIKED, 0.1))
    assert set(np.argsort(-found)[:2].tolist()) == {row(corpus, GRASP), row(corpus, MOLECULE)}
    assert 0 <= found.min() <= found.max() < 1
    against = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, -1.0))
    assert against[row(corpus, MOLECULE)] < FLOOR < against[row(corpus, GRASP)]


def test_with_a_model_no_more_papers_are_above_the_floor_by_chance(
    table: StaticTable | None,
) -> None:
    strangers = [
        candidate(100 + n, title=f"Stranger {n}", abstract=f"Nothing{n} is said{n} here{n}.")
        for n in range(600)
    ]
    corpus = modelled(table, (*ALL, *strangers))
    found = taste(corpus, (ROBOTS, 1.0), (CHEMISTRY, 1.0))
    assert {row(corpus, GRASP), row(corpus, MOLECULE)} <= set(np.flatnonzero(found >= FLOOR))
    assert np.mean(found >= FLOOR) < 0.05


def test_where_there_are_no_candidates_there_is_nothing_to_like(table: StaticTable | None) -> None:
    nothing = Corpus([], None, table=table)
    assert taste(nothing, (ROBOTS, 1.0)).shape == (0,)


def test_strangers_get_less_than_kin_whatever_was_liked(corpus: Corpus) -> None:
    for paper in (GRASP, MOLECULE, JUDGE, SECRET):
        liked = LikedPaper(title=f"More on: {paper.title}", abstract=paper.abstract)
        assert taste(corpus, (liked, 1.0)).argmax() == row(corpus, paper)


def test_an_analysis_that_is_at_hand_stands_for_the_text(corpus: Corpus) -> None:
    plain = kin_of(corpus, ROBOTS)
    analysis = analyse(ROBOTS.title, ROBOTS.abstract)
    for at_hand in (analysis, analysis.pack()):
        known = LikedPaper(title=ROBOTS.title, abstract="not looked at", analysis=at_hand)
        assert kin_of(corpus, known).scores.tolist() == plain.scores.tolist()


def test_liked_papers_are_compared_alike_many_at_once_and_one_by_one(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [ROBOTS, CHEMISTRY, NAMELESS]
    together = list(all_kin(corpus, papers))
    monkeypatch.setattr(likes, "NUMBERS_AT_ONCE", 1)
    for one, alone in zip(together, all_kin(corpus, papers), strict=True):
        assert one.scores.tolist() == alone.scores.tolist()
        assert (one.own, one.known_own) == (alone.own, alone.known_own)
        for points, same in zip(one.points, alone.points, strict=True):
            assert points.tolist() == same.tolist()


def test_likeness_to_several_rows_is_the_same_in_one_go_and_in_many(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, weights = np.array([[0, 2], [1, 3], [2, 2]]), np.full((3, 2), 0.5, np.float32)
    together = corpus.kin(rows, weights)
    monkeypatch.setattr(corpus_module, "KIN_AT_ONCE", 1)
    assert corpus.kin(rows, weights).tolist() == together.tolist()
    assert together[2] == pytest.approx(corpus.index.kin(2), rel=1e-5)
