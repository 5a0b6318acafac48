"""`digest rank`: the product's own ranking on files, and how good it is."""

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from digest.cli.context import Json
from digest.cli.output import counted, note, print_json, print_table, progress, say
from digest.cli.rank_model import ModelName, VectorsFile, encoded_texts, model_space
from digest.core.errors import InvalidInput
from digest.core.latex import readable
from digest.evaluation.files import (
    JudgedPaper,
    Judgements,
    Query,
    reachable,
    read_judgements,
    read_papers,
    read_queries,
)
from digest.evaluation.lines import STDIN
from digest.evaluation.metrics import DEPTH, Quality, quality, require_measures
from digest.evaluation.runs import METHODS, SEMANTIC, Collection, Hits, Model, trec_lines

DEFAULT_METHOD = next(iter(METHODS))
_ALL_METHODS = (*METHODS, SEMANTIC)
_TOP, _TOP_ON_SCREEN = 100, 10
_MOST_BAD_NAMED = 5


_Papers = Annotated[
    Path, typer.Option(metavar="P.jsonl", help='Papers: {"id", "title", "text"} a line.')
]
_Queries = Annotated[
    Path,
    typer.Option(metavar="Q.jsonl", help='Queries: {"id"} and "text", "seeds" or "interests".'),
]


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """What came out: by query its best papers, and the ids of as many as are measured."""

    hits: dict[str, Hits] = field(default_factory=dict)
    ranked: dict[str, Sequence[str]] = field(default_factory=dict)
    prepare_s: float = 0.0
    queries_s: float = 0.0


