import numpy as np
import pytest

from digest.core.interests import Interest, InterestKind
from digest.ranking.corpus import Corpus, RankingPaper, in_category
from digest.ranking.meaning import ModelMeaning
from digest.ranking.relevance import (
    AUTHOR_STRENGTH,
    CATEGORY_STRENGTH,
    FLOOR,
    agreed,
    excluded_rows,
    matches,
    weighted,
)
from digest.ranking.static_table import StaticTable
from tests.ranking.papers import ALL, GRASP, JUDGE, MOLECULE, SECRET, candidate

CORPUS = Corpus(ALL, None)
ROW = {paper.paper_id: row for row, paper in enumerate(CORPUS.papers)}


@pytest.fixture(scope="module")
def corpus(table: StaticTable | None) -> Corpus:
    return Corpus(ALL, None, table=table)


def strengths(kind: InterestKind, value: str, corpus: Corpus = CORPUS) -> dict[int, float]:
    found = matches(corpus, Interest(kind, value))
    return {
        paper.paper_id: float(found[row])
        for row, paper in enumerate(corpus.papers)
        if found[row] > 0
    }


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("diffusion policies for robot manipulation", GRASP),
        ("LLM evaluation", JUDGE),
        ("graph neural networks for molecules", MOLECULE),
        ("side channels in caches", SECRET),
        ("grasping", GRASP),
        ("I am looking for papers on robots that grasp and on learning from demonstrations", GRASP),
    ],
)
def test_a_text_lifts_what_is_on_its_subject_above_the_floor_and_nothing_else(
    text: str, fitting: RankingPaper, corpus: Corpus
) -> None:
    found = strengths(InterestKind.TEXT, text, corpus)
    above = [number for number, strength in found.items() if strength >= FLOOR]
    assert above == [fitting.paper_id]
    assert max(found.values()) < 1


@pytest.mark.parametrize("known", [True, False], ids=["encoded", "not encoded yet"])
def test_papers_that_say_a_part_are_held_back_by_a_model_that_sees_nothing_in_them(
    table: StaticTable | None, known: bool
) -> None:
    parts = (
        *("robot arms", "robot grasping", "robot policies", "policies", "manipulation of robots"),
        *("diffusion", "diffusion of heat"),
    )
    halves = [
        candidate(100 + n, f"Report {n}", f"We study {parts[n % 7]} in the lab number{n}.")
        for n in range(600)
    ]
    candidates = (*ALL, *halves)
    text, rng = "diffusion policies for robot manipulation", np.random.default_rng(1)
    vectors = {p.title: rng.normal(size=32).astype(np.float32) for p in candidates}
    near = {text: vectors[GRASP.title] + rng.normal(size=32).astype(np.float32) / 4}
    modelled = Corpus(
        candidates,
        None,
        table=table,
        model=lambda papers: ModelMeaning(
            np.stack([vectors[paper.title] for paper in papers]),
            texts=lambda _: near if known else {},
            liked=lambda _: None,
        ),
    )
    alone = strengths(InterestKind.TEXT, text, Corpus(candidates, None, table=table))
    found = strengths(InterestKind.TEXT, text, modelled)
    assert found[GRASP.paper_id] == max(found.values()) >= FLOOR
    shown, shown_alone = (sum(s >= FLOOR for s in each.values()) for each in (found, alone))
    assert shown < 0.7 * shown_alone


@pytest.mark.parametrize(
    "text", ["learning for glaciers", "quantum field theory", "of the", "…", "medieval poetry"]
)
def test_a_common_word_or_meaning_without_any_word_is_no_match(text: str, corpus: Corpus) -> None:
    assert all(found < FLOOR for found in strengths(InterestKind.TEXT, text, corpus).values())


def test_a_single_word_of_several_is_no_match_where_words_are_all_there_is() -> None:
    assert max(strengths(InterestKind.TEXT, "neural rendering").values()) < FLOOR


def test_words_that_stand_together_count_more_than_the_same_words_apart(
    table: StaticTable | None,
) -> None:
    corpus = Corpus(
        [
            candidate(1, "Notes", "We mine the web, and the retrieval of text is dense."),
            candidate(2, "Notes", "We mine the web, and text retrieval is very dense."),
            candidate(3, "Notes", "Something else is said here of other things, at length."),
        ],
        None,
        table=table,
    )
    found = strengths(InterestKind.TEXT, "text retrieval", corpus)
    assert found[2] > found[1]


