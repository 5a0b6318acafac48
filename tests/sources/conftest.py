from collections.abc import Callable, Iterator

import httpx
import pytest

from digest.core.errors import SourceError
from digest.core.fetching import FetchRequest, Page
from digest.sources.http import PoliteClient, Timeouts
from digest.sources.registry import Source
from tests.fakes import FakeClock, MemoryPaces
from tests.sources.site import AnyHost, Site, running_site

# A name for each kind of place that a redirect may lead to.
ADDRESSES = {
    "public.example": ("93.184.215.14",),
    "mirror.example": ("2606:4700::1111", "93.184.215.15"),
    "inside.example": ("93.184.215.16", "10.0.0.5"),
    "metadata.example": ("169.254.169.254",),
    "wrapped.example": ("::ffff:127.0.0.1",),
    "127.0.0.1": ("127.0.0.1",),
    "[::1]": ("::1",),
    "::1": ("::1",),
}


def collect(source: Source, request: FetchRequest) -> tuple[list[Page], SourceError | None]:
    """The pages that a fetch gives, and the error with which it breaks off."""
    pages: list[Page] = []
    try:
        pages.extend(source.fetch(request))
    except SourceError as error:
        return pages, error
    return pages, None


MakeClient = Callable[..., PoliteClient]


def resolve(host: str) -> tuple[str, ...]:
    if host not in ADDRESSES:
        raise OSError("no such name")
    return ADDRESSES[host]


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def paces() -> MemoryPaces:
    return MemoryPaces()


@pytest.fixture
def make_client(clock: FakeClock, paces: MemoryPaces) -> Iterator[MakeClient]:
    """Makes clients that share the clock and what is remembered; closed at the end."""
    made: list[PoliteClient] = []

    def make(transport: httpx.BaseTransport | None = None, **timeouts: float) -> PoliteClient:
        client = PoliteClient(
            user_agent="digest/1.0 (+https://digest.example; ops@digest.example)",
            paces=paces,
            clock=clock,
            timeouts=Timeouts(**timeouts),
            transport=transport,
            resolve=resolve,
            jitter=lambda: 0.0,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> PoliteClient:
    return make_client()


@pytest.fixture
def public_client(make_client: MakeClient, site: Site) -> PoliteClient:
    """A client for which every host name leads to the site."""
    return make_client(AnyHost(site))
