"""The table of meaning that comes with the program, for tests that hold with it and without."""

import pytest

from digest.ranking.static_table import StaticTable


@pytest.fixture(scope="session", params=["words", "meaning"])
def table(request: pytest.FixtureRequest) -> StaticTable | None:
    """None for ranking by words alone, then the shipped table."""
    if request.param == "words":
        return None
    found = request.getfixturevalue("shipped")
    assert isinstance(found, StaticTable)
    return found
