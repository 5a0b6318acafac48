"""Lines of text with holes: what filling one gives is what wrapping it filled would."""

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.forms import Line
from digest.mail.templates import wrapped_line

NAMES = ["email", "browser_url", "papers", "interests"]
own_words = st.one_of(
    st.from_regex(r"[\w.+@-]{1,50}", fullmatch=True),
    st.sampled_from(
        [
            "ada@example.org",
            ".a@example.org",
            "a=b@example.org",
            '"a b"@example.org',
            "a" * 39,
            "ä@ö.de",
        ]
    ),
)
words = st.one_of(
    st.sampled_from(
        ["", " ", "sent to ", ", and = also ", "a " * 40, "https://a.example/" + "x" * 70]
    ),
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=50),
)


def plainly(line: Line, values: dict[str, str]) -> str:
    filled = "".join(values[p] if n % 2 else p for n, p in enumerate(line.parts))
    return wrapped_line(filled) + line.end


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), words), max_size=4),
    words,
    st.fixed_dictionaries(dict.fromkeys(NAMES[:2], own_words) | dict.fromkeys(NAMES[2:], words)),
)
def test_a_line_filled_is_the_line_wrapped(
    holes: list[tuple[str, str]], first: str, values: dict[str, str]
) -> None:
    line = Line((first, *(part for hole in holes for part in hole)), "\n")
    decoded = quopri.decodestring(line.fill(values)).replace(b"\r\n", b"\n").decode()
    assert decoded == plainly(line, values)


@pytest.mark.parametrize("between", ["", "papers"])
def test_a_theme_may_say_two_of_a_readers_own_words_with_nothing_between(between: str) -> None:
    holes = ("email", "", between, "", "email") if between else ("email", "", "email")
    line = Line(("For ", *holes, " alone."), "\n")
    values = {"email": "ada@example.org", "papers": ""}
    assert line.fill(values) == b"For ada@example.orgada@example.org alone.\r\n"
