"""Tables and lines: whole in a pipe, folded on a terminal, and harmless on both."""

import io
from contextlib import redirect_stdout

import pytest

from digest.cli.output import counted, print_table, progress, say

Capture = pytest.CaptureFixture[str]
COLUMNS = ("id", "title", "why")
LONG = "a title of many words " * 12
ROWS = [("2603.00001", LONG, "liked"), ("2603.00002", "短い題名", "new")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, *rows: tuple[str, ...]) -> list[str]:
    """The lines of a table on a terminal of 80 columns; its second and third column may fold."""
    for name, value in (("COLUMNS", "80"), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    with redirect_stdout(Terminal()) as screen:
        print_table(COLUMNS, rows, empty="none", fold=COLUMNS[1:])
    return screen.getvalue().splitlines()


def test_in_a_pipe_a_row_is_one_line_with_nothing_cut(capsys: Capture) -> None:
    print_table(COLUMNS, ROWS, empty="none", fold=("title",))
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == list(COLUMNS)
    assert LONG.strip() in first
    assert first.endswith("  liked")
    assert second.startswith("2603.00002  短い題名 ")
    assert second.endswith("  new")
    assert len(second) < 140  # one long title does not push the others apart
    assert not any(line.endswith(" ") for line in (header, first, second))


def test_on_a_terminal_long_text_folds_and_keeps_to_its_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = on_terminal(monkeypatch, *ROWS)
    assert len(lines) > 4
    assert max(map(len, lines[1:])) <= 80
    assert "\n".join(lines).count("many") == LONG.count("many")


def test_where_the_terminal_is_too_narrow_addresses_stay_whole_and_rows_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = "somebody.with.a.long.name@department.of.physics.university.example"
    lines = on_terminal(monkeypatch, (address, LONG, LONG))
    assert len(lines) == 2
    assert lines[1].startswith(f"{address}  a title")
    assert lines[1].endswith("…")


def test_what_strangers_wrote_moves_no_cursor_and_sets_no_colour(capsys: Capture) -> None:
    print_table(("title",), [("\x1b[2J[red]x[/red]\r\n\x07y",)], empty="none")
    say("\x1b]0;mine\x07 [bold]\x9b31m")
    shown = capsys.readouterr().out
    assert shown == "title\n�[2J[red]x[/red]� �y\n�]0;mine� [bold]�31m\n"


def test_an_empty_table_is_a_line_that_says_so(capsys: Capture) -> None:
    print_table(COLUMNS, [], empty="no papers [yet]")
    assert capsys.readouterr().out == "no papers [yet]\n"


def test_no_bar_is_drawn_where_stderr_is_no_terminal(capsys: Capture) -> None:
    with progress("working", 2) as bar:
        bar("working", 1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 deliveries"), (1, "1 delivery"), (2000, "2,000 deliveries")]
)
def test_one_is_not_many(number: int, text: str) -> None:
    assert counted(number, "delivery") == text
