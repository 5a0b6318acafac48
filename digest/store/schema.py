"""Bringing a database to the schema this program expects, and refusing any other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from digest.core.errors import SchemaOutOfDate
from digest.store.engine import Store

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the migrations lie inside the package; in a checkout beside it.
_PLACES = (_PACKAGE / "_migrations", _PACKAGE.parent / "migrations")
# Any number; it keeps two processes from migrating one PostgreSQL database at the same time.
_ADVISORY_LOCK = 706_172_001


def current_revision(store: Store) -> str | None:
    """The revision of the database; None when it is empty."""
    with store.read() as conn:
        return MigrationContext.configure(conn).get_current_revision()


def newest_revision() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def guard(store: Store) -> None:
    """Raises SchemaOutOfDate, with what to do, unless the database fits this program."""
    found, wanted = current_revision(store), newest_revision()
    if found == wanted:
        return
    if found is None:
        raise SchemaOutOfDate("the database is empty: run `digest db upgrade` (or `digest init`)")
    _refuse_newer(found)
    raise SchemaOutOfDate(
        f"the database has schema {found}, this program needs {wanted}: run `digest db upgrade`"
    )


def _refuse_newer(found: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found not in known:
        raise SchemaOutOfDate(
            f"the database has schema {found}, made by a newer digest: upgrade the program"
        )


def upgrade(store: Store, revision: str = "head") -> tuple[str | None, str | None]:
    """Applies the migrations still missing; (revision before, revision after). Safe to repeat.

    Raises SchemaOutOfDate when the database was made by a newer program.
    """
    before = current_revision(store)
    if before is not None:
        _refuse_newer(before)
    with _exclusive(store) as conn:
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    return before, current_revision(store)


@contextmanager
def _exclusive(store: Store) -> Iterator[sa.Connection]:
    with store.write() as conn:
        if not store.is_sqlite:
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        yield conn


def _config() -> Config:
    config = Config()
    folder = next(place for place in _PLACES if (place / "env.py").is_file())
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
