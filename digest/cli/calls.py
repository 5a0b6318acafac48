"""How the program is called: whatever is wrong with a call is told at once, each by its name."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

from digest.core.errors import InvalidInput

_PYTHON_TYPE = re.compile(r" <(?:str|path|list\[\w+\])>$")

Given = TypeVar("Given", str | None, list[str] | None)


class WrongCall(typer.TyperException):
    """All that is wrong with the options and arguments of one call."""

    def __init__(self, mistakes: Sequence[typer.BadParameter]) -> None:
        super().__init__("; ".join(each.format_message() for each in mistakes))
        self.mistakes = tuple(mistakes)


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does it, which stops at the first mistake; where there is one, the others are
        looked for. Raises WrongCall."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter:
            raise WrongCall(self._mistakes(ctx, given)) from None

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What must be there by its bare name, what may be in brackets."""
        return [
            piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments by their names: how Python calls what they are tells nobody how to write it."""
        records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                name, said = record
                records[param.param_type_name].append((_PYTHON_TYPE.sub("", name), said))
        for kind, rows in records.items():
            if rows:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(rows)

    def _mistakes(self, ctx: Any, args: list[str]) -> list[typer.BadParameter]:
        values, rest, _ = self.make_parser(ctx).parse_args(args)
        wrong = []
        for option in self.get_params(ctx):
            try:
                option.handle_parse_result(ctx, values, rest)
            except typer.BadParameter as mistake:
                wrong.append(mistake)
        return wrong


class Commands(typer.Typer):
    """A group of commands."""

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **settings: Any
    ) -> Callable[[Any], Any]:
        return super().command(name, cls=cls or _Command, **settings)


def read_by(read: Callable[[str], object]) -> Callable[[Given], Given]:
    """A check for an option: what `read` refuses with InvalidInput is a mistake in the call."""

    def checked(given: Given) -> Given:
        for value in [given] if isinstance(given, str) else given or ():
            try:
                read(value)
            except InvalidInput as error:
                raise typer.BadParameter(str(error)) from None
        return given

    return checked
