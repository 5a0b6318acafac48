"""A folder with a model in it, as sentence-transformers and its ONNX exports lay it out.

model.onnx, or onnx/model*.onnx       the graph; int8 preferred
tokenizer.json                        the tokenizer, whole
modules.json, 1_Pooling/config.json   how token vectors become one; their mean where missing
config_sentence_transformers.json     what the model wants before texts
sentence_bert_config.json, config.json, tokenizer_config.json   how many tokens it takes
"""

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

from digest.core.errors import ConfigError
from digest.embedding.prompts import (
    BY_MODEL,
    NO_PROMPTS,
    PromptOptions,
    Prompts,
    prompts_in,
    prompts_of_family,
)

_KEY = "ranking.model"
# Best first: as small as possible, made for this processor; half precision is slow on any.
_QUANTIZED = ("model_quantized.onnx", "model_int8.onnx", "model_uint8.onnx")
_OF_ARM, _OF_INTEL = (
    ("model_qint8_arm64.onnx",),
    ("model_quint8_avx2.onnx", "model_qint8_avx*.onnx"),
)
_PLAIN = ("model.onnx",)
# Abstracts are shorter, and time and memory go with the square.
MOST_TOKENS = 512
_HASHED = ("tokenizer.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json")
_HASH_CHARS = 16

_Document = TypeVar("_Document", dict[str, Any], list[Any])
_CALLED = {dict: "object", list: "array"}


class Pooling(StrEnum):
    """How the vectors of a text's tokens become the vector of the text."""

    MEAN = "mean"
    CLS = "cls"
    MAX = "max"
    LAST = "lasttoken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """`identity` is a hash of all that a vector depends on but for `prompts`."""

    model: Path
    tokenizer: Path
    pooling: Pooling
    max_tokens: int
    prompts: Prompts = NO_PROMPTS

    @property
    def identity(self) -> str:
        found = hashlib.sha256()
        folder = self.tokenizer.parent
        weights = sorted(self.model.parent.glob(f"{self.model.name}*"))  # some lie in .onnx_data
        for path in (*weights, *(folder / name for name in _HASHED)):
            if path.is_file():
                with path.open("rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
        found.update(f"{self.pooling} {self.max_tokens}".encode())
        return found.hexdigest()[:_HASH_CHARS]


def open_folder(path: Path, said: PromptOptions = BY_MODEL) -> ModelFolder:
    """What is in the folder, or around the model file, `path`. Raises ConfigError."""
    model = _model_file(path)
    folder = next((f for f in (model.parent, model.parent.parent) if _has_tokenizer(f)), None)
    if folder is None:
        raise ConfigError([f"{_KEY}: there is no tokenizer.json beside {model}"])
    return ModelFolder(
        model=model,
        tokenizer=folder / "tokenizer.json",
        pooling=_pooling(folder),
        max_tokens=_max_tokens(folder),
        prompts=_prompts(folder, said),
    )


def _has_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file()


def _model_file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise ConfigError([f"{_KEY}: there is no folder {path}"])
    found = next(_candidates(path), None)
    if found is None:
        advice = "; `digest model export` makes one of model.safetensors"
        known = (path / "model.safetensors").is_file()
        raise ConfigError([f"{_KEY}: there is no ONNX model in {path}{advice if known else ''}"])
    return found


def _candidates(folder: Path) -> Iterator[Path]:
    arm = platform.machine().lower() in ("arm64", "aarch64")
    files = [f for place in (folder / "onnx", folder) for f in sorted(place.glob("*.onnx"))]
    for pattern in (*_QUANTIZED, *(_OF_ARM if arm else _OF_INTEL), *_PLAIN):
        yield from (f for f in files if fnmatch(f.name, pattern))
    if len(files) == 1:
        yield files[0]


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file of the model; an empty one where there is no such file. Raises
    ConfigError."""
    return _document(path, dict)


def _document(path: Path, kind: type[_Document]) -> _Document:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError([f"{_KEY}: {path} cannot be read: {error}"]) from None
    if not isinstance(found, kind):
        raise ConfigError([f"{_KEY}: {path} cannot be read: it holds no JSON {_CALLED[kind]}"])
    return found


def _pooling(folder: Path) -> Pooling:
    """Raises ConfigError for what would give other vectors than the model's own."""
    modules = _document(folder / "modules.json", list)
    types = (module.get("type") if isinstance(module, dict) else module for module in modules)
    kinds = {str(one).rpartition(".")[2] for one in types}
    if unknown := kinds - {"Transformer", "Pooling", "Normalize"}:
        raise ConfigError(
            [
                f"{_KEY}: {folder} has a further layer ({', '.join(sorted(unknown))}), which is "
                f'not read here: write "sentence-transformers:{folder}"'
            ]
        )
    config = read_object(folder / "1_Pooling" / "config.json")
    wanted = {key.removeprefix("pooling_mode_") for key, on in config.items() if on is True}
    wanted = {key.removesuffix("_token").removesuffix("_tokens") for key in wanted}
    wanted.discard("include_prompt")  # see _prompts
    if isinstance(config.get("pooling_mode"), str):
        wanted = {config["pooling_mode"]}
    if not wanted:
        return Pooling.MEAN
    if len(wanted) > 1 or not wanted <= set(Pooling):
        raise ConfigError(
            [f"{_KEY}: {folder} pools by {', '.join(sorted(wanted))}, which is unknown"]
        )
    return Pooling(wanted.pop())


def _prompts(folder: Path, said: PromptOptions) -> Prompts:
    """Those that are configured, else those of the model's files, else those of its family."""
    known = prompts_in(read_object(folder / "config_sentence_transformers.json"))
    called = str(read_object(folder / "config.json").get("_name_or_path", ""))
    prompts = said.over(known or prompts_of_family(f"{called} {folder.resolve().name}"))
    pooling = read_object(folder / "1_Pooling" / "config.json")
    if prompts != NO_PROMPTS and pooling.get("include_prompt") is False:
        raise ConfigError(
            [
                f"{_KEY}: {folder} leaves its prompts out of what it pools, not done here: "
                f'write "sentence-transformers:{folder}"'
            ]
        )
    return prompts


def _max_tokens(folder: Path) -> int:
    said = (
        ("sentence_bert_config.json", "max_seq_length"),
        ("config.json", "max_position_embeddings"),
        ("tokenizer_config.json", "model_max_length"),
    )
    found = (read_object(folder / file).get(key) for file, key in said)
    return min([MOST_TOKENS, *(n for n in found if isinstance(n, int) and n > 0)])
