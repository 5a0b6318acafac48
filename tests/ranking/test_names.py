import pytest

from digest.ranking.names import SAME_INITIALS, SAME_NAME, AuthorIndex, agreement


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mira Hal", "Hal, Mira"),
        ("Mira Hal", "mira HAL"),
        ("Mira Hal", "Mira J. Hal"),
        ("Jörg Müller", "Jorg Muller"),
        ("Jörg Müller", "Joerg Mueller"),
        ("Søren Åby", "Soren Aby"),
        ("Jun-Ho Pak", "Junho Pak"),
        ("Jun-Ho Pak", "Jun Ho Pak"),
        ("Jun-Ho Pak", "Pak, Jun H."),
        ("Anna van der Velde", "van der Velde, Anna"),
        ("Anna van der Velde", "Velde, Anna van der"),
        ("Yara Le Noir", "Yara LeNoir"),
        ("Bin Ode", "Ode, Bin"),
        ("Rosa Gil Prado", "Gil Prado, Rosa"),
        ("Tom Ash Jr.", "Ash, Tom"),
        ("Blue-Lake Collaboration", "Blue-Lake Collaboration"),
        ("Polaris", "POLARIS"),
    ],
)
def test_forms_of_one_name_agree(one: str, other: str) -> None:
    assert agreement(one, other) == agreement(other, one) == SAME_NAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mira Hal", "M. Hal"),
        ("Mira Hal", "Hal M"),
        ("Mira Jo Hal", "M.J. Hal"),
        ("Jun-Ho Pak", "J.-H. Pak"),
        ("Jun-Ho Pak", "J. Pak"),
    ],
)
def test_initials_agree_less_surely(one: str, other: str) -> None:
    assert agreement(one, other) == agreement(other, one) == SAME_INITIALS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mira Hal", "Mira Halmos"),
        ("Mira Hal", "Mirabel Hal"),
        ("Mira Hal", "N. Hal"),
        ("Mira A. Hal", "Mira B. Hal"),
        ("Jun-Ho Pak", "Jun Pak"),
        ("Pak, Jun", "Pak, Jun-Ho"),
        ("Hal", "Mira Hal"),
        ("Wen Lan", "Lan Wen"),
        ("", "Mira Hal"),
        ("…", "…"),
    ],
)
def test_names_of_others_do_not_agree(one: str, other: str) -> None:
    assert agreement(one, other) == agreement(other, one) == 0


def test_an_author_is_found_with_the_name_as_printed_the_surest_first() -> None:
    index = AuthorIndex([("A. Other",), ("M. Hal", "Hal, Mira"), ("Mira Halmos",)])
    assert index.find("Mira Hal") == {1: (SAME_NAME, "Hal, Mira")}
