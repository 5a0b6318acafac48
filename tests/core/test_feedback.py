"""What a link in a digest says of one of its papers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.feedback import Choice, FeedbackKind, choice_path, read_choice
from digest.core.tokens import Purpose, TokenSigner
from tests.builders import SECRET

TOKEN = TokenSigner(SECRET).sign(Purpose.FEEDBACK, "a1b2c3d4e5f6a1b2c3d4e5f6")


@pytest.mark.parametrize("kind", FeedbackKind)
@pytest.mark.parametrize("position", [0, 7, 29])
def test_a_link_names_digest_paper_and_word(kind: FeedbackKind, position: int) -> None:
    path = f"{choice_path(TOKEN, position)}.{kind.value}"
    assert read_choice(path) == Choice(TOKEN, position, kind)
    assert len(path) < 80


@pytest.mark.parametrize(
    "path",
    [
        *("", TOKEN, f"{TOKEN}.0", f"{TOKEN}.more", f"{TOKEN}.0.", f"{TOKEN}.0.most"),
        *(f"{TOKEN}.-1.more", f"{TOKEN}.01.more", f"{TOKEN}.٣.more", f"{TOKEN}.99999.more"),
        *(f"{TOKEN}.0.more.", f"{TOKEN}.0.MORE", f"{TOKEN}.0.more\n", ".0.more"),
    ],
)
def test_anything_else_says_nothing(path: str) -> None:
    assert read_choice(path) is None


@given(text=st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert read_choice(text) is None or text.endswith((".more", ".less", ".open"))
