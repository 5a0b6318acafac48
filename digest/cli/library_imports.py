"""`--import-library` and `--forget-library`: what somebody keeps in a library of their own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from digest.cli.output import counted, iso, say, warn
from digest.core.errors import InvalidInput
from digest.core.references import MOST_KEPT, Reference
from digest.core.subscribers import Subscriber
from digest.pipeline.app import App
from digest.pipeline.libraries import LibraryReport, shelf_of
from digest.sources.references import MOST_BYTES, parse_references
from digest.store import libraries

LibraryFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--import-library",
        metavar="FILE",
        help="Papers they have: BibTeX, RIS, CSV, arXiv's Atom or a list; - is stdin.",
    ),
]
ForgetLibrary = Annotated[
    bool, typer.Option("--forget-library", help="Empty their library (before an import).")
]

_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFile:
    """The entries of all files, and a line for each that cannot be used."""

    found: tuple[Reference, ...]
    bad: tuple[str, ...]


def read_files(names: Sequence[str]) -> LibraryFile:
    """What the files hold. Raises InvalidInput, naming the file, when one cannot be read."""
    if names.count(_STDIN) > 1:
        raise InvalidInput("--import-library: stdin can be read once")
    found: list[Reference] = []
    bad: list[str] = []
    for name in names:
        label = "stdin" if name == _STDIN else name
        try:
            library = parse_references(_bytes_of(name))
        except OSError as error:
            raise InvalidInput(f"{label} cannot be read: {error.strerror}") from None
        except InvalidInput as error:
            raise InvalidInput(f"{label} cannot be imported: {error}") from None
        found += library.found
        bad += (f"{label}, {line}" for line in library.bad)
    return LibraryFile(found=tuple(found), bad=tuple(bad))


def _bytes_of(name: str) -> bytes:
    """At most a byte more than is read."""
    if name == _STDIN:
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    with open(name, "rb") as file:
        return file.read(MOST_BYTES + 1)


def report_row(report: LibraryReport, bad: Sequence[str]) -> dict[str, Any]:
    return {
        "imported": report.imported,
        "kept": report.kept,
        "not_kept": report.not_kept,
        "repeated": report.repeated,
        "left_out": report.left_out,
        "untitled": report.untitled,
        "dropped": report.dropped,
        "bad": list(bad),
    }


def say_report(report: LibraryReport, bad: Sequence[str], *, dry_run: bool) -> None:
    """One line on stdout, and on stderr one for each entry that could not be used."""
    for line in bad:
        warn(line)
    verb = "would be imported" if dry_run else "imported"
    pieces = [
        f"{counted(report.imported, 'paper')} {verb}: {report.kept:,} already kept here, "
        f"{report.not_kept:,} not; {report.repeated:,} repeated"
    ]
    if bad:
        pieces.append(f"{len(bad):,} unusable")
    if report.left_out:
        pieces.append(f"{report.left_out:,} older than the {MOST_KEPT:,} that a library holds")
    if report.dropped:
        pieces.append(f"{report.dropped:,} older ones made room")
    if report.untitled:
        pieces.append(f"{report.untitled:,} without a title count once a source brings them")
    say(", ".join(pieces))


def library_row(service: App, subscriber: Subscriber) -> dict[str, Any]:
    """How large a library is, with the titles of the papers added last."""
    shelf = shelf_of(service, subscriber)
    return {"papers": shelf.size, "newest": list(shelf.newest)}


def library_rows(service: App, subscriber: Subscriber) -> list[dict[str, Any]]:
    """A whole library, for its owner to take along."""
    with service.store.read() as conn:
        papers = libraries.of_subscriber(conn, subscriber.id)
    return [
        {
            "ids": [str(name) for name in paper.ids],
            "title": paper.title,
            "abstract": paper.abstract,
            "authors": list(paper.authors),
            "year": paper.year,
            "liked_at": iso(paper.liked_at),
        }
        for paper in papers
    ]
