import pytest

from digest.settings import Settings
from digest.wiring import build_identity


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Paper Digest, 1 Example Street", "1 Example Street"),
        ("Paper Digest Street 1, Exampletown", "Paper Digest Street 1, Exampletown"),
        ("1 Example Street", "1 Example Street"),
    ],
)
def test_a_postal_address_is_kept_without_the_name_that_stands_before_it_anyway(
    written: str, address: str
) -> None:
    mail = {"from": "Paper Digest <digest@example.org>", "postal_address": written}
    settings = Settings.model_validate({"mail": mail, "security": {"secret_key": "s" * 32}})
    assert build_identity(settings).postal_address == address