@pytest.mark.parametrize("spelling", ["Gaussian processes", "gaussian process", "Gaussian-process"])
def test_two_words_of_which_one_is_generic_are_asked_for_side_by_side(
    spelling: str, table: StaticTable | None
) -> None:
    corpus = Corpus(
        [
            candidate(1, "Tuning ovens", "A Gaussian process tells which oven bakes best."),
            candidate(2, "Rooms from photographs", "Gaussian splats are drawn of rooms."),
            candidate(3, "Rooms from drawings", "We process what is drawn of rooms."),
            *(candidate(n, f"On bread {n}", "Of flour, water and salt.") for n in range(4, 12)),
        ],
        None,
        table=table,
    )
    found = strengths(InterestKind.TEXT, spelling, corpus)
    assert found[1] > 2 * found[2] > 0
    assert found[1] > FLOOR > found.get(3, 0)


def test_two_words_of_which_one_is_common_here_are_asked_for_side_by_side() -> None:
    deer = ["We count endangered deer.", "Endangered deer move.", "Wolves eat endangered deer."]
    corpus = Corpus(
        [
            candidate(1, "Voices of a valley", "We record endangered languages while they last."),
            *(candidate(n, "Deer", text) for n, text in enumerate(deer, 2)),
            *(candidate(n, "Chat", "What languages chat programs know.") for n in range(5, 400)),
        ]
    )
    found = strengths(InterestKind.TEXT, "endangered languages", corpus)
    assert found[1] > FLOOR
    assert found[1] > 1.5 * found[2] > 0


@pytest.mark.parametrize("name", ["model theory", "machine memory"])
def test_two_words_that_any_abstract_may_have_are_asked_for_side_by_side(
    name: str, table: StaticTable | None
) -> None:
    first, second = name.split()
    corpus = Corpus(
        [
            candidate(1, "Report 1", f"A {name} is what we wrote a book about."),
            candidate(2, "Report 2", f"Of any {second} this {first} is best told of in a book."),
            *(candidate(n, f"Report {n}", f"Of any {first} this is best.") for n in range(3, 30)),
            *(candidate(n, f"Report {n}", f"Of any {second} this is best.") for n in range(30, 60)),
            *(candidate(n, f"On bread {n}", "Of flour and salt.") for n in range(60, 400)),
        ],
        None,
        table=table,
    )
    found = strengths(InterestKind.TEXT, name, corpus)
    assert found[1] > 1.2 * found[2] > FLOOR
    assert max(found[3], found[30]) < FLOOR


@pytest.mark.parametrize(
    "spelling",
    ["difference-in-differences", "Difference in differences", "difference-in-difference designs"],
)
def test_a_compound_that_repeats_a_word_is_asked_for_as_a_whole(
    spelling: str, table: StaticTable | None
) -> None:
    corpus = Corpus(
        [
            candidate(1, "Wages", "We compare towns by difference-in-differences designs."),
            candidate(2, "Rents", "Our design is difference in differences between towns."),
            candidate(3, "Sets", "A difference set, and differences of its different designs."),
            *(candidate(n, f"On bread {n}", "Of flour and salt.") for n in range(4, 40)),
        ],
        None,
        table=table,
    )
    found = strengths(InterestKind.TEXT, spelling, corpus)
    assert min(found[1], found[2]) > FLOOR > found.get(3, 0)


def test_a_compound_is_matched_in_any_spelling(table: StaticTable | None) -> None:
    corpus = Corpus(
        [
            candidate(1, "We probe GPT-4 with riddles"),
            candidate(2, "We probe GPT4 with riddles"),
            candidate(3, "We probe 4 others with riddles"),
        ],
        None,
        table=table,
    )
    for spelling in ("GPT-4", "GPT4", "gpt 4"):
        found = strengths(InterestKind.TEXT, spelling, corpus)
        assert min(found[1], found[2]) > max(FLOOR, found.get(3, 0))


def test_a_keyword_matches_only_the_whole_phrase_in_any_word_form() -> None:
    assert list(strengths(InterestKind.KEYWORD, "diffusion policy")) == [GRASP.paper_id]
    assert strengths(InterestKind.KEYWORD, "robot diffusion") == {}
    assert list(strengths(InterestKind.KEYWORD, "who")) == [JUDGE.paper_id]


def test_an_author_is_matched_by_whole_name_and_more_surely_when_printed_in_full() -> None:
    found = strengths(InterestKind.AUTHOR, "Hal, Mira")
    assert found[GRASP.paper_id] == pytest.approx(AUTHOR_STRENGTH)
    assert FLOOR < found[JUDGE.paper_id] < AUTHOR_STRENGTH
    assert strengths(InterestKind.AUTHOR, "Mira Halmos") == {}


