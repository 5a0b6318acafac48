"""The table of meaning that comes with the program, for tests that hold with it and without."""

import pytest

from digest.embedding.shipped import table_bytes
from digest.ranking.static_table import StaticTable, parse_table


@pytest.fixture(scope="session")
def shipped() -> StaticTable:
    return parse_table(table_bytes())


@pytest.fixture(scope="session", params=["words", "meaning"])
def table(request: pytest.FixtureRequest) -> StaticTable | None:
    """None for ranking by words alone, then the shipped table."""
    if request.param == "words":
        return None
    found = request.getfixturevalue("shipped")
    assert isinstance(found, StaticTable)
    return found
