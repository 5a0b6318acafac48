"""`digest rank`: the product's ranking on files, measured as trec_eval does."""

import gzip
import importlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli.main import run_command

Capture = pytest.CaptureFixture[str]

PAPERS = (
    {"id": "b2", "title": "Grasping by diffusion", "text": "A diffusion policy for a robot arm."},
    {"id": "a1", "title": "Robots that pour", "text": "A robot arm pours water by a policy."},
    {"id": "c3", "title": "Sediment in rivers", "text": "Mud settles where a river bends."},
    {"id": "d4", "title": "Glaciers on Mars", "text": "Ice below dust.", "authors": ["Ada Rime"]},
    {"id": "e5", "title": "Glaciers at home", "text": "Ice below dust.", "categories": ["ao.ice"]},
)
QUERIES = (
    {"id": "arm", "text": "diffusion policies for robots"},
    {"id": "mud", "seeds": ["c3"], "text": "rivers"},
    {"id": "ice", "text": "glaciers", "exclude": ["Mars"]},
)
JUDGED = "arm\ta1\t1\narm\tb2\t2\nice\te5\t1\nice\td4\t1\n"


def lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


class Files:
    """A folder with papers, queries and judgements; commands on them."""

    def __init__(self, folder: Path, capture: Capture) -> None:
        self.folder, self.capture = folder, capture
        self.papers(*PAPERS)
        self.queries(*QUERIES)
        self.write("qrels.tsv", JUDGED)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def papers(self, *rows: Any) -> None:
        self.write("papers.jsonl", lines(*rows))

    def queries(self, *rows: Any) -> None:
        self.write("queries.jsonl", lines(*rows))

    def run(self, *options: str, judged: bool = False) -> tuple[int, str, str]:
        named = [f"--{name}={self.folder / name}.jsonl" for name in ("papers", "queries")]
        if judged:
            named.append(f"--qrels={self.folder / 'qrels.tsv'}")
        code = run_command(["rank", *named, *options])
        return (code, *self.capture.readouterr())

    def json(self, *options: str, judged: bool = False) -> Any:
        code, out, _ = self.run("--json", *options, judged=judged)
        assert code == 0
        return json.loads(out)

    def found(self, query: str, *options: str) -> list[str]:
        return [paper for paper, _ in self.json(*options)["results"][query]]

    def refused(self, *options: str, judged: bool = False) -> str:
        code, out, trouble = self.run(*options, judged=judged)
        assert (code, out, trouble.count("\n")) == (2, "", 1), trouble
        return trouble.strip()


@pytest.fixture
def files(tmp_path: Path, capsys: Capture) -> Files:
    return Files(tmp_path, capsys)


def test_the_best_paper_comes_first_and_every_paper_has_a_score(files: Files) -> None:
    document = files.json()
    assert (document["method"], document["papers"], document["queries"]) == ("static", 5, 3)
    results = document["results"]["arm"]
    assert [paper for paper, _ in results][:2] == ["b2", "a1"]
    assert len(results) == 5
    scores = [score for _, score in results]
    assert scores == sorted(scores, reverse=True)


def test_equal_scores_go_by_the_id_of_the_paper(files: Files) -> None:
    by_words = ("--method", "lexical")
    assert files.found("arm", *by_words)[2:] == ["c3", "d4", "e5"]
    assert files.found("arm", "--top", "3", *by_words) == ["b2", "a1", "c3"]


def test_liked_papers_are_never_results(files: Files) -> None:
    assert "c3" not in files.found("mud")


def test_what_is_excluded_is_never_a_result(files: Files) -> None:
    assert files.found("ice")[0] == "e5"
    assert "d4" not in files.found("ice")


def test_only_the_candidates_of_a_query_are_ranked_where_it_names_some(files: Files) -> None:
    files.queries(
        {"id": "q", "doc": "d4", "facet_text": "ice below", "cand": ["a1", "d4", "e5", "gone"]}
    )
    assert files.found("q") == ["e5", "a1"]


def test_interests_are_read_as_a_person_writes_them(files: Files) -> None:
    files.queries(
        {"id": "who", "interests": ["author: Ada Rime"]},
        {"id": "where", "interests": ["category: ao.*", "not: home"]},
    )
    results = files.json()["results"]
    assert results["who"][0][0] == "d4"
    assert "e5" not in [paper for paper, _ in results["where"]]


def test_the_measures_are_those_of_the_definitions(files: Files) -> None:
    document = files.json(judged=True)
    assert document["judged"] == 2  # nobody judged `mud`
    # ndcg of `ice`: the first of two relevant papers is first, the other excluded
    half = 1 / (1 + 1 / math.log2(3))
    assert document["per_query"]["arm"] == {"ndcg@10": 1.0, "map": 1.0, "recall@100": 1.0}
    assert document["per_query"]["ice"]["ndcg@10"] == pytest.approx(half, abs=1e-5)
    assert document["ndcg@10"] == pytest.approx((1 + half) / 2, abs=1e-5)
    assert document["map"] == pytest.approx(0.75)
    assert document["recall@100"] == pytest.approx(0.75)


