import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import InvalidInput
from digest.web.forms import (
    Application,
    Mistakes,
    parse_dial,
    parse_max_papers,
    parse_pause,
    parse_zone,
    read_application,
    zones,
)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_time_zone_may_be_written_as_people_do(typed: str, zone: str) -> None:
    assert parse_zone(typed) == zone


@pytest.mark.parametrize("typed", ["", "Berlin", "../../etc/passwd", "/etc/localtime", "x" * 500])
def test_what_is_no_time_zone_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="write a time zone"):
        parse_zone(typed)


def test_the_proposed_zones_are_all_accepted() -> None:
    proposed = zones()
    assert len(proposed) > 300
    assert proposed == sorted(proposed)
    assert [parse_zone(zone) for zone in proposed] == proposed


@pytest.mark.parametrize("typed", ["0", "31", "-1", "3.5", "", "ten", "9" * 5000, "²"])
def test_a_number_of_papers_is_between_1_and_30(typed: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 30"):
        parse_max_papers(typed)


@pytest.mark.parametrize("typed", ["-0.1", "1.1", "nan", "inf", "", "x"])
def test_the_dial_is_between_0_and_1(typed: str) -> None:
    with pytest.raises(InvalidInput, match="dial"):
        parse_dial(typed)


@pytest.mark.parametrize("typed", ["8", "-7", "07", "x", " "])
def test_a_pause_is_one_of_those_offered(typed: str) -> None:
    with pytest.raises(InvalidInput):
        parse_pause(typed)


@given(st.dictionaries(st.sampled_from(["email", "interests", "homepage"]), st.text()))
def test_a_subscribe_form_is_read_whatever_it_holds(form: dict[str, str]) -> None:
    assert isinstance(read_application(form), Application | Mistakes)
