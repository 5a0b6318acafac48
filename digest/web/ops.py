"""What monitors and orchestrators ask: is it alive, is it ready, how does it go."""

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client.exposition import choose_encoder

from digest.core.errors import SchemaOutOfDate, StoreError
from digest.store import leases, schema
from digest.web.monitors import Monitors
from digest.web.replies import served

_PLAIN, _OPEN = "text/plain", "application/openmetrics-text"

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


@pages.get("/metrics")
def metrics() -> Response:
    """The metrics for monitors that may see them, as OpenMetrics for those that would rather."""
    monitors: Monitors = current_app.extensions["digest.monitors"]
    if not monitors.allow(request):
        return _refused(monitors)
    encode, kind = choose_encoder(_OPEN if _prefers_openmetrics() else _PLAIN)
    response = Response(encode(current_app.extensions["digest.metrics"]), content_type=kind)
    response.vary.add("Accept")
    return response


def _prefers_openmetrics() -> bool:
    """By what Accept says of either; a monitor names its versions, all of which we answer alike."""
    liked: dict[str, float] = {}
    for kind, quality in request.accept_mimetypes:
        name = kind.partition(";")[0].strip().lower()
        liked[name] = max(liked.get(name, 0.0), quality)
    return liked.get(_OPEN, 0.0) > 0 and liked[_OPEN] >= liked.get(_PLAIN, 0.0)


def _refused(monitors: Monitors) -> Response:
    if not monitors.take_a_token:
        return Response("not from here\n", 403, mimetype=_PLAIN)
    response = Response("not without the token\n", 401, mimetype=_PLAIN)
    response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return response


def _status(code: int, status: str, **more: str) -> Response:
    response = jsonify({"status": status, **more})
    response.status_code = code
    return response
