"""BibTeX and BibLaTeX, as Zotero, Mendeley, JabRef, Google Scholar, DBLP and arXiv write it.

https://ctan.org/pkg/bibtex (btxdoc, section 2), https://ctan.org/pkg/biblatex (section 2.2). An
entry whose braces do not match ends where the next begins at the start of a line.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from functools import partial

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import Entry, ParsingFailedBlock

from digest.core.errors import InvalidInput
from digest.core.latex import accented
from digest.core.references import Reference, References
from digest.sources.reference_fields import (
    MOST_AUTHORS,
    Entries,
    identifiers,
    make_reference,
    place,
    refuse_excess,
)

START = re.compile(r"(?m)^[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(]")

# It warns of every entry that it cannot read; we name them ourselves.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

_BLOCK = re.compile(r"@\w*[ \t]*[{(]")
_MOST_FIELDS = 1_000_000
_MOST_MARKS = 4_000_000
_KEY = re.compile(r"@\w*\s*[{(]\s*([^\s,{}()=]{1,100})\s*,")
_MARKS = re.compile(r"(?<!\\)[{}\"#]")
_AND = re.compile(r"(?i)\s+and\s+")
_ESCAPED = re.compile(r"\{\\([%&#_])\}|\\([%&#_])")
_BRACES = str.maketrans("", "", "{}")
_ADDED = ("date-added", "dateadded", "creationdate", "timestamp")
_LINKS = ("doi", "url", "ee", "howpublished", "bdsk-url-1", "pdf")
_WORDS = ("note", "journal", "journaltitle", "number", "howpublished", "annote", "pages")
# The extended format of names of BibLaTeX: `family=Gogh, given=Vincent, prefix=van`.
_NAME_PART = re.compile(r"\s*([a-z]+(?:-i)?)\s*=\s*(\{[^{}]*\}|\"[^\"]*\"|[^,]*)(?:,|$)")
# Nobody needs more of the raw text than this to fill a title or a name.
_TITLE_CHARS, _NAME_CHARS, _PEOPLE_CHARS = 2_000, 400, 50_000


def parse_bibtex(text: str) -> References:
    """The entries of a BibTeX text, in their order; one that is given twice comes twice."""
    refuse_excess(sum(1 for _ in _BLOCK.finditer(text)))
    _refuse_endless(text)
    library = parse_string(text, parse_stack=[])
    macros = {macro.key.lower(): macro.value for macro in library.strings}
    entries = Entries("BibTeX")
    for block in library.blocks:
        # A key or a field that is there twice is no reason to do without the entry.
        entry = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
        key = entry.key if isinstance(entry, Entry) else _key(block.raw or "")
        where = place((block.start_line or 0) + 1, key)
        if isinstance(entry, Entry):
            entries.read(where, partial(_reference, where, _fields(entry, macros)))
        elif isinstance(block, ParsingFailedBlock):
            entries.refuse(where, "its braces, quotes or commas do not match")
    return entries.all()


def _refuse_endless(text: str) -> None:
    """Raises InvalidInput for what would be hours at work, or fill the memory."""
    if text.count("=") > _MOST_FIELDS:
        raise InvalidInput(f"it has more than {_MOST_FIELDS:,} fields: export it in parts")
    if sum(map(text.count, '{}",')) > _MOST_MARKS:
        raise InvalidInput("it has more braces, quotes and commas than words: export it anew")


def _key(raw: str) -> str:
    found = _KEY.match(raw)
    return found[1] if found else ""


def _fields(entry: Entry, macros: Mapping[str, str]) -> dict[str, str]:
    """The values by lower-case names; of a field given twice the first counts."""
    fields: dict[str, str] = {}
    for field in entry.fields:
        fields.setdefault(field.key.lower(), _value(str(field.value), macros))
    return fields


def _value(raw: str, macros: Mapping[str, str]) -> str:
    """What an expression stands for: pieces in braces or quotes, numbers and macros, joined by #.

    A macro that is not defined stands for its name, as months do.
    """
    return "".join(
        _bare(macros.get(piece.lower(), piece) if piece[:1] not in '{"' else piece)
        for piece in _pieces(raw)
    )


def _pieces(raw: str) -> Iterator[str]:
    depth, quoted, start = 0, False, 0
    for mark in _MARKS.finditer(raw) if "#" in raw else ():
        match mark[0]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
            case '"' if depth == 0:
                quoted = not quoted
            case "#" if depth == 0 and not quoted:
                yield raw[start : mark.start()].strip()
                start = mark.end()
    yield raw[start:].strip()


def _bare(piece: str) -> str:
    tidy = piece.strip()
    return tidy[1:-1] if len(tidy) > 1 and tidy[0] + tidy[-1] in ("{}", '""') else tidy


def _reference(where: str, fields: Mapping[str, str]) -> Reference:
    def get(*names: str) -> str:
        return next((fields[name] for name in names if fields.get(name)), "")

    return make_reference(
        where,
        ids=identifiers(
            (*_eprints(fields), *(_verbatim(fields.get(name, "")) for name in _LINKS)),
            (_verbatim(fields.get(name, "")) for name in _WORDS),
        ),
        title=_plain(get("title", "booktitle")[:_TITLE_CHARS]),
        abstract=_plain(get("abstract")),
        authors=_people(get("author", "editor")),
        year=get("year", "date"),
        added=get(*_ADDED),
    )


def _eprints(fields: Mapping[str, str]) -> Iterator[str]:
    """What may be the arXiv id: of old ones some leave the archive to a field of its own."""
    yield fields.get("arxivid", "")
    archive = fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv"
    eprint = fields.get("eprint", "")
    if eprint and archive.strip("{} ").lower() == "arxiv":
        yield eprint.strip("{} ")
        yield f"{fields.get('primaryclass') or fields.get('eprintclass')}/{eprint.strip('{} ')}"


def _verbatim(value: str) -> str:
    r"""A link or a name without what TeX needs around it: `\url{…}`, `10.1007/978\_1`."""
    return value.replace("\\url", "").replace("\\", "").translate(_BRACES)


def _plain(value: str) -> str:
    """Text without the braces that only keep capitals; mathematics and macros stay as they are,
    as in what arXiv tells of its papers."""
    text = _ESCAPED.sub(r"\1\2", accented(value))
    return text if "\\" in text or "$" in text else text.translate(_BRACES)


def _people(value: str) -> Iterator[str]:
    """The names of a list; an `and` within braces belongs to a name."""
    held, count = "", 0
    for part in _AND.split(value[:_PEOPLE_CHARS]):
        held = f"{held} and {part}" if held else part
        if held.count("{") > held.count("}") and len(held) < _NAME_CHARS:
            continue
        if held.strip().lower() != "others" and count < MOST_AUTHORS:
            count += 1
            yield _name(held[:_NAME_CHARS])
        held = ""
    if held:
        yield _name(held[:_NAME_CHARS])


def _name(value: str) -> str:
    parts = dict(_NAME_PART.findall(value)) if "=" in value else {}
    if not parts.get("family"):
        return _plain(value)
    named = (_bare(parts.get(each, "")) for each in ("given", "prefix", "family", "suffix"))
    return _plain(" ".join(filter(None, named)))
