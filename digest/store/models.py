"""What was learnt from the rows, kept by name until it is learnt anew."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from digest.store.papers import upsert
from digest.store.tables import models


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`version` is that of the form of `payload`, which only its maker reads."""

    name: str
    made_at: datetime
    version: int
    payload: bytes


def get(conn: sa.Connection, name: str) -> Model | None:
    row = conn.execute(sa.select(models).where(models.c.name == name)).one_or_none()
    return None if row is None else Model(**row._mapping)


def put(conn: sa.Connection, model: Model) -> None:
    """Keeps the model in place of the one that had its name."""
    statement = upsert(conn, models)
    columns = ("made_at", "version", "payload")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={column: statement.excluded[column] for column in columns},
        ),
        {"name": model.name, **{column: getattr(model, column) for column in columns}},
    )
