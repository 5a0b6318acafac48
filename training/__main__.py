"""`make model`: the table of meaning, made anew from papers and a sentence model.

Papers are read from files and folders (JSON, JSON lines, OAI-PMH; gzip or not), from a database
of digest, and, where neither is named, from the recorded answers in $DIGEST_RECORDINGS. Prints
what it was made of, how near it comes to the model, and its size. The same input gives the same
file on the same machine.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from digest.core.errors import DigestError
from digest.ranking.static_table import dump_table
from training.encoding import encoded
from training.fit import Examples, Fitted, Options, fit
from training.papers import PaperText, distinct, read_database, read_papers, read_recordings
from training.texts import sample, single_words, split_off, tokenizer_words

_HELD_OUT = 0.05


def main() -> None:
    arguments = _arguments()
    try:
        papers = distinct(_papers(arguments))
        if not papers:
            sys.exit("no paper with a title and an abstract was found")
        print(_made(papers, _model(arguments.model), arguments))
    except DigestError as error:
        sys.exit(str(error))


def _arguments() -> argparse.Namespace:
    own = Options()
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    parser.add_argument("papers", nargs="*", type=Path, help="files and folders of papers")
    parser.add_argument("--database", metavar="URL", help="a database of digest")
    parser.add_argument("--model", type=Path, required=True, help="a folder with an ONNX model")
    parser.add_argument("--out", type=Path, default=Path("model-out/static_table.npz"))
    parser.add_argument("--sentences", type=int, default=87_000, metavar="N")
    parser.add_argument("--terms", type=int, default=own.most_terms, metavar="N")
    parser.add_argument("--dimensions", type=int, default=own.dimensions, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    return parser.parse_args()


def _papers(arguments: argparse.Namespace) -> Iterator[PaperText]:
    yield from chain.from_iterable(map(read_papers, arguments.papers))
    if arguments.database:
        yield from read_database(arguments.database)
    elif not arguments.papers:
        recordings = os.environ.get("DIGEST_RECORDINGS")
        if not recordings:
            sys.exit("name files of papers, or a --database, or set DIGEST_RECORDINGS")
        yield from read_recordings(Path(recordings))


def _model(folder: Path) -> Any:
    """Loaded by name, like all that an extra brings."""
    return importlib.import_module("digest.embedding.onnx_model").OnnxEncoder(folder)


def _made(papers: tuple[PaperText, ...], model: Any, arguments: argparse.Namespace) -> str:
    """Makes and writes the table, and says what came of it."""
    texts = sample(papers, most=arguments.sentences, seed=arguments.seed)
    words = single_words(papers, tokenizer_words(model.folder.tokenizer))
    kept = arguments.out.parent / "vectors"
    sentences = Examples(texts=texts, vectors=encoded(model, texts, kept))
    learnt, held_out = split_off(len(texts), _HELD_OUT, arguments.seed)
    fitted = fit(
        sentences.at(learnt),
        Examples(texts=words, vectors=encoded(model, words, kept)),
        Options(dimensions=arguments.dimensions, most_terms=arguments.terms),
    )
    size = _write(fitted, arguments.out)
    cosine = float(fitted.cosines(sentences.at(held_out)).mean())
    return (
        f"{len(learnt):,} sentences of {len(papers):,} papers and {len(words):,} words: "
        f"{len(fitted.table.terms):,} stems x {fitted.table.dimensions}, mean cosine {cosine:.3f} "
        f"on {len(held_out):,} sentences held out, {size:,} bytes in {arguments.out}"
    )


def _write(fitted: Fitted, path: Path) -> int:
    content = dump_table(fitted.table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return len(content)


if __name__ == "__main__":
    main()
