"""Recorded answers of bioRxiv: nothing in them may be lost."""

import json
from pathlib import Path

import pytest

from digest.core.identifiers import DOI
from digest.sources.openrxiv_details import BIORXIV, MEDRXIV, Server, parse_details

pytestmark = pytest.mark.recordings


@pytest.fixture(scope="module")
def answers(recordings: Path) -> Path:
    """The folder with a folder per service, wherever the variable points."""
    inner = recordings / "recordings"
    return inner if inner.is_dir() else recordings


def test_every_page_of_biorxiv_is_read_whole(answers: Path) -> None:
    paths = sorted((answers / "biorxiv").glob("*.json"))
    assert paths
    for path in paths:
        content = path.read_bytes()
        items = json.loads(content)["collection"]
        page = parse_details(content, server=_server(items))
        assert page.bad == ()
        assert (page.received, page.at) == (len(items), 0)
        assert page.total == int(json.loads(content)["messages"][0]["total"])
        for record, item in zip(page.records, items, strict=True):
            assert record.title == item["title"]
            assert record.abstract == item["abstract"].strip()
            assert len(record.authors) == len(item["authors"].split("; "))
            assert record.version == int(item["version"])
            assert record.ids[0].kind == DOI
            assert record.ids[0].value.partition("/")[2] == item["doi"].partition("/")[2]
            assert f"/{item['doi']}v{item['version']}" in record.url
            assert record.updated_at is not None
            assert record.updated_at.date().isoformat() == item["date"]
            assert (record.published_at is None) == (record.version != 1)
            assert record.categories == (item["category"],)


def test_the_recordings_that_are_known_hold_what_their_list_says(answers: Path) -> None:
    counts = {
        "details_2026-07-15_3rec_abstracts_cut.json": (3, 3),
        "details_category_2026-09-07_EXCERPT_2of18.json": (2, 18),
    }
    for name, (received, total) in counts.items():
        path = answers / "biorxiv" / name
        if not path.exists():
            pytest.skip("other recordings")
        page = parse_details(path.read_bytes(), server=BIORXIV)
        assert (page.received, page.total) == (received, total)


def _server(items: list[dict[str, str]]) -> Server:
    return MEDRXIV if items and items[0].get("server") == "medRxiv" else BIORXIV
