"""What each source of a paper said, so that papers joined by mistake can be taken apart again.

A paper shows one value of each field; what a source says otherwise is kept beside it, under the
source's name. In the usual case, one source or sources that agree, nothing is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from digest.core.papers import MERGED_FIELDS, Provenance, SourceRecord

Values = dict[str, Any]
_BITS = {name: 1 << place for place, name in enumerate(MERGED_FIELDS)}


@dataclass(slots=True, kw_only=True)
class Origin:
    """A source of one paper.

    `ids` are the identifiers it gave, as `kind:value` in its order; `given` is which of
    MERGED_FIELDS it ever gave, as bits in their order, 0 when that was not written down yet;
    `fields` holds what it says where the paper shows something else, never an empty value.
    """

    ids: list[str] = field(default_factory=list)
    fields: Values = field(default_factory=dict)
    given: int = 0
    authority: int = 0
    version: int | None = None
    touched: bool = False


def hear(
    origins: dict[str, Origin],
    record: SourceRecord,
    shown: Mapping[str, Any],
    changed: Mapping[str, Any],
    aside: Mapping[str, Mapping[str, Any]],
) -> None:
    """Notes in `origins` what `record` says, given what `merged_fields` made of it: the paper
    showed `shown` until now, and `changed` are the fields that are shown anew."""
    mine = origins.setdefault(record.source, Origin())
    for name in changed.keys() & shown.keys():
        if shown[name]:
            _set_aside(origins, record.source, name, shown[name])
    stale = (record.version or 0) < (mine.version or 0)
    for source, values in aside.items():
        if source in origins and not (stale and origins[source] is mine):
            origins[source].fields |= values
            origins[source].touched = True
    _give(mine, record)
    if mine.fields:
        now = {**shown, **changed}
        for name in [n for n in mine.fields if getattr(record, n) == now.get(n)]:
            del mine.fields[name]


def _set_aside(origins: Mapping[str, Origin], source: str, name: str, value: Any) -> None:
    """Whoever agreed with a value that is shown no longer goes on saying it."""
    for other, origin in origins.items():
        if other != source and origin.given & _BITS[name] and name not in origin.fields:
            origin.fields[name] = value
            origin.touched = True


def _give(origin: Origin, record: SourceRecord) -> None:
    origin.ids += [name for i in record.ids if (name := str(i)) not in origin.ids]
    for name, bit in _BITS.items():
        if getattr(record, name):
            origin.given |= bit
    origin.authority = record.authority
    if record.version is not None:
        origin.version = max(record.version, origin.version or 0)


def all_said(
    origins: Mapping[str, Origin],
    shown: Mapping[str, Any],
    provenance: Mapping[str, Provenance],
) -> dict[str, Values]:
    """All that each source says, whether it is shown or not. Where one source says two things,
    of two papers that were made one, it is what is shown; the other is in its `fields`."""
    said: dict[str, Values] = {}
    for source, origin in origins.items():
        values = said[source] = {}
        for name, bit in _BITS.items():
            known = provenance.get(name)
            if known is not None and known.source == source:
                values[name] = shown[name]
            elif name in origin.fields:
                values[name] = origin.fields[name]
            # Of old rows only this much is certain: no record comes without a title.
            elif origin.given & bit or (not origin.given and name == "title"):
                values[name] = shown[name]
    return {source: {n: v for n, v in values.items() if v} for source, values in said.items()}


def chosen(
    origins: Mapping[str, Origin],
    said: Mapping[str, Mapping[str, Any]],
    preferred: Mapping[str, Provenance],
) -> tuple[Values, dict[str, Provenance]]:
    """What a paper with these sources shows, and where each field comes from: the source of most
    authority decides, among equals the `preferred` one, else the first. A field of which no
    source says anything is left out."""
    values: Values = {}
    provenance: dict[str, Provenance] = {}
    for name in MERGED_FIELDS:
        speakers = [source for source in origins if name in said[source]]
        if not speakers:
            continue
        first = preferred.get(name)
        best = max(
            speakers,
            key=lambda s: (origins[s].authority, first is not None and first.source == s),
        )
        values[name] = said[best][name]
        provenance[name] = (
            first
            if first is not None and first.source == best
            else Provenance(
                source=best, authority=origins[best].authority, version=origins[best].version
            )
        )
    return values, provenance


def keep_differing(
    origins: Mapping[str, Origin],
    said: Mapping[str, Mapping[str, Any]],
    shown: Mapping[str, Any],
) -> None:
    """Leaves in each origin's `fields` what it says where the paper now shows something else."""
    for source, origin in origins.items():
        values = (*said[source].items(), *origin.fields.items())
        origin.fields = {name: value for name, value in values if value != shown.get(name)}
