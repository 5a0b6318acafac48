"""`digest papers`: look at what is stored, and correct what is one paper."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from digest.cli.calls import Commands
from digest.cli.context import DryRun, Json, opened_app
from digest.cli.output import counted, iso, print_json, print_table, say
from digest.core.errors import NotFound
from digest.core.latex import readable
from digest.core.papers import Paper
from digest.core.sparkline import sparkline
from digest.pipeline import browse, corrections
from digest.pipeline.browse import Sayings, Shown

app = Commands(help="Look at the papers that are stored, and correct.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="At most so many.")]
PaperName = Annotated[
    str, typer.Argument(metavar="ID", help="Its number here, an arXiv id, a DOI, or a link.")
]
_ALSO_CHARS = 72
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
    name: PaperName,
    json: Json = False,
) -> None:
    """Show one paper: its text, its origins, its readings over time.

    Example: digest papers show 2603.19235
    """
    with opened_app(ctx) as service:
        shown = browse.one(service, name)
        if shown is None:
            raise NotFound(f"there is no paper {name} here: `digest papers search` finds them")
        said = browse.sayings(service, shown.paper)
    if json:
        print_json(paper_details(shown, said))
    else:
        _print_details(shown.paper, said)


@app.command("merge")
def merge(
    ctx: typer.Context,
    name: PaperName,
    others: Annotated[list[str], typer.Argument(metavar="OTHER", help="What is the same paper.")],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make papers one, with all signals and deliveries; ID stays.

    Takes back what was split. Safe to repeat.

    Example: digest papers merge 2603.19235 10.1038/s41586-026-1234-5
    """
    with opened_app(ctx) as service:
        done = corrections.merge(service, name, others, dry_run=dry_run)
    if json:
        print_json({"paper": done.paper.id, "merged": list(done.gone), "dry_run": dry_run})
        return
    if not done.gone:
        say(f"these are one paper already: {_called(done.paper)}")
        return
    gone = ", ".join(map(str, done.gone))
    verb = "would be made" if dry_run else "made"
    say(f"{counted(len(done.gone), 'paper')} ({gone}) {verb} part of {_called(done.paper)}")


@app.command("split")
def split(
    ctx: typer.Context,
    name: PaperName,
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Its identifiers to take out, as `show` has them."),
    ],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take identifiers out of a paper into a paper of their own.

    What was joined by mistake is never joined again but by `digest papers merge`.
    The sources that gave them go along, with their signals. Whoever was sent the
    paper may be sent the one taken out. Safe to repeat.

    Example: digest papers split 2603.19235 doi:10.1038/s41586-026-1234-5
    """
    with opened_app(ctx) as service:
        done = corrections.split(service, name, names, dry_run=dry_run)
    ids = ", ".join(map(str, done.ids))
    if json:
        print_json(
            {
                "paper": done.paper.id,
                "new": done.new,
                "ids": list(map(str, done.ids)),
                "sources": list(done.sources),
                "title": done.title,
                "dry_run": dry_run,
            }
        )
    elif not done.ids:
        say(f"that was taken out before, {_called(done.paper)} has no such identifier")
    elif dry_run:
        say(f"{ids} would be taken out of {_called(done.paper)} as “{readable(done.title)}”")
    else:
        title = readable(done.title)
        say(f"{ids} taken out of {_called(done.paper)}; is now paper {done.new} “{title}”")


def _called(paper: Paper) -> str:
    return f"paper {paper.id} “{readable(paper.title)}”"


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


def paper_details(shown: Shown, said: Sayings) -> dict[str, Any]:
    """The row of a listing, and all else that is known: `readings` are the signals over time,
    `given_ids` what identifiers each source gave, `also` what it says but is not shown."""
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
        "given_ids": {source: list(names) for source, names in said.ids.items()},
        "also": said.also,
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


def _print_details(paper: Paper, said: Sayings) -> None:
    say(readable(paper.title))
    say(", ".join(paper.authors))
    origin = {field: known.source for field, known in paper.provenance.items()}
    facts = {
        "published": f"{paper.published_at:%Y-%m-%d}",
        "ids": ", ".join(map(str, paper.ids)),
        "sources": ", ".join(f"{s} ({', '.join(names) or '-'})" for s, names in said.ids.items()),
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
    for field, values in said.also.items():
        say(f"  {'also':<11} {field}: {_also(values)}")
    for (source, metric), readings in browse.series(paper).items():
        say(f"  {metric:<11} {_readings(readings)}  ({source})")
    say("")
    say(readable(paper.abstract))


def _also(values: Mapping[str, Any]) -> str:
    return ", ".join(f'"{_brief(value)}" ({source})' for source, value in sorted(values.items()))


def _brief(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = readable(value) if isinstance(value, str) else ", ".join(value)
    return text if len(text) <= _ALSO_CHARS else f"{text[: _ALSO_CHARS - 1].rstrip()}…"


def _readings(readings: Sequence[tuple[datetime, float]]) -> str:
    (start, first), (end, last) = readings[0], readings[-1]
    if len(readings) == 1:
        return f"{last:g}, read {end:%Y-%m-%d %H:%M}"
    drawn = sparkline(readings)
    return f"{drawn} {first:g} → {last:g}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
