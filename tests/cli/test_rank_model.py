"""`digest rank` with a model: what the files say, encoded once."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digest.embedding.export import export_model
from tests.cli.test_rank import Capture, Files
from tests.embedding.models import write_model


@pytest.fixture
def files(tmp_path: Path, capsys: Capture) -> Files:
    return Files(tmp_path, capsys)


@pytest.fixture
def model(files: Files) -> str:
    source = write_model(files.folder / "tiny")
    export_model(source, files.folder / "model", quantize=True)
    return f"onnx:{files.folder / 'model'}"


def test_a_model_may_have_a_say(files: Files, model: str) -> None:
    files.papers(
        *({"id": f"p{n}", "title": "tax law", "text": "graph"} for n in range(30)),
        {"id": "walk", "title": "walk plan", "text": "falls"},
    )
    files.queries({"id": "q", "text": "robots"}, {"id": "like", "seeds": ["walk"]})
    document = files.json("--method", "semantic", "--model", model)
    assert document["method"] == "semantic"
    plain = files.json("--method", "static")["results"]["q"]
    assert document["results"]["q"] != plain
    assert document == document | {"papers": 31, "queries": 2}


def test_vectors_are_kept_for_the_next_time(files: Files, model: str) -> None:
    kept = files.folder / "vectors.npz"
    options = ("--method", "semantic", "--model", model, "--vectors", str(kept))
    first = files.json(*options)
    written = kept.stat().st_mtime_ns
    assert files.json(*options)["results"] == first["results"]
    assert kept.stat().st_mtime_ns == written  # nothing was left to encode
    other = write_model(files.folder / "other", pooling="cls_token")
    export_model(other, files.folder / "another", quantize=True)
    wrong = ("--method", "semantic", "--model", f"onnx:{files.folder / 'another'}")
    assert "holds vectors of the model onnx:" in files.refused(*wrong, "--vectors", str(kept))


def test_queries_are_encoded_with_what_the_model_wants_before_them(
    files: Files, model: str
) -> None:
    files.papers(
        *({"id": f"p{n}", "title": "tax law", "text": "graph"} for n in range(30)),
        *({"id": word, "title": word, "text": "falls"} for word in ("walk", "wine", "plan")),
    )
    files.queries({"id": "q", "text": "robots"})
    kept = files.folder / "vectors.npz"
    options = ("--method", "semantic", "--model", model, "--vectors", str(kept))
    plain = files.json(*options)["results"]
    prompts = {"prompts": {"query": "wine law wine "}}
    files.write("model/config_sentence_transformers.json", json.dumps(prompts))
    asked = files.json(*options)["results"]
    assert asked != plain
    assert files.json(*options)["results"] == asked


@pytest.mark.parametrize(
    ("options", "trouble"),
    [
        (["--method", "semantic"], "needs --model, or ranking.model in config.toml"),
        (["--method", "semantic", "--model", "bert"], "names no model"),
        (["--method", "semantic", "--model", "onnx:nowhere"], "there is no folder"),
        (["--model", "onnx:nowhere"], "--model and --vectors are for --method semantic"),
    ],
)
def test_a_model_that_is_not_there_is_named_in_one_line(
    files: Files, options: list[str], trouble: str
) -> None:
    assert trouble in files.refused(*options)


def saved(**arrays: Any) -> bytes:
    out = BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def bare() -> bytes:
    out = BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        bare(),
        saved(rows=np.zeros((1, 2))),
        saved(model=np.array("m"), texts=np.array(["a"]), rows=np.zeros(1)),
        saved(model=np.array("m"), texts=np.array(["a"]), rows=np.zeros((2, 2))),
    ],
    ids=["text", "bare array", "of others", "numbers", "too many"],
)
def test_a_file_that_holds_no_vectors_is_refused(files: Files, model: str, content: bytes) -> None:
    path = files.folder / "vectors.npz"
    path.write_bytes(content)
    options = ("--method", "semantic", "--model", model, "--vectors", str(path))
    assert "holds no vectors" in files.refused(*options)
