"""The model of `digest rank`: which it is, and the texts encoded by it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.context import clock_of, settings_of
from digest.cli.output import shares_progress
from digest.core.errors import InvalidInput
from digest.evaluation.encoded import EncodedTexts, texts_of
from digest.evaluation.files import JudgedPaper, Query
from digest.evaluation.runs import SEMANTIC, Model
from digest.wiring import named_encoder

ModelName = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help=f"For {SEMANTIC}: the model, named as in the configuration. [ranking.model]",
    ),
]
VectorsFile = Annotated[
    Path | None,
    typer.Option(metavar="V.npz", help="Keep the model's vectors here, to be encoded but once."),
]


def encoded_texts(
    ctx: typer.Context, method: str, model: str | None, file: Path | None
) -> EncodedTexts | None:
    """The model's vectors so far. Raises InvalidInput or ConfigError when there is no model."""
    if method != SEMANTIC:
        if model is not None or file is not None:
            raise InvalidInput(f"--model and --vectors are for --method {SEMANTIC}")
        return None
    settings = settings_of(ctx)
    name, folder = (model, Path()) if model else (settings.ranking.model, settings.folder)
    if not name:
        raise InvalidInput(f"--method {SEMANTIC} needs --model, or ranking.model in config.toml")
    return EncodedTexts(named_encoder(settings, clock_of(ctx), name, folder), file)


def model_space(
    encoded: EncodedTexts | None, papers: Sequence[JudgedPaper], queries: Sequence[Query]
) -> Model | None:
    """Has everything encoded that has to be, and says how far it is."""
    if encoded is None or not papers:
        return None
    with shares_progress("encoding") as bar:
        encoded.add(texts_of(papers, queries), lambda done, total: bar("texts", done, done / total))
    return encoded.space
