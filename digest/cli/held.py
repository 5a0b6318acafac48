"""`digest subscribers held`: whose suppressions are held back, and what becomes of them."""

from typing import Annotated

import typer

from digest.cli.context import Json, opened_app
from digest.cli.output import counted, iso, print_json, print_table, say, short_time
from digest.core.errors import InvalidInput
from digest.pipeline.bounced import held_at, settle


def held(
    ctx: typer.Context,
    domain: Annotated[
        str, typer.Option(metavar="DOMAIN", help="Only addresses of this domain.")
    ] = "",
    suppress: Annotated[
        bool, typer.Option("--suppress", help="The addresses are dead: mail them no more.")
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="It was a fault: forget that they are held back.")
    ] = False,
    json: Json = False,
) -> None:
    """List readers who bounced with too many others to be believed.

    They go on getting mail: who bounces again on a day on which few do, or all the time for a
    week, is suppressed; the others are forgotten after two weeks.

    Example: digest subscribers held --domain example.org --drop
    """
    if suppress and drop:
        raise InvalidInput("choose one of --suppress and --drop")
    with opened_app(ctx) as service:
        if suppress or drop:
            number = settle(service, domain.lower(), suppress=suppress)
        else:
            with service.store.read() as conn:
                found = held_at(conn, domain.lower(), service.clock.now())
    if suppress or drop:
        if json:
            print_json({"suppressed" if suppress else "dropped": number})
        else:
            say(f"{counted(number, 'reader')} {'suppressed' if suppress else 'held back no more'}")
    elif json:
        print_json([{"email": h.email, "at": iso(h.at), "status": h.status} for h in found])
    else:
        print_table(
            ("email", "bounced at", "status"),
            [(one.email, short_time(one.at), one.status) for one in found],
            empty="nobody is held back",
        )
