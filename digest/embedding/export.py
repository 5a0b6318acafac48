"""A sentence model as people share it, made into the folder that `onnx:` takes."""

import importlib
import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.core.errors import InvalidInput, NotFound
from digest.embedding.encoder import require
from digest.embedding.folder import read_object
from digest.embedding.safetensors import read_weights

_WEIGHTS = "model.safetensors"
_NEEDED = (_WEIGHTS, "config.json", "tokenizer.json")
_KEPT = (
    *("tokenizer.json", "tokenizer_config.json", "config.json", "modules.json"),
    *("sentence_bert_config.json", "1_Pooling/config.json", "config_sentence_transformers.json"),
    *("README.md", "LICENSE"),
)
_GELUS = {"gelu": False, "gelu_new": True, "gelu_pytorch_tanh": True}
_INSTALL = "pip install 'digest[export]'"
_OTHERWISE = (
    "only models of the kind BERT are exported here; for others there is `optimum-cli export onnx`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    file: Path
    size_bytes: int


def find_model(name: str) -> Path:
    """The folder of a model: `name` itself, or inside an installed package of that name.

    Raises NotFound, or InvalidInput when something is missing in the folder.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        found = next(_in_package(name), None)
        if found is None:
            raise NotFound(
                f"there is no folder {name}, nor an installed package with a model in it"
            )
        folder = found
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise InvalidInput(f"{folder} has no {', '.join(missing)}")
    return folder


def _in_package(name: str) -> Iterator[Path]:
    module = name.strip().replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from (path.parent for path in sorted(Path(place).rglob(_WEIGHTS)))


def export_model(source: Path, target: Path, *, quantize: bool) -> Exported:
    """Writes the ONNX form of the model in `source`, with all that belongs to it, to the new or
    empty folder `target`; int8 if `quantize`.

    Raises InvalidInput for a model that cannot be, ConfigError when the package onnx is missing.
    """
    require("onnx", "an export", _INSTALL)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InvalidInput(f"{target} is there already: name a new folder")
    graph: Any = importlib.import_module("digest.embedding.bert_graph")
    shape = graph.Shape(**_shape(read_object(source / "config.json")))
    weights = {k.removeprefix("bert."): v for k, v in read_weights(source / _WEIGHTS).items()}
    try:
        model = graph.bert_graph(weights, shape, quantize=quantize)
    except KeyError as error:
        raise InvalidInput(f"{source / _WEIGHTS} lacks {error}: {_OTHERWISE}") from None
    for name in _KEPT:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
    file = target / "onnx" / ("model_quantized.onnx" if quantize else "model.onnx")
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(model.SerializeToString())
    return Exported(file=file, size_bytes=file.stat().st_size)


def _shape(config: dict[str, Any]) -> dict[str, Any]:
    kind, gelu = config.get("model_type"), config.get("hidden_act", "gelu")
    places = config.get("position_embedding_type", "absolute")
    if kind != "bert" or gelu not in _GELUS or places != "absolute":
        raise InvalidInput(f"this model is of the kind {kind!r} ({gelu}, {places}): {_OTHERWISE}")
    try:
        return {
            "layers": int(config["num_hidden_layers"]),
            "heads": int(config["num_attention_heads"]),
            "width": int(config["hidden_size"]),
            "epsilon": float(config.get("layer_norm_eps", 1e-12)),
            "tanh_gelu": _GELUS[gelu],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"config.json does not say the model's shape: {error}") from None
