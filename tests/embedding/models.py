"""A tiny BERT as people share models, and what it computes, written down a second time."""

import json
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

Weights = dict[str, NDArray[np.float32]]

WORDS = "[PAD] [UNK] [CLS] [SEP] robots walk plan falls wine tax law graph".split()
LAYERS, HEADS, WIDTH, INNER, PLACES = 2, 2, 16, 32, 12
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "hidden_size": WIDTH,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": PLACES,
}


def tiny_weights(seed: int = 1) -> Weights:
    """Weights of about the size that training leaves, by their names in `BertModel`."""
    random = np.random.default_rng(seed)
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for n in range(LAYERS):
        layer = f"encoder.layer.{n}"
        linear = {
            **{f"attention.self.{name}": (WIDTH, WIDTH) for name in ("query", "key", "value")},
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }
        for name, shape in linear.items():
            shapes |= {f"{layer}.{name}.weight": shape, f"{layer}.{name}.bias": shape[:1]}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    found = {name: random.normal(0, 0.3, shape) for name, shape in shapes.items()}
    for name in norms:
        found |= {f"{name}.weight": random.normal(1, 0.1, WIDTH), f"{name}.bias": np.zeros(WIDTH)}
    return {name: value.astype(np.float32) for name, value in found.items()}


def write_safetensors(path: Path, weights: Weights, kind: str = "F32") -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, value in weights.items():
        if kind == "BF16":
            packed = (value.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            packed = value.astype({"F32": "<f4", "F16": "<f2"}[kind]).tobytes()
        place = [len(data), len(data) + len(packed)]
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": place}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def write_tokenizer(folder: Path) -> None:
    """Words in small letters; cut and padded as a careless export leaves it."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    special = [(word, vocabulary[word]) for word in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(folder / "tokenizer.json"))


def write_model(folder: Path, *, pooling: str = "mean_tokens", **config: Any) -> Path:
    """A folder as sentence-transformers saves it, not yet exported."""
    (folder / "1_Pooling").mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", tiny_weights())
    write_tokenizer(folder)
    documents: dict[str, Any] = {
        "config.json": CONFIG | config,
        "sentence_bert_config.json": {"max_seq_length": 10},
        "1_Pooling/config.json": {f"pooling_mode_{pooling}": True, "pooling_mode_max": False},
        "modules.json": [
            {"type": f"sentence_transformers.models.{kind}"} for kind in ("Transformer", "Pooling")
        ],
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document))
    return folder


def hidden_states(weights: Weights, ids: list[int]) -> NDArray[np.float64]:
    """What the model makes of one text, straight from the paper: (tokens, width)."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    e = "embeddings."
    x = w[f"{e}word_embeddings.weight"][ids] + w[f"{e}position_embeddings.weight"][: len(ids)]
    x = _norm(w, f"{e}LayerNorm", x + w[f"{e}token_type_embeddings.weight"][0])
    for n in range(LAYERS):
        at = f"encoder.layer.{n}."
        q, k, v = (
            _linear(w, f"{at}attention.self.{name}", x) for name in ("query", "key", "value")
        )
        size = WIDTH // HEADS
        seen = np.concatenate(
            [
                _head(q[:, s], k[:, s], v[:, s])
                for s in map(slice, range(0, WIDTH, size), range(size, WIDTH + 1, size))
            ],
            axis=1,
        )
        x = _norm(
            w,
            f"{at}attention.output.LayerNorm",
            _linear(w, f"{at}attention.output.dense", seen) + x,
        )
        inner = _gelu(_linear(w, f"{at}intermediate.dense", x))
        x = _norm(w, f"{at}output.LayerNorm", _linear(w, f"{at}output.dense", inner) + x)
    return x


def _linear(w: Any, name: str, x: Any) -> Any:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _norm(w: Any, name: str, x: Any) -> Any:
    x = x - x.mean(axis=1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-12)
    return x * w[f"{name}.weight"] + w[f"{name}.bias"]


def _head(q: Any, k: Any, v: Any) -> Any:
    paid = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return paid / paid.sum(axis=1, keepdims=True) @ v


def _gelu(x: Any) -> Any:
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2
