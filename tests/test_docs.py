"""The documents say what the program does, and nothing that it does not."""

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.core.messages import MailKind
from tests.cli.tree import COMMANDS, check_call, named_in, options_of
from tests.test_config_example import SECRET_FILES, schema_keys

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
}
ALL = "\n".join(PAGES.values())
KEYS = {*schema_keys(), *SECRET_FILES}
SECTIONS = {key.rpartition(".")[0] for key in KEYS}


def console_lines(text: str) -> Iterator[str]:
    """What is typed after `$` in the console blocks, one command a line, without comments."""
    for block in re.findall(r"(?ms)^```console\n(.*?)^```", text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                yield from re.sub(r"\s#\s.*", "", line[2:]).split("&&")


TYPED = [line.strip() for line in console_lines(ALL) if line.strip().startswith("digest ")]
MADE = [line.strip() for line in console_lines(ALL) if line.strip().startswith("make ")]
# `digest …` in running text, not in the generated reference.
MENTIONED = sorted(
    {
        mention
        for path, text in PAGES.items()
        if path.name != "CLI.md"
        for mention in re.findall(r"`digest ([^`\n]+)`", text)
    }
)


def test_the_readme_shows_commands_to_type() -> None:
    assert len(TYPED) >= 6


@pytest.mark.parametrize("line", TYPED)
def test_a_command_that_is_shown_can_be_typed(line: str) -> None:
    check_call(shlex.split(line)[1:])


@pytest.mark.parametrize("mention", MENTIONED)
def test_a_command_that_is_mentioned_exists_with_its_options(mention: str) -> None:
    name, rest = named_in(shlex.split(mention))
    assert name
    assert {word for word in rest if word.startswith("-") and word != "-"} <= options_of(name)


@pytest.mark.parametrize("line", sorted(set(MADE)))
def test_a_make_target_that_is_shown_exists(line: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^{line.split()[1]}:", makefile)


def test_every_command_has_its_place_in_the_reference() -> None:
    reference = (ROOT / "docs" / "CLI.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"## `digest {name}`" not in reference] == []


def test_the_reference_is_what_the_program_says_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    module = runpy.run_path(str(ROOT / "docs" / "cli.py"))
    written = (ROOT / "docs" / "CLI.md").read_text(encoding="utf-8")
    assert written == module["reference"](), "docs/CLI.md is not current: run `make docs`"


def table_rows() -> Iterator[tuple[str, str]]:
    """The rows of README's configuration table: a section and what is said of it."""
    for section, what in re.findall(r"(?m)^\| `\[(\S+)\]` \| (.*) \|$", README):
        yield section, re.sub(r"\([^)]*\)", "", what)  # in brackets stand values


def test_every_section_of_the_configuration_is_in_the_readme() -> None:
    told = {section.partition(".")[0] for section, _ in table_rows()}
    assert {section.partition(".")[0] for section in SECTIONS} <= told


@pytest.mark.parametrize(("section", "what"), list(table_rows()))
def test_every_key_in_the_readme_is_a_key_of_the_program(section: str, what: str) -> None:
    top = section.partition(".")[0]
    known = {part for key in KEYS if key.startswith(f"{top}.") for part in key.split(".")[1:]}
    named = set(re.findall(r"`(\w+)(?: = [^`]*)?`", what))
    assert named <= known


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_of_mail_is_described(kind: MailKind) -> None:
    assert (ROOT / "templates" / "mail" / kind).is_dir()
    assert f"`{kind}`" in ALL


def test_the_changelog_says_what_is_not_released_yet() -> None:
    changelog = PAGES[Path("CHANGELOG.md")]
    assert "## [Unreleased]" in changelog
    assert re.search(r"(?m)^### (Added|Changed|Fixed)$", changelog)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", PAGES[page])
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / page.parent / target).exists()] == []
    named = re.findall(r"`((?:docs|templates|migrations|digest|tests)/[\w./]+)`", PAGES[page])
    real = [path for path in named if not re.search("NAME|KIND", path)]
    assert [path for path in real if not (ROOT / path).exists()] == []
