"""The words of a language."""

import re
from datetime import date
from pathlib import Path

import pytest

from digest.core.errors import ConfigError
from digest.core.subscribers import Language
from digest.mail.wording import ENGLISH, load_wording
from tests.mail.builders import TEMPLATES

GERMAN = load_wording([TEMPLATES], Language.GERMAN)
VOTES = ("%(count)s vote", "%(count)s votes")


def test_dates_and_counts_read_well() -> None:
    assert ENGLISH.long_date(date(2026, 3, 20)) == "Friday, 20 March 2026"
    assert ENGLISH.short_date(date(2026, 12, 1)) == "1 December"
    assert ENGLISH.dated(date(2026, 12, 1)) == "1 December 2026"
    assert ENGLISH.counted(*VOTES, 1) == "1 vote"
    assert ENGLISH.counted(*VOTES, 1204) == "1,204 votes"
    assert ENGLISH.listed(["a", "b", "c"]) == "a, b and c"
    assert ENGLISH.listed(["a"]) == "a"
    assert ENGLISH.listed([]) == ""


def test_german_writes_them_in_its_own_way() -> None:
    assert GERMAN.long_date(date(2026, 3, 20)) == "Freitag, 20. März 2026"
    assert GERMAN.short_date(date(2026, 12, 1)) == "1. Dezember"
    assert GERMAN.counted(*VOTES, 1204) == "1.204 Stimmen"
    assert GERMAN.listed(["{a}", "%s", "c"]) == "{a}, %s und c"


def test_a_catalogue_of_a_theme_stands_before_ours(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    catalogue = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "locales" / "de.po").write_text(
        f'{catalogue}msgid "Goodbye"\nmsgstr "Bis bald"\n', encoding="utf-8"
    )
    wording = load_wording([tmp_path, TEMPLATES], Language.GERMAN)
    assert wording.gettext("Goodbye") == "Bis bald"
    assert wording.gettext("Welcome") == "Willkommen"
    assert wording.gettext("Nobody said this") == "Nobody said this"


def test_a_broken_catalogue_is_named(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "de.po").write_bytes(b'msgid "a\nmsgstr \xff')
    with pytest.raises(ConfigError, match=re.escape("locales/de.po")):
        load_wording([tmp_path], Language.GERMAN)
