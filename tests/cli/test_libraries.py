"""`--import-library`: somebody's own papers, from a file to what `show` and `export` tell."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Operator
from tests.sources.libraries import FIXTURES

ADA, BEN = "ada@reader.example", "ben@reader.example"
ZOTERO, BROKEN = FIXTURES / "zotero.bib", FIXTURES / "broken.bib"


def edit(operator: Operator, *options: str) -> str:
    return operator.ok("subscribers", "edit", ADA, *options)


def library(operator: Operator, email: str = ADA) -> dict[str, object]:
    found = operator.json("subscribers", "show", email)["library"]
    assert isinstance(found, dict)
    return found


def listed(operator: Operator, text: str) -> str:
    """The path of a file with `text`."""
    file = operator.folder / "library.txt"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_library_is_imported_shown_and_imported_again(operator: Operator) -> None:
    said = edit(operator, "--import-library", str(ZOTERO))
    assert said == (
        f"{ADA} is changed\n2 papers imported: 0 already kept here, 2 not; 0 repeated\n"
    )
    titles = ["Walking Robots that Plan Ahead", "Grasping under uncertainty"]
    assert library(operator) == {"papers": 2, "newest": titles}
    assert titles[0] in operator.ok("subscribers", "show", ADA)
    before = operator.rows()
    again = edit(operator, "--import-library", str(ZOTERO))
    assert "0 papers imported: 0 already kept here, 0 not; 2 repeated" in again
    assert operator.rows() == before


def test_interests_stay_as_they_are(operator: Operator) -> None:
    before = operator.json("subscribers", "show", ADA)
    edit(operator, "--import-library", str(ZOTERO))
    after = operator.json("subscribers", "show", ADA)
    assert after | {"library": None} == before | {"library": None}


def test_papers_kept_here_and_those_without_a_title_are_counted(operator: Operator) -> None:
    names = listed(operator, "2603.02002\n2401.09999\n2401.09999\nnot a paper\n")
    row = json.loads(edit(operator, "--import-library", names, "--json"))
    assert row == {
        "email": ADA,
        "dry_run": False,
        "library": {
            "imported": 2,
            "kept": 1,
            "not_kept": 1,
            "repeated": 1,
            "left_out": 0,
            "untitled": 1,
            "dropped": 0,
            "bad": [f"{names}, line 4: no arXiv id, DOI or link to a paper: not a paper"],
        },
    }


def test_every_entry_that_cannot_be_used_is_named(operator: Operator) -> None:
    ran = operator.run("subscribers", "edit", ADA, "--import-library", str(BROKEN))
    assert (ran.code, ran.out.splitlines()[1]) == (
        0,
        "3 papers imported: 0 already kept here, 3 not; 0 repeated, 2 unusable",
    )
    assert ran.err.splitlines() == [
        f"{BROKEN}, line 6, open2: its braces, quotes or commas do not match",
        f"{BROKEN}, line 17, empty5: it has no title, no arXiv id and no DOI",
    ]


def test_a_rehearsal_changes_nothing(operator: Operator) -> None:
    before = operator.rows()
    said = edit(operator, "--import-library", str(ZOTERO), "--max-papers", "3", "--dry-run")
    assert said.startswith(f"{ADA} would be changed\n2 papers would be imported")
    assert operator.rows() == before
    assert operator.json("subscribers", "show", ADA)["max_papers"] != 3
    new = ("subscribers", "add", "eve@reader.example", "--dry-run")
    assert operator.ok(*new) == "eve@reader.example would be asked to confirm\n"
    assert operator.rows() == before


def test_several_files_and_stdin_come_together(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"2401.00001\n2401.00005\n")))
    files = ("--import-library", str(ZOTERO), "--import-library", "-")
    said = operator.ok("subscribers", "add", "eve@reader.example", *files, "--confirmed")
    assert "3 papers imported: 0 already kept here, 3 not; 1 repeated" in said
    assert library(operator, "eve@reader.example")["papers"] == 3
    twice = ("--import-library", "-", "--import-library", "-")
    assert "stdin can be read once" in operator.refused("subscribers", "edit", ADA, *twice)


def test_a_file_that_cannot_be_read_is_named_and_nothing_happens(operator: Operator) -> None:
    before = operator.rows()
    prose = listed(operator, "Dear Sir,\n")
    for name, reason in ((prose, "it is no BibTeX"), ("none.bib", "No such file")):
        files = ("--import-library", str(ZOTERO), "--import-library", name)
        refused = operator.refused("subscribers", "edit", ADA, *files)
        assert name in refused
        assert reason in refused
    assert operator.rows() == before


def test_a_library_can_be_emptied_and_goes_with_its_owner(operator: Operator) -> None:
    edit(operator, "--import-library", str(ZOTERO))
    operator.ok("subscribers", "edit", BEN, "--import-library", str(ZOTERO))
    edit(operator, "--forget-library")
    assert library(operator) == {"papers": 0, "newest": []}
    assert operator.rows()["library_papers"] == 2
    operator.ok("subscribers", "erase", BEN, "--yes")
    assert operator.rows()["library_papers"] == 0
    assert b"Grasping under uncertainty" not in (operator.folder / "digest.db").read_bytes()


def test_an_export_takes_the_library_along(operator: Operator) -> None:
    edit(operator, "--import-library", str(FIXTURES / "zotero.csv"))
    ada, ben, _ = json.loads(operator.ok("subscribers", "export", "--format", "json"))
    walking = ada["library"][1]
    assert walking == {
        "ids": ["arxiv:2401.00001"],
        "title": 'Walking robots, that "plan" ahead',
        "abstract": "Robots fall. We count the falls.",
        "authors": ["Ada Bell", "Jörg Müller"],
        "year": 2024,
        "liked_at": "2024-02-03T00:00:00Z",
    }
    assert ben["library"] == []


def test_a_library_weighs_in_the_next_digest(operator: Operator, tmp_path: Path) -> None:
    (row, *_) = operator.json("papers", "list", "--limit", "1")
    bib = tmp_path / "liked.bib"
    bib.write_text(f"@misc{{a, title = {{On {row['title']}}}, year = 2026}}\n", encoding="utf-8")
    operator.ok("subscribers", "add", "eve@reader.example", "--confirmed", "--dial", "0")
    operator.ok("subscribers", "edit", "eve@reader.example", "--import-library", str(bib))
    explained = operator.json("explain", "eve@reader.example", "--date", "2026-03-20")
    best = explained["papers"][0]
    assert (best["place"], "liked papers" in best["parts"]) == ("fits", True)
    assert all("On " in reason and "in your library" in reason for reason in best["reasons"])
    table = operator.ok("explain", "eve@reader.example", "--date", "2026-03-20")
    assert f"liked papers {best['parts']['liked papers']:.2f}" in table