@pytest.mark.parametrize(
    ("category", "wanted", "expected"),
    [
        ("cs.cl", "cs.CL", True),
        ("cs.cl", "cs.*", True),
        ("cs.cl", "cs", True),
        ("physics.chem-ph", "physics.*", True),
        ("cs.cl", "cs.C", False),
        ("csx.cl", "cs.*", False),
        ("molecular biology", "Molecular Biology", True),
    ],
)
def test_a_category_means_itself_or_all_of_its_archive(
    category: str, wanted: str, expected: bool
) -> None:
    assert in_category(category, wanted) is expected


def test_a_category_alone_is_a_weak_match_above_the_floor(corpus: Corpus) -> None:
    found = strengths(InterestKind.CATEGORY, "cs.CR")
    assert found == {SECRET.paper_id: pytest.approx(CATEGORY_STRENGTH)}
    assert FLOOR < CATEGORY_STRENGTH < strengths(InterestKind.TEXT, "cache timing", corpus)[4]


@pytest.mark.parametrize(
    ("value", "gone"),
    [
        ("surveys", {3}),
        ("neural networks", {2}),
        ("cs.CR", {4}),
        ("category: physics.*", {2}),
        ("author: Ada Byte", {4}),
        ("keyword: diffusion policy", {1}),
        ("molecules with many labels", set()),
    ],
)
def test_an_exclusion_names_a_phrase_a_category_or_an_author(value: str, gone: set[int]) -> None:
    rows = excluded_rows(CORPUS, value)
    assert {CORPUS.papers[row].paper_id for row in rows} == gone


def test_a_weight_changes_strengths_within_their_range_and_keeps_their_order() -> None:
    plain = np.array([0.0, 0.2, 0.8, 1.0], np.float32)
    for weight in (0.3, 1.0, 4.0):
        changed = weighted(plain, weight)
        assert changed.tolist() == sorted(changed)
        assert (changed[0], changed[-1]) == (0, 1)
    assert weighted(plain, 0.3)[2] < plain[2] < weighted(plain, 4.0)[2]


def test_interests_compete_and_agreement_adds_a_little() -> None:
    one = np.array([0.8, 0.8, 0.0], np.float32)
    other = np.array([0.0, 0.5, 0.0], np.float32)
    alone, both, none = agreed(np.maximum(one, other), (1 - one) * (1 - other))
    assert alone == pytest.approx(0.8)
    assert 0.8 < both < 0.85
    assert none == 0


@pytest.mark.parametrize(
    ("text", "meant", "elsewhere"),
    [
        ("t-SNE", "Maps of cells with t-SNE", "Light curves of an SNe at time t"),
        ("k-means", "A faster k-means", "Means of the k largest numbers"),
        ("SE(3)", "Poses on SE(3)", "Three poses, SE and 3 more"),
        ("top-k", "Top-k routing", "A k of the top quark"),
    ],
)
def test_the_brief_part_of_a_compound_says_nothing_elsewhere(
    text: str, meant: str, elsewhere: str
) -> None:
    others = [candidate(n, f"Glaciers of valley number {n}") for n in range(3, 40)]
    corpus = Corpus([candidate(1, meant), candidate(2, elsewhere), *others])
    found = strengths(InterestKind.TEXT, text, corpus)
    assert found[1] >= FLOOR > found.get(2, 0.0)


def test_the_long_part_of_a_compound_counts_by_itself() -> None:
    others = [candidate(n, f"Glaciers of valley number {n}") for n in range(3, 40)]
    papers = [candidate(1, "Hospitals under COVID"), candidate(2, "Hospitals in 19 towns")]
    found = strengths(InterestKind.TEXT, "COVID-19 hospitals", Corpus([*papers, *others]))
    assert found[1] >= FLOOR > found.get(2, 0.0)


FILED = Corpus(
    [
        candidate(1, "Points on elliptic curves", categories=("math.NT",)),
        candidate(2, "Number theory of elliptic curves", categories=("math.NT",)),
        candidate(3, "Glaciers of the Alps", categories=("physics.ao-ph",)),
        candidate(4, "Mitosis without spindles", categories=("cell biology",)),
    ]
)


def above_the_floor(text: str) -> set[int]:
    found = strengths(InterestKind.TEXT, text, FILED)
    return {paper for paper, strength in found.items() if strength >= FLOOR}


def test_the_name_of_a_field_is_met_by_what_is_filed_there_the_more_where_it_says_so() -> None:
    found = strengths(InterestKind.TEXT, "Number  Theory", FILED)
    assert above_the_floor("Number  Theory") == {1, 2}
    assert CATEGORY_STRENGTH <= found[1] < found[2] < 1
    assert above_the_floor("cell biology") == {4}


def test_a_field_with_something_else_is_not_the_name_of_one() -> None:
    assert 1 not in above_the_floor("number theory for glaciers")
    assert 1 not in strengths(InterestKind.KEYWORD, "number theory", FILED)
