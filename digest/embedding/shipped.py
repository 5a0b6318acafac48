"""The table of meaning that comes with the program."""

from importlib import resources

_FILE = "static_table.npz"


def table_bytes() -> bytes:
    """The table for `digest.ranking.static_table.parse_table`, 7 MB; `static_table.md` beside it
    says what it was made of."""
    return resources.files(__package__).joinpath(_FILE).read_bytes()
