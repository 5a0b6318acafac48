"""How the configuration names a model."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

_MOST_CHARS = 200  # vectors are kept under it
ONNX, SENTENCE_TRANSFORMERS = "onnx:", "sentence-transformers:"


@dataclass(frozen=True, slots=True)
class OnnxName:
    """A folder with a model, or one file in it."""

    path: str


@dataclass(frozen=True, slots=True)
class SentenceTransformersName:
    """Whatever that library loads: a folder, or a name it knows where to fetch."""

    name: str


@dataclass(frozen=True, slots=True)
class EndpointName:
    """An address that speaks as OpenAI's /v1/embeddings does, and its name of the model."""

    url: str
    model: str

    @property
    def keeps_secrets(self) -> bool:
        """Whether a key sent there cannot be read on the way: by https, or on a near network."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return True
        try:
            return ip_address(host).is_private
        except ValueError:  # a name: without a dot it is one of this machine or its containers
            return "." not in host


ModelName: TypeAlias = OnnxName | SentenceTransformersName | EndpointName


def parse_model(text: str) -> ModelName:
    """The model that `text` names. Raises ValueError with the forms there are."""
    if len(text) > _MOST_CHARS:
        raise ValueError(f"the name of a model is at most {_MOST_CHARS} characters long")
    for scheme, kind in ((ONNX, OnnxName), (SENTENCE_TRANSFORMERS, SentenceTransformersName)):
        if text.startswith(scheme):
            rest = text.removeprefix(scheme).strip()
            if not rest:
                raise ValueError(f"{text!r} names no model after {scheme}")
            return kind(rest)
    if text.startswith(("http://", "https://")):
        return _endpoint(text)
    raise ValueError(
        f'{text!r} names no model: write "onnx:FOLDER", "sentence-transformers:NAME" or '
        '"https://HOST/v1/embeddings#MODEL"'
    )


def _endpoint(text: str) -> EndpointName:
    parts = urlsplit(text)
    if parts.username or parts.password:
        raise ValueError("the address holds a key or password: give it as ranking.endpoint.api_key")
    if not parts.hostname:
        raise ValueError(f"{text!r} is no address, e.g. https://host/v1/embeddings#model")
    if not parts.fragment:
        raise ValueError(f"{text!r} does not say which model: end it with #MODEL")
    return EndpointName(url=parts._replace(fragment="").geturl(), model=parts.fragment)
