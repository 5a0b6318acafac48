"""An exported model computes what the original does, in full and in eight bits."""

import json
from pathlib import Path

import numpy as np
import pytest

from digest.core.errors import ConfigError, InvalidInput, NotFound
from digest.embedding import encoder
from digest.embedding.export import export_model, find_model
from digest.embedding.onnx_model import OnnxEncoder
from digest.embedding.safetensors import read_weights
from tests.embedding.models import (
    WORDS,
    hidden_states,
    tiny_weights,
    write_model,
    write_safetensors,
)

TEXTS = ("robots walk", "wine tax law", "plan", "robots plan falls graph unheard walk")


def expected(text: str) -> np.ndarray:
    known = {word: number for number, word in enumerate(WORDS)}
    words = [known.get(word, known["[UNK]"]) for word in text.split()]
    pooled = hidden_states(tiny_weights(), [known["[CLS]"], *words, known["[SEP]"]]).mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def test_a_model_in_full_precision_gives_the_vectors_of_the_original(tmp_path: Path) -> None:
    made = export_model(write_model(tmp_path / "source"), tmp_path / "out", quantize=False)
    assert made.file == tmp_path / "out" / "onnx" / "model.onnx"
    assert made.size_bytes == made.file.stat().st_size
    found = OnnxEncoder(tmp_path / "out").encode(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [expected(text) for text in TEXTS], atol=1e-5)


def test_eight_bits_are_nearly_as_good(tmp_path: Path) -> None:
    export_model(write_model(tmp_path / "source"), tmp_path / "out", quantize=True)
    assert (tmp_path / "out" / "onnx" / "model_quantized.onnx").is_file()
    found = OnnxEncoder(tmp_path / "out").encode(TEXTS)
    cosines = (found * [expected(text) for text in TEXTS]).sum(axis=1)
    assert cosines.min() > 0.98


def test_the_weights_of_a_whole_model_have_a_prefix(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source")
    prefixed = {f"bert.{name}": value for name, value in tiny_weights().items()}
    write_safetensors(source / "model.safetensors", prefixed)
    export_model(source, tmp_path / "out", quantize=False)
    found = OnnxEncoder(tmp_path / "out").encode(["robots walk"])
    np.testing.assert_allclose(found[0], expected("robots walk"), atol=1e-5)


@pytest.mark.parametrize(("kind", "precise_to"), [("F32", 0.0), ("F16", 1e-3), ("BF16", 1e-2)])
def test_weights_are_read_in_every_precision(tmp_path: Path, kind: str, precise_to: float) -> None:
    weights = tiny_weights()
    write_safetensors(tmp_path / "model.safetensors", weights, kind)
    found = read_weights(tmp_path / "model.safetensors")
    assert set(found) == set(weights)
    for name, value in weights.items():
        np.testing.assert_allclose(found[name], value, rtol=precise_to, atol=precise_to)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff" * 8,
        (3).to_bytes(8, "little") + b"[1]",
        (5).to_bytes(8, "little") + b'{"a":',
        (68).to_bytes(8, "little")
        + b'{"a": {"dtype": "F32", "shape": [100000], "data_offsets": [0, 40]}}  ',
    ],
)
def test_a_damaged_file_of_weights_is_refused(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(damage)
    with pytest.raises(InvalidInput, match=r"no safetensors file, or is damaged"):
        read_weights(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    "config",
    [{"model_type": "mpnet"}, {"hidden_act": "relu"}, {"position_embedding_type": "relative_key"}],
)
def test_another_kind_of_model_is_refused(tmp_path: Path, config: dict[str, str]) -> None:
    source = write_model(tmp_path / "source", **config)
    with pytest.raises(InvalidInput, match=r"only models of the kind BERT"):
        export_model(source, tmp_path / "out", quantize=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layers", [None, "many", []])
def test_a_model_of_no_known_shape_is_refused(tmp_path: Path, layers: object) -> None:
    source = write_model(tmp_path / "source", num_hidden_layers=layers)
    with pytest.raises(InvalidInput, match=r"does not say the model's shape"):
        export_model(source, tmp_path / "out", quantize=True)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source")
    weights = tiny_weights()
    for part in ("weight", "bias"):
        del weights[f"encoder.layer.1.output.LayerNorm.{part}"]
    write_safetensors(source / "model.safetensors", weights)
    with pytest.raises(InvalidInput, match=r"lacks 'output\.LayerNorm'"):
        export_model(source, tmp_path / "out", quantize=True)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source")
    with pytest.raises(InvalidInput, match=r"is there already"):
        export_model(source, source, quantize=True)


def test_without_onnx_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install 'digest\[export\]'"):
        export_model(write_model(tmp_path / "source"), tmp_path / "out", quantize=True)


def test_a_model_is_found_in_a_folder_or_in_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = write_model(tmp_path / "a_tiny_model" / "model")
    (tmp_path / "a_tiny_model" / "__init__.py").write_text("raise RuntimeError('not loaded')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_model(str(inside)) == inside
    assert find_model("a-tiny-model") == inside


def test_a_model_that_is_nowhere_or_incomplete_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no folder no-such-model"):
        find_model("no-such-model")
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(InvalidInput, match=r"has no model\.safetensors, tokenizer\.json"):
        find_model(str(tmp_path))
