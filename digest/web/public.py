"""Pages for everybody: what trends, a search, one paper, one edition."""

from datetime import date, timedelta

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from digest.core.editions import edition_day
from digest.mail.cards import card_facts, source_names
from digest.pipeline import browse
from digest.store import editions, library
from digest.web.language import spoken
from digest.web.listing import CHART_HEIGHT, CHART_WIDTH, courses, edition_entries, entries
from digest.web.replies import open_to_all, page, served

MAX_FOUND = 50
_SHOWN_OF_EDITION = 30
_MAX_QUERY_CHARS = 200
_YEAR_S = 365 * 24 * 3600
_MIMETYPES = {"style.css": "text/css", "icon.svg": "image/svg+xml"}

pages = Blueprint("public", __name__)


@pages.get("/")
def home() -> Response:
    return open_to_all(home_page())


def home_page(
    status: int = 200,
    *,
    fields: dict[str, str] | None = None,
    mistakes: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    """The front page; with the subscribe form as it was typed and what is wrong with it."""
    with served().store.read() as conn:
        edition = editions.newest(conn)
        listed = edition_entries(conn, edition, browse.FRONT_PAPERS) if edition is not None else []
    if edition is None:
        days = served().rules.lookback_days
        shown = browse.latest(served(), days=days, limit=browse.FRONT_PAPERS)
        listed = entries((one.paper for one in shown), {one.paper.id: one.reason for one in shown})
    return page(
        "home.html",
        status,
        edition=edition,
        is_today=edition is not None and edition.date == _today(),
        entries=listed,
        fields=fields or {"email": "", "interests": ""},
        mistakes=mistakes or {},
        notice=notice,
    )


def _today() -> date:
    app = served()
    return edition_day(app.clock.now(), app.rules.timezone)


@pages.get("/search")
def search() -> Response:
    query = " ".join(request.args.get("q", "").split())[:_MAX_QUERY_CHARS]
    hits = browse.search(served(), query, limit=MAX_FOUND)
    found = entries([hit.paper for hit in hits])
    return open_to_all(
        page("search.html", query=query, entries=found, limit=MAX_FOUND), index=False
    )


@pages.get("/papers/<row:paper_id>")
def paper(paper_id: int) -> Response:
    with served().store.read() as conn:
        found = next(iter(library.by_ids(conn, [paper_id])), None)
        appeared = library.appearances(conn, [paper_id])
    if found is None:
        abort(404)
    return open_to_all(
        page(
            "paper.html",
            paper=found,
            card=card_facts(found, wording=spoken()),
            sources=[
                (name, at)
                for source, at in appeared[found.id].items()
                for name in source_names([source])
            ],
            courses=courses(found),
            chart=(CHART_WIDTH, CHART_HEIGHT),
        )
    )


@pages.get("/papers/<path:name>")
def paper_by_name(name: str) -> ResponseReturnValue:
    """For who knows a paper by its arXiv id or DOI; its number here is not theirs to know."""
    with served().store.read() as conn:
        found = None if name.isdecimal() else library.find(conn, name)
    if found is None:
        abort(404)
    return redirect(url_for(".paper", paper_id=found.id))


@pages.get("/editions/<day:day>")
def edition(day: date) -> Response:
    with served().store.read() as conn:
        found = editions.by_date(conn, day)
        if found is None:
            abort(404)
        listed = edition_entries(conn, found, _SHOWN_OF_EDITION)
        # The first and the last day of the calendar have nothing on their other side.
        beside = [
            day + timedelta(days=step)
            for step in (-1, 1)
            if date.min < day < date.max and editions.by_date(conn, day + timedelta(days=step))
        ]
    return open_to_all(page("edition.html", edition=found, entries=listed, beside=beside))


@pages.get("/style.css")
def style() -> Response:
    return _asset("style.css")


@pages.get("/icon.svg")
def icon() -> Response:
    return _asset("icon.svg")


def _asset(name: str) -> Response:
    """A file whose address changes with its content, so that browsers never ask twice."""
    content: bytes = current_app.extensions["digest.assets"][name]
    response = Response(content, mimetype=_MIMETYPES[name])
    return open_to_all(response, max_age_s=_YEAR_S, index=False)
