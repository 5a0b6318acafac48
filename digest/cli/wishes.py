"""The options of `subscribers add` and `edit` that say what somebody wants."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from digest.cli.calls import read_by
from digest.core.errors import InvalidInput
from digest.core.interests import (
    Interest,
    InterestKind,
    interests_of,
    read_interests,
    unique_interests,
)
from digest.core.subscribers import Frequency, Language, Preferences, parse_at, parse_timezone
from digest.pipeline.app import App
from digest.pipeline.importing import MAX_PAPERS
from digest.store import library


def _by_kind(name: str, metavar: str, kind: InterestKind, about: str) -> Any:
    reading = read_by(partial(interests_of, kind))
    return typer.Option(name, metavar=metavar, callback=reading, help=about)


Interests = Annotated[
    list[str] | None,
    typer.Option(
        "--interest",
        metavar="TEXT",
        callback=read_by(read_interests),
        help="In their own words; repeatable, as the next.",
    ),
]
Keywords = Annotated[
    list[str] | None,
    _by_kind("--keyword", "TEXT", InterestKind.KEYWORD, "A phrase that must occur."),
]
Excludes = Annotated[
    list[str] | None,
    _by_kind("--exclude", "TEXT", InterestKind.EXCLUDE, "A phrase that must not."),
]
Categories = Annotated[
    list[str] | None,
    _by_kind("--category", "CAT", InterestKind.CATEGORY, "Such as cs.CL or math.*"),
]
Authors = Annotated[
    list[str] | None, _by_kind("--author", "NAME", InterestKind.AUTHOR, "To follow.")
]
Likes = Annotated[
    list[str] | None, _by_kind("--like", "PAPER_ID", InterestKind.LIKE, "A paper they liked.")
]
FrequencyOption = Annotated[Frequency | None, typer.Option("--frequency", help="How often.")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="HH:MM", callback=read_by(parse_at), help="Their time of day."),
]
TimeZone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="TZ",
        callback=read_by(parse_timezone),
        help="Such as Europe/Berlin.",
    ),
]
MaxPapers = Annotated[
    int | None,
    typer.Option("--max-papers", metavar="N", min=1, max=MAX_PAPERS, help="In one digest."),
]
Dial = Annotated[
    float | None,
    typer.Option(
        "--dial", metavar="0..1", min=0.0, max=1.0, help="0 is all relevance, 1 all trend."
    ),
]

LanguageOption = Annotated[Language | None, typer.Option("--language", help="Of their mails.")]


def gather_interests(
    app: App,
    *,
    texts: Sequence[str] | None,
    keywords: Sequence[str] | None,
    excludes: Sequence[str] | None,
    categories: Sequence[str] | None,
    authors: Sequence[str] | None,
    likes: Sequence[str] | None,
) -> tuple[Interest, ...] | None:
    """The interests that the options name, None when there is none of them.

    Raises InvalidInput for a liked paper that is not stored.
    """
    by_kind = {
        InterestKind.KEYWORD: keywords,
        InterestKind.EXCLUDE: excludes,
        InterestKind.CATEGORY: categories,
        InterestKind.AUTHOR: authors,
        InterestKind.LIKE: likes,
    }
    _require_papers(app, likes or ())
    wishes = [wish for text in texts or () for wish in read_interests(text)]
    for kind, values in by_kind.items():
        wishes.extend(wish for value in values or () for wish in interests_of(kind, value))
    return unique_interests(wishes) or None


def _require_papers(app: App, names: Sequence[str]) -> None:
    with app.store.read() as conn:
        missing = [name for name in names if library.find(conn, name) is None]
    if missing:
        raise InvalidInput(
            f"there is no paper {', '.join(missing)} here to like: "
            "`digest papers search` finds some"
        )


def gather_preferences(
    start: Preferences,
    *,
    frequency: Frequency | None,
    at: str | None,
    timezone: str | None,
    max_papers: int | None,
    dial: float | None,
    language: Language | None,
) -> Preferences:
    """`start` with what the options change."""
    return replace(
        start,
        frequency=frequency or start.frequency,
        at=parse_at(at) if at else start.at,
        timezone=parse_timezone(timezone) if timezone else start.timezone,
        max_papers=max_papers if max_papers is not None else start.max_papers,
        dial=dial if dial is not None else start.dial,
        language=language or start.language,
    )
