"""A model in a folder is found, loaded and asked; whatever is wrong with it is one clear line."""

import json
import platform
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from digest.core.errors import ConfigError
from digest.embedding import encoder as encoders
from digest.embedding.export import export_model
from digest.embedding.folder import MOST_TOKENS, Pooling, open_folder
from digest.embedding.onnx_model import OnnxEncoder
from digest.embedding.prompts import NO_PROMPTS, Kind, PromptOptions, Prompts
from tests.embedding.models import PLACES, WIDTH, WORDS, write_model, write_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    export_model(write_model(tmp_path / "source"), tmp_path / "model", quantize=True)
    return tmp_path / "model"


def write_counting_model(path: Path, *, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
    """A graph whose outputs are the sum of its inputs, as two numbers for each token, or text."""
    nodes = [
        helper.make_node("Sum", [f"{name}_float" for name in inputs], ["sum"]),
        helper.make_node("Constant", [], ["axis"], value_ints=[-1]),
        helper.make_node("Constant", [], ["tokens"], value_ints=[1]),
        helper.make_node("Constant", [], ["one"], value_floats=[1.0]),
        helper.make_node("Unsqueeze", ["sum", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "one"], ["same"]),
        helper.make_node("Div", ["column", "column"], ["ones"]),
        helper.make_node("Concat", ["same", "ones"], ["last_hidden_state"], axis=-1),
        helper.make_node(
            "ReduceMax", ["last_hidden_state", "tokens"], ["sentence_embedding"], keepdims=0
        ),
    ]
    casts = [
        helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT) for name in inputs
    ]
    shapes = {"last_hidden_state": ["texts", "tokens", 2], "sentence_embedding": ["texts", 2]}
    graph = helper.make_graph(
        [*casts, *nodes],
        "counting",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["texts", "tokens"]) for n in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes[n]) for n in outputs],
    )
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


# --- vectors --------------------------------------------------------------------------------------