def test_what_is_measured_does_not_depend_on_how_much_is_given(files: Files) -> None:
    few, many = files.json("--top", "1", judged=True), files.json(judged=True)
    assert few["per_query"] == many["per_query"]
    assert {len(hits) for hits in few["results"].values()} == {1}


def test_a_person_gets_the_measures_as_lines(files: Files) -> None:
    code, out, trouble = files.run(judged=True)
    assert (code, trouble) == (0, "")
    shown = dict(line.rsplit(maxsplit=1) for line in out.splitlines() if "ms" not in line)
    assert shown["method"] == "static"
    assert (shown["papers"], shown["queries"], shown["judged"]) == ("5", "3", "2")
    assert shown["map"] == "0.7500"
    assert {"ndcg@10", "recall@100", "seconds"} <= shown.keys()


def test_without_judgements_a_person_sees_the_first_papers(files: Files) -> None:
    code, out, _ = files.run("--top", "1")
    assert code == 0
    assert "Grasping by diffusion" in out
    assert "ndcg" not in out


def test_a_run_has_the_six_columns_of_trec(files: Files) -> None:
    out = files.folder / "out.trec"
    document = files.json("--run", str(out), "--top", "2")
    rows = [line.split(" ") for line in out.read_text("utf-8").splitlines()]
    assert [row[:4] for row in rows[:2]] == [["arm", "Q0", "b2", "1"], ["arm", "Q0", "a1", "2"]]
    assert {len(row) for row in rows} == {6}
    assert {row[5] for row in rows} == {"digest-static"}
    written = [float(row[4]) for row in rows[:2]]
    assert written == pytest.approx([score for _, score in document["results"]["arm"]])
    assert len(rows) == 6


def test_the_same_files_give_the_same_run_whatever_the_order_of_the_papers(files: Files) -> None:
    out = files.folder / "out.trec"
    files.json("--run", str(out))
    first = out.read_text("utf-8")
    files.papers(*reversed(PAPERS))
    files.json("--run", str(out))
    assert out.read_text("utf-8") == first


def test_files_may_be_compressed_whatever_their_name(files: Files) -> None:
    plain = files.json(judged=True)
    for name in ("papers.jsonl", "queries.jsonl", "qrels.tsv"):
        files.write(name, gzip.compress((files.folder / name).read_bytes()))
    assert files.json(judged=True)["results"] == plain["results"]


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_file_may_come_through_a_pipe(files: Files, packed: Callable[[bytes], bytes]) -> None:
    given = packed((files.folder / "papers.jsonl").read_bytes())
    for name in ("-", "/dev/stdin"):
        command = (sys.executable, "-m", "digest", "rank", "--json", f"--papers={name}")
        command += (f"--queries={files.folder / 'queries.jsonl'}",)
        shown = subprocess.run(command, input=given, capture_output=True, check=True)
        assert json.loads(shown.stdout)["papers"] == len(PAPERS)
        assert shown.stderr == b""


def test_only_one_file_can_be_stdin(files: Files) -> None:
    assert "only one" in files.refused("--papers", "-", "--queries", "-")


def test_a_compressed_file_that_is_cut_off_is_refused(files: Files) -> None:
    files.write("papers.jsonl", gzip.compress(lines(*PAPERS).encode())[:-9])
    assert "cut off" in files.refused()


def test_a_mark_of_byte_order_and_other_ends_of_lines_do_not_matter(files: Files) -> None:
    plain = files.json(judged=True)
    for name in ("papers.jsonl", "queries.jsonl", "qrels.tsv"):
        text = (files.folder / name).read_text("utf-8")
        files.write(name, "\ufeff" + text.replace("\n", "\r\n"))
    assert files.json(judged=True)["per_query"] == plain["per_query"]


@pytest.mark.parametrize("name", ["a b", "a\u00a0b", "a\0b", "a\x1b[31mb", ""])
def test_a_paper_whose_name_a_run_cannot_hold_is_passed_over(files: Files, name: str) -> None:
    files.papers(*PAPERS, {"id": name, "title": "Robots"})
    code, out, trouble = files.run("--json", judged=True)
    assert (code, json.loads(out)["papers"]) == (0, len(PAPERS))
    assert "papers.jsonl: line 6: id: " in trouble
    assert "\\" not in trouble
    assert trouble.count("\n") == 1


def test_a_bad_line_is_told_with_one_number_of_a_line(files: Files) -> None:
    files.write("queries.jsonl", f"{lines(QUERIES[0])}{{bad\n")
    told = files.refused()
    assert "queries.jsonl: line 2: Invalid JSON" in told
    assert told.endswith("at column 2")


def test_a_paper_that_cannot_be_used_is_named_by_its_line_and_passed_over(files: Files) -> None:
    rows = [json.dumps(PAPERS[0]), "", '{"id": null, "title": "x"}', "{", '["a"]']
    rows += [json.dumps(PAPERS[0]), json.dumps({"id": 7, "title": None, "abstract": "mud"})]
    files.write("papers.jsonl", "\n".join(rows))
    code, out, trouble = files.run("--json")
    assert code == 0
    assert json.loads(out)["papers"] == 2
    told = [line.split("papers.jsonl: ")[1] for line in trouble.splitlines() if "line" in line]
    assert [line.split(":")[0] for line in told] == ["line 3", "line 4", "line 5", "line 6"]
    assert all(line.endswith("passed over") for line in told)


