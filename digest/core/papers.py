"""Papers, the records that sources give of them, and readings of how much attention they get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from digest.core.identifiers import Identifier, PaperId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number that a source shows for a paper at the moment it is read, e.g. 53 `upvotes`."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A reading with its source and time; a paper's signals are a time series, never rewritten."""

    source: str
    metric: str
    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What one source says of one paper, cleaned to plain text.

    `ids` holds at least one identifier. `appeared_at` is when the paper came up at this source
    (listing or publication): it decides which edition may hold the paper. `authority` ranks
    sources when they disagree on a field: higher wins. `version` is the source's own, or None.
    """

    source: str
    ids: tuple[Identifier, ...]
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    appeared_at: datetime
    published_at: datetime | None = None
    updated_at: datetime | None = None
    version: int | None = None
    authority: int = 0
    url: str = ""
    pdf_url: str = ""
    code_url: str = ""
    discussion_url: str = ""
    summary: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()


# The fields of a paper that several sources may give; each is kept with where it came from. What
# is stored counts on their order: another one goes to the end.
MERGED_FIELDS = (
    "title",
    "abstract",
    "authors",
    "published_at",
    "url",
    "pdf_url",
    "code_url",
    "discussion_url",
    "summary",
    "venue",
    "categories",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which source gave a field, with what authority, from which of its versions."""

    source: str
    authority: int = 0
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper, whatever the number of sources, versions and days it came up on."""

    id: PaperId
    title: str
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime
    first_seen_at: datetime
    url: str
    pdf_url: str = ""
    code_url: str = ""
    discussion_url: str = ""
    summary: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    ids: tuple[Identifier, ...] = ()
    sources: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    provenance: Mapping[str, Provenance] = field(default_factory=dict)

    def identifier(self, kind: str) -> str | None:
        """The paper's name of this kind, the smallest where there are several."""
        return min((i.value for i in self.ids if i.kind == kind), default=None)
