"""Every source this program knows: to add one, write its module and add its line here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from digest.core.errors import ConfigError
from digest.core.fetching import FetchRequest, Page
from digest.sources import (
    arxiv,
    arxiv_announcement,
    arxiv_feed,
    arxiv_metadata,
    arxiv_oai,
    arxiv_rss,
    github,
    hacker_news,
    huggingface,
    openalex,
    openalex_works,
    openreview,
    openreview_notes,
    openrxiv,
    reddit,
    semantic_scholar,
)
from digest.sources.feeds import Feed
from digest.sources.http import PoliteClient

FEEDS = "feeds."


class Source(Protocol):
    """What every module here provides; see FetchRequest and Page for what is asked and given."""

    @property
    def name(self) -> str: ...

    @property
    def standing_name(self) -> str:
        """Under which name it is kept how we stand with its host, such as a pause."""

    def fetch(self, request: FetchRequest) -> Iterator[Page]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A source and its defaults.

    `build` takes the client, `url` and the source's own options, which its signature declares:
    they are the keys of its section in the configuration. `stand_ins` are the sources asked when
    this one is in trouble, `reach` is how far back this one can tell when it is one of them
    (None: as far as one asks).
    """

    build: Callable[..., Source]
    url: str
    every: timedelta
    enabled: bool = True
    stand_ins: tuple[str, ...] = ()
    reach: timedelta | None = None


def _asked_for(
    build: Callable[..., Source], url: str, *, every_h: float, reach: timedelta | None = None
) -> SourceKind:
    """A source that is left out until an operator switches it on."""
    every = timedelta(hours=every_h)
    return SourceKind(build=build, url=url, every=every, enabled=False, reach=reach)


# One announcement of arXiv's, from one midnight to the next, and the time until it is read.
_ONE_ANNOUNCEMENT = timedelta(hours=30)
SOURCES: Mapping[str, SourceKind] = {
    huggingface.NAME: SourceKind(
        build=huggingface.HuggingFace, url=huggingface.URL, every=timedelta(hours=1)
    ),
    arxiv_feed.NAME: SourceKind(
        build=arxiv.Arxiv,
        url=arxiv.URL,
        every=timedelta(hours=6),
        stand_ins=(arxiv_announcement.NAME, arxiv_metadata.NAME),
    ),
    arxiv_announcement.NAME: _asked_for(
        arxiv_rss.ArxivRss, arxiv_rss.URL, every_h=6, reach=_ONE_ANNOUNCEMENT
    ),
    # It changes once a night: whatever the hour, nothing is then more than half a day late.
    arxiv_metadata.NAME: _asked_for(arxiv_oai.ArxivOai, arxiv_oai.URL, every_h=12),
    "biorxiv": _asked_for(openrxiv.Biorxiv, openrxiv.BIORXIV_URL, every_h=6),
    "medrxiv": _asked_for(openrxiv.Medrxiv, openrxiv.MEDRXIV_URL, every_h=6),
    openreview_notes.NAME: _asked_for(openreview.OpenReview, openreview.URL, every_h=12),
    openalex_works.NAME: _asked_for(openalex.OpenAlex, openalex.URL, every_h=24),
    semantic_scholar.NAME: _asked_for(
        semantic_scholar.SemanticScholar, semantic_scholar.URL, every_h=24
    ),
    hacker_news.NAME: _asked_for(hacker_news.HackerNews, hacker_news.URL, every_h=1),
    github.NAME: _asked_for(github.GitHub, github.URL, every_h=1),
    reddit.NAME: _asked_for(reddit.Reddit, reddit.URL, every_h=1),
}


def build_sources(
    client: PoliteClient, configured: Mapping[str, Mapping[str, Any]]
) -> dict[str, Source]:
    """The sources named in `configured`, in its order, each with its options (`url` and its own).

    A name is one of SOURCES, or `feeds.NAME` for any feed, which needs its `url`.
    Raises ConfigError for a name or an option that does not exist; every mistake at once.
    """
    sources: dict[str, Source] = {}
    mistakes = []
    for name, options in configured.items():
        try:
            sources[name] = _build(client, name, options)
        except KeyError:
            mistakes.append(f"sources.{name}: there is no such source")
        except TypeError as error:
            mistakes.append(f"sources.{name}: {error}")
    if mistakes:
        raise ConfigError(mistakes)
    return sources


def _build(client: PoliteClient, name: str, options: Mapping[str, Any]) -> Source:
    if name.startswith(FEEDS):
        return Feed(client, name.removeprefix(FEEDS), **options)
    return SOURCES[name].build(client, **options)
