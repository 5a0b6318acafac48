import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from digest.core.errors import ConfigError
from digest.mail.inline import hole, inline, section, split

CSS = "p.why { color: #123456; mso-line-height-rule: exactly } h2 a { color: #654321 }"
visible = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=60
)


def source(reason: str, url: str) -> str:
    return (
        f'<table role="presentation"><tr><td><p class="why keep">{reason}</p>'
        f'<h2><a href="{url}">Title</a></h2></td></tr></table>'
    )


def test_css_is_written_into_style_attributes_and_only_hooks_keep_their_class() -> None:
    html = inline(source("x", "https://e.org/"), CSS, {"keep"})
    assert '<p style="color:#123456; mso-line-height-rule:exactly" class="keep">' in html
    assert '<a href="https://e.org/" style="color:#654321">' in html


def test_holes_survive_in_text_and_in_links() -> None:
    fragment = split(inline(source(hole("reason"), hole("url")), CSS), markup=True)
    filled = fragment.fill({"reason": "a < b", "url": "https://e.org/?a=1&b=ü"})
    assert "a &lt; b" in filled
    assert 'href="https://e.org/?a=1&amp;b=ü"' in filled


def test_holes_between_rows_of_a_table_stay_where_they_are() -> None:
    rows = f"<table><tr><td>1</td></tr>{section('more', '<tr><td>2</td></tr>')}</table>"
    fragment = split(inline(rows, ""), markup=True)
    assert fragment.fill({}) == "<table><tr><td>1</td></tr><tr><td>2</td></tr></table>"
    assert fragment.fill({}, without={"more"}) == "<table><tr><td>1</td></tr></table>"


def test_text_that_looks_like_the_stand_in_of_a_hole_is_left_alone() -> None:
    html = inline(f"<p>hole0x {hole('a')} hole1x</p>", "")
    assert split(html, markup=True).fill({"a": "!"}) == "<p>hole0x ! hole1x</p>"


def test_a_style_sheet_marked_to_be_ignored_stays_in_the_head() -> None:
    document = (
        "<!DOCTYPE html><html><head><title>t</title><!--[if mso]><b>x</b><![endif]-->"
        '<style data-premailer="ignore">@media (a) { .m { color:red !important } }</style>'
        '</head><body><p class="m why">ü</p></body></html>'
    )
    html = inline(document, CSS, {"m"})
    assert html.startswith("<!DOCTYPE html>")
    assert "<style>@media (a) { .m { color:red !important } }</style>" in html
    assert "<!--[if mso]><b>x</b><![endif]-->" in html
    assert 'class="m">ü</p>' in html


@given(reason=visible, address=visible)
def test_a_filled_fragment_is_the_template_inlined_with_the_values(
    reason: str, address: str
) -> None:
    url = f"https://e.org/{address.encode().hex()}"
    compiled = split(inline(source(hole("reason"), hole("url")), CSS), markup=True)
    fast = compiled.fill({"reason": reason, "url": url})
    plain = inline(source(escape(reason), url), CSS)
    assert _tree(fast) == _tree(plain)


def _tree(html: str) -> bytes:
    return bytes(lxml.html.tostring(lxml.html.fragment_fromstring(html)))


@given(value=visible)
def test_a_value_never_becomes_markup(value: str) -> None:
    filled = split(f"<p>{hole('x')}</p>", markup=True).fill({"x": value})
    assert filled.count("<") == 2
    assert split(hole("x"), markup=False).fill({"x": value}) == value


def test_markup_is_taken_as_it_is() -> None:
    assert split(hole("x"), markup=True).fill({"x": Markup("<b>1</b>")}) == "<b>1</b>"


def test_a_value_missing_and_a_value_too_many_are_errors() -> None:
    fragment = split(f"{hole('a')} {hole('b')}", markup=False)
    with pytest.raises(ConfigError, match="nothing was given for b"):
        fragment.fill({"a": "1"})
    with pytest.raises(ConfigError, match="no place for c"):
        fragment.fill({"a": "1", "b": "2", "c": "3"})
    assert fragment.fill_from({"a": "1", "b": "2", "c": "3"}) == "1 2"


@pytest.mark.parametrize("marked", [hole("+a"), hole("-a"), hole("+a") + hole("-b")])
def test_sections_that_do_not_nest_are_errors(marked: str) -> None:
    with pytest.raises(ConfigError, match="section"):
        split(marked, markup=True)
