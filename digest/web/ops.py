"""What monitors and orchestrators ask: is it alive, is it ready."""

from flask import Blueprint, Response, jsonify

from digest.core.errors import SchemaOutOfDate, StoreError
from digest.store import leases, schema
from digest.web.replies import served

pages = Blueprint("ops", __name__)


@pages.get("/healthz")
def healthz() -> Response:
    """`ok`; `degraded`, still 200, while the outbox is paused; 503 without a database."""
    app = served()
    try:
        with app.store.read() as conn:
            paused = leases.holder(conn, leases.OUTBOX_PAUSE, app.clock.now()) is not None
    except StoreError:
        return _status(503, "failed", reason="the database cannot be used")
    if paused:
        return _status(200, "degraded", reason="the relay cannot be reached, mail is waiting")
    return _status(200, "ok")


@pages.get("/readyz")
def readyz() -> Response:
    """200 once the database has the schema that this program was written for."""
    try:
        schema.guard(served().store)
    except SchemaOutOfDate as error:
        return _status(503, "not ready", reason=str(error))
    except StoreError:
        return _status(503, "not ready", reason="the database cannot be used")
    return _status(200, "ok")


def _status(code: int, status: str, **more: str) -> Response:
    response = jsonify({"status": status, **more})
    response.status_code = code
    return response
