"""The words of a language: messages by catalogue, numbers and dates as it writes them."""

import functools
import io
from collections.abc import Sequence
from datetime import date
from gettext import NullTranslations
from itertools import pairwise
from pathlib import Path

from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal
from babel.support import Translations

from digest.core.errors import ConfigError
from digest.core.subscribers import Language

# English as it writes "1, 2 and 3", without a comma before the last.
_CONVENTIONS = {Language.ENGLISH: "en_GB", Language.GERMAN: "de"}


def marked(message: str) -> str:
    """A message that is looked up later, when the language is known."""
    return message


def marked_plural(one: str, many: str) -> tuple[str, str]:
    """As `marked`, for a message that counts."""
    return one, many


class Wording:
    """What a mail says in one language. A message without a translation is said in English."""

    def __init__(self, language: Language, translations: NullTranslations | None = None) -> None:
        self.language = language
        self.translations = translations or NullTranslations()
        self._conventions = _CONVENTIONS[language]

    def gettext(self, message: str) -> str:
        return self.translations.gettext(message)

    def counted(self, one: str, many: str, number: float) -> str:
        """`one` or `many` with the number in place of `%(count)s`: 1 vote, 1,204 votes."""
        whole = round(number)
        return self.translations.ngettext(one, many, whole) % {"count": self.number(whole)}

    def number(self, value: int) -> str:
        return _number(value, self._conventions)

    def long_date(self, day: date) -> str:
        """Friday, 20 March 2026."""
        # Translators: a pattern of Unicode TR 35, as are the next two
        return self._dated(day, self.gettext("EEEE, d MMMM y"))

    def dated(self, day: date) -> str:
        """20 March 2026."""
        return self._dated(day, self.gettext("d MMMM y"))

    def short_date(self, day: date) -> str:
        """20 March."""
        return self._dated(day, self.gettext("d MMMM"))

    def _dated(self, day: date, pattern: str) -> str:
        return _date(day, pattern, self._conventions)

    def listed(self, items: Sequence[str]) -> str:
        """a, b and c."""
        return format_list(list(items), locale=self._conventions) if items else ""


# A mail says a few dozen numbers and dates, most of them as the one before.
@functools.lru_cache(maxsize=4096)
def _number(value: int, conventions: str) -> str:
    return format_decimal(value, locale=conventions)


@functools.lru_cache(maxsize=256)
def _date(day: date, pattern: str, conventions: str) -> str:
    return format_date(day, pattern, locale=conventions)


ENGLISH = Wording(Language.ENGLISH)


def load_wording(directories: Sequence[Path], language: Language) -> Wording:
    """The words of a language, from `locales/CODE.po` in each of the directories; what an earlier
    one says stands before a later one. Raises ConfigError for a catalogue that cannot be read.
    """
    files = (directory / "locales" / f"{language}.po" for directory in directories)
    found = [_catalogue(path) for path in files if path.is_file()]
    for earlier, later in pairwise(found):
        earlier.add_fallback(later)
    return Wording(language, found[0] if found else None)


@functools.lru_cache(maxsize=16)
def _read(path: Path, _changed_ns: int) -> bytes:
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def _catalogue(path: Path) -> Translations:
    return Translations(io.BytesIO(_read(path, path.stat().st_mtime_ns)))
