from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail import prose


def test_text_from_outside_loses_control_private_and_direction_characters() -> None:
    assert prose.clean("a\x00b\r\nc\ue000reason\ue001 \u202edrawkcab\u2066 d") == (
        "a b creason drawkcab d"
    )


def test_tex_reads_as_people_read_it() -> None:
    assert (
        prose.clean(r"The $\ell_1$ norm of G\"odel, 5% of it") == "The ℓ_1 norm of Gödel, 5% of it"
    )


def test_bold_print_of_markdown_is_plain() -> None:
    said = "We propose **Debiasing-DPO**, x**2 ** y**"
    assert prose.clean(said) == "We propose Debiasing-DPO, x**2 ** y**"


@given(st.text(max_size=300), st.integers(2, 80))
def test_a_cut_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(prose.cut(text, limit)) <= limit


def test_a_text_is_cut_between_words() -> None:
    assert prose.cut("the quick brown fox", 12) == "the quick…"
    assert prose.cut("the quick brown fox", 10) == "the quick…"
    assert prose.cut("x" * 30, 10) == "x" * 9 + "…"
    assert prose.cut("short", 5) == "short"


def test_long_words_can_break_and_read_the_same() -> None:
    broken = prose.breakable("see " + "x" * 500)
    assert max(len(part) for part in broken.replace("\u200b", " ").split()) <= 14
    assert broken.replace("\u200b", "") == "see " + "x" * 500


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Acme.com: 3.5 times faster", "Acme.|com: 3.5 times faster"),
        ("cs.AI, cs.CV, stat.ML", "cs.|AI, cs.|CV, stat.|ML"),
        ("https://evil.example/x, a.co", "https:|//evil.|example/x, a.|co"),
        ("mailto:x@evil.example", "mailto:|x@|evil.|example"),
        ("e.g. 2.5x, i.e. 3.14, p. 7", "e.g. 2.5x, i.e. 3.14, p. 7"),
    ],
)
def test_no_domain_address_or_category_in_a_text_is_a_link(text: str, shown: str) -> None:
    assert prose.not_a_link(text) == shown.replace("|", "\u200c")


def test_marks_on_a_letter_do_not_reach_over_what_stands_above() -> None:
    assert prose.clean("a" + "\u0301" * 200 + "b") == "a" + "\u0301" * 4 + "b"


def test_blank_letters_are_blanks() -> None:
    assert prose.clean("\u3164 Robots \u2800 walk") == "Robots walk"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://arxiv.org/abs/1?a=1&b=2#c", "https://arxiv.org/abs/1?a=1&b=2#c"),
        ("http://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
        ("http://lab.example/paper", "http://lab.example/paper"),
        (" https://münchen.example/ä b ", "https://xn--mnchen-3ya.example/%C3%A4%20b"),
        ("https://e.org/a%20b", "https://e.org/a%20b"),
        ("https://[::1]:8000/x", "https://[::1]:8000/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@b.example", ""),
        ("https://user@evil.example/", ""),
        ("https://e.org/{{ token }}", ""),
        ('https://e.org/"><script>', "https://e.org/%22%3E%3Cscript%3E"),
        ("https://e.org/\r\nBcc: x", "https://e.org/Bcc:%20x"),
        ("https://e.org:port/", ""),
        ("https://", ""),
        ("//e.org/x", ""),
        ("", ""),
        ("https://e.org/" + "x" * 700, ""),
    ],
)
def test_only_web_links_that_are_safe_to_show_are_links(url: str, link: str) -> None:
    assert prose.web_link(url) == link


@given(st.text(max_size=200))
def test_a_link_is_plain_ascii_whatever_it_was(url: str) -> None:
    for candidate in (url, f"https://e.org/{url}", f"http://{url}"):
        link = prose.web_link(candidate)
        assert link == "" or link.startswith(("http://", "https://"))
        assert link.isascii()
        assert not set(link) & set(" \r\n\t\"<>'{}\\^`|")


def test_a_direction_is_told_by_most_letters() -> None:
    assert prose.is_right_to_left("למידת מכונה GPT")
    assert not prose.is_right_to_left("The word שלום in English")
    assert not prose.is_right_to_left("2026")


@pytest.mark.parametrize("title", ["Re: a", "RE: Fwd: a", " re[2]: AW: a", "a"])
def test_a_title_cannot_pass_for_an_answer(title: str) -> None:
    assert prose.without_reply_prefix(title) == "a"


def test_of_a_title_of_nothing_but_re_nothing_is_left() -> None:
    assert prose.without_reply_prefix("Re: ") == ""


@pytest.mark.parametrize(
    "text", ["学" * 200, "長い、文。" * 40, "W" * 500, "한국어 논문 " * 30, "é" * 90]
)
def test_no_line_is_wider_than_72_columns_whatever_the_writing(text: str) -> None:
    lines = prose.wrap(text, indent="   ").split("\n")
    assert max(map(prose.columns, lines)) <= 72
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "english"),
    [("A study of walking", True), ("Eine Studie", False), ("למידה of", False), ("Robots", False)],
)
def test_english_is_told_by_its_small_words(text: str, english: bool) -> None:
    assert prose.is_english(text) is english


@given(
    words=st.lists(st.text("abc,.", min_size=1, max_size=39), max_size=40),
    indent=st.integers(0, 30),
    first=st.one_of(st.none(), st.integers(0, 90)),
)
def test_words_are_wrapped_where_the_next_would_not_fit(
    words: list[str], indent: int, first: int | None
) -> None:
    start = None if first is None else " " * first
    lines = prose.wrap("  ".join(words), indent=" " * indent, first=start).split("\n")
    assert " ".join(lines).split() == words
    for line, following in pairwise(lines):
        assert len(line) + 1 + len(following.split()[0]) > 72
        assert len(line) <= 72 or len(line.split()) == 1
    assert all(line.startswith(" " * indent) for line in lines[1:])


def test_wrapped_lines_have_72_columns_and_links_stay_whole() -> None:
    link = "https://e.org/" + "x" * 90
    lines = prose.wrap(f"{'word ' * 30}{link}", indent="   ").split("\n")
    assert lines[-1].strip() == link
    assert all(len(line) <= 72 for line in lines[:-1])
    assert all(line.startswith("   ") for line in lines)


@pytest.mark.parametrize(
    "text", ["\u200b", " \u200d\u00ad ", "\u034f", "\u0301\u0301", "\u3164\u2800"]
)
def test_of_a_text_that_nobody_can_see_nothing_is_left(text: str) -> None:
    assert prose.clean(text) == ""
    assert prose.clean(f"é{text}").startswith("é")
