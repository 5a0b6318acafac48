"""What every answer carries, and the one line that the log keeps of it."""

from datetime import timedelta

import structlog
from flask import Response, abort, current_app, g, make_response, render_template, request

from digest.core.subscribers import Subscriber
from digest.pipeline.app import App
from digest.web import language

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_MILLISECOND = timedelta(milliseconds=1)
_TOKEN = "token"  # noqa: S105 (the name of a part of an address)

log = structlog.get_logger()


def served() -> App:
    """The App that the pages of this request are made for."""
    app: App = current_app.extensions["digest"]
    return app


def page(template: str, status: int = 200, **values: object) -> Response:
    """A page made from `templates/web/{template}`, in the language of its `subscriber`, if it has
    one."""
    if isinstance(subscriber := values.get("subscriber"), Subscriber):
        language.speak_to(subscriber)
    response = make_response(render_template(f"web/{template}", **values))
    response.status_code = status
    return response


def open_to_all(response: Response, *, max_age_s: int = 60, index: bool = True) -> Response:
    """Lets caches keep an answer that is the same for everybody, and search engines find it."""
    response.headers["Cache-Control"] = f"public, max-age={max_age_s}"
    response.vary.add("Accept-Language")
    if index:
        response.headers["X-Robots-Tag"] = "all"
    return response


def begin() -> None:
    g.began_at = served().clock.now()
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    # Said at once, also where no page would have read the body.
    if (request.content_length or 0) > limit:
        abort(413)


def finish(response: Response) -> Response:
    """Unless a page says otherwise, nobody keeps, frames, indexes or is told of it."""
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("X-Robots-Tag", "noindex")
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    log.info(
        "web.answered",
        method=request.method,
        path=_loggable_path(),
        status=response.status_code,
        duration_ms=round((served().clock.now() - g.began_at) / _MILLISECOND),
    )
    return response


def _loggable_path() -> str:
    """The path without a token; of an unknown path, which may hold one, nothing."""
    if request.url_rule is None:
        return "unknown"
    return request.url_rule.rule if _TOKEN in request.url_rule.arguments else request.path
