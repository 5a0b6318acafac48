"""A digest without papers, for operators who have one sent even then."""

import pytest

from digest.mail.render import Renderer
from tests.mail.builders import TOKEN, make_paper, make_renderer, make_view


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return make_renderer()


def test_an_empty_digest_says_that_nothing_matched_and_what_to_do(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [], appeared_count=614, matched_count=0))
    assert content.subject == "No new papers for you · 20 March"
    for body in (content.text, content.html):
        flat = " ".join(body.split())
        assert "Nothing new for you" in flat
        assert "Looked through 614 new papers." in flat
        assert "Nothing that came up is both on your topics and new to you." in flat
        assert "widen your interests" in flat
        assert f"https://papers.example.org/unsubscribe/{TOKEN}" in flat


def test_a_digest_of_a_day_without_any_paper_blames_no_interests(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [], appeared_count=0, matched_count=0))
    for body in (content.text, content.html):
        flat = " ".join(body.split())
        assert "No new papers came up." in flat
        assert "There is nothing to read today." in flat
        assert "widen" not in flat


def test_an_empty_digest_says_which_sources_were_not_there(renderer: Renderer) -> None:
    view = make_view(renderer, [], appeared_count=0, missing=("arXiv could not be read",))
    assert "Not complete today: arXiv could not be read." in renderer.digest(view).text


def test_the_preview_line_of_an_empty_digest_is_not_its_subject(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [], appeared_count=3, matched_count=0))
    _, _, shown = content.html.partition("mso-hide:all")
    assert "Nothing that came up is both on your topics" in shown.partition("</div>")[0]


def test_a_digest_with_papers_says_nothing_of_this(renderer: Renderer) -> None:
    content = renderer.digest(make_view(renderer, [make_paper()]))
    assert "widen" not in content.html + content.text
    assert "Nothing" not in content.html + content.text
