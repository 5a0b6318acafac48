"""Which stored papers the links and texts of other places speak of."""

import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.core.fetching import KnownWork, Shelf
from digest.core.identifiers import OPENREVIEW, Identifier, PaperId, identify
from digest.sources.text import github_repository

# A text that names more is a list of links: what is said of it is said of none of them.
_MOST_NAMES = 4
_MOST_CHARS = 40_000
_BATCH = 500
# What stands between links in prose, in Markdown and in HTML.
_BETWEEN = re.compile(r"[\s<>\"'`\[\]|*]+")
_SPACED_ID = re.compile(r"(?i)\barxiv:\s+(?=\d)")
# A bare number or a bare "a/b" in prose names nothing.
_OPENREVIEW = re.compile(
    r"(?i)(?<![\w-])openreview\.net/(?:forum|pdf)\?(?:[^#]*&)?id=([\w-]{6,20})"
)
_MAY_NAME = re.compile(r"(?i)arxiv|alphaxiv|huggingface\.co/papers/|10\.[0-9]{4,9}(?:/|%2f)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Names of papers, and repositories as `owner/name` in lower case: GitHub's names are
    case-insensitive."""

    ids: frozenset[Identifier] = frozenset()
    repositories: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.ids or self.repositories)


def mentioned(link: str, text: str = "") -> Mentions:
    """What a link speaks of; where that is nothing, what the text beside it does.

    Understands every form of link that `identify` and `github_repository` do, in plain text,
    Markdown and HTML. A text that names more than four is taken for a list and speaks of none.
    """
    return _named_in(link) or _named_in(text)


def _named_in(text: str) -> Mentions:
    ids, repositories = set(), set()
    plain = _SPACED_ID.sub("arXiv:", html.unescape(text[:_MOST_CHARS]))
    for token in _BETWEEN.split(plain):
        word = token.lstrip("(")
        if _MAY_NAME.search(word) and (found := identify(word)):
            ids.add(found)
        elif forum := _OPENREVIEW.search(word):
            ids.add(Identifier(OPENREVIEW, forum[1]))
        elif repository := github_repository(word):
            repositories.add(repository_key(repository))
    if len(ids) + len(repositories) > _MOST_NAMES:
        return Mentions()
    return Mentions(ids=frozenset(ids), repositories=frozenset(repositories))


def repository_key(url: str) -> str:
    """`owner/name` in lower case of a link into a repository of GitHub; "" of any other."""
    return github_repository(url).casefold().removeprefix("https://github.com/")


def works_by_repository(
    shelf: Shelf, *, since: datetime, wanted: Collection[str] | None = None
) -> dict[str, tuple[PaperId, ...]]:
    """The papers that appeared at or after `since` by their repository, highest id first.

    Only those of the `wanted` repositories, where some are given; the shelf is read in batches.
    """
    found: dict[str, tuple[PaperId, ...]] = defaultdict(tuple)
    before: PaperId | None = None
    while True:
        works = shelf.recent(since=since, limit=_BATCH, before=before, with_code=True)
        for work in works:
            key = repository_key(work.code_url)
            if key and (wanted is None or key in wanted):
                found[key] += (work.paper_id,)
        if len(works) < _BATCH:
            return dict(found)
        before = works[-1].paper_id


def papers_of(
    mentions: Sequence[Mentions], shelf: Shelf, *, code_since: datetime
) -> tuple[frozenset[PaperId], ...]:
    """For each of `mentions` the stored papers that it speaks of, perhaps none.

    A repository speaks of every paper whose code it holds and that appeared since `code_since`.
    """
    ids = {name for each in mentions for name in each.ids}
    repositories = {key for each in mentions for key in each.repositories}
    named = shelf.named(ids) if ids else {}
    coded = (
        works_by_repository(shelf, since=code_since, wanted=repositories) if repositories else {}
    )
    return tuple(
        frozenset(_ids(named[name] for name in each.ids if name in named)).union(
            *(coded.get(key, ()) for key in each.repositories)
        )
        for each in mentions
    )


def _ids(works: Iterable[KnownWork]) -> Iterable[PaperId]:
    return (work.paper_id for work in works)
