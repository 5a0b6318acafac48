"""The house as it was drawn: floors, no cycles, one place for the clock, SQL and environment."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "core": 0,
    "ranking": 1,
    "sources": 1,
    "embedding": 1,
    "writing": 1,
    "store": 1,
    "mail": 1,
    "evaluation": 2,
    "pipeline": 2,
    "settings": 3,
    "section_forms": 3,
    "source_sections": 3,
    "sections": 3,
    "logs": 3,
    "wiring": 4,
    "web": 5,
    "daemon": 6,
    "planner": 6,
    "demo": 6,
    "cli": 7,
    "__main__": 8,
}
# Modules of one floor that are no packages may build on each other.
SINGLE = {"settings", "sections", "section_forms", "source_sections"}
ENTRANCES = {"wiring", "daemon", "planner", "demo", "cli", "__main__"}
DATA = {"data"}  # holds files, imports nothing

PURE = {"numpy", "itsdangerous", "email_validator", "pylatexenc"}
IMPURE = {
    "os",
    "socket",
    "random",
    "secrets",
    "subprocess",
    "threading",
    "pathlib",
    "io",
    "sqlite3",
}
CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.sleep"),
    *("time.localtime", "time.gmtime", "time.perf_counter"),
}
SQL = {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
MAX_FUNCTION_LINES, MAX_FILE_LINES = 60, 400


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the program by its dotted name."""
    found = {}
    for path in sorted((ROOT / "digest").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def part(module: str) -> str:
    """The package, or single module, that a module belongs to; "" for `digest` itself."""
    return module.split(".")[1] if "." in module else ""


def imports(module: str) -> Iterator[tuple[str, ast.stmt]]:
    """The modules that a module imports, with the statements that do so."""
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            base = node.module or ""
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole if whole in modules() else base), node


def ours(module: str) -> set[str]:
    return {name for name, _ in imports(module) if name.split(".")[0] == "digest"}


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def in_parts(*wanted: str) -> list[str]:
    return [module for module in modules() if part(module) in wanted]


def outside(*parts: str) -> list[str]:
    return [module for module in modules() if part(module) not in parts]


# --- floors ---------------------------------------------------------------------------------------


def test_every_package_has_its_floor() -> None:
    assert {part(module) for module in modules()} - {""} <= {*FLOORS, *DATA}


@pytest.mark.parametrize("module", [m for m in modules() if part(m) in FLOORS])
def test_imports_go_down_and_never_sideways(module: str) -> None:
    here = part(module)
    for name in ours(module):
        there = part(name)
        if there in ("", here):
            continue
        lower = FLOORS[there] < FLOORS[here]
        assert lower or {here, there} <= SINGLE, f"{module} imports {name}"


def test_the_root_imports_nothing() -> None:
    assert list(imports("digest")) == []


def test_no_module_imports_itself_in_a_circle() -> None:
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module in done:
            return
        for name in sorted(ours(module)):
            walk(name, (*path, module))
        done.add(module)

    for module in modules():
        walk(module, ())


def test_the_core_uses_nothing_that_reaches_out() -> None:
    allowed = (set(sys.stdlib_module_names) - IMPURE) | PURE | {"digest"}
    for module in in_parts("core"):
        for name, node in imports(module):
            assert name.split(".")[0] in allowed, f"{module}:{node.lineno} imports {name}"


@pytest.mark.parametrize("module", modules())
def test_imports_stand_at_the_top(module: str) -> None:
    top = set(map(id, modules()[module].body))
    lazy = [f"line {node.lineno}: {name}" for name, node in imports(module) if id(node) not in top]
    assert lazy == []


# --- one place for each thing ---------------------------------------------------------------------


@pytest.mark.parametrize("module", outside(*ENTRANCES))
def test_only_wiring_and_entrances_read_the_clock(module: str) -> None:
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Attribute):
            name = ".".join(dotted(node).split(".")[-2:])
            assert name not in CLOCKS, f"line {node.lineno}: {name}"
    taken = {f"time.{n}" for n in _taken_from(module, "time")}
    assert not taken & CLOCKS


def _taken_from(module: str, library: str) -> set[str]:
    return {
        alias.name
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.ImportFrom) and node.module == library
        for alias in node.names
    }


@pytest.mark.parametrize("module", outside("settings"))
def test_only_the_settings_read_the_environment(module: str) -> None:
    names = [dotted(n) for n in ast.walk(modules()[module]) if isinstance(n, ast.Attribute)]
    assert not {"os.environ", "os.getenv", "os.putenv"} & set(names)
    assert not {"environ", "getenv"} & _taken_from(module, "os")


@pytest.mark.parametrize("module", outside("store"))
def test_only_the_store_speaks_sql(module: str) -> None:
    """Elsewhere a connection may be named to be handed on, and an error to be answered."""
    for name, node in imports(module):
        library = name.split(".")[0]
        assert library not in SQL or name in ("sqlalchemy", "sqlalchemy.exc"), f"{node.lineno}"
    used = {dotted(n) for n in ast.walk(modules()[module]) if isinstance(n, ast.Attribute)}
    assert {n for n in used if n.startswith(("sa.", "sqlalchemy."))} <= {"sa.Connection"}
    assert _taken_from(module, "sqlalchemy") <= {"Connection"}


@pytest.mark.parametrize("module", modules())
def test_nothing_prints_but_the_command_line(module: str) -> None:
    calls = [n for n in ast.walk(modules()[module]) if isinstance(n, ast.Call)]
    assert part(module) == "cli" or "print" not in {dotted(call.func) for call in calls}


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", modules())
def test_functions_fit_on_a_screen(module: str) -> None:
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("folder", ["digest", "migrations/env.py"])
def test_files_can_be_read_in_one_sitting(folder: str) -> None:
    paths = [ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("*.py")
    sizes = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in paths}
    assert {str(p.relative_to(ROOT)): n for p, n in sizes.items() if n > MAX_FILE_LINES} == {}
