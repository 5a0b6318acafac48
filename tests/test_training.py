"""`make model`: papers are read in every form, and the table imitates the model it learns from."""

import gzip
import json
import random
import sys
import tomllib
import zlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from digest.core.errors import InvalidInput
from digest.embedding.shipped import table_bytes
from digest.ranking.static_table import dump_table, parse_table
from digest.ranking.vectors import Floats
from digest.store.engine import Store
from tests.builders import make_record, store_records
from tests.fakes import NOON
from training import __main__ as command
from training.encoding import encoded
from training.fit import Examples, Fitted, Options, bags_of, fit, principal_axes, quantised, weigh
from training.papers import PaperText, distinct, read_database, read_papers, read_recordings
from training.texts import sample, sentences, single_words, split_off, tokenizer_words

LONG = "Rivers carry sand and silt to the sea, where the finest of it settles last. " * 3
RIVER = {"title": "Rivers", "abstract": LONG}
HARVEST = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record>
<header><identifier>oai:arXiv.org:2601.00001</identifier><datestamp>2026-01-02</datestamp></header>
<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2601.00001</id>
<created>2026-01-01</created><authors><author><keyname>Stone</keyname></author></authors>
<title>Rivers</title><categories>cs.LG</categories><abstract>Sand settles.</abstract></arXiv>
</metadata></record></ListRecords></OAI-PMH>"""
# Words that are their own stems, of no language.
WORDS = tuple(a + b + c + "ok" for a in "bdgkm" for b in ("ra", "lu", "no", "pi") for c in "tvzf")


# --- papers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["abstract", "summary", "text"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_of_json_are_read_whatever_an_abstract_is_called(
    tmp_path: Path, name: str, pack: type[bytes]
) -> None:
    path = tmp_path / "papers"
    rows = [{"title": "Rivers", name: "Sand\nsettles."}, {"title": "Hills"}, {name: "No title."}]
    path.write_bytes(pack("\n".join([*map(json.dumps, rows), "{broken"]).encode()))
    assert list(read_papers(path)) == [PaperText("Rivers", "Sand settles.")]


def test_papers_are_found_inside_a_document_and_in_all_files_of_a_folder(tmp_path: Path) -> None:
    inner = {"paper": {"title": "Rivers", "summary": "Sand settles.", "id": 1}, "votes": 2}
    (tmp_path / "b.json").write_text(json.dumps({"papers": [inner, "nothing"]}), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"title": "Hills", "text": "Rock."}', encoding="utf-8")
    found = list(read_papers(tmp_path))
    assert found == [PaperText("Hills", "Rock."), PaperText("Rivers", "Sand settles.")]


def test_answers_of_the_harvesting_interface_are_read_and_other_xml_is_passed_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(HARVEST.encode()))
    (tmp_path / "b.xml").write_text("<html>Bad gateway</html>", encoding="utf-8")
    assert list(read_papers(tmp_path)) == [PaperText("Rivers", "Sand settles.")]


def test_a_file_that_is_not_there_or_broken_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(LONG.encode())[:-9])
    for path in (tmp_path / "absent", broken):
        with pytest.raises(InvalidInput, match=path.name):
            list(read_papers(path))


def test_recorded_answers_are_read_wherever_the_variable_points(tmp_path: Path) -> None:
    for name in ("arxiv_daily_listing", "arxiv_daily_dated", "hf_daily_papers", "arxiv_oai"):
        folder = tmp_path / "recordings" / name
        folder.mkdir(parents=True)
        (folder / "day.json").write_text(json.dumps([RIVER | {"title": name}]), encoding="utf-8")
    titles = [paper.title for paper in read_recordings(tmp_path)]
    assert titles == ["arxiv_daily_listing", "arxiv_daily_dated", "hf_daily_papers", "arxiv_oai"]
    assert [paper.title for paper in read_recordings(tmp_path / "recordings")] == titles


def test_the_papers_of_a_database_are_read(sqlite_store: Store) -> None:
    store_records(sqlite_store, [make_record(title="Rivers", abstract=LONG.strip())], NOON)
    found = list(read_database(sqlite_store.engine.url.render_as_string(hide_password=False)))
    assert found == [PaperText("Rivers", LONG.strip())]


def test_a_title_counts_once_and_a_paper_without_a_true_abstract_not_at_all() -> None:
    first, again = PaperText("On Rivers", LONG), PaperText("On  rivers.", LONG + "More.")
    assert distinct([first, again, PaperText("Hills", "Withdrawn.")]) == (first,)


# --- texts ----------------------------------------------------------------------------------------


def test_an_abstract_is_taken_apart_at_the_ends_of_sentences() -> None:
    one = "Rivers carry sand, e.g. Danube silt, over 3.5 thousand km."
    two = "Do hills move as S. Stone et al. Said they would?"
    assert sentences(f"{one} {two} Too short. {'Very long, ' * 50}.") == [one, two]


def test_titles_come_before_sentences_and_four_sentences_of_a_paper_are_enough() -> None:
    said = [f"Sentence number {n} speaks of rivers and of sand." for n in range(9)]
    papers = [PaperText(f"Title {n}", f"Paper {n} does. " + " ".join(said)) for n in range(2)]
    found = sample(papers, most=100, seed=1)
    assert set(found[:2]) == {"Title 0", "Title 1"}
    assert len(found) == len(set(found)) <= 2 + 2 * 4
    assert sample(papers, most=3, seed=1) == found[:3]
    assert sample(papers, most=100, seed=1) == found != sample(papers, most=100, seed=2)


def test_words_are_those_of_the_tokenizer_and_of_three_papers(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    pieces = {"sand": 1, "[PAD]": 0, "##ing": 2, "of": 3, "sea": 4}
    path.write_text(json.dumps({"model": {"vocab": pieces}}), encoding="utf-8")
    papers = [PaperText("Mud and Silt", "silt"), PaperText("Silt", "mud"), PaperText("Silt", "sea")]
    assert single_words(papers, tokenizer_words(path)) == ("sand", "sea", "silt")
    path.write_text(json.dumps({"model": {"vocab": [["sand", 0.5]]}}), encoding="utf-8")
    assert tokenizer_words(path) == ()


def test_what_is_held_out_is_not_learnt_from() -> None:
    learnt, held_out = split_off(100, 0.05, seed=3)
    assert (len(learnt), len(held_out)) == (95, 5)
    assert sorted([*learnt, *held_out]) == list(range(100))


# --- the fit --------------------------------------------------------------------------------------


def direction(word: str) -> Floats:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=24).astype(np.float32)


class FakeModel:
    """Sentences are the sum of their words, none of which is alone what it is among others."""

    name = "fake"

    def __init__(self, tokenizer: Path | None = None) -> None:
        self.folder = SimpleNamespace(tokenizer=tokenizer)
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.asked.extend(texts)
        rows = [self._vector(text.lower().strip(".").split()) for text in texts]
        return np.stack([row / np.linalg.norm(row) for row in rows])

    def _vector(self, words: list[str]) -> Floats:
        total = np.sum([direction(word) for word in words], axis=0) + direction("bias")
        return np.asarray(total + 2 * direction(words[0] * 2) if len(words) == 1 else total)


def invented(count: int, seed: int = 7) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(drawn.sample(WORDS, 6)).capitalize() + "." for _ in range(count)]


def examples(texts: Sequence[str]) -> Examples:
    return Examples(texts=texts, vectors=FakeModel().encode(texts))


def fitted(count: int, words: Sequence[str] = WORDS) -> Fitted:
    return fit(examples(invented(count)), examples(words), Options(dimensions=16))


def test_the_table_imitates_the_model_on_sentences_it_has_not_seen() -> None:
    """Better with more of them, and better than the mean of what the model says of the words."""
    unseen = examples(invented(100, seed=8))
    few, many = fitted(30), fitted(1_000)
    of_words = many.axes.placed(FakeModel().encode(many.weighting.terms))
    alone = Fitted(
        table=quantised(many.weighting.terms, of_words - of_words.mean(axis=0)),
        weighting=many.weighting,
        axes=many.axes,
    )
    nearness = [float(one.cosines(unseen).mean()) for one in (few, alone, many)]
    assert nearness[2] > 0.95
    assert nearness[2] > max(nearness[:2]) + 0.1


def test_the_same_input_gives_the_same_bytes() -> None:
    assert dump_table(fitted(100).table) == dump_table(fitted(100).table)


def test_a_word_that_no_sentence_has_is_placed_by_what_the_model_says_of_it_alone() -> None:
    one = fitted(300, (*WORDS, "sand"))
    alone = one.axes.placed(FakeModel().encode(["sand"])) - one.axes.placed(
        FakeModel().encode((*WORDS, "sand"))
    ).mean(axis=0)
    row = one.table.rows(["sand"])
    assert float((row @ alone.T)[0, 0] / np.linalg.norm(row) / np.linalg.norm(alone)) > 0.95


def test_a_word_that_the_table_lacks_counts_nothing() -> None:
    one = fitted(100)
    texts = ["Quux xyzzy.", invented(1)[0], f"{invented(1)[0]} Quux"]
    vectors = FakeModel().encode(texts)
    same = Examples(texts=texts, vectors=vectors[[0, 1, 1]])
    unknown, known, both = one.cosines(same)
    assert unknown == 0.0
    assert known == pytest.approx(both, abs=1e-6)
    assert not one.table.rows(["quux"]).any()


def test_the_commonest_stems_come_first_and_one_sentence_is_not_enough() -> None:
    bags = bags_of(["Sand and silt.", "Sand, mud.", "Silt, sand: sand.", "Rocks."])
    found = weigh(bags, bags_of(["gravel", "rock"]), 10)
    assert found.terms == ("sand", "silt", "gravel")
    assert found.rarities == pytest.approx(np.log([1 + 4 / 3, 1 + 4 / 2, 1 + 4]))
    assert weigh(bags, [], 1).terms == ("sand",)


def test_axes_hold_what_differs_and_no_more_of_them_than_there_are() -> None:
    vectors = np.zeros((50, 3), np.float32)
    vectors[:, 1] = np.arange(50)
    axes = principal_axes(vectors, 1)
    assert axes.columns == pytest.approx(np.array([[0], [1], [0]]), abs=1e-6)
    assert axes.placed(vectors)[:, 0] == pytest.approx(np.arange(50) - 24.5, abs=1e-4)
    assert principal_axes(vectors, 9).columns.shape == (3, 3)


def test_eight_bits_lose_next_to_nothing_also_when_written_and_read() -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 32)).astype(np.float32)
    vectors *= np.geomspace(0.1, 10, 200, dtype=np.float32)[:, np.newaxis]
    vectors[5] = 0
    names = tuple(f"t{n}" for n in range(200))
    rows = parse_table(dump_table(quantised(names, vectors))).rows(names)
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths.mean() == pytest.approx(1, abs=0.01)
    wanted = vectors / np.linalg.norm(vectors, axis=1).mean()
    assert np.linalg.norm(rows - wanted) < 0.01 * np.linalg.norm(wanted)
    assert not rows[5].any()


def test_the_table_that_is_shipped_is_of_this_form_and_its_papers_are_beside_it() -> None:
    table = parse_table(table_bytes())
    rows = table.rows(table.terms)
    assert rows.shape == (len(set(table.terms)), table.dimensions) == (30_000, 256)
    assert np.linalg.norm(rows, axis=1).mean() == pytest.approx(1, abs=0.001)
    told = resources.files("digest.embedding").joinpath("static_table.md").read_text("utf-8")
    assert "256 numbers for each of 30,000 Porter stems" in told


def test_the_table_that_is_shipped_has_the_licence_of_its_model_beside_it() -> None:
    licence = (
        resources.files("digest.embedding").joinpath("static_table.LICENSE").read_text("utf-8")
    )
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "MIT AND Apache-2.0"
    assert all(Path(name).is_file() for name in project["license-files"])
    assert "digest/embedding/static_table.LICENSE" in project["license-files"]


# --- the whole way --------------------------------------------------------------------------------


def test_what_is_encoded_once_is_not_asked_again(tmp_path: Path) -> None:
    texts, first, second = invented(1_500), FakeModel(), FakeModel()
    once = encoded(first, texts, tmp_path)
    assert np.abs(once - first.encode(texts)).max() < 1e-3
    again = encoded(second, [*texts, "One more."], tmp_path)
    assert (again[:1_024] == once[:1_024]).all()
    assert len(second.asked) == 1_501 - 1_024


def test_the_command_writes_a_table_and_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = invented(400)
    rows = [{"title": said[n], "abstract": " ".join(said[n : n + 8])} for n in range(0, 400, 8)]
    papers, tokenizer = tmp_path / "papers.jsonl", tmp_path / "tokenizer.json"
    papers.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    tokenizer.write_text('{"model": {"vocab": {"sand": 0}}}', encoding="utf-8")
    monkeypatch.setattr(command, "_model", lambda folder: FakeModel(tokenizer))
    written = []
    for out in (tmp_path / "a" / "table.npz", tmp_path / "b" / "table.npz"):
        options = f"training {papers} --model m --sentences 200 --dimensions 8 --out {out}"
        monkeypatch.setattr(sys, "argv", options.split())
        command.main()
        written.append(out.read_bytes())
    table = parse_table(written[0])
    assert (table.dimensions, len(table.terms)) == (8, len({*WORDS, "sand"}))
    assert written[0] == written[1]
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("190 sentences of 50 papers and 81 words: 81 stems x 8, mean cosine 0.")
    assert f"on 10 sentences held out, {len(written[0]):,} bytes" in line


@pytest.mark.parametrize(
    ("options", "said"),
    [("", "set DIGEST_RECORDINGS"), ("absent.jsonl", "cannot be read"), ("empty", "no paper")],
)
def test_the_command_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIGEST_RECORDINGS", raising=False)
    (tmp_path / "empty").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["training", "--model", "m", *options.split()])
    with pytest.raises(SystemExit, match=said):
        command.main()
