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
# The id of a forum, as in https://openreview.net/forum?id=….
OPENREVIEW = "openreview"

# The archives that gave ids before April 2007; anything else before a slash is no arXiv id.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas"
    "|cond-mat|cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin"
    "|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int|stat|supr-con"
)
_ARXIV_ID = (
    r"(?P<base>[0-9]{4}\.[0-9]{4,5}|(?:" + _ARCHIVES + r")(?:\.[A-Za-z]{2})?/[0-9]{7})"
    r"(?:v(?P<version>[0-9]{1,3}))?"
)
_ARXIV_FORMS = re.compile(
    r"(?ix) (?: ^ (?:arxiv:|oai:arxiv\.org:"
    r" | (?:https?://(?:dx\.)?doi\.org/|doi:)?10\.48550/arxiv\.)? \s*"
    r" | (?<![\w-])(?:arxiv\.org|alphaxiv\.org)/(?:abs|pdf|html|overview|format)/(?:arxiv:)?"
    r" | (?<![\w-])huggingface\.co/papers/ )"
    + _ARXIV_ID
    + r"(?=$|[^\w./]|\.pdf|\.md|/?$|[.,;)]|\s)"
)
# Publishers put the DOI into their links, with the kind of view behind it.
# None is longer than this, and what a stranger writes may be: the time must not grow with it.
_DOI = re.compile(r"(?i)(?<![\w.])(10\.[0-9]{4,9}/[^\s\"<>?#]{1,400})(?=[\s\"<>?#]|$)")
_VIEW = re.compile(
    r"(?:/(?:abstract|e?pdf|full|fulltext|html|meta|summary)|\.full|\.pdf|[.,;)/])+$"
)
_ARXIV_DOI = re.compile(r"(?i)^10\.48550/arxiv\.")
# openRxiv moved from the prefix 10.1101 to 10.64898 in December 2025; the suffix names the paper.
# Its links have a version and a view behind it.
_OPENRXIV = re.compile(
    r"^10\.(?:1101|64898)/(20\d\d\.\d\d\.\d\d\.\d{6,8})(?:v\d+(?:\.[\w.+-]*)?|\.[a-z][\w.+-]*)?$"
)


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
    doi = _VIEW.sub("", found[1].lower())
    if "/" not in doi or _ARXIV_DOI.match(doi):
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


def possible_names(text: str) -> tuple[Identifier, ...]:
    """The identifiers that `text` may stand for, likeliest first: what `identify` finds, then
    `kind:value` as a paper's page prints it, for kinds such as `feed:NAME` have colons too."""
    plain = text.strip()
    found = identify(plain)
    pieces = plain.split(":")
    printed = (
        Identifier(":".join(pieces[:n]), ":".join(pieces[n:]))
        for n in range(len(pieces) - 1, 0, -1)
    )
    return (*([found] if found else []), *(i for i in printed if i.kind and i.value))
