"""A library as CSV, by what its columns are called: Zotero's export, Google Scholar's, Scopus'.

https://www.zotero.org/support/kb/exporting says that CSV is one of Zotero's forms.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from digest.core.references import Reference, References
from digest.sources.reference_fields import Entries, identifiers, make_reference, place

_COLUMNS = {
    "title": ("title",),
    "abstract": ("abstract note", "abstract"),
    "authors": ("author", "authors"),
    "year": ("publication year", "year", "date"),
    "doi": ("doi",),
    "url": ("url", "link"),
    "extra": ("extra", "number", "publication title", "publication"),
    "added": ("date added",),
    "key": ("key",),
    "kind": ("item type",),
}
_DELIMITERS = ",;\t"
_NO_PAPERS = frozenset({"attachment", "note", "annotation"})


def header(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The delimiter and the columns, in lower case, of a table of papers; None for another text.

    It has a column for titles, and one more that is known.
    """
    line = text.lstrip().partition("\n")[0]
    for delimiter in _DELIMITERS if len(line) < 10_000 else "":
        cells = next(csv.reader([line], delimiter=delimiter), [])
        columns = tuple(cell.strip().lower() for cell in cells)
        known = {name for name, choices in _COLUMNS.items() if set(choices) & set(columns)}
        if "title" in known and len(known) > 1:
            return delimiter, columns
    return None


def parse_table(text: str, delimiter: str, columns: Sequence[str]) -> References:
    """The rows under a header that `header` read, in their order."""
    entries = Entries("CSV")
    for line, cells in _rows(text, delimiter):
        row = dict(zip(columns, cells or (), strict=False))
        where = place(line, _cell(row, "key"))
        if cells is None:
            entries.refuse(where, "a cell is too long, or a quote is not closed")
        else:
            entries.read(where, partial(_reference, where, row))
    return entries.all()


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """The number of the first line of each row below the header, with its cells; None for a row
    that cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    seen_header = False
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if any(cell.strip() for cell in cells):
            if seen_header:
                yield line, cells
            seen_header = True


def _cell(row: Mapping[str, str], name: str) -> str:
    return next((row[column].strip() for column in _COLUMNS[name] if row.get(column)), "")


def _reference(where: str, row: Mapping[str, str]) -> Reference:
    kind = _cell(row, "kind").lower()
    if kind in _NO_PAPERS:
        raise ValueError(f"it is no paper: {kind}")
    return make_reference(
        where,
        ids=identifiers(
            (_cell(row, "doi"), _cell(row, "url")),
            (row.get(column, "") for column in _COLUMNS["extra"]),
        ),
        title=_cell(row, "title"),
        abstract=_cell(row, "abstract"),
        authors=_cell(row, "authors").split(";"),
        year=_cell(row, "year"),
        added=_cell(row, "added"),
    )
