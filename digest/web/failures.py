"""The pages that say what went wrong, in the same look as all others."""

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from digest.core.errors import StoreError
from digest.mail.wording import marked
from digest.web.replies import page

log = structlog.get_logger()

_HEADINGS = {
    400: marked("That request could not be read"),
    404: marked("There is no such page"),
    405: marked("This page cannot do that"),
    413: marked("That was too much text"),
    500: marked("Something went wrong here"),
    503: marked("Not available just now"),
}
_ADVICE = {
    400: marked("Please go back and try again."),
    404: marked("It may have moved, or the address may have been cut off on its way to you."),
    405: marked("Please open it from the link in your mail or from the front page."),
    413: marked("A form here takes at most 64 KB. Please shorten it and send it again."),
    500: marked(
        "It is not your fault, and it has been written down for the operator. "
        "Please try again in a few minutes."
    ),
    503: marked("Please try again in a few minutes."),
}


def register(site: Flask) -> None:
    site.register_error_handler(HTTPException, _refused)
    site.register_error_handler(StoreError, _no_database)
    site.register_error_handler(Exception, _crashed)


def _refused(error: HTTPException) -> Response:
    """An HTTP error keeps its status and headers (Allow, for one) and gets a page."""
    status = error.code or 500
    if status not in _HEADINGS:
        status = 400 if status < 500 else 500
    response = _failure_page(status)
    response.status_code = error.code or 500
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


def _no_database(error: StoreError) -> Response:
    log.error("web.no_database", error_code=error.code, reason=str(error))
    response = _failure_page(503)
    response.headers["Retry-After"] = "60"
    return response


def _crashed(error: Exception) -> Response:
    log.error("web.crashed", error=type(error).__name__, exc_info=error)
    return _failure_page(500)


def _failure_page(status: int) -> Response:
    return page("message.html", status, heading=_HEADINGS[status], advice=_ADVICE[status])
