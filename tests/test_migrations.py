"""The migrations lead from nothing to what `tables.py` says, on both engines."""

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from digest.store import schema, subscribers
from digest.store.engine import Store
from digest.store.tables import metadata
from tests.builders import store_subscriber

# Full-text search is made by hand, differently on each engine, and known to no metadata.
SEARCH = "papers_search"


def test_the_migrations_make_the_tables_of_the_program(blank_store: Store) -> None:
    schema.upgrade(blank_store)
    options = {"include_object": _is_ours, "compare_type": True, "compare_server_default": True}
    with blank_store.read() as conn:
        context = MigrationContext.configure(conn, opts=options)
        assert compare_metadata(context, metadata) == []


def _is_ours(_thing: Any, name: str | None, _kind: str, _found: bool, _other: Any) -> bool:
    return SEARCH not in (name or "")


def test_the_migrations_name_every_rule_as_the_program_does(blank_store: Store) -> None:
    """Alembic compares neither checks nor what happens to rows whose parent goes."""
    schema.upgrade(blank_store)
    inspector = sa.inspect(blank_store.engine)
    for table in metadata.sorted_tables:
        checks = {c["name"] for c in inspector.get_check_constraints(table.name)}
        wanted = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        assert checks == wanted, table.name
        found = {
            (tuple(key["constrained_columns"]), key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert found == {
            (tuple(key.column_keys), key.ondelete) for key in table.foreign_key_constraints
        }, table.name


def test_the_number_of_a_deleted_row_is_not_given_out_again(store: Store) -> None:
    """It may stand in logs long after the row is gone."""
    first = store_subscriber(store, 1)
    with store.write() as conn:
        subscribers.erase(conn, first.id)
    assert store_subscriber(store, 2).id > first.id


def test_the_history_is_one_line() -> None:
    scripts = ScriptDirectory.from_config(schema._config())
    assert len(scripts.get_heads()) == 1
    assert all(not script.is_merge_point for script in scripts.walk_revisions())
