"""What an operator knows better than the dedupe: papers to be made one, papers to be taken apart.

Either sticks: no later fetch undoes it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from digest.core.errors import InvalidInput, NotFound
from digest.core.identifiers import Identifier, PaperId, possible_names
from digest.core.papers import Paper
from digest.pipeline.analyses import analyse_stored
from digest.pipeline.app import App
from digest.pipeline.refresh import STEP
from digest.pipeline.turns import turn
from digest.store import corrections, library

_LEASE_FOR = timedelta(minutes=5)
_WAIT_S = 60
_MOST_CHANGED = 2  # papers whose text a correction changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`gone` are the numbers of the papers that were made part of `paper`; none when they were
    all one already."""

    paper: Paper
    gone: tuple[PaperId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`ids` were taken out of `paper` with `sources` into the paper `new`, which is None for a
    dry run; no `ids` when they had been taken out before."""

    paper: Paper
    ids: tuple[Identifier, ...]
    sources: tuple[str, ...]
    title: str
    new: PaperId | None


def merge(app: App, name: str, others: Sequence[str], *, dry_run: bool = False) -> Merged:
    """Makes `others` part of the paper `name`, even where identifiers of one kind differ, and
    takes back rulings between them. Whatever names either from now on lands in the one row.

    Safe to repeat. Raises NotFound for a name of no paper, Busy while a fetch goes on too long.
    """
    with _writing(app, dry_run) as conn:
        paper = _paper(conn, name)
        found = (_paper(conn, other).id for other in others)
        gone = tuple(dict.fromkeys(key for key in found if key != paper.id))
        if gone and not dry_run:
            corrections.join(conn, (paper.id, *gone))
            paper = _paper(conn, str(paper.id))
    return Merged(paper=paper, gone=gone)


def split(app: App, name: str, names: Sequence[str], *, dry_run: bool = False) -> Split:
    """Takes the identifiers `names` out of the paper `name` into one of their own; see
    `store.corrections.split` for what goes along.

    Safe to repeat while `name` names the paper that stays. Raises NotFound for no paper,
    InvalidInput for a name that is not this paper's, and where nothing would stay; Busy while a
    fetch goes on too long.
    """
    with _writing(app, dry_run) as conn:
        paper = _paper(conn, name)
        ids = _ids_to_go(conn, paper, names)
        if not ids:
            return Split(paper=paper, ids=(), sources=(), title="", new=None)
        if len(ids) == len(paper.ids):
            raise InvalidInput(
                f"at least one identifier of paper {paper.id} must stay: {_listed(paper)}"
            )
        parts = corrections.parted(conn, paper.id, ids)
        new = None if dry_run else corrections.split(conn, paper.id, ids, app.clock.now())
    return Split(
        paper=paper, ids=ids, sources=tuple(sorted(parts.going)), title=parts.new["title"], new=new
    )


@contextmanager
def _writing(app: App, dry_run: bool) -> Iterator[sa.Connection]:
    """One transaction; a fetch decides page by page what is one paper, so none may go on."""
    if dry_run:
        with app.store.read() as conn:
            yield conn
        return
    with turn(app, STEP, lease_for=_LEASE_FOR, wait_s=_WAIT_S), app.store.write() as conn:
        yield conn
        analyse_stored(conn, limit=_MOST_CHANGED)


def _paper(conn: sa.Connection, name: str) -> Paper:
    paper = library.find(conn, name)
    if paper is None:
        raise NotFound(f"there is no paper {name} here: `digest papers search` finds them")
    return paper


def _ids_to_go(conn: sa.Connection, paper: Paper, names: Sequence[str]) -> tuple[Identifier, ...]:
    """Those of `names` that the paper has, without the ones that were taken out of it before."""
    found: dict[Identifier, None] = {}
    for name in names:
        possible = possible_names(name)
        own = next((i for i in possible if i in paper.ids), None)
        if own is not None:
            found[own] = None
        elif not any(corrections.ruled_apart(conn, i, paper.ids) for i in possible):
            raise InvalidInput(
                f"paper {paper.id} has no identifier {name}, it has: {_listed(paper)}"
            )
    return tuple(found)


def _listed(paper: Paper) -> str:
    return ", ".join(map(str, paper.ids))
