"""A model of this machine, run by ONNX Runtime: no torch, no network."""

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digest.core.errors import ConfigError, EncodingError
from digest.embedding.encoder import Floats, one_line, require, unit_rows
from digest.embedding.folder import ModelFolder, Pooling, open_folder
from digest.embedding.prompts import BY_MODEL, Kind, PromptOptions, Prompts

INSTALL = "pip install 'digest[semantic]'"
_PURPOSE = "ranking.model: an ONNX model"
_BATCH = 16
_PROBE = "a probe"


class OnnxEncoder:
    """A model in a folder; loaded when first needed, by one thread for all.

    Texts are encoded one by one: without padding that is as fast as in batches, takes a third of
    the memory, and in int8, where a scale is shared by a whole batch, a text's vector does not
    depend on its neighbours. Raises ConfigError when something is missing.
    """

    def __init__(self, path: Path, prompts: PromptOptions = BY_MODEL) -> None:
        for package in ("onnxruntime", "tokenizers"):
            require(package, _PURPOSE, INSTALL)
        self.folder: ModelFolder = open_folder(path, prompts)
        self.batch = _BATCH
        self._name = ""
        self._loaded: tuple[Any, Any] | None = None
        self._dimensions = 0
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        with self._loading:
            self._name = self._name or f"onnx:{self.folder.identity}{self.prompts.mark}"
        return self._name

    @property
    def prompts(self) -> Prompts:
        return self.folder.prompts

    @property
    def dimensions(self) -> int:
        if not self._dimensions:
            self._dimensions = self.encode([_PROBE]).shape[1]
        return self._dimensions

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Floats:
        session, tokenizer = self._session_and_tokenizer()
        before = self.prompts.of(kind)
        try:
            found = [self._vector(session, tokenizer, before + text) for text in texts]
        except EncodingError:
            raise
        except Exception as error:  # the runtime's own kinds of error have no common base
            raise EncodingError(f"the model failed: {one_line(error)}") from error
        if not found:
            return np.zeros((0, self._dimensions), np.float32)
        return unit_rows(np.stack(found), len(texts))

    def _vector(self, session: Any, tokenizer: Any, text: str) -> Floats:
        tokens = tokenizer.encode(text)
        ids = np.array([tokens.ids], np.int64)
        known = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.arange(ids.shape[1], dtype=np.int64)[None],
        }
        wanted = {one.name: known[one.name] for one in session.get_inputs()}
        hidden: Floats = session.run([_output(session)], wanted)[0][0]
        return hidden if hidden.ndim == 1 else _pooled(hidden, self.folder.pooling)

    def _session_and_tokenizer(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
        return self._loaded

    def _load(self) -> tuple[Any, Any]:
        folder = self.folder
        onnxruntime = importlib.import_module("onnxruntime")
        tokenizers = importlib.import_module("tokenizers")
        options = onnxruntime.SessionOptions()
        # Threads that wait for work sleep: mail goes out from this machine meanwhile.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors; they are raised too
        try:
            session = onnxruntime.InferenceSession(
                str(folder.model), options, providers=["CPUExecutionProvider"]
            )
            tokenizer = tokenizers.Tokenizer.from_file(str(folder.tokenizer))
        except Exception as error:
            raise ConfigError(
                [f"ranking.model: {folder.model} cannot be loaded: {one_line(error)}"]
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(folder.max_tokens)
        names = {one.name for one in session.get_inputs()}
        if strange := names - {"input_ids", "attention_mask", "token_type_ids", "position_ids"}:
            raise ConfigError(
                [f"ranking.model: {folder.model} wants {', '.join(sorted(strange))}: no text model"]
            )
        return session, tokenizer


def _output(session: Any) -> str:
    """The output to read: the whole text's vector where the graph has one, else the tokens'."""
    names: list[str] = [one.name for one in session.get_outputs()]
    known = ("sentence_embedding", "last_hidden_state", "token_embeddings")
    return next((name for name in known if name in names), names[0])


def _pooled(hidden: Floats, pooling: Pooling) -> Floats:
    """One vector from those of a text's tokens: (tokens, width) to (width,)."""
    match pooling:
        case Pooling.CLS:
            pooled = hidden[0]
        case Pooling.LAST:
            pooled = hidden[-1]
        case Pooling.MAX:
            pooled = hidden.max(axis=0)
        case Pooling.MEAN:
            pooled = hidden.mean(axis=0)
    return np.asarray(pooled, np.float32)
