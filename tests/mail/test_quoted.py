import binascii

from hypothesis import example, given
from hypothesis import strategies as st

from digest.mail.quoted import quoted
from digest.mail.sign import relaxed_body

texts = st.text(
    st.one_of(st.sampled_from("ab =.é\n \t"), st.characters(exclude_categories=["Cs", "Cc"])),
    max_size=200,
)


@given(st.lists(texts, max_size=6))
@example(["a" * 75, "b" * 76, "é" * 13, "x" * 73 + "=", " ", "\n", "."])
@example(["x" * 74 + "  \nnext"])
def test_pieces_decoded_are_the_texts_joined(pieces: list[str]) -> None:
    encoded = b"".join(map(quoted, pieces))
    assert binascii.a2b_qp(encoded) == "".join(pieces).replace("\n", "\r\n").encode()


@given(texts)
@example("x" * 76)
@example("y" * 73 + "  \n")
def test_lines_are_short_ascii_and_end_with_crlf(text: str) -> None:
    encoded = quoted(text)
    assert encoded.isascii()
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    assert not encoded or encoded.endswith(b"\r\n")


@given(st.lists(texts, max_size=6))
def test_a_body_of_pieces_is_its_own_relaxed_form(pieces: list[str]) -> None:
    body = b"".join(map(quoted, pieces)) + b"--end--\r\n"
    assert relaxed_body(body) == body


def test_what_stands_in_for_spaces_is_itself_when_a_text_has_it() -> None:
    assert binascii.a2b_qp(quoted("a\x01  b\x02\t")) == b"a\x01  b\x02\t"


def test_no_line_is_a_dot_that_would_end_a_message() -> None:
    for length in range(70, 80):
        encoded = quoted("ä" + "x" * length + ".\n.\nend.\n")
        assert b"\n.\r\n" not in b"\n" + encoded
        assert binascii.a2b_qp(encoded).decode() == "ä" + "x" * length + ".\r\n.\r\nend.\r\n"
