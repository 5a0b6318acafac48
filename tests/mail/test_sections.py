"""A digest in sections, and what goes when it is too long."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.feedback import choice_path
from digest.core.places import Place, Section, section_of
from digest.mail.render import Renderer
from digest.mail.sections import MOST_HTML_BYTES, Sizes, parts, steps, trim
from digest.mail.view import DigestView
from tests.mail.builders import make_paper, make_renderer, make_view


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return make_renderer()


def sectioned(renderer: Renderer, sections: Sequence[Section]) -> DigestView:
    view = make_view(renderer, [make_paper(n) for n, _ in enumerate(sections, 1)])
    papers = zip(view.papers, sections, strict=True)
    return replace(view, papers=tuple(p._replace(section=section) for p, section in papers))


@pytest.mark.parametrize(
    ("place", "followed", "earlier", "section"),
    [
        (Place.FITS, False, False, Section.FOR_YOU),
        (Place.EXPLORE, False, False, Section.FOR_YOU),
        (Place.FITS, True, True, Section.AUTHORS),
        (Place.EVERYWHERE, False, True, Section.EVERYWHERE),
        (Place.FITS, False, True, Section.MISSED),
    ],
)
def test_a_paper_stands_where_its_place_belongs(
    place: Place, followed: bool, earlier: bool, section: Section
) -> None:
    assert section_of(place, followed=followed, earlier=earlier) is section


def test_sections_come_by_their_strongest_paper_and_empty_ones_vanish(renderer: Renderer) -> None:
    view = sectioned(renderer, [Section.FOR_YOU, Section.AUTHORS, Section.FOR_YOU])
    content = renderer.digest(view)
    order = [1, 3, 2]
    assert [int(n) for n in re.findall(r"part (\d)</a>", content.html)] == order
    assert [int(n) for n in re.findall(r"\n\d\. .* part (\d)\n", content.text)] == order
    headings = re.findall(r'role="heading"[^>]*>([^<]+)<', content.html)
    assert headings == ["For you", "From authors you follow"]
    assert content.text.index("\nFor you\n") < content.text.index("\nFrom authors you follow\n")


def test_the_links_of_a_paper_stay_its_own_wherever_it_stands(renderer: Renderer) -> None:
    view = sectioned(renderer, [Section.FOR_YOU, Section.AUTHORS, Section.FOR_YOU])
    html = renderer.digest(view).html
    for paper in view.papers:
        at = html.rindex(paper.title)
        assert (
            html.index(f"{choice_path(view.feedback_base, paper.position)}.more", at) - at < 2_000
        )


def test_a_digest_of_papers_for_the_reader_alone_has_no_headings(renderer: Renderer) -> None:
    content = renderer.digest(sectioned(renderer, [Section.FOR_YOU] * 2))
    assert 'role="heading"' not in content.html
    assert "\nFor you\n" not in content.text


def test_a_digest_of_what_trends_says_so(renderer: Renderer) -> None:
    (part,) = parts(sectioned(renderer, [Section.EVERYWHERE]).papers)
    assert part.heading == "Trending everywhere"


def test_marks_say_in_steps_what_is_worth_saying(renderer: Renderer) -> None:
    (paper,) = make_view(renderer, [make_paper()]).papers
    found = [steps(Section.FOR_YOU, *one) for one in ((0, 0), (0.06, 0.2), (1, 1), (0.5, 0.6))]
    assert found == [(0, 0), (1, 1), (5, 5), (3, 3)]
    assert steps(Section.EVERYWHERE, 1, 1) == (0, 5)
    view = make_view(renderer, [make_paper()])
    content = renderer.digest(replace(view, papers=(paper._replace(relevance=0.7, trend=0.9),)))
    assert "Match\u00a0●●●●○" in content.html.replace("&nbsp;", "\u00a0")
    assert "   Match: 4 of 5\n   Trend: 5 of 5\n" in content.text


def test_marks_that_are_drawn_are_read_aloud_in_words(renderer: Renderer) -> None:
    view = make_view(renderer, [make_paper()])
    (paper,) = view.papers
    content = renderer.digest(replace(view, papers=(paper._replace(relevance=0.7, trend=0.9),)))
    assert 'role="img" aria-label="Match: 4 of 5"' in content.html
    assert 'role="img" aria-label="Trend: 5 of 5"' in content.html


@given(
    st.lists(
        st.tuples(st.integers(200, 9_000), st.integers(0, 400), st.integers(0, 400)), max_size=40
    ),
    st.integers(3_000, 9_000),
)
def test_a_mail_fits_by_what_may_go(cards: list[tuple[int, int, int]], frame: int) -> None:
    sizes = [Sizes(full=b + s + r, short=b + s, brief=b) for b, s, r in cards]
    plan = trim(sizes, frame)
    assert 0 <= plan.full <= plan.short <= plan.shown <= len(sizes)
    total = frame + sum(
        one.full if n < plan.full else one.short if n < plan.short else one.brief
        for n, one in enumerate(sizes[: plan.shown])
    )
    assert total <= MOST_HTML_BYTES or plan.shown <= 1
    if plan.shown < len(sizes):
        assert plan.short == 0


def test_summaries_lose_their_second_sentence_before_any_goes(renderer: Renderer) -> None:
    summary = "One " + "a" * 150 + ". Two " + "b" * 200 + "."
    papers = [
        make_paper(n, summary=summary, pdf_url=f"https://e.org/{'p' * 500}") for n in range(30)
    ]
    html = renderer.digest(make_view(renderer, papers)).html
    ones, twos = html.count("One "), html.count("Two ")
    assert 0 < twos < ones == 30
    assert len(html.encode()) <= 96_000