def test_only_the_first_papers_that_cannot_be_used_are_named(files: Files) -> None:
    files.write("papers.jsonl", lines(PAPERS[0], *[{"title": "nameless"}] * 9))
    trouble = files.run("--json")[2]
    assert "4 further lines passed over" in trouble


def test_papers_of_which_none_can_be_used_are_refused(files: Files) -> None:
    files.write("papers.jsonl", "%PDF-1.7\n")
    assert "papers.jsonl: line 1: " in files.refused()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "JSON"),
        ('{"text": "x"}', "id"),
        ('{"id": "a b", "text": "x"}', "id"),
        ('{"id": "x"}', "wants nothing"),
        ('{"id": "x", "seeds": "a1"}', "seeds"),
        ('{"id": "x", "interests": ["author: ;"]}', "separates"),
        ('{"id": "arm", "text": "again"}', "before"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_by_its_line(
    files: Files, line: str, what: str
) -> None:
    files.write("queries.jsonl", f"{lines(QUERIES[0])}\n{line}\n")
    told = files.refused()
    assert "queries.jsonl: line 3: " in told
    assert what in told


@pytest.mark.parametrize(
    "line",
    ["arm a1", "arm a1 very", "arm 0 a1 1 x", "arm a1 0.5", "arm\tthe a1\t1", "arm\t\t1"],
)
def test_a_judgement_that_cannot_be_used_is_refused_by_its_line(files: Files, line: str) -> None:
    files.write("qrels.tsv", f"arm a1 1\n{line}\n")
    assert "qrels.tsv: line 2: expected a query" in files.refused(judged=True)


def test_a_judgement_that_contradicts_another_is_refused_by_its_line(files: Files) -> None:
    files.write("qrels.tsv", "arm\ta1\t1\narm\ta1\t1\narm\ta1\t0\n")
    told = files.refused(judged=True)
    assert "qrels.tsv: line 3: a1 had another grade for arm before" in told


def test_text_in_another_encoding_is_refused_by_its_line(files: Files) -> None:
    files.write("queries.jsonl", lines(QUERIES[0]).encode() + "{'é'}\n".encode("latin-1"))
    assert "queries.jsonl: line 2 is not UTF-8" in files.refused()


def test_judgements_may_have_the_four_columns_of_trec(files: Files) -> None:
    expected = files.json(judged=True)["ndcg@10"]
    files.write(
        "qrels.tsv", "".join(f"{r.replace('	', ' 0 ', 1)}\n" for r in JUDGED.splitlines())
    )
    assert files.json(judged=True)["ndcg@10"] == expected


def test_names_that_are_not_there_are_told_and_count_as_not_found(files: Files) -> None:
    files.queries({"id": "arm", "text": "robot", "seeds": ["gone"]}, *QUERIES[1:])
    files.write("qrels.tsv", JUDGED + "arm lost 1\nother a1 1\n")
    code, out, trouble = files.run("--json", judged=True)
    assert code == 0
    assert json.loads(out)["per_query"]["arm"]["recall@100"] == pytest.approx(2 / 3, abs=1e-5)
    assert trouble.splitlines() == [
        "1 liked paper not among the papers, passed over",
        "1 judgement of papers that are not there, counted as not found",
        "1 judged query not among the queries, not counted",
    ]


def test_a_judgement_of_a_liked_paper_does_not_count_against_the_ranking(files: Files) -> None:
    files.write("qrels.tsv", "mud c3 3\nmud a1 1\n")
    assert files.json(judged=True)["per_query"]["mud"]["recall@100"] == 1.0


@pytest.mark.parametrize("empty", ["papers.jsonl", "queries.jsonl", "qrels.tsv"])
def test_an_empty_file_is_an_empty_set(files: Files, empty: str) -> None:
    files.write(empty, "")
    document = files.json(judged=True)
    assert document["ndcg@10"] == 0.0
    assert document["papers"] == (0 if empty == "papers.jsonl" else 5)
    assert document["judged"] == (2 if empty == "papers.jsonl" else 0)


def test_an_unknown_method_is_refused_with_the_known_ones(files: Files) -> None:
    assert "there is no method magic: there is static, lexical, semantic" in files.refused(
        "--method", "magic"
    )


def test_a_file_that_is_not_there_is_named(files: Files) -> None:
    (files.folder / "papers.jsonl").unlink()
    assert "papers.jsonl cannot be read: No such file" in files.refused()


def test_where_the_measures_are_not_installed_one_line_says_how_to(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    assert files.refused(judged=True).endswith("pip install 'digest[eval]'")
    assert files.json()["results"]


def test_starting_the_program_does_not_load_the_measures() -> None:
    code = "import sys, digest.cli; print('ir_measures' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
    assert importlib.util.find_spec("ir_measures")
