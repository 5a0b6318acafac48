"""Names by which the world knows a paper, in one spelling each.

An arXiv id is kept without its version: `2606.18246`, `astro-ph/0601001`
(https://info.arxiv.org/help/arxiv_identifier.html). A DOI is kept in lower case
without a resolver in front (DOI handbook, 2.4: DOI names are case-insensitive).
"""

import re
from dataclasses import dataclass
from typing import NewType
from urllib.parse import unquote

PaperId = NewType("PaperId", int)

ARXIV = "arxiv"
DOI = "doi"

_ARXIV_ID = (
    r"(?P<base>\d{4}\.\d{4,5}|[a-z][a-z\-]{1,12}(?:\.[A-Za-z]{2})?/\d{7})(?:v(?P<version>\d{1,3}))?"
)
_ARXIV_FORMS = re.compile(
    r"(?ix) (?: ^ (?:arxiv:|oai:arxiv\.org:"
    r" | (?:https?://(?:dx\.)?doi\.org/|doi:)?10\.48550/arxiv\.)? \s*"
    r" | (?:arxiv\.org|alphaxiv\.org)/(?:abs|pdf|html|overview|format)/(?:arxiv:)?"
    r" | huggingface\.co/papers/ )" + _ARXIV_ID + r"(?=$|[^\w./]|\.pdf|\.md|/?$|[.,;)]|\s)"
)
_DOI = re.compile(r"(?i)(?:^|doi\.org/|doi:\s*|\s)(10\.\d{4,9}/[^\s\"<>?#]+)")
_ARXIV_DOI = re.compile(r"(?i)^10\.48550/arxiv\.")
# openRxiv moved from the prefix 10.1101 to 10.64898 in December 2025; the suffix names the paper.
_OPENRXIV = re.compile(r"^10\.(?:1101|64898)/(20\d\d\.\d\d\.\d\d\.\d{6,8})(?:v\d+)?$")


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One name of a paper: `kind` such as `arxiv`, `doi`, `feed:NAME`, and its `value`."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class ArxivId:
    base: str
    version: int | None = None


def parse_arxiv(text: str) -> ArxivId | None:
    """The arXiv id that `text` is or links to, whatever its form; None when there is none.

    Understands plain ids, `arXiv:` and `oai:` names, the DOI 10.48550/arXiv.*, and links to
    arxiv.org, alphaxiv.org and huggingface.co/papers.
    """
    found = _ARXIV_FORMS.search(text.strip())
    if not found:
        return None
    base = found["base"]
    if "/" in base:  # the subject class of old ids is optional: math.GT/0309136 is math/0309136
        archive, number = base.split("/")
        base = f"{archive.split('.')[0].lower()}/{number}"
    return ArxivId(base, int(found["version"]) if found["version"] else None)


def parse_doi(text: str) -> str | None:
    """The DOI that `text` is or links to, in lower case; None when there is none.

    The DOI that arXiv gives its own papers is not reported: that is the arXiv id.
    """
    found = _DOI.search(unquote(text.strip()))
    if not found:
        return None
    doi = found[1].rstrip(".,;)").lower()
    if _ARXIV_DOI.match(doi):
        return None
    openrxiv = _OPENRXIV.match(doi)
    return f"10.1101/{openrxiv[1]}" if openrxiv else doi


def identify(text: str) -> Identifier | None:
    """The identifier in what a person typed or a link holds: an arXiv id first, else a DOI."""
    if arxiv := parse_arxiv(text):
        return Identifier(ARXIV, arxiv.base)
    if doi := parse_doi(text):
        return Identifier(DOI, doi)
    return None
