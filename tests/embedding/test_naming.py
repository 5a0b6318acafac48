"""What `ranking.model` may be."""

from pathlib import Path

import pytest

from digest.core.errors import ConfigError
from digest.embedding.choice import choose_encoder
from digest.embedding.endpoint import EndpointEncoder, EndpointOptions
from digest.embedding.naming import (
    EndpointName,
    OnnxName,
    SentenceTransformersName,
    parse_model,
)
from tests.fakes import FakeClock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("onnx:models/minilm", OnnxName("models/minilm")),
        ("sentence-transformers:all-MiniLM-L6-v2", SentenceTransformersName("all-MiniLM-L6-v2")),
        (
            "https://api.example.org/v1/embeddings#small-3",
            EndpointName("https://api.example.org/v1/embeddings", "small-3"),
        ),
        (
            "http://localhost:11434/v1/embeddings#org/name:tag",
            EndpointName("http://localhost:11434/v1/embeddings", "org/name:tag"),
        ),
    ],
)
def test_a_model_is_named_by_its_kind_and_place(text: str, expected: object) -> None:
    assert parse_model(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("minilm", r"'minilm' names no model: write \"onnx:FOLDER\""),
        ("onnx:", r"names no model after onnx:"),
        ("sentence-transformers: ", r"names no model after sentence-transformers:"),
        ("https://host/v1/embeddings", r"end it with #MODEL"),
        ("https:///v1#m", r"is no address"),
        ("https://key:word@host/v1#m", r"give it as ranking\.endpoint\.api_key"),
        ("onnx:" + "x" * 200, r"at most 200 characters"),
    ],
)
def test_what_names_no_model_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        parse_model(text)
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.org/v1", True),
        ("http://api.example.org/v1", False),
        ("http://localhost:8080/v1", True),
        ("http://ollama:11434/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://8.8.8.8/v1", False),
    ],
)
def test_a_key_goes_unencrypted_to_near_machines_alone(url: str, expected: bool) -> None:
    assert EndpointName(url, "m").keeps_secrets is expected


def test_an_endpoint_is_chosen_without_being_asked(tmp_path: Path) -> None:
    encoder = choose_encoder(
        "https://api.example.org/v1/embeddings#small",
        EndpointOptions(dimensions=256),
        folder=tmp_path,
        user_agent="digest",
        clock=FakeClock(),
    )
    assert isinstance(encoder, EndpointEncoder)
    assert encoder.name == "https://api.example.org/v1/embeddings#small@256"
    assert encoder.dimensions == 256


@pytest.mark.parametrize("model", ["onnx:nowhere", "nonsense"])
def test_a_model_that_is_not_there_is_a_mistake_of_the_configuration(
    tmp_path: Path, model: str
) -> None:
    with pytest.raises(ConfigError, match=r"^ranking\.model: "):
        choose_encoder(
            model, EndpointOptions(), folder=tmp_path, user_agent="digest", clock=FakeClock()
        )
