"""What all tables are made of."""

import functools
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Integer

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Time(sa.types.TypeDecorator[datetime]):
    """An aware moment as `2026-03-20T21:00:00.000000Z`; refuses naive values."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return _text(value.astimezone(UTC))

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


@functools.lru_cache(maxsize=1024)  # most rows of a page carry the moment it was stored
def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def one_of(name: str, column: str, choices: type) -> CheckConstraint:
    """The column holds the value of a member of the enumeration `choices`."""
    values = ", ".join(f"'{choice.value}'" for choice in choices)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({values})", name=name)


def serial() -> Column[int]:
    """The number of a row, given out by the database."""
    return Column("id", Integer, primary_key=True, autoincrement=True)
