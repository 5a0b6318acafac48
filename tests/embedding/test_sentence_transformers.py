"""Models through the sentence-transformers library, as far as that needs no torch."""

from pathlib import Path

import numpy as np
import pytest

from digest.core.errors import ConfigError, EncodingError
from digest.embedding import encoder as encoders
from digest.embedding.prompts import Kind, PromptOptions, Prompts
from digest.embedding.sentence_transformers import SentenceTransformersEncoder

# What is used of the library and of torch, in small.
_LIBRARY = """
import numpy as np


class Tensor:
    def __init__(self, values):
        self.values = np.asarray(values, np.float64)
        self.shape = self.values.shape

    def __getitem__(self, which):
        return Tensor(self.values[which])

    flatten = lambda self: Tensor(self.values.ravel())
    float = cpu = lambda self: self
    numpy = lambda self: self.values.astype(np.float32)


class SentenceTransformer:
    max_seq_length = 256

    def __init__(self, name):
        if name == "nowhere":
            raise OSError("nowhere is not a local folder\\nand is not a valid model identifier")
        self.seed = len(name)
        self.prompts = {"query": "query: ", "document": ""} if name == "asks" else {}
        self.default_prompt_name = "query" if name == "asks" else None

    def state_dict(self):
        return {"b": Tensor(np.arange(40) * self.seed), "a": Tensor([[1.0, 2.0]])}

    def get_sentence_embedding_dimension(self):
        return 2

    def encode(self, texts, prompt, batch_size, show_progress_bar):
        texts = [prompt + text for text in texts]
        if "" in texts:
            raise RuntimeError("empty\\ntext")
        return np.array([[len(text), 1.0] for text in texts])
"""


@pytest.fixture
def _library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sentence_transformers.py").write_text(_LIBRARY)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(encoders.importlib.sys.modules, "sentence_transformers", raising=False)


@pytest.mark.usefixtures("_library")
def test_the_library_encodes() -> None:
    encoder = SentenceTransformersEncoder("some-model")
    found = encoder.encode(["a", "bbb"])
    np.testing.assert_allclose(found[:, 0] / found[:, 1], [1, 3], rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    assert encoder.dimensions == 2
    assert encoder.encode([]).shape == (0, 2)


@pytest.mark.usefixtures("_library")
def test_a_name_is_that_of_the_weights() -> None:
    name, same, other = (
        SentenceTransformersEncoder(called).name for called in ("some-model", "same-model", "other")
    )
    assert name == same != other
    assert len(name) < 60


@pytest.mark.usefixtures("_library")
def test_prompts_are_those_of_the_model_or_of_its_family_or_those_that_are_configured() -> None:
    asks, e5 = (SentenceTransformersEncoder(name) for name in ("asks", "org/e5-small"))
    assert asks.prompts == Prompts(query="query: ")
    assert e5.prompts == Prompts(query="query: ", document="passage: ")
    said = SentenceTransformersEncoder("org/e5-small", PromptOptions(document="")).prompts
    assert said == Prompts(query="query: ")
    found = [asks.encode(["a"], kind)[0] for kind in Kind]
    assert [round(float(row[0] / row[1])) for row in found] == [len("query: a"), len("a")]


@pytest.mark.usefixtures("_library")
def test_what_the_library_says_of_trouble_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"nowhere cannot be loaded: nowhere is not a local f"):
        SentenceTransformersEncoder("nowhere").encode(["a"])
    with pytest.raises(EncodingError, match=r"the model failed: empty text"):
        SentenceTransformersEncoder("some-model").encode([""])


def test_without_the_library_it_is_said_how_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install sentence-transformers, or export"):
        SentenceTransformersEncoder("some-model")
