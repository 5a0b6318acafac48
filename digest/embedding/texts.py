"""What is encoded of a paper, and the name under which a text's vector is kept."""

import hashlib
from collections.abc import Sequence

from digest.core.errors import EncoderUnavailable, EncodingError
from digest.embedding.encoder import Encoder, Floats
from digest.embedding.prompts import Kind, Prompts

_HASH_CHARS = 32
# Of a batch, so many texts refused one after the other mean that it is not the texts.
_MOST_REFUSED = 3
# A text that any model takes.
_PROBE = "a probe"


def text_hash(text: str) -> str:
    """Under which the vector of a paper's text is kept."""
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]


def query_hash(text: str, prompts: Prompts) -> str:
    """Under which that of an interest is kept: the same text as a paper's has another vector
    where the model tells the two apart."""
    return text_hash(prompts.query + text)


def paper_text(title: str, abstract: str) -> str:
    """What is encoded of a paper."""
    return f"{title}. {abstract}".strip()


def encode_each(
    encoder: Encoder, texts: Sequence[str], kind: Kind = Kind.DOCUMENT
) -> list[Floats | None]:
    """A vector for each text; None for one that the model does not take, while it takes others.

    Whether a text that is alone and not taken is at fault shows another one. Raises
    EncoderUnavailable when it takes none, ConfigError as the encoder does.
    """
    try:
        return list(encoder.encode(texts, kind))
    except EncoderUnavailable:
        raise
    except EncodingError as error:
        if len(texts) == 1:
            if texts[0] != _PROBE and encode_each(encoder, [_PROBE], kind):
                return [None]
            raise EncoderUnavailable(str(error)) from error
    found: list[Floats | None] = []
    for text in texts:
        try:
            found.append(encoder.encode([text], kind)[0])
        except EncoderUnavailable:
            raise
        except EncodingError as error:
            found.append(None)
            if len(found) == _MOST_REFUSED and not any(one is not None for one in found):
                raise EncoderUnavailable(str(error)) from error
    if all(one is None for one in found):
        raise EncoderUnavailable("the model takes none of these texts")
    return found
