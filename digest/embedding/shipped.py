"""The table of meaning that comes with the program."""

import functools
from importlib import resources

from digest.ranking.static_table import StaticTable, parse_table

_FILE = "static_table.npz"


@functools.cache
def static_table() -> StaticTable:
    """The shipped table, read once: 8 MB in memory. `static_table.md` beside it says what it was
    made of."""
    return parse_table(resources.files(__package__).joinpath(_FILE).read_bytes())
