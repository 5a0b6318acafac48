"""The configuration: one TOML file, overlaid by the environment, checked as a whole.

Every mistake is reported at once, by its key. Any key can be set as `DIGEST__SECTION__KEY`;
any secret can be read from a file by `KEY_file`. What the environment says of a key, by either
name, goes before what the file says of it.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from digest.core.errors import ConfigError
from digest.sections import Sections
from digest.source_sections import SourcesSection

ENVIRONMENT_PREFIX = "DIGEST__"
_FILE_SUFFIX = "_file"
# A secret may stand in a file of its own; a key that names a file anyway is not one of these.
_SECRETS = (
    *(("smtp", "password"), ("mailbox", "password"), ("web", "metrics_token")),
    *(("security", "secret_key"), ("database", "url")),
    *(("ranking.endpoint", "api_key"), ("summaries", "api_key")),
)
_FEEDS = "sources.feeds"
_FEED = f"{_FEEDS}."
# In the section of a source, the keys that such names are given.
_SOURCE_SECRETS = frozenset({"api_key", "client_secret", "password", "token"})


class Settings(Sections):
    """All settings, frozen. `folder` is what relative paths start from."""

    folder: Path = Path()


def find_config(explicit: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: `--config`, `$DIGEST_CONFIG`, `./config.toml`, or none.

    Raises ConfigError when a file that was named does not exist.
    """
    named = explicit or (Path(environ["DIGEST_CONFIG"]) if environ.get("DIGEST_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise ConfigError([f"{named}: there is no such file; `digest init` writes one"])
        return named
    default = Path("config.toml")
    return default if default.is_file() else None


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Reads and checks everything. Raises ConfigError with all mistakes, each with its key."""
    values = _read_toml(path) if path is not None else {}
    folder = path.resolve().parent if path is not None else Path.cwd()
    mistakes = [f"{key}: unknown key" for key in values if key == "folder"]
    given = _from_environment(environ)
    _leave_out_secrets(values, given)
    _overlay(values, given)
    _read_secret_files(values, folder, mistakes)
    try:
        settings = Settings.model_validate(values | {"folder": folder})
    except ValidationError as error:
        found = [detail for detail in error.errors() if not _is_other_branch(detail)]
        raise ConfigError([*mistakes, *map(_mistake, found)]) from None
    if mistakes:
        raise ConfigError(mistakes)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        *sections, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ConfigError([f"{name}: {section} is not a section of keys"])
        place[key] = _environment_value(environ[name])
    return values


def _leave_out_secrets(values: dict[str, Any], given: dict[str, Any]) -> None:
    """Takes out of `values` each secret that is given otherwise, whether as itself or by a file."""
    for section, key in (*_SECRETS, *_source_secrets()):
        names = {key, key + _FILE_SUFFIX}
        table = _table(values, section)
        if table is not None and names & set(_table(given, section) or ()):
            for name in names:
                table.pop(name, None)


def _overlay(values: dict[str, Any], given: dict[str, Any], sections: tuple[str, ...] = ()) -> None:
    for key, value in given.items():
        if not isinstance(value, dict):
            values[key] = value
            continue
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            name = "__".join((*sections, key, next(iter(value)))).upper()
            raise ConfigError([f"{ENVIRONMENT_PREFIX}{name}: {key} is not a section of keys"])
        _overlay(inner, value, (*sections, key))


def _environment_value(text: str) -> Any:
    """A list written as in TOML; anything else stays text, which the schema converts."""
    if text.startswith("[") and text.endswith("]"):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _read_secret_files(values: dict[str, Any], folder: Path, mistakes: list[str]) -> None:
    """Puts what secret files hold in their place. Empty is as if left out, as in the file that
    `init` writes."""
    for section, key in (*_SECRETS, *_source_secrets()):
        table = _table(values, section)
        if table is None or key + _FILE_SUFFIX not in table:
            continue
        place = f"{section}.{key}{_FILE_SUFFIX}"
        name = table.pop(key + _FILE_SUFFIX)
        if name == "":
            continue
        path = folder / str(name)
        if table.get(key, "") != "":
            mistakes.append(f"{place}: {section}.{key} is set too, keep one of them")
            continue
        try:
            table[key] = path.read_text(encoding="utf-8").strip()
            if not table[key]:
                mistakes.append(f"{place}: {path} is empty")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            mistakes.append(f"{place}: {path} cannot be read: {reason}")


def _source_secrets() -> Iterator[tuple[str, str]]:
    for name, field in SourcesSection.model_fields.items():
        section: Any = field.annotation
        if _is_model(section):
            for key in sorted(_SOURCE_SECRETS & set(section.model_fields)):
                yield f"sources.{name}", key


def _table(values: dict[str, Any], section: str) -> dict[str, Any] | None:
    """The table of this dotted name; None when there is none."""
    table: Any = values
    for part in section.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    return table if isinstance(table, dict) else None


def _mistake(detail: Any) -> str:
    where = [str(part) for part in detail["loc"] if not _is_branch(str(part))]
    key = ".".join(where)
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(key)}"
    if detail["type"] == "missing":
        return f"{key}: missing"
    if detail["type"] == "tuple_type":
        return f'{key}: it should be a list, such as ["a", "b"]'
    message = str(detail["msg"]).removeprefix("Value error, ")
    if not key or message.startswith(f"{key}."):  # a section's own checks name the key
        return message
    return f"{key}: {message[:1].lower()}{message[1:]}"


def _is_other_branch(detail: Any) -> bool:
    """Whether it only says that a value which may be a list is none: what is wrong with it as what
    it is stands beside."""
    return detail["type"] == "tuple_type" and _is_branch(str(detail["loc"][-1]))


def _is_branch(part: str) -> bool:
    """Whether a part of pydantic's location names a branch of a union, not a key."""
    return "[" in part or part in {"str", "tuple", "DkimSection"}


def _nearest(key: str) -> str:
    known = sorted(set(_known_keys(Settings, "")) - {"folder"})
    section, _, last = key.rpartition(".")
    if section.startswith(_FEED):
        known = [name.replace(f"{_FEED}NAME", section) for name in known]
    siblings = {k.rpartition(".")[2]: k for k in known if k.rpartition(".")[0] == section}
    elsewhere = {k.rpartition(".")[2]: k for k in reversed(known)}
    if last in elsewhere:
        return f", did you mean {elsewhere[last]}?"
    if close := difflib.get_close_matches(last, siblings, n=1, cutoff=0.5):
        return f", did you mean {siblings[close[0]]}?"
    if close := difflib.get_close_matches(last, elsewhere, n=1, cutoff=0.8):
        return f", did you mean {elsewhere[close[0]]}?"
    return f"; known here: {', '.join(siblings)}" if siblings else ""


def _known_keys(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Every key of the schema by its dotted name; secrets with their `_file` form."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        yield key
        if _is_secret(key):
            yield key + _FILE_SUFFIX
        inner = [t for t in (field.annotation, *get_args(field.annotation)) if _is_model(t)]
        for section in inner:
            yield from _known_keys(section, f"{_FEED}NAME." if key == _FEEDS else f"{key}.")


def _is_secret(key: str) -> bool:
    section, _, name = key.rpartition(".")
    return (section, name) in (*_SECRETS, *_source_secrets())


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def environment() -> Mapping[str, str]:
    """The process's environment: asked for in one place only."""
    return os.environ
