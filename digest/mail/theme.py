"""The look of the mails as a small file of design tokens, `theme.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from digest.core.errors import ConfigError

FILE = "theme.toml"
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_FONTS = re.compile(r"[A-Za-z0-9 ,'-]{1,200}")
_MOST_PX = 400

Token = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours by day and by night, fonts, sizes in px, and a logo (`url` is empty without one)."""

    light: Mapping[str, str]
    dark: Mapping[str, str]
    fonts: Mapping[str, str]
    sizes: Mapping[str, int]
    logo: Mapping[str, Token]


def load_theme(directories: Sequence[Path]) -> Theme:
    """The tokens of the last directory that has the file, changed by those of the ones before it.

    Raises ConfigError, with all mistakes at once, for a file that is no TOML, for a token that
    the last one does not know, and for a value that is not of its kind.
    """
    files = [path for one in reversed(directories) if (path := one / FILE).is_file()]
    if not files:
        raise ConfigError([f"{FILE}: there is no such file in the folder of templates"])
    tokens = _read(files[0])
    for path in files[1:]:
        changes = _read(path)
        if mistakes := list(_mistakes(path, changes, tokens)):
            raise ConfigError(mistakes)
        for group, values in changes.items():
            tokens[group] = {**tokens[group], **values}
    return Theme(**tokens)  # type: ignore[arg-type]


def _read(path: Path) -> dict[str, dict[str, Token]]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None


def _mistakes(
    path: Path, changes: Mapping[str, object], known: Mapping[str, Mapping[str, Token]]
) -> list[str]:
    found = []
    for group, values in changes.items():
        if group not in known or not isinstance(values, dict):
            found.append(f"{path}: there is no group [{group}]{_nearest(group, list(known))}")
            continue
        for name, value in values.items():
            if name not in known[group]:
                near = _nearest(name, list(known[group]))
                found.append(f"{path}: there is no token {group}.{name}{near}")
            elif complaint := _complaint(group, name, value):
                found.append(f"{path}: {group}.{name} {complaint}")
    return found


def _nearest(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else f": known are {', '.join(known)}"


def _complaint(group: str, name: str, value: object) -> str:
    """What is wrong with a value, or "". Nothing that passes can end a style or an attribute."""
    fits: object
    if group in ("light", "dark"):
        fits = isinstance(value, str) and _COLOUR.fullmatch(value)
        return "" if fits else "must be a colour such as #1d4f91, in small letters"
    if group == "fonts":
        fits = isinstance(value, str) and _FONTS.fullmatch(value)
        return (
            ""
            if fits
            else "must be a list of font names, such as Georgia, 'Times New Roman', serif"
        )
    if group == "sizes" or name in ("width", "height"):
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_PX
        return "" if fits else f"must be a whole number of px, 0 to {_MOST_PX}"
    if name == "url":
        fits = isinstance(value, str) and re.fullmatch(r"|https://[\w.:/%?&=~+-]{3,500}", value)
        return "" if fits else "must be an https address, or empty"
    return "" if isinstance(value, str) else "must be text"
