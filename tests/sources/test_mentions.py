from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.sources.mentions import (
    Mentions,
    mentioned,
    papers_of,
    repository_key,
    works_by_repository,
)
from tests.fakes import NOON
from tests.sources.shelf import MemoryShelf, work

PAPER = Mentions(ids=frozenset({Identifier(ARXIV, "2603.10001")}))
CODE = Mentions(repositories=frozenset({"lab/sparse"}))
SINCE = NOON - timedelta(days=30)


@pytest.mark.parametrize(
    "link",
    [
        "https://arxiv.org/abs/2603.10001",
        "http://arxiv.org/abs/2603.10001v3",
        "https://www.arxiv.org/pdf/2603.10001",
        "https://arxiv.org/pdf/2603.10001v2.pdf#page=4",
        "https://arxiv.org/html/2603.10001v1",
        "https://export.arxiv.org/abs/2603.10001?context=cs",
        "https://www.alphaxiv.org/abs/2603.10001v1",
        "https://alphaxiv.org/overview/2603.10001",
        "https://huggingface.co/papers/2603.10001",
        "https://doi.org/10.48550/arXiv.2603.10001",
    ],
)
def test_every_link_to_an_arxiv_paper_names_it_without_its_version(link: str) -> None:
    assert mentioned(link) == PAPER


@pytest.mark.parametrize(
    ("link", "doi"),
    [
        (
            "https://www.biorxiv.org/content/10.64898/2026.03.01.700001v2.full",
            "10.1101/2026.03.01.700001",
        ),
        (
            "https://www.medrxiv.org/content/10.1101/2026.03.01.26300001v1",
            "10.1101/2026.03.01.26300001",
        ),
        ("https://doi.org/10.1038/S41586-026-00001-2", "10.1038/s41586-026-00001-2"),
        ("https://dl.acm.org/doi/pdf/10.1145/3700000.3700001", "10.1145/3700000.3700001"),
    ],
)
def test_a_link_with_a_doi_in_it_names_that(link: str, doi: str) -> None:
    assert mentioned(link).ids == {Identifier(DOI, doi)}


@pytest.mark.parametrize(
    "link",
    [
        "https://openreview.net/forum?id=aBcDeF12-_",
        "https://openreview.net/pdf?id=aBcDeF12-_",
        "https://openreview.net/forum?noteId=zzzzzzzz&id=aBcDeF12-_#discussion",
    ],
)
def test_a_link_to_openreview_names_the_forum(link: str) -> None:
    assert mentioned(link).ids == {Identifier("openreview", "aBcDeF12-_")}


@pytest.mark.parametrize(
    "link",
    [
        "https://github.com/Lab/Sparse",
        "http://www.github.com/lab/sparse.git",
        "https://github.com/LAB/sparse/tree/main/src#readme",
        "https://github.com/lab/sparse/releases/tag/v1.0",
        "https://github.com/lab/sparse?tab=readme-ov-file",
        "https://github.com/lab/sparse.",
    ],
)
def test_every_link_into_a_repository_names_it_in_lower_case(link: str) -> None:
    assert mentioned(link) == CODE
    assert repository_key(link) == "lab/sparse"


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://example.org/",
        "https://arxiv.org/list/cs.CL/recent",
        "https://arxiv.org/a/lovelace_a_1",
        "https://notarxiv.org/abs/2603.10001",
        "https://huggingface.co/lab/model",
        "https://github.com/trending/python",
        "https://github.com/lab",
        "https://mygithub.com/lab/sparse",
        "https://openreview.net/group?id=ICLR.cc/2026",
    ],
)
def test_other_links_name_nothing(link: str) -> None:
    assert not mentioned(link)


@pytest.mark.parametrize(
    "text",
    [
        "We train less (arXiv:2603.10001v2), see there.",
        "Paper: arXiv: 2603.10001. Thoughts?",
        "[paper](https://arxiv.org/abs/2603.10001), and more",
        '<p>Read <a href="https:&#x2F;&#x2F;arxiv.org&#x2F;abs&#x2F;2603.10001">this</a>',
        "**https://huggingface.co/papers/2603.10001**",
    ],
)
def test_papers_are_found_in_prose_markdown_and_html(text: str) -> None:
    assert mentioned("https://forum.example/1", text) == PAPER


def test_a_number_in_prose_is_no_paper() -> None:
    assert not mentioned("", "It took 2603.10001 seconds, or cs/0101001 of a day.")


def test_a_link_that_names_a_paper_is_all_that_counts() -> None:
    assert mentioned("https://arxiv.org/abs/2603.10001", "like arXiv:2603.10002") == PAPER


def test_a_text_may_name_paper_and_code_but_a_list_of_papers_is_about_none() -> None:
    text = "https://arxiv.org/abs/2603.10001 https://github.com/lab/sparse"
    assert mentioned("", text) == Mentions(ids=PAPER.ids, repositories=CODE.repositories)
    assert not mentioned("", " ".join(f"arXiv:2603.1000{n}" for n in range(5)))


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    mentioned(text, text)


def test_a_long_text_of_openings_is_read_in_no_time() -> None:
    for text in ("arxiv.org/abs/" * 50_000, "github.com/" * 50_000, "10.1/" * 50_000, "a" * 10**6):
        mentioned("", text)


# --- the shelf


def test_mentions_lead_to_the_papers_that_are_stored() -> None:
    shelf = MemoryShelf(
        work(1, "2603.10001"),
        work(2, "2603.10002", code="https://github.com/Lab/Sparse"),
        work(3, "10.1101/2026.03.01.700001", code="https://github.com/lab/sparse.git"),
    )
    both = Mentions(ids=PAPER.ids, repositories=CODE.repositories)
    unknown = mentioned("https://arxiv.org/abs/2603.99999")
    assert papers_of([PAPER, CODE, both, unknown, Mentions()], shelf, code_since=SINCE) == (
        {1},
        {2, 3},
        {1, 2, 3},
        frozenset(),
        frozenset(),
    )


def test_the_shelf_is_not_asked_where_nothing_is_mentioned() -> None:
    shelf = MemoryShelf()
    assert papers_of([Mentions()], shelf, code_since=SINCE) == (frozenset(),)
    assert shelf.asked == 0


def test_repositories_are_read_in_batches_with_their_newest_paper_first() -> None:
    works = [work(n, code=f"https://github.com/lab/{n % 700}") for n in range(1, 1401)]
    old = work(1500, code="https://github.com/lab/1", age_days=31)
    shelf = MemoryShelf(*works, old, work(1501), work(1502, code="https://gitlab.com/lab/1"))
    found = works_by_repository(shelf, since=SINCE)
    assert shelf.asked == 3
    assert len(found) == 700
    assert found["lab/1"] == (701, 1)
    assert works_by_repository(shelf, since=SINCE, wanted={"lab/2"}) == {"lab/2": (702, 2)}
