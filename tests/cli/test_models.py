"""`digest model`, and what fetch and doctor say of a model, with a tiny one of this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digest.cli.main import run_command
from digest.embedding.export import export_model
from tests.cli.conftest import Operator
from tests.embedding.models import write_model
from tests.sources.site import Reply, running_site


@pytest.fixture
def modelled(operator: Operator) -> Operator:
    """The operator's service with a model beside its configuration."""
    source = write_model(operator.folder / "tiny")
    export_model(source, operator.folder / "model", quantize=True)
    return ranking(operator, 'method = "semantic"\nmodel = "onnx:model"')


def ranking(operator: Operator, keys: str) -> Operator:
    text = operator.config.read_text(encoding="utf-8")
    operator.config.write_text(f"{text}\n[ranking]\n{keys}\n", encoding="utf-8")
    return operator


def say(operator: Operator, line: str) -> None:
    """A further key of the last section."""
    with operator.config.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def silence(operator: Operator) -> None:
    """Leaves out the sources, which would be tried several times."""
    text = operator.config.read_text(encoding="utf-8")
    for name in ("huggingface", "arxiv"):
        text = text.replace(f"[sources.{name}]\n", f"[sources.{name}]\nenabled = false\n")
    operator.config.write_text(text, encoding="utf-8")


@contextmanager
def refusing() -> Iterator[str]:
    """An endpoint that wants a key, as the configuration names it."""
    with running_site() as site:
        site.answers(Reply(status=401))
        yield f'method = "semantic"\nmodel = "{site.url}#m"'


# --- embed ----------------------------------------------------------------------------------------


def test_papers_are_encoded_once(modelled: Operator) -> None:
    assert modelled.ok("model", "embed") == "48 papers encoded, and 1 interest\n"
    assert modelled.rows()["embeddings"] == 48
    assert modelled.rows()["text_embeddings"] == 1
    nothing = {"encoded": 0, "refused": 0, "left": 0, "wishes": 0, "reason": ""}
    assert modelled.json("model", "embed") == nothing
    # A clock that is given stands for the start of each command, so that these count as older.
    assert modelled.ok("model", "embed", "--all", "--again").startswith("48 papers encoded")


def test_without_a_model_there_is_nothing_to_encode(operator: Operator) -> None:
    assert "ranking.method" in operator.refused("model", "embed")


def test_what_stands_before_papers_is_configured_and_has_them_encoded_anew(
    modelled: Operator,
) -> None:
    modelled.ok("model", "embed")
    say(modelled, 'query_prefix = "robots "')
    assert modelled.ok("model", "embed") == "0 papers encoded, and 1 interest\n"
    say(modelled, 'document_prefix = "wine "')
    assert modelled.ok("model", "embed") == "48 papers encoded, and 1 interest\n"
    shown = "'robots ' before each query, 'wine ' before each document"
    assert shown in checks(modelled)["model"]["what"]


def test_a_fetch_encodes_and_says_so(modelled: Operator) -> None:
    silence(modelled)
    assert modelled.json("fetch") == {
        "sources": [],
        "vectors": {"encoded": 48, "refused": 0, "left": 0, "wishes": 1, "reason": ""},
    }
    assert "papers encoded" not in modelled.ok("fetch")


def test_a_fetch_whose_model_refuses_is_partly_done(operator: Operator) -> None:
    silence(operator)
    with refusing() as keys:
        ran = ranking(operator, keys).run("fetch")
        assert ran.code == 3
        line = "0 papers encoded, 48 left for the next time: 127.0.0.1 answered 401"
        assert f"{line}; set ranking.endpoint.api_key\n" in ran.out
        assert operator.run("model", "embed").code == 1


# --- export ---------------------------------------------------------------------------------------


def test_a_model_is_exported_and_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_model(tmp_path / "source")
    assert run_command(["model", "export", str(source), str(tmp_path / "small")]) == 0
    assert f'set ranking.model = "onnx:{tmp_path / "small"}"' in capsys.readouterr().out
    whole = str(tmp_path / "whole")
    assert run_command(["model", "export", str(source), whole, "--full", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["size_bytes"] == Path(made["file"]).stat().st_size


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("no-such-model", 1, "there is no folder no-such-model"),
        (".", 2, "has no model.safetensors"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    model: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["model", "export", model, "out"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


# --- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('method = "semantic"', "ranking.model is missing"),
        ('method = "semantic"\nmodel = "onnx:nowhere"', "ranking.model: there is no folder"),
        ('model = "minilm"', "ranking.model: 'minilm' names no model"),
        (
            'model = "http://api.example.org/v1#m"\nendpoint = {api_key = "secret-key"}',
            "must begin with https://",
        ),
    ],
)
def test_a_mistake_is_said_at_the_start(operator: Operator, keys: str, said: str) -> None:
    line = ranking(operator, keys).refused("papers", "list")
    assert said in line
    assert "secret-key" not in line


# --- doctor ---------------------------------------------------------------------------------------


def checks(operator: Operator, *options: str) -> dict[str, dict[str, str]]:
    found = json.loads(operator.run("doctor", "--json", *options).out)["checks"]
    return {check["name"]: check for check in found if check["name"].startswith("model")}


def test_doctor_tries_the_model_and_counts_what_is_not_encoded(modelled: Operator) -> None:
    found = checks(modelled)
    assert found["model"]["level"] in ("ok", "warn")  # nobody taught it anything
    assert "vectors of 16 numbers" in found["model"]["what"]
    assert found["model.vectors"]["level"] == "warn"
    assert found["model.vectors"]["what"].startswith("48 papers are not encoded yet")
    modelled.ok("--now", "2026-03-20T22:00:00Z", "model", "embed")  # the clock has gone on
    assert checks(modelled)["model.vectors"]["level"] == "ok"


def test_doctor_says_nothing_of_a_model_where_there_is_none(operator: Operator) -> None:
    assert checks(operator) == {}


def test_doctor_asks_an_endpoint_only_when_told_to(operator: Operator) -> None:
    with refusing() as keys:
        ranking(operator, keys)
        assert "was not asked" in checks(operator)["model"]["what"]
        found = checks(operator, "--network")["model"]
    assert found["level"] == "fail"
    assert "set ranking.endpoint.api_key" in found["what"]


def test_doctor_says_what_is_missing(operator: Operator) -> None:
    ranking(operator, 'method = "semantic"\nmodel = "onnx:nowhere"')
    assert checks(operator)["model"]["level"] == "fail"
