"""`make eval`: the comparison with others counts right, and does no work twice."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from evaluation import trend
from evaluation.means import mean_of

WITHOUT = "scikit-learn is installed by `make eval`"

PAPERS = [
    {"id": "p1", "title": "Rivers and mud", "text": "Mud settles where rivers bend."},
    {"id": "p2", "title": "Mud", "text": "On mud, and mud again."},
    {"id": "p3", "title": "Glaciers", "text": "Ice carries stones into the valley."},
    {"id": "p4", "title": "Stones", "text": "Stones roll down the valley of ice and mud."},
]
CASE = {
    "at": "2026-03-02T14:00:00Z",
    "papers": [
        {
            "id": "old",
            "listed_at": "2026-02-27T14:00:00Z",
            "readings": [["2026-03-02T12:00:00Z", "upvotes", 60]],
            "final": 60,
        },
        {
            "id": "young",
            "listed_at": "2026-03-02T06:00:00Z",
            "readings": [["2026-03-02T12:00:00Z", "upvotes", 40]],
            "final": 120,
        },
    ],
}


def write(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection of each of two kinds, and one moment."""
    for name, query in (("cacm", {"text": "mud"}), ("gold_own", {"seeds": ["p1"]})):
        folder = tmp_path / "relevance" / name
        write(folder / "docs.jsonl.gz", PAPERS)
        write(folder / "queries.jsonl", [{"id": "q", **query}])
        (folder / "qrels.tsv").write_text("q\tp2\t1\n", encoding="utf-8")
    write(tmp_path / "trend" / "cases.jsonl", [CASE])
    monkeypatch.setenv("DIGEST_RECORDINGS", str(tmp_path))
    return tmp_path


def evaluated(recordings: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    out = recordings / "out"
    monkeypatch.setattr(sys, "argv", ["evaluation", "--out", str(out), "--processes=1", *options])
    runpy.run_module("evaluation", run_name="__main__")
    return json.loads((out / "eval.json").read_text(encoding="utf-8"))


def test_a_mean_lies_in_its_interval_and_is_the_same_each_time() -> None:
    mean = mean_of([0.0, 0.5, 1.0, 1.0])
    assert mean.low < mean.value == 0.625 < mean.high
    assert mean_of([0.0, 0.5, 1.0, 1.0]) == mean
    assert mean_of([]).value == 0.0


@pytest.mark.parametrize(
    ("order", "value"), [([1, 0, 2], 1.0), ([0, 2, 1], 0.5), ([0, 1, 2], 0.6309)]
)
def test_ndcg_falls_with_the_place_of_what_is_gained(order: list[int], value: float) -> None:
    assert trend.ndcg(order, [0, 3, 0]) == pytest.approx(value, abs=1e-4)


def test_where_nothing_can_be_gained_every_order_is_the_best() -> None:
    assert trend.ndcg([1, 0], [0, 0]) == 1.0


def test_simple_formulas_of_trend_are_what_their_names_say() -> None:
    scores = {name: list(method(CASE)) for name, method in trend.METHODS.items()}
    assert scores["votes"] == [60, 40]
    assert scores["newest first"] == [-72, -8]
    assert scores["votes / (hours + 1)"] == pytest.approx([60 / 73, 40 / 9])
    assert scores["votes / (hours + 2)^1.5"] == pytest.approx([60 / 74**1.5, 40 / 10**1.5])
    assert scores["digest"][1] > scores["digest"][0]


def test_the_whole_comparison_is_printed_and_written_down(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn", reason=WITHOUT)
    found = evaluated(recordings, monkeypatch, "--method=bm25", "--method=lexical")
    words = found["relevance"]["interests in words"]
    assert words["sets"]["cacm"]["bm25"]["ndcg@10"] == pytest.approx(1.0)
    assert words["ratios"]["lexical"]["to_bm25"] == pytest.approx(1.0)
    assert found["relevance"]["liked papers"]["sets"]["gold_own"]["bm25"]["queries"] == 1
    assert found["trend"]["votes"]["final"]["ndcg@10"] < 1
    shown = capsys.readouterr().out
    assert "cacm" in shown
    assert "trend, 1 moments" in shown


def test_a_baseline_is_not_measured_twice(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn", reason=WITHOUT)
    options = ("--set=cacm", "--method=bm25")
    first = evaluated(recordings, monkeypatch, *options)
    (kept,) = (recordings / "out" / "cache").iterdir()
    result = json.loads(kept.read_text(encoding="utf-8"))
    kept.write_text(json.dumps(result | {"seconds": 7.0}), encoding="utf-8")
    again = evaluated(recordings, monkeypatch, *options)
    assert again["relevance"]["interests in words"]["sets"]["cacm"]["bm25"]["ms_per_query"] == 7000
    assert first != again
    (recordings / "relevance" / "cacm" / "qrels.tsv").write_text("q\tp1\t1\n", encoding="utf-8")
    changed = evaluated(recordings, monkeypatch, *options)
    assert changed["relevance"]["interests in words"]["sets"]["cacm"]["bm25"]["ndcg@10"] < 1


def test_a_baseline_is_measured_anew_with_other_libraries(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring = pytest.importorskip("evaluation.measuring", reason=WITHOUT)
    folder = recordings / "relevance"
    job = measuring.Job(folder=folder, cache=recordings, collection="cacm", method="bm25")
    before = job.kept()
    assert job.kept() == before
    monkeypatch.setattr(measuring, "version", lambda _library: "another")
    assert job.kept() != before


@pytest.mark.parametrize(
    ("options", "missing"), [((), "relevance, trend"), (("--set", "cisi"), "relevance/cisi")]
)
def test_what_is_not_there_to_measure_is_told_in_one_line(
    recordings: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], missing: str
) -> None:
    pytest.importorskip("sklearn", reason=WITHOUT)
    folder = recordings if options else recordings / "nowhere"
    monkeypatch.setenv("DIGEST_RECORDINGS", str(folder))
    with pytest.raises(SystemExit) as stopped:
        evaluated(recordings, monkeypatch, *options)
    assert stopped.value.code == f"DIGEST_RECORDINGS is {folder}, where there is no {missing}"
