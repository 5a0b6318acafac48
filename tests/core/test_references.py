from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest.core.identifiers import ARXIV, Identifier
from digest.core.references import TITLE, Reference, fading, liked_at, names_of

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_a_title_is_a_name_without_case_marks_and_tex() -> None:
    name = Identifier(TITLE, "ongodelsnumbers|muller")
    assert names_of((), "On G{\\\"o}del's Numbers", ["Jörg Müller"])[-1:] == (name,)
    assert names_of((), "on Gödel’s numbers!", ["Müller, J."])[-1:] == (name,)


def test_identifiers_come_before_the_title() -> None:
    arxiv = Identifier(ARXIV, "2401.00001")
    assert names_of((arxiv,), "A title", ()) == (arxiv, Identifier(TITLE, "atitle|"))
    assert names_of((arxiv,), "", ()) == (arxiv,)
    assert names_of((), "!?", ()) == ()


def test_a_paper_is_liked_since_it_was_added_or_since_its_year() -> None:
    reference = Reference(where="line 1", title="A title", year=2019, added_on=date(2022, 5, 6))
    assert liked_at(reference, NOW) == datetime(2022, 5, 6, tzinfo=UTC)
    assert liked_at(Reference(where="", title="A", year=2019), NOW).year == 2019
    assert liked_at(Reference(where="", title="A"), NOW) == NOW
    assert liked_at(Reference(where="", title="A", year=2099), NOW) == NOW


def test_a_paper_weighs_half_after_five_years_and_never_nothing() -> None:
    assert fading(NOW, NOW) == 1.0
    assert abs(fading(NOW - timedelta(days=5 * 365.25), NOW) - 0.5) < 1e-9
    assert fading(datetime(1950, 7, 1, tzinfo=UTC), NOW) == 0.2


@given(st.datetimes(datetime(1500, 1, 1), datetime(2099, 1, 1)), st.integers(0, 10_000))
def test_what_was_liked_later_never_weighs_less(day: datetime, days: int) -> None:
    since = day.replace(tzinfo=UTC)
    assert fading(since, NOW) <= fading(since + timedelta(days=days), NOW) <= 1.0
