"""`digest trend`: scores of papers on file, without a service around them."""

import errno
import gzip
import json
from pathlib import Path

import pytest

from digest.cli.main import run_command

CASE = {
    "at": "2026-03-10T14:00:00Z",
    "papers": [
        {
            "id": name,
            "listed_at": "2026-03-10T00:00:00Z",
            "readings": [["2026-03-10T08:00:00Z", "upvotes", count]],
            "final": 0,
        }
        for name, count in (("2603.00001", 4), ("ünlisted", 40))
    ],
}


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text(f"{json.dumps(CASE)}\n" * 2, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_line_for_each_moment_gives_the_score_of_each_paper(
    cases: Path, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    assert run_command(["trend", "--cases", str(cases), *form]) == 0
    shown = capsys.readouterr()
    rows = [json.loads(line) for line in shown.out.splitlines()]
    assert [row["at"] for row in rows] == [CASE["at"]] * 2
    scores = rows[0]["scores"]
    assert 0 < scores["2603.00001"] < scores["ünlisted"] <= 1
    assert shown.err == ""


def test_a_bad_line_is_named_in_one_line(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with cases.open("a") as file:
        file.write("nonsense\n")
    assert run_command(["trend", "--cases", str(cases)]) == 2
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 2
    assert shown.err.startswith(f"error: {cases}: line 3: not JSON: Expecting value at column 1")
    assert shown.err.count("\n") == 1


def test_a_file_that_is_not_there_or_no_text_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG\xff")
    for path, why in ((tmp_path / "none", "cannot be read"), (image, "line 1 is not UTF-8")):
        assert run_command(["trend", "--cases", str(path)]) == 2
        error = capsys.readouterr().err
        assert str(path) in error
        assert why in error
        assert error.count("\n") == 1


def test_the_file_may_be_compressed_and_marked_and_have_empty_lines(
    cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["trend", "--cases", str(cases)]) == 0
    plain = capsys.readouterr().out
    cases.write_bytes(gzip.compress(b"\xef\xbb\xbf\r\n" + cases.read_bytes()))
    assert run_command(["trend", "--cases", str(cases)]) == 0
    assert capsys.readouterr().out == plain


def test_a_place_that_takes_no_answer_is_not_taken_for_a_file_that_cannot_be_read(
    cases: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_document: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("digest.cli.trend.print_json_line", full)
    assert run_command(["trend", "--cases", str(cases)]) == 1
    assert capsys.readouterr().err == "error: No space left on device\n"
