"""Steps that only one process may do at a time, whatever the number of daemons."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from digest.core.errors import StoreError
from digest.pipeline.app import App
from digest.store import leases

_POLL_S = 1.0


class Busy(StoreError):
    """Another process is doing this step right now."""

    code = "busy"


@contextmanager
def turn(
    app: App, step: str, *, lease_for: timedelta, wait_s: float = 0
) -> Iterator[Callable[[], None]]:
    """Holds the step's lease; what it yields renews it. Raises Busy after waiting `wait_s`.

    A holder that died gives way at once on its own machine, elsewhere when its lease ends.
    """

    def take() -> bool:
        now = app.clock.now()
        with app.store.write() as conn:
            return leases.acquire(conn, step, owner=app.owner, now=now, until=now + lease_for)

    def renew() -> None:
        if not take():
            raise Busy(f"the {step} step took too long and was taken over by another process")

    waited = 0.0
    while not take():
        if waited >= wait_s:
            raise Busy(f"another process is at the {step} step right now, try again in a moment")
        app.clock.sleep(_POLL_S)
        waited += _POLL_S
    try:
        yield renew
    finally:
        with app.store.write() as conn:
            held = leases.holder(conn, step, app.clock.now())
            if held is not None and held.owner == app.owner:
                leases.drop(conn, step)
