"""`papers merge`, `papers split`, and what `papers show` says of sources and readings."""

from tests.cli.conftest import Operator


def pair(operator: Operator) -> tuple[int, int, str]:
    """The numbers of two papers, and the arXiv id of the second."""
    one, other = operator.json("papers", "list", "--limit", "2", "--days", "30")
    return one["id"], other["id"], other["ids"]["arxiv"]


def test_two_papers_are_merged_and_taken_apart_again(operator: Operator) -> None:
    one, other, name = pair(operator)
    title = operator.json("papers", "show", str(other))["title"]
    assert operator.ok("papers", "merge", str(one), str(other), "--dry-run").startswith(
        f"1 paper ({other}) would be made part of paper {one} “"
    )
    assert operator.json("papers", "merge", str(one), str(other)) == {
        "paper": one,
        "merged": [other],
        "dry_run": False,
    }
    assert operator.json("papers", "show", name)["id"] == one
    assert operator.ok("papers", "merge", str(one), name).startswith("these are one paper already")
    told = operator.ok("papers", "split", str(one), f"arxiv:{name}", "--dry-run")
    assert told.startswith(f"arxiv:{name} would be taken out of paper {one} “")
    done = operator.json("papers", "split", str(one), f"arxiv:{name}")
    assert done["ids"] == [f"arxiv:{name}"]
    assert done["title"] == title
    out = operator.json("papers", "show", name)
    assert (out["id"], out["title"]) == (done["new"], title)
    assert operator.ok("papers", "split", str(one), name).startswith("that was taken out before")


def test_a_correction_that_cannot_be_made_is_one_line(operator: Operator) -> None:
    one, _, name = pair(operator)
    assert "there is no paper 9999 here" in operator.refused(
        "papers", "merge", str(one), "9999", code=1
    )
    assert f"paper {one} has no identifier {name}" in operator.refused(
        "papers", "split", str(one), name
    )


def test_a_paper_is_shown_with_what_its_sources_gave(operator: Operator) -> None:
    one, other, name = pair(operator)
    first = operator.json("papers", "show", str(one))
    second = operator.json("papers", "show", str(other))
    operator.ok("papers", "merge", str(one), str(other))
    shown = operator.json("papers", "show", str(one))
    given = {name for names in shown["given_ids"].values() for name in names}
    assert given == {f"arxiv:{first['ids']['arxiv']}", f"arxiv:{name}"}
    assert shown["given_ids"].keys() == set(shown["sources"])
    assert second["title"] in shown["also"]["title"].values()
    text = operator.ok("papers", "show", str(one))
    assert '  also        title: "' in text
    assert f"arxiv:{name}" in next(line for line in text.splitlines() if "  sources " in line)


def test_a_series_of_readings_is_drawn_with_its_ends(operator: Operator) -> None:
    rows = operator.json("papers", "trending", "--limit", "20")
    found = max(
        (operator.json("papers", "show", str(row["id"])) for row in rows),
        key=lambda shown: len(shown["readings"]),
    )
    assert found["readings"]
    text = operator.ok("papers", "show", str(found["id"]))
    for reading in found["readings"]:
        assert f"  {reading['metric']}" in text
    assert "read 2026-03-20 21:00  (huggingface)" in text
