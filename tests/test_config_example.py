"""`config.example.toml` documents every key of the configuration, and changes none of them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from digest.sections import DkimSection, Sections
from digest.settings import Settings, load_settings
from digest.source_sections import SourceSection

EXAMPLE = Path(__file__).resolve().parents[1] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
LINES = TEXT.splitlines()
_KEY = re.compile(r"(?:# )?(\w+) = ")
_SECTION = re.compile(r"(?:# )?\[([\w.]+)\]$")
# A secret may be read from a file instead: the loader's own keys, which the schema never sees.
SECRET_FILES = {
    "database.url_file",
    "smtp.password_file",
    "mailbox.password_file",
    "security.secret_key_file",
    "web.metrics_token_file",
    "ranking.endpoint.api_key_file",
    "summaries.api_key_file",
    "sources.openalex.api_key_file",
    "sources.semantic_scholar.api_key_file",
    "sources.openreview.password_file",
    "sources.github.token_file",
    "sources.reddit.client_secret_file",
}


def schema_keys(model: type[BaseModel] = Sections, prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = _section_of(field.annotation)
        if key == "sources.feeds":
            yield from schema_keys(SourceSection, "sources.feeds.NAME.")
        elif inner is not None:
            yield from schema_keys(inner, f"{key}.")
        else:
            yield key


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def documented() -> Iterator[tuple[str, int]]:
    """Every key of the file, commented out or not, with the number of its line."""
    section = ""
    for number, line in enumerate(LINES):
        if found := _SECTION.match(line):
            section = found[1]
        elif found := _KEY.match(line):
            yield f"{section}.{found[1]}", number


def test_the_example_as_it_stands_is_the_same_as_no_file_at_all() -> None:
    settings = load_settings(EXAMPLE, {})
    assert settings == Settings(folder=settings.folder)


def test_every_key_of_the_schema_is_in_the_example_and_nothing_else_is() -> None:
    keys = [key for key, _ in documented()]
    assert sorted(keys) == sorted({*schema_keys(), *SECRET_FILES})


def test_every_key_is_preceded_by_a_line_of_why() -> None:
    for key, number in documented():
        before = LINES[number - 1]
        assert before.startswith("# "), f"{key} has no comment"
        assert not _KEY.match(before), f"{key} shares its comment with the key before"
        assert not _SECTION.match(before), f"{key} has no comment"


def test_no_line_is_longer_than_a_hundred_characters() -> None:
    assert [line for line in LINES if len(line) > 100] == []


@pytest.mark.parametrize(
    ("section", "kind"), [("dkim", DkimSection), ("sources.feeds.NAME", SourceSection)]
)
def test_a_section_that_is_commented_out_is_valid_once_the_marks_are_gone(
    section: str, kind: type[BaseModel]
) -> None:
    keys = [number for key, number in documented() if key.rpartition(".")[0] == section]
    table = tomllib.loads("\n".join(LINES[number].removeprefix("# ") for number in keys))
    kind.model_validate(table)
    for name, field in kind.model_fields.items():
        if not field.is_required():
            assert getattr(kind.model_validate(table), name) == field.default


def test_init_finds_the_empty_secret_where_it_puts_a_generated_one() -> None:
    assert [line for line in LINES if line == 'secret_key = ""'] == ['secret_key = ""']
    assert TEXT.count('secret_key = ""') == 1
