import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.text import clean, clean_abstract, github_repository, safe_url


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "$a<b$ and $c>d$ for p<0.05",
        "we take a<b>c with <p> the mean momentum",
        r"\alpha & \beta, G\"odel, \textit{AT&T}, 5 \% \& more",
        "a List<String> and the <think> token",
        "R&D &notin x",
    ],
)
def test_angle_brackets_ampersands_and_tex_of_plain_prose_survive(text: str) -> None:
    assert clean(text, 500) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("<p>One.</p><p>Two &amp; three</p>", "One. Two & three"),
        ("H<sub>2</sub>O and <i>E. coli</i>", "H2O and E. coli"),
        ("at 10<sup>-3</sup> and 10<sup>6</sup> Hz", "at 10^-3 and 10^6 Hz"),
        ("km s<jats:sup>−1</jats:sup> Mpc<sup> –1 </sup>", "km s^-1 Mpc^-1"),
        ("Ca<sup>2+</sup>, 5<sup>th</sup>, in 2019<sup>3</sup>", "Ca2+, 5th, in 20193"),
        ("x &lt;sup&gt;2&lt;/sup&gt;", "x <sup>2</sup>"),
        ("<p>x &lt;sup&gt;2</p>", "x <sup>2"),
        ("&amp;lt;", "&lt;"),
        ("Line<br/>break", "Line break"),
        ("<p>cut in the mid", "cut in the mid"),
        ("a <b>bold</b> p<0.05 claim", "a bold p<0.05 claim"),
        ("before<script>alert('x')</script> after", "before after"),
        ("<style>p {color: red}</style><p>text</p>", "text"),
        ("<scr\0ipt>alert(1)</script>ok", "ok"),
        ("see<!-- not this --> that", "see that"),
        ('<a href="javascript:alert(1)" title="a>b">link</a>', "link"),
        ("<![CDATA[<p>raw</p>]]>", "raw"),
        ("we use the <script> tag as it is", "we use the <script> tag as it is"),
        ("<jats:p>From a journal</jats:p>", "From a journal"),
    ],
)
def test_markup_goes_and_character_references_are_decoded_once(raw: str, text: str) -> None:
    assert clean(raw, 500) == text


def test_white_space_control_bidi_and_private_characters_are_cleaned_away() -> None:
    raw = " a\u202egnp.exe\u2066 \x07b\n\t c\ue000\U000f0001\ufeff\u00ad d\ud800&#x202e;&#57344; "
    assert clean(raw, 500) == "agnp.exe b c d"


def test_composed_and_decomposed_letters_come_out_the_same() -> None:
    assert clean("Ku\u0308nstler", 50) == "Künstler"


def test_joiners_that_scripts_and_emoji_need_stay() -> None:
    assert clean("می\u200cخواهم 👩\u200d🔬", 50) == "می\u200cخواهم 👩\u200d🔬"


def test_long_text_is_cut_between_words() -> None:
    assert clean("word " * 10, 22) == "word word word word…"
    assert clean("x" * 50, 10) == "x" * 9 + "…"
    assert len(clean_abstract("long words " * 10_000)) <= 20_000


@pytest.mark.parametrize("value", [None, 5, ["a"], {"a": 1}, ""])
def test_what_is_no_text_is_empty(value: object) -> None:
    assert clean(value, 50) == ""


@pytest.mark.parametrize("piece", ["<script>", "<!--", '<a href="', "&", "<![CDATA[", "<p <", "<b"])
def test_hostile_repetition_is_cleaned_in_time(piece: str) -> None:
    assert len(clean(piece * (200_000 // len(piece)), 100)) <= 100


@given(st.text(st.characters(max_codepoint=127)) | st.text(), st.integers(1, 200))
def test_what_needs_no_cleaning_comes_out_as_if_it_had_been_cleaned(raw: str, limit: int) -> None:
    invisible = "\u200b"  # with it the text is cleaned the long way
    assert clean(raw, limit) == clean(raw + invisible, limit)


@given(st.text(), st.integers(1, 200))
def test_any_text_becomes_one_short_line_in_normal_form(raw: str, limit: int) -> None:
    text = clean(raw, limit)
    assert len(text) <= limit
    assert text == " ".join(text.split())
    assert unicodedata.is_normalized("NFC", text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co") for c in text)
    text.encode()


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        (" https://example.org/a?b=c#d ", "https://example.org/a?b=c#d"),
        ("/paper/1", "https://example.org/paper/1"),
        ("http://example.org/a b\"'", "http://example.org/a%20b%22'"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("ftp://example.org/", ""),
        ("mailto:ada@example.org", ""),
        ("https://user:secret@example.org/", ""),
        ("https://example.org:port/", ""),
        ("https://[half/", ""),
        ("https://exam\u202eple.org/", ""),
        ("https://example.org/\nBcc: x", ""),
        ("https://example.org/" + "x" * 3000, ""),
        (None, ""),
        ("", ""),
    ],
)
def test_only_web_addresses_pass_as_links(raw: object, url: str) -> None:
    assert safe_url(raw, "https://example.org/feed.xml") == url


@given(st.text())
def test_any_text_is_a_web_address_or_nothing(raw: str) -> None:
    url = safe_url(raw)
    assert not url or url.startswith(("http://", "https://"))
    assert not set(url) & set(' "<>\n')


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Code: https://github.com/lab/tool.", "https://github.com/lab/tool"),
        ("(github.com/lab/tool.git)", "https://github.com/lab/tool"),
        (r"\url{https://github.com/lab/my\_tool}", "https://github.com/lab/my_tool"),
        ("https://www.github.com/lab/tool/tree/main", "https://github.com/lab/tool"),
        ("https://github.com/features/copilot then github.com/a/b", "https://github.com/a/b"),
        ("GITHUB.COM/Lab/Tool", "https://github.com/Lab/Tool"),
        ("g\u0131thub.com/lab/tool", "https://github.com/lab/tool"),
        ("https://lab.github.io/tool", ""),
        ("https://notgithub.com/lab/tool", ""),
        ("https://github.com/lab", ""),
        ("", ""),
    ],
)
def test_a_repository_is_found_in_prose_without_what_surrounds_it(text: str, url: str) -> None:
    assert github_repository(text) == url
