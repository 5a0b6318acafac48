"""How pages name things in their addresses: rows by number, editions by date."""

from datetime import date

from werkzeug.routing import BaseConverter, ValidationError

# What an INTEGER column holds on every database; anything above names nothing.
_LARGEST_ROW = 2**31 - 1


class RowConverter(BaseConverter):
    """The number of a row, without a sign or leading zeros."""

    regex = r"[1-9]\d{0,9}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > _LARGEST_ROW:
            raise ValidationError
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class DayConverter(BaseConverter):
    """A date as YYYY-MM-DD."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValidationError from None

    def to_url(self, value: date) -> str:
        return value.isoformat()