def test_a_text_has_the_same_vector_whatever_stands_beside_it(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    alone = encoder.encode(["robots walk"])
    among = encoder.encode(["wine", "robots walk", "plan falls graph tax law wine"])
    assert among.shape == (3, WIDTH)
    np.testing.assert_array_equal(alone[0], among[1])
    np.testing.assert_allclose(np.linalg.norm(among, axis=1), 1, atol=1e-6)
    assert encoder.dimensions == WIDTH


def test_no_texts_have_no_vectors(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    assert encoder.dimensions == WIDTH
    assert encoder.encode([]).shape == (0, WIDTH)


def test_a_text_longer_than_the_model_takes_is_cut(folder: Path) -> None:
    encoder = OnnxEncoder(folder)
    assert encoder.folder.max_tokens == 10 < PLACES
    long, longer = (" ".join(["robots"] * count) for count in (8, 500))
    np.testing.assert_array_equal(*encoder.encode([long, longer]))


def test_an_empty_text_has_a_vector_too(folder: Path) -> None:
    assert np.isfinite(OnnxEncoder(folder).encode([""])).all()


def test_a_name_is_that_of_the_contents_not_of_the_place(folder: Path, tmp_path: Path) -> None:
    name = OnnxEncoder(folder).name
    moved = folder.rename(tmp_path / "elsewhere")
    assert OnnxEncoder(moved).name == name
    (moved / "sentence_bert_config.json").write_text('{"max_seq_length": 5}')
    assert OnnxEncoder(moved).name != name
    assert len(name) < 60


def test_what_the_model_wants_stands_before_the_text(folder: Path) -> None:
    plain = OnnxEncoder(folder)
    prompts = {"prompts": {"query": "robots ", "document": "wine "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    asking = OnnxEncoder(folder)
    assert asking.prompts == Prompts(query="robots ", document="wine ")
    expected = plain.encode(["robots walk", "wine walk"])
    np.testing.assert_array_equal(asking.encode(["walk"], Kind.QUERY)[0], expected[0])
    np.testing.assert_array_equal(asking.encode(["walk"])[0], expected[1])


def test_papers_with_other_words_before_them_are_of_another_model(folder: Path) -> None:
    name = OnnxEncoder(folder).name
    assert OnnxEncoder(folder, PromptOptions(query="robots ")).name == name
    assert OnnxEncoder(folder, PromptOptions(document="")).name == name
    named = {
        OnnxEncoder(folder, PromptOptions(document=d)).name for d in ("wine ", "tax ", "tax: ")
    }
    assert len(named | {name}) == 4
    assert all(each.startswith(f"{name}+") for each in named)


@pytest.mark.parametrize(
    ("place", "said"),
    [("config.json", '{"_name_or_path": "intfloat/e5-small-v2"}'), ("README.md", "")],
)
def test_a_family_is_known_by_the_folder_or_by_what_the_model_was_called(
    folder: Path, tmp_path: Path, place: str, said: str
) -> None:
    called = folder if said else folder.rename(tmp_path / "multilingual-E5-base")
    (called / place).write_text(said)
    assert OnnxEncoder(called).prompts == Prompts(query="query: ", document="passage: ")
    assert OnnxEncoder(called, PromptOptions(query="", document="")).prompts == NO_PROMPTS


def test_a_model_that_leaves_its_prompts_out_of_the_mean_is_left_to_the_library(
    folder: Path,
) -> None:
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps({"pooling_mode_mean_tokens": True, "include_prompt": False}))
    assert OnnxEncoder(folder).prompts == NO_PROMPTS
    with pytest.raises(ConfigError, match=r"write \"sentence-transformers:"):
        OnnxEncoder(folder, PromptOptions(query="robots "))


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (("input_ids", "attention_mask", "token_type_ids"), ("last_hidden_state",)),
        (("input_ids", "position_ids"), ("last_hidden_state",)),
        (("input_ids",), ("last_hidden_state", "sentence_embedding")),
    ],
)
def test_inputs_and_outputs_are_taken_as_the_graph_has_them(
    tmp_path: Path, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> None:
    write_tokenizer(tmp_path)
    write_counting_model(tmp_path / "model.onnx", inputs=inputs, outputs=outputs)
    found = OnnxEncoder(tmp_path).encode(["robots"])[0]
    ids = np.array([WORDS.index("[CLS]"), WORDS.index("robots"), WORDS.index("[SEP]")])
    added = np.arange(3) if "position_ids" in inputs else int("attention_mask" in inputs)
    total = (ids + added).max() if len(outputs) == 2 else (ids + added).mean()
    assert found[0] / found[1] == pytest.approx(total)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [("cls_token", 2.0), ("lasttoken", 3.0), ("max_tokens", 4.0), ("mean_tokens", 3.0)],
)
def test_tokens_become_a_text_as_the_model_says(
    tmp_path: Path, pooling: str, expected: float
) -> None:
    write_tokenizer(tmp_path)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(
        json.dumps({f"pooling_mode_{pooling}": True})
    )
    write_counting_model(
        tmp_path / "model.onnx", inputs=("input_ids",), outputs=("last_hidden_state",)
    )
    found = OnnxEncoder(tmp_path).encode(["robots"])[0]
    assert found[0] / found[1] == pytest.approx(expected)


# --- what lies in a folder ------------------------------------------------------------------------


def test_the_smallest_model_for_this_machine_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tokenizer(tmp_path)
    (tmp_path / "onnx").mkdir()
    names = (
        *("model.onnx", "model_O3.onnx", "model_qint8_arm64.onnx", "model_qint8_avx512.onnx"),
        *("model_quint8_avx2.onnx", "model_quantized.onnx"),
    )
    for name in names:
        (tmp_path / "onnx" / name).touch()
    taken = []
    for machine in ("x86_64", "x86_64", "x86_64", "arm64", "arm64"):
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        taken.append(open_folder(tmp_path).model)
        taken[-1].unlink()
    assert [path.name for path in taken] == [
        *("model_quantized.onnx", "model_quint8_avx2.onnx", "model_qint8_avx512.onnx"),
        *("model_qint8_arm64.onnx", "model.onnx"),
    ]


def test_one_file_may_be_named(folder: Path) -> None:
    file = folder / "onnx" / "model_quantized.onnx"
    assert open_folder(file) == open_folder(folder)


def test_what_is_not_said_is_taken_as_usual(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    (tmp_path / "any.onnx").touch()
    found = open_folder(tmp_path)
    assert (found.pooling, found.max_tokens) == (Pooling.MEAN, MOST_TOKENS)


def test_newer_exports_name_their_pooling_in_a_word(folder: Path) -> None:
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    assert open_folder(folder).pooling is Pooling.CLS


_TWO = '{"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}'


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("modules.json", '[{"type": "a.Transformer"}, {"type": "a.Dense"}]', r"layer \(Dense\)"),
        ("1_Pooling/config.json", '{"pooling_mode": "weighted"}', r"pools by weighted"),
        ("1_Pooling/config.json", _TWO, r"pools by cls, max"),
        ("modules.json", "[1]", r"layer \(1\)"),
    ],
)
def test_what_would_give_other_vectors_is_refused(
    folder: Path, file: str, text: str, said: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(ConfigError, match=said):
        OnnxEncoder(folder)


@pytest.mark.parametrize("text", ["{", "", "7", "null", "[" * 100_000])
@pytest.mark.parametrize(
    "file",
    [
        "modules.json",
        "1_Pooling/config.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "config.json",
        "tokenizer_config.json",
    ],
)
def test_a_damaged_file_of_a_model_is_named(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text)
    with pytest.raises(ConfigError, match=rf"{re.escape(file)} cannot be read: "):
        open_folder(folder)


# --- what may be missing --------------------------------------------------------------------------


def test_a_missing_folder_model_or_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^ranking\.model: there is no folder .*nowhere$"):
        OnnxEncoder(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"no ONNX model in [^;]*$"):
        OnnxEncoder(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ConfigError, match=r"`digest model export` makes one"):
        OnnxEncoder(tmp_path)
    (tmp_path / "model.onnx").touch()
    with pytest.raises(ConfigError, match=r"no tokenizer\.json beside"):
        OnnxEncoder(tmp_path)


def test_a_damaged_model_is_said_when_it_is_first_needed(folder: Path) -> None:
    (folder / "onnx" / "model_quantized.onnx").write_bytes(b"no model")
    encoder = OnnxEncoder(folder)
    with pytest.raises(ConfigError, match=r"model_quantized\.onnx cannot be loaded: "):
        encoder.encode(["robots"])


def test_a_graph_that_wants_something_else_is_no_text_model(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    write_counting_model(
        tmp_path / "model.onnx", inputs=("input_ids", "pixels"), outputs=("last_hidden_state",)
    )
    with pytest.raises(ConfigError, match=r"wants pixels: no text model"):
        OnnxEncoder(tmp_path).encode(["robots"])


def test_without_the_packages_it_is_said_how_to_get_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(
        ConfigError, match=r"needs the package onnxruntime: pip install 'digest\[sem"
    ):
        OnnxEncoder(folder)
