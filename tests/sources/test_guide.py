"""The source of `docs/SOURCES.md` works as it stands there."""

import json
import re
import types
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from digest.core.errors import SourceMalformed
from digest.core.fetching import FetchRequest, Outcome
from digest.pipeline.refresh import refresh
from digest.source_sections import section_of
from digest.sources import registry
from digest.sources.http import PoliteClient
from digest.sources.registry import SOURCES, SourceKind, build_sources
from digest.store import library
from digest.store.engine import Store
from tests.builders import make_app
from tests.fakes import NOON
from tests.sources.conftest import collect
from tests.sources.site import Reply, Request, Site

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "SOURCES.md"
MODULE, LINE = re.findall(r"(?ms)^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"))
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def archive() -> types.ModuleType:
    """The module, as if it stood in `digest/sources/archive.py`."""
    module = types.ModuleType("archive")
    exec(compile(MODULE, str(GUIDE), "exec"), module.__dict__)
    return module


@pytest.fixture
def kind(archive: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> SourceKind:
    """Its line, put into the registry."""
    names = {"archive": archive, "SourceKind": SourceKind, "timedelta": timedelta}
    lines: Mapping[str, SourceKind] = eval(f"{{{LINE}}}", names)
    monkeypatch.setattr(registry, "SOURCES", {**SOURCES, **lines})
    return lines["archive"]


def paper(number: int, **changes: object) -> dict[str, object]:
    return {"doi": f"10.5555/x{number}", "title": f"Learning to fold, part {number}"} | changes


def answering(request: Request) -> Reply:
    day = date.fromisoformat(request.params["day"])
    papers = [paper(day.day, authors=["Ada Lovelace"], likes=3)] if day.weekday() < 5 else []
    return Reply(body=json.dumps(papers).encode(), headers=JSON)


def test_its_options_are_the_keys_of_its_section(kind: SourceKind) -> None:
    section = section_of("archive", kind)
    assert section.model_validate({"first_days": 3}).options()["first_days"] == 3
    with pytest.raises(ValidationError, match="first_days"):
        section.model_validate({"first_days": 0})
    with pytest.raises(ValidationError, match="last_days"):
        section.model_validate({"last_days": 2})


def test_it_is_built_fetched_from_and_continued(
    kind: SourceKind, client: PoliteClient, site: Site, sqlite_store: Store
) -> None:
    site.answering = answering
    sources = build_sources(client, {"archive": {"url": site.url, "first_days": 2}})
    app = make_app(sqlite_store, sources=sources)
    (first,) = refresh(app).fetches
    assert (first.outcome, first.new) == (Outcome.OK, 3)  # Wednesday to Friday
    (again,) = refresh(app, only=["archive"]).fetches
    assert (again.fetched, again.new) == (1, 0)
    (back,) = refresh(app, since=date(2026, 3, 13), until=date(2026, 3, 15)).fetches
    assert (back.outcome, back.new) == (Outcome.OK, 1)
    with sqlite_store.read() as conn:
        (newest, *_) = library.latest(conn)
    assert (newest.authors, newest.sources) == (("Ada Lovelace",), ("archive",))


def test_it_tells_how_far_it_is(kind: SourceKind, client: PoliteClient, site: Site) -> None:
    site.answering = answering
    source = build_sources(client, {"archive": {"url": site.url}})["archive"]
    days = FetchRequest(now=NOON, since=date(2026, 3, 16), until=date(2026, 3, 19))
    pages, error = collect(source, days)
    assert [page.done for page in pages] == [0.25, 0.5, 0.75, 1.0]
    assert error is None


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"<html>", b"[" * 100_000])
def test_what_is_no_list_is_malformed(archive: types.ModuleType, body: bytes) -> None:
    with pytest.raises(SourceMalformed):
        archive.parse_papers(body, date(2026, 3, 20))


def test_one_bad_paper_is_a_line_and_the_others_are_kept(archive: types.ModuleType) -> None:
    body = json.dumps([paper(1), {"title": 7}, None, paper(2, authors=7, likes="many")]).encode()
    records, bad = archive.parse_papers(body, date(2026, 3, 20))
    assert [record.ids[0].value for record in records] == ["10.5555/x1", "10.5555/x2"]
    assert bad == (
        "paper 2 of 2026-03-20 has no DOI or no title",
        "paper 3 of 2026-03-20 has no DOI or no title",
    )
