"""Any model that the sentence-transformers library loads, where that is installed."""

import hashlib
import importlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from digest.core.errors import ConfigError, EncodingError
from digest.embedding.encoder import Floats, one_line, require, unit_rows
from digest.embedding.prompts import (
    BY_MODEL,
    Kind,
    PromptOptions,
    Prompts,
    prompts_in,
    prompts_of_family,
)

_PACKAGE = "sentence_transformers"
_PURPOSE = "ranking.model: a sentence-transformers model"
_INSTALL = "pip install sentence-transformers, or export the model to ONNX and write onnx:FOLDER"
_BATCH = 16
# Of each layer: a model that was trained on, or is another, differs in nearly all its numbers.
_SAMPLED = 16
_HASH_CHARS = 16


class SentenceTransformersEncoder:
    """A model by the name the library has for it; loaded when first needed.

    A name that is no folder may be fetched from the network by the library, once. Raises
    ConfigError when the library is not installed.
    """

    def __init__(self, name: str, prompts: PromptOptions = BY_MODEL) -> None:
        require(_PACKAGE, _PURPOSE, _INSTALL)
        self._called = name
        self._said = prompts
        self.batch = _BATCH
        self._model: Any = None
        self._name = ""
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        model = self._loaded()
        self._name = self._name or f"{_PACKAGE}:{fingerprint(model)}{self.prompts.mark}"
        return self._name

    @property
    def prompts(self) -> Prompts:
        model = self._loaded()
        named = {name: getattr(model, name, None) for name in ("prompts", "default_prompt_name")}
        return self._said.over(prompts_in(named) or prompts_of_family(self._called))

    @property
    def dimensions(self) -> int:
        model = self._loaded()
        ask = getattr(model, "get_embedding_dimension", None)  # from version 6 on
        return int((ask or model.get_sentence_embedding_dimension)() or 0)

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Floats:
        model = self._loaded()
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        # Always said, as the library would else take the model's default, whatever the kind.
        prompt = self.prompts.of(kind)
        try:
            found = model.encode(
                list(texts), prompt=prompt, batch_size=self.batch, show_progress_bar=False
            )
        except Exception as error:  # whatever torch and the model's own code may raise
            raise EncodingError(f"the model failed: {one_line(error)}") from error
        return unit_rows(np.asarray(found, np.float32), len(texts))

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = self._load()
        return self._model

    def _load(self) -> Any:
        try:
            return importlib.import_module(_PACKAGE).SentenceTransformer(self._called)
        except Exception as error:  # files, network, versions: the library's own kinds
            raise ConfigError(
                [f"ranking.model: {self._called} cannot be loaded: {one_line(error)}"]
            ) from error


def fingerprint(model: Any) -> str:
    """A hash of a sample of its weights, and of how many tokens it takes."""
    found = hashlib.sha256(f"{getattr(model, 'max_seq_length', '')}".encode())
    for layer, weights in sorted(model.state_dict().items()):
        sample = weights.flatten()[:_SAMPLED].float().cpu().numpy()
        found.update(f"{layer} {tuple(weights.shape)}".encode())
        found.update(sample.astype("<f4").tobytes())
    return found.hexdigest()[:_HASH_CHARS]