def rank(
    ctx: typer.Context,
    papers: _Papers,
    queries: _Queries,
    qrels: Annotated[
        Path | None,
        typer.Option(metavar="R.tsv", help="Judgements to measure by: query, paper, grade."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="OUT.trec", help="Write the ranking as a TREC run.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help=f"Papers to give of each query [{_TOP}, on the screen {_TOP_ON_SCREEN}].",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help=f"How to rank: {', '.join(_ALL_METHODS)}.")
    ] = DEFAULT_METHOD,
    model: ModelName = None,
    vectors: VectorsFile = None,
    json: Json = False,
) -> None:
    """Rank papers of a file for the queries of another, and measure it.

    Runs what mails are ranked with, but for trend, diversity and the floor. Files may be
    compressed (.gz), and one may be -, stdin. A query may also have "exclude", and "cand": only
    these are ranked. Liked papers ("seeds") are never results; equal scores go by id. Measures
    are nDCG@10, average precision and recall@100, over the first 1,000 papers of each judged
    query.

    Example: digest rank --papers docs.jsonl --queries q.jsonl --qrels r.tsv
    """
    if method not in _ALL_METHODS:
        raise InvalidInput(f"there is no method {method}: there is {', '.join(_ALL_METHODS)}")
    encoded = encoded_texts(ctx, method, model, vectors)
    if qrels is not None:
        require_measures()
    _check_stdin(papers, queries, qrels)
    asked, judgements = read_queries(queries), read_judgements(qrels) if qrels else None
    wanted = top or (_TOP if json or run else _TOP_ON_SCREEN)
    rows, bad = read_papers(papers)
    _note_bad(bad)
    _note_strangers(rows, asked, judgements)
    space = model_space(encoded, rows, asked)
    done = _ranked(
        *(rows, asked, space),
        method=method,
        top=wanted,
        measured=judgements is not None,
        run=run,
    )
    found = None if judgements is None else quality(done.ranked, reachable(judgements, asked))
    if json:
        print_json(_document(done, found, method=method, papers=len(rows), top=wanted))
    else:
        _print(done, found, method=method, papers=rows, show=top is not None or run is None)


def _check_stdin(*paths: Path | None) -> None:
    if paths.count(STDIN) > 1:
        raise InvalidInput("only one of the files can be -: stdin can be read once")


def _ranked(
    papers: Sequence[JudgedPaper],
    queries: Sequence[Query],
    model: Model | None,
    *,
    method: str,
    top: int,
    measured: bool,
    run: Path | None,
) -> _Outcome:
    done = _Outcome()
    depth = max(top, DEPTH) if measured else top
    with (
        run.open("w", encoding="utf-8") if run else nullcontext() as file,
        progress("preparing the papers", len(queries)) as bar,
    ):
        started = time.perf_counter()
        collection = Collection(papers, method, model)
        ready = time.perf_counter()
        ranked = zip(queries, collection.ranked(queries, depth), strict=True)
        for number, (query, hits) in enumerate(ranked, 1):
            done.hits[query.id] = hits.first(top)
            done.ranked[query.id] = hits.papers if measured else ()
            _write(file, query, hits.first(top), method)
            bar("ranking", number)
    done.prepare_s, done.queries_s = ready - started, time.perf_counter() - ready
    return done


def _write(file: TextIO | None, query: Query, hits: Hits, method: str) -> None:
    if file is not None:
        file.writelines(trec_lines(query.id, hits, f"digest-{method}"))


def _note_bad(lines: Sequence[str]) -> None:
    for line in lines[:_MOST_BAD_NAMED]:
        note(f"{line}, passed over")
    if len(lines) > _MOST_BAD_NAMED:
        note(f"{counted(len(lines) - _MOST_BAD_NAMED, 'further line')} passed over")


def _note_strangers(
    papers: Sequence[JudgedPaper], queries: Sequence[Query], judgements: Judgements | None
) -> None:
    """Says on stderr what the files name but do not hold: it may be a mistake."""
    known = {paper.id for paper in papers}
    likes = sum(name not in known for query in queries for name in query.likes)
    candidates = sum(name not in known for query in queries for name in query.cand or ())
    judged = sum(name not in known for row in (judgements or {}).values() for name in row)
    asked = {query.id for query in queries}
    unasked = sum(query not in asked for query in judgements or {})
    for count, noun, what in (
        (likes, "liked paper", "not among the papers, passed over"),
        (candidates, "candidate", "not among the papers, passed over"),
        (judged, "judgement", "of papers that are not there, counted as not found"),
        (unasked, "judged query", "not among the queries, not counted"),
    ):
        if count:
            note(f"{counted(count, noun)} {what}")


def _document(
    done: _Outcome, found: Quality | None, *, method: str, papers: int, top: int
) -> Mapping[str, Any]:
    count = len(done.hits)
    document: dict[str, Any] = {"method": method, "papers": papers, "queries": count, "top": top}
    if found is not None:
        document |= {"judged": len(found.by_query), **_rounded(found.means)}
    document |= {
        "seconds": round(done.prepare_s + done.queries_s, 3),
        "prepare_seconds": round(done.prepare_s, 3),
        "ms_per_query": round(1000 * done.queries_s / count, 3) if count else 0.0,
    }
    if found is not None:
        document["per_query"] = {query: _rounded(row) for query, row in found.by_query.items()}
    results = {q: list(zip(hits.papers, hits.scores, strict=True)) for q, hits in done.hits.items()}
    return document | {"results": results}


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}


def _print(
    done: _Outcome,
    found: Quality | None,
    *,
    method: str,
    papers: Sequence[JudgedPaper],
    show: bool,
) -> None:
    count = len(done.hits)
    if found is None and show:
        _print_hits(done, {paper.id: paper.title or paper.text for paper in papers})
    per_query = f"{1000 * done.queries_s / count:.1f} ms" if count else "-"
    facts = {
        "method": method,
        "papers": f"{len(papers):,}",
        "queries": f"{count:,}",
        **({} if found is None else {"judged": f"{len(found.by_query):,}"}),
        **({} if found is None else {name: f"{v:.4f}" for name, v in found.means.items()}),
        "seconds": f"{done.prepare_s + done.queries_s:.2f}",
        "per query": per_query,
    }
    for name, value in facts.items():
        say(f"{name:<11} {value}")


def _print_hits(done: _Outcome, titles: Mapping[str, str]) -> None:
    print_table(
        ("query", "rank", "paper", "score", "title"),
        [
            (query, rank, paper, f"{score:.4f}", readable(titles[paper])[:120])
            for query, hits in done.hits.items()
            for rank, (paper, score) in enumerate(zip(hits.papers, hits.scores, strict=True), 1)
        ],
        empty="no paper for any query",
        fold=("title",),
    )
    say("")
