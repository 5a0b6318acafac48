"""Every source this program knows: to add one, write its module and add its line here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from digest.core.errors import ConfigError
from digest.core.fetching import FetchRequest, Page
from digest.sources import arxiv, arxiv_feed, github, hacker_news, huggingface, reddit
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


SOURCES: Mapping[str, SourceKind] = {
    huggingface.NAME: SourceKind(
        build=huggingface.HuggingFace, url=huggingface.URL, every=timedelta(hours=1)
    ),
    arxiv_feed.NAME: SourceKind(build=arxiv.Arxiv, url=arxiv.URL, every=timedelta(hours=6)),
    hacker_news.NAME: SourceKind(
        build=hacker_news.HackerNews,
        url=hacker_news.URL,
        every=timedelta(hours=1),
        enabled=False,
    ),
    github.NAME: SourceKind(
        build=github.GitHub, url=github.URL, every=timedelta(hours=1), enabled=False
    ),
    reddit.NAME: SourceKind(
        build=reddit.Reddit, url=reddit.URL, every=timedelta(hours=1), enabled=False
    ),
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
