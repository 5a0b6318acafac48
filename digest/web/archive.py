"""A person's own copy of a digest, for those whose mail program shows it badly."""

from flask import Blueprint, Response

from digest.core.tokens import Granted, Purpose
from digest.pipeline.compose import digest_copy
from digest.web.membership import refused_link
from digest.web.replies import served

# The mail carries its style inside; nothing else of it may load or run.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

pages = Blueprint("archive", __name__)


@pages.get("/d/<token>")
def digest(token: str) -> Response:
    app = served()
    granted = app.tokens.read(Purpose.READ, token, app.clock.now())
    html = digest_copy(app, granted.subject) if isinstance(granted, Granted) else None
    if html is None:
        return refused_link()
    response = Response(html, mimetype="text/html")
    # A theme's logo and thumbnails, where there are any.
    pictures = "; img-src https:" if "<img " in html else ""
    response.headers["Content-Security-Policy"] = _MAIL_POLICY + pictures
    return response
