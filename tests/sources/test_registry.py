import pytest

from digest.core.errors import ConfigError
from digest.sources.http import PoliteClient
from digest.sources.registry import SOURCES, build_sources


def test_every_known_source_can_be_built_with_its_url_and_goes_by_its_name(
    client: PoliteClient,
) -> None:
    configured = {name: {"url": kind.url} for name, kind in SOURCES.items()}
    sources = build_sources(client, configured)
    assert [(name, source.name) for name, source in sources.items()] == [
        (name, name) for name in SOURCES
    ]


def test_options_and_feeds_are_built_in_the_order_configured(client: PoliteClient) -> None:
    sources = build_sources(
        client,
        {
            "feeds.lab": {"url": "https://lab.example/feed"},
            "arxiv": {"categories": ("cs.AI",), "page_size": 50, "interval_seconds": 3.0},
            "huggingface": {"repoll_days": 3, "interval_seconds": 0.5},
        },
    )
    assert list(sources) == ["feeds.lab", "arxiv", "huggingface"]
    assert sources["feeds.lab"].name == "feeds.lab"


def test_every_mistake_is_named_at_once(client: PoliteClient) -> None:
    with pytest.raises(ConfigError) as caught:
        build_sources(client, {"nowhere": {}, "arxiv": {"pages": 3}, "feeds.lab": {}})
    nowhere, pages, lab = caught.value.mistakes
    assert nowhere == "sources.nowhere: there is no such source"
    assert "pages" in pages
    assert "url" in lab
