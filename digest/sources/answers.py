"""What comes back from a host, for the sources and for people."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl

import httpx

from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.sources.body import excerpt

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A body that is what was expected, from `url`, to which a redirect of the URL `asked` may
    have led. `moved_to` is the URL to use from now on, when the host said so for good (301,
    308)."""

    url: str
    status: int
    body: bytes
    content_type: str = ""
    moved_to: str = ""
    asked: str = ""
    _keep: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def remember(self) -> None:
        """Keeps the validators, so that the next conditional request may be answered 304.

        To be called once the body has been read and stored: a broken one is fetched again.
        """
        self._keep()

    def read(self, parse: Callable[[bytes], T]) -> T:
        """What `parse` makes of the body. Where that cannot be read and came with an error status,
        the refusal is what matters, and is raised instead."""
        try:
            return parse(self.body)
        except SourceMalformed:
            if self.status >= 400:
                raise self.refusal() from None
            raise

    def refusal(self) -> SourceUnavailable:
        """The error that says that, and with what words, this was refused."""
        asked = httpx.URL(self.asked or self.url)
        return refusal(httpx.URL(self.url), self.status, self.body, asked=asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """304: nothing new since the answer that was remembered."""

    url: str


def refusal(url: httpx.URL, status: int, body: bytes, *, asked: httpx.URL) -> SourceUnavailable:
    """The error that says with what status and words a request was refused, and no secrets."""
    if status == 410:
        return SourceUnavailable(
            f"{url.host} answered 410, gone for good: remove it from the configuration"
        )
    secrets: set[str] = set()
    for one in (url, asked):
        secrets |= {value for _, value in parse_qsl(one.query.decode("ascii", "replace"))}
        secrets |= {one.username, one.password}
    words = excerpt(body, tuple(sorted(s for s in secrets if len(s) > 3)))
    return SourceUnavailable(f"{url.host} answered {status}" + (f": {words}" if words else ""))
