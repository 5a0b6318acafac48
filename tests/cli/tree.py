"""The commands of the program as the argument parser holds them."""

from collections.abc import Iterator, Sequence

from typer.main import get_command

from digest.cli.main import app
from digest.cli.program import PLACES, load


def _walk(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    yield " ".join(path), command
    for name, inner in getattr(command, "commands", {}).items():
        if inner.hidden:
            continue
        yield from _walk(inner, (*path, name))


# Every command that is for people by the words that call it, groups included; "" is the program.
TREE: dict[str, object] = {"": get_command(app)}
for _name, _place in PLACES.items():
    if _place.line:
        TREE |= _walk(load(_name), (_name,))
COMMANDS = sorted(name for name, command in TREE.items() if not hasattr(command, "commands"))


def options_of(name: str) -> set[str]:
    parameters = TREE[name].params  # type: ignore[attr-defined]
    return {option for p in parameters for option in (*p.opts, *p.secondary_opts)} | {"--help"}


def named_in(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command that a line calls, and the words after it. Global options take a value each."""
    while words and words[0].startswith("--") and words[0] in options_of(""):
        words = words[2:] if words[0] not in ("--version", "--help") else words[1:]
    for length in (2, 1, 0):
        name = " ".join(words[:length])
        if name in TREE:
            return name, list(words[length:])
    raise AssertionError("the program itself is in the tree")


def check_call(words: Sequence[str]) -> str:
    """The command that a line calls; fails unless the parser takes its options and arguments."""
    name, rest = named_in(words)
    assert name in COMMANDS, f"{' '.join(words)} is no command"
    with TREE[name].make_context(name, rest):  # type: ignore[attr-defined]
        return name
