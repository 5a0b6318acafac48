"""`digest papers`: look at what is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from digest.cli.context import Json, opened_app
from digest.cli.output import iso, print_json, print_table, say
from digest.core.errors import NotFound
from digest.core.latex import readable
from digest.core.papers import Paper
from digest.pipeline import browse
from digest.pipeline.browse import Shown

app = typer.Typer(help="Look at the papers that are stored.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="At most so many.")]
_NONE = "no papers of these days: `digest fetch` brings some"
_NOT_FOUND = "no paper matches: fewer or other words find more"

Days = Annotated[int, typer.Option(metavar="N", min=1, max=3650, help="Of the last so many days.")]


@app.command("list")
def list_papers(ctx: typer.Context, limit: Limit = 20, days: Days = 7, json: Json = False) -> None:
    """List what appeared lately, newest first.

    Example: digest papers list --days 3 --limit 50
    """
    with opened_app(ctx) as service:
        _print(browse.latest(service, days=days, limit=limit), json)


@app.command("trending")
def trending(ctx: typer.Context, limit: Limit = 20, days: Days = 7, json: Json = False) -> None:
    """List what rises fastest among the papers of the last days.

    Example: digest papers trending --limit 10
    """
    with opened_app(ctx) as service:
        _print(browse.trending(service, days=days, limit=limit), json)


@app.command("search")
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A few words.")],
    limit: Limit = 20,
    days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only of the last so many days.")
    ] = None,
    json: Json = False,
) -> None:
    """Find papers about something, best match first.

    Example: digest papers search "diffusion policies for robots"
    """
    with opened_app(ctx) as service:
        _print(browse.search(service, query, limit=limit, days=days), json, empty=_NOT_FOUND)


@app.command("show")
def show(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="Its number here, an arXiv id, a DOI, or a link.")
    ],
    json: Json = False,
) -> None:
    """Show one paper: its text, its origins, its readings over time.

    Example: digest papers show 2603.19235
    """
    with opened_app(ctx) as service:
        shown = browse.one(service, name)
    if shown is None:
        raise NotFound(f"there is no paper {name} here: `digest papers search` finds them")
    if json:
        print_json(paper_details(shown))
    else:
        _print_details(shown.paper)


def paper_row(shown: Shown) -> dict[str, Any]:
    paper = shown.paper
    ids: dict[str, str] = {}
    for identifier in paper.ids:
        ids.setdefault(identifier.kind, identifier.value)
    return {
        "id": paper.id,
        "title": paper.title,
        "authors": list(paper.authors),
        "published_at": iso(paper.published_at),
        "sources": list(paper.sources),
        "ids": ids,
        "url": paper.url,
        "score": round(shown.score, 6),
        "signals": browse.latest_readings(paper),
    }


def paper_details(shown: Shown) -> dict[str, Any]:
    """The row of a listing, and all else that is known: `readings` are the signals over time."""
    paper = shown.paper
    return paper_row(shown) | {
        "abstract": paper.abstract,
        "summary": paper.summary,
        "categories": list(paper.categories),
        "venue": paper.venue,
        "pdf_url": paper.pdf_url,
        "code_url": paper.code_url,
        "discussion_url": paper.discussion_url,
        "first_seen_at": iso(paper.first_seen_at),
        "provenance": {field: origin.source for field, origin in paper.provenance.items()},
        "readings": [
            {"source": s.source, "metric": s.metric, "at": iso(s.at), "value": s.value}
            for s in paper.signals
        ],
    }


def _print(shown: Sequence[Shown], json: bool, *, empty: str = _NONE) -> None:
    if json:
        print_json([paper_row(one) for one in shown])
        return
    print_table(
        ("id", "published", "score", "title", "authors", "why"),
        [
            (
                one.paper.identifier("arxiv") or one.paper.id,
                f"{one.paper.published_at:%Y-%m-%d}",
                f"{one.score:.3f}",
                readable(one.paper.title),
                _authors(one.paper),
                one.reason,
            )
            for one in shown
        ],
        empty=empty,
        fold=("title", "authors", "why"),
    )


def _authors(paper: Paper) -> str:
    shown = ", ".join(paper.authors[:2])
    return f"{shown} +{len(paper.authors) - 2}" if len(paper.authors) > 2 else shown


def _print_details(paper: Paper) -> None:
    say(readable(paper.title))
    say(", ".join(paper.authors))
    origin = {field: known.source for field, known in paper.provenance.items()}
    facts = {
        "published": f"{paper.published_at:%Y-%m-%d}",
        "ids": ", ".join(map(str, paper.ids)),
        "sources": ", ".join(paper.sources),
        "categories": " ".join(paper.categories),
        "venue": paper.venue,
        "url": paper.url,
        "pdf": paper.pdf_url,
        "code": paper.code_url,
        "discussion": paper.discussion_url,
        "from": ", ".join(f"{field}: {source}" for field, source in sorted(origin.items())),
    }
    for name, value in facts.items():
        if value:
            say(f"  {name:<11} {value}")
    for (source, metric), readings in browse.series(paper).items():
        say(f"  {metric:<11} {_readings(readings)}  ({source})")
    say("")
    say(readable(paper.abstract))


def _readings(readings: Sequence[tuple[datetime, float]]) -> str:
    shown = readings[-6:]
    steps = " → ".join(f"{value:g}" for _, value in shown)
    return f"{steps} since {shown[0][0]:%Y-%m-%d %H:%M}" if len(shown) > 1 else steps
