"""The forms that values of the configuration may take, and the base of its sections."""

import re
from datetime import timedelta
from email.utils import getaddresses
from typing import Annotated, Any, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from digest.core.errors import InvalidInput
from digest.core.subscribers import normalize_address, parse_at, parse_timezone

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(value: object) -> timedelta:
    """`90s`, `30m`, `6h`, `2d`, or seconds as a number. Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    found = _DURATION.fullmatch(text if isinstance(value, str) else f"{text}s")
    try:
        if found:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        pass
    raise ValueError(f"{value!r} is not a duration, write it as 30m, 6h or 2d")


def _valid(check: type | object) -> AfterValidator:
    def validate(value: str) -> str:
        if not value:
            return value
        try:
            check(value)  # type: ignore[operator]
        except InvalidInput as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(validate)


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{value!r} is not a web address, e.g. https://digest.example.org")
    return value.rstrip("/")


def mailbox(value: str) -> str:
    """`Name <address>` or a bare address."""
    normalize_from(value)
    return value


def normalize_from(value: str) -> tuple[str, str]:
    """(display name, address). Raises ValueError."""
    found = getaddresses([value])
    try:
        if len(found) != 1 or not value.isprintable():
            raise InvalidInput(f"{value!r} is not one address")
        ((name, address),) = found
        return name, normalize_address(address)
    except InvalidInput as error:
        raise ValueError(f'{error}; write it as "Name <name@example.org>"') from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Interval = Annotated[Duration, Field(ge=timedelta(seconds=1))]
Address = Annotated[str, _valid(normalize_address)]
TimeZone = Annotated[str, _valid(parse_timezone)]
TimeOfDay = Annotated[str, _valid(parse_at)]
WebAddress = Annotated[str, AfterValidator(_base_url)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _words_are_lists(cls, values: Any) -> Any:
        """A list may be written as text, with commas between: the environment knows no lists."""
        if not isinstance(values, dict):
            return values
        lists = {name for name, field in cls.model_fields.items() if _is_list(field.annotation)}
        return values | {
            name: [word.strip() for word in values[name].split(",") if word.strip()]
            for name in lists & set(values)
            if isinstance(values[name], str)
        }


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is tuple
