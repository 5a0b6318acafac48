"""From the name of a model to what encodes with it."""

from pathlib import Path

from digest.core.clock import Clock
from digest.core.errors import ConfigError
from digest.embedding.encoder import Encoder
from digest.embedding.endpoint import EndpointEncoder, EndpointOptions
from digest.embedding.naming import (
    EndpointName,
    OnnxName,
    SentenceTransformersName,
    parse_model,
)
from digest.embedding.onnx_model import OnnxEncoder
from digest.embedding.prompts import BY_MODEL, PromptOptions
from digest.embedding.sentence_transformers import SentenceTransformersEncoder


def choose_encoder(
    model: str,
    options: EndpointOptions,
    *,
    prompts: PromptOptions = BY_MODEL,
    folder: Path,
    user_agent: str,
    clock: Clock,
) -> Encoder:
    """The encoder of this name, not yet loaded; relative paths start from `folder`.

    Raises ConfigError when a file or package is missing, or the name names nothing.
    """
    try:
        named = parse_model(model)
    except ValueError as error:
        raise ConfigError([f"ranking.model: {error}"]) from None
    match named:
        case OnnxName(path):
            return OnnxEncoder(folder / Path(path).expanduser(), prompts)
        case SentenceTransformersName(name):
            beside = folder / Path(name).expanduser()
            return SentenceTransformersEncoder(str(beside) if beside.is_dir() else name, prompts)
        case EndpointName():
            return EndpointEncoder(
                named, options, user_agent=user_agent, clock=clock, prompts=prompts
            )
