"""The lines of files that people hand over: plain, compressed, or from a pipe."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path

from digest.core.errors import InvalidInput

STDIN = Path("-")
_GZIP_MAGIC = b"\x1f\x8b"


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """The lines that are not blank, each with its place: `docs.jsonl: line 7`; `-` is stdin.

    A file compressed with gzip is read as what it holds. It is opened once, for what came through
    a pipe cannot be read again. Raises InvalidInput where it cannot be read, and where it is no
    text, naming the line.
    """
    name, number = "stdin" if path == STDIN else str(path), 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(_unpacked(file), 1):
                if text := line.decode("utf-8-sig").strip():
                    yield f"{name}: line {number}", text
    except UnicodeDecodeError:
        raise InvalidInput(f"{name}: line {number} is not UTF-8") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InvalidInput(f"{name}: the compressed file is cut off or damaged") from None
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror or error}") from error


def _opened(path: Path) -> BufferedReader:
    return open(0, "rb", closefd=False) if path == STDIN else path.open("rb")


def _unpacked(file: BufferedReader) -> Iterable[bytes]:
    packed = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    return gzip.open(file) if packed else file
