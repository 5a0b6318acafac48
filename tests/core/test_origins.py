"""What sources say beside what a paper shows: kept where it differs, and only there."""

from typing import Any

import pytest

from digest.core.dedupe import merged_fields
from digest.core.origins import Origin, all_said, chosen, hear
from digest.core.papers import Provenance, SourceRecord
from tests.builders import make_record


class Told:
    """A paper that hears one record after another."""

    def __init__(self, *records: SourceRecord) -> None:
        self.shown: dict[str, Any] = {}
        self.provenance: dict[str, Provenance] = {}
        self.origins: dict[str, Origin] = {}
        for record in records:
            self.hear(record)

    def hear(self, record: SourceRecord) -> None:
        changed, sources, aside = merged_fields(self.shown, self.provenance, record)
        hear(self.origins, record, self.shown, changed, aside)
        self.shown |= changed
        self.provenance |= sources

    def said(self) -> dict[str, dict[str, Any]]:
        return all_said(self.origins, self.shown, self.provenance)


ARXIV = make_record(authority=90, venue="")
JOURNAL = make_record(source="journal", authority=30, title="Walking in print", venue="Gaits")


def test_one_source_and_sources_that_agree_leave_nothing_to_keep() -> None:
    told = Told(ARXIV, make_record(source="votes", authority=50))
    assert [origin.fields for origin in told.origins.values()] == [{}, {}]


def test_what_is_not_shown_is_kept_under_its_source() -> None:
    told = Told(ARXIV, JOURNAL)
    assert told.origins["journal"].fields == {"title": "Walking in print"}
    assert told.origins["arxiv"].fields == {}


def test_what_is_overruled_is_kept_under_its_source() -> None:
    told = Told(JOURNAL, ARXIV)
    assert told.shown["title"] == ARXIV.title
    assert told.origins["journal"].fields == {"title": "Walking in print"}


def test_whoever_agreed_goes_on_saying_what_is_corrected_by_another() -> None:
    told = Told(ARXIV, make_record(source="votes", authority=50))
    told.hear(make_record(authority=90, version=2, title="Walking, corrected"))
    assert told.origins["votes"].fields == {"title": ARXIV.title}
    told.hear(make_record(source="votes", authority=50, title="Walking, corrected"))
    assert told.origins["votes"].fields == {}


def test_what_a_source_said_in_an_earlier_version_is_not_kept() -> None:
    told = Told(ARXIV, make_record(authority=90, version=2, title="Walking, corrected"))
    told.hear(make_record(authority=90, version=1))
    assert told.origins["arxiv"].fields == {}
    assert told.origins["arxiv"].version == 2


def test_empty_values_are_never_kept() -> None:
    told = Told(ARXIV, make_record(source="votes", authority=50, abstract="", authors=()))
    assert told.origins["votes"].fields == {}
    assert "abstract" not in told.said()["votes"]


@pytest.mark.parametrize("records", [(ARXIV, JOURNAL), (JOURNAL, ARXIV)])
def test_everything_that_a_source_said_is_known_in_whichever_order(
    records: tuple[SourceRecord, ...],
) -> None:
    told = Told(*records)
    for record in records:
        said = told.said()[record.source]
        assert said == {n: getattr(record, n) for n in said}
        assert said.keys() >= {"title", "abstract", "authors", "url", "published_at"}
    assert "venue" not in told.said()["arxiv"]


def test_of_old_rows_only_the_title_is_taken_as_said() -> None:
    origins = {"arxiv": Origin(), "votes": Origin()}
    shown = {"title": "Walking", "abstract": "Robots fall."}
    provenance = {"title": Provenance(source="arxiv"), "abstract": Provenance(source="arxiv")}
    said = all_said(origins, {**dict.fromkeys(ALL, ""), **shown}, provenance)
    assert said == {"arxiv": shown, "votes": {"title": "Walking"}}


ALL = "authors published_at url pdf_url code_url discussion_url summary venue categories".split()


def test_the_source_of_most_authority_is_chosen_and_among_equals_the_preferred_one() -> None:
    origins = {"a": Origin(authority=5), "b": Origin(authority=5), "c": Origin(authority=4)}
    said = {"a": {"title": "A"}, "b": {"title": "B"}, "c": {"title": "C", "venue": "Gaits"}}
    values, provenance = chosen(origins, said, {})
    assert values == {"title": "A", "venue": "Gaits"}
    assert {name: p.source for name, p in provenance.items()} == {"title": "a", "venue": "c"}
    preferred = {"title": Provenance(source="b", authority=5, version=3)}
    values, provenance = chosen(origins, said, preferred)
    assert (values["title"], provenance["title"]) == ("B", preferred["title"])
