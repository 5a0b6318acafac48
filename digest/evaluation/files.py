"""The files of a judged collection: papers and queries as JSON lines, judgements as a table.

Any of them may be compressed with gzip. A paper that cannot be used is told by its line and passed
over, for nothing could name it; a query or a judgement that cannot be used is an error, for what
is measured would silently be something else.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from digest.core.errors import InvalidInput
from digest.core.identifiers import PaperId
from digest.core.interests import Interest, InterestKind, read_interests
from digest.evaluation.lines import numbered_lines
from digest.ranking.corpus import RankingPaper

# What reads runs takes a space for the next column, and NUL for the end of the text.
_NOT_IN_A_NAME = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
# Every text is on one line, and its number in the file is told already.
_LINE_IN_TEXT = re.compile(r" at line 1 (?=column \d+$)")
_WHOLE = re.compile(r"^-?\d{1,9}$", re.ASCII)

Judgements = Mapping[str, Mapping[str, int]]
"""By the query's id and the paper's id, how well the paper answers; 0 is not at all."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    id: str = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _fits_a_run(cls, name: str) -> str:
        if _NOT_IN_A_NAME.search(name):
            raise ValueError("has a space or a control character")
        return name

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, row: object) -> object:
        if not isinstance(row, dict):
            raise ValueError("is no JSON object")
        return {name: value for name, value in row.items() if value is not None}


class JudgedPaper(_Line):
    """One paper: `{"id", "title", "text"}`; `abstract` is another name of `text`."""

    title: str = ""
    text: str = Field("", validation_alias=AliasChoices("text", "abstract"))
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    venue: str = ""

    def candidate(self, number: int) -> RankingPaper:
        """The paper as ranking takes it, under a number of its own."""
        return RankingPaper(
            paper_id=PaperId(number),
            title=self.title,
            abstract=self.text,
            authors=self.authors,
            categories=self.categories,
            venue=self.venue,
        )


class Query(_Line):
    """What one person wants, in any mix of

    - `text` or `facet_text`: an interest in prose;
    - `seeds` or `doc`: ids of papers they like, never counted as results;
    - `interests`: lines as a person writes them, `author: Kaiming He`;
    - `exclude`: terms whose papers are never results.

    Where there is `cand`, these papers are ranked and no others.
    """

    text: str = ""
    facet_text: str = ""
    seeds: tuple[str, ...] = ()
    doc: str = ""
    interest_lines: tuple[str, ...] = Field((), alias="interests")
    exclude: tuple[str, ...] = ()
    cand: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _wants_something(self) -> "Query":
        if not self.interests:
            raise ValueError("wants nothing: it needs text, seeds or interests")
        return self

    @property
    def likes(self) -> tuple[str, ...]:
        """The ids of liked papers, each once, in order."""
        return tuple(dict.fromkeys((*self.seeds, self.doc) if self.doc else self.seeds))

    @property
    def interests(self) -> tuple[Interest, ...]:
        """All of it as interests; a like's value is the paper's id in the file."""
        prose = (" ".join(text.split()) for text in (self.text, self.facet_text))
        return (
            *(Interest(InterestKind.TEXT, text) for text in prose if text),
            *(Interest(InterestKind.LIKE, name) for name in self.likes),
            *chain.from_iterable(map(read_interests, self.interest_lines)),
            *(Interest(InterestKind.EXCLUDE, term) for term in self.exclude),
        )


def read_papers(path: Path) -> tuple[tuple[JudgedPaper, ...], tuple[str, ...]]:
    """The papers of a JSON lines file in order, and a line on each that is passed over.

    Raises InvalidInput when not one can be used though there are lines.
    """
    papers: dict[str, JudgedPaper] = {}
    bad: list[str] = []
    for place, line in numbered_lines(path):
        try:
            paper = JudgedPaper.model_validate_json(line)
        except ValueError as error:
            bad.append(f"{place}: {_mistake(error)}")
            continue
        if papers.setdefault(paper.id, paper) is not paper:
            bad.append(f"{place}: {paper.id} was there before")
    if bad and not papers:
        raise InvalidInput(bad[0])
    return tuple(papers.values()), tuple(bad)


def read_queries(path: Path) -> tuple[Query, ...]:
    """The queries of a JSON lines file in order. Raises InvalidInput naming the line."""
    queries: dict[str, Query] = {}
    for place, line in numbered_lines(path):
        try:
            query = Query.model_validate_json(line)
        except (ValueError, InvalidInput) as error:
            raise InvalidInput(f"{place}: {_mistake(error)}") from None
        if queries.setdefault(query.id, query) is not query:
            raise InvalidInput(f"{place}: {query.id} was there before")
    return tuple(queries.values())


def read_judgements(path: Path) -> Judgements:
    """A table of query, paper and grade, or TREC's four columns with an unused second one.

    Columns are divided by tabs, or by any space in a line without two of them. Raises
    InvalidInput naming the line, also where it contradicts another.
    """
    found: dict[str, dict[str, int]] = {}
    for place, line in numbered_lines(path):
        match _columns(line):
            case [query, paper, grade] | [query, _, paper, grade] if _WHOLE.match(grade):
                row = found.setdefault(query, {})
                if row.setdefault(paper, int(grade)) != int(grade):
                    raise InvalidInput(f"{place}: {paper} had another grade for {query} before")
            case _:
                raise InvalidInput(f"{place}: expected a query, a paper and a whole number")
    return found


def _columns(line: str) -> list[str]:
    """The columns of a judgement; none where one of them could be no name."""
    by_tab = [one.strip() for one in line.split("\t")]
    columns = by_tab if len(by_tab) > 2 else line.split()
    return [] if any(not one or _NOT_IN_A_NAME.search(one) for one in columns) else columns


def reachable(judgements: Judgements, queries: Sequence[Query]) -> Judgements:
    """The judgements of papers that could be results: all but those that the query is of."""
    likes = {query.id: set(query.likes) for query in queries}
    return {
        query: {name: grade for name, grade in row.items() if name not in likes.get(query, ())}
        for query, row in judgements.items()
    }


def _mistake(error: ValueError | InvalidInput) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    message = _LINE_IN_TEXT.sub(" at ", first["msg"].removeprefix("Value error, "))
    return f"{place}: {message}" if place else message
