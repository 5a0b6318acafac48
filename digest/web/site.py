"""The web pages as one WSGI application."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask
from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound

from digest.core.errors import ConfigError
from digest.mail.naming import with_its_name
from digest.mail.prose import clean
from digest.pipeline.app import App
from digest.web import (
    archive,
    failures,
    feedback,
    feeds,
    language,
    membership,
    ops,
    public,
    replies,
)
from digest.web.addresses import DayConverter, RowConverter
from digest.web.metrics import metrics_of
from digest.web.monitors import Monitors
from digest.web.proxies import BehindProxies

MAX_BODY_BYTES = 64 * 1024

_PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the templates lie inside the package; in a checkout beside it.
_PLACES = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")


def create_web(
    app: App,
    *,
    trusted_proxies: Sequence[str] = (),
    templates_dirs: Sequence[Path] = (),
    monitors: Monitors | None = None,
) -> Flask:
    """The web pages of `app`, at the path of its base URL.

    `trusted_proxies` are addresses or networks whose X-Forwarded-For is believed. A template in
    one of `templates_dirs` (each with a `web/` folder) stands before the one of the same name
    that comes with the program. Only `monitors`, nobody by default, are shown the metrics. Raises
    ConfigError for what is neither address nor network.
    """
    site = Flask("digest.web", static_folder=None, template_folder=None)
    site.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    site.extensions["digest"] = app
    site.extensions["digest.monitors"] = monitors or Monitors()
    site.extensions["digest.metrics"] = metrics_of(app)
    site.url_map.converters.update(row=RowConverter, day=DayConverter)
    _prepare_templates(site, app, [*templates_dirs, *_PLACES])
    for one in (public, membership, feedback, archive, feeds, ops):
        site.register_blueprint(one.pages)
    site.before_request(replies.begin)
    site.after_request(replies.finish)
    failures.register(site)
    prefix = urlsplit(app.identity.base_url).path
    site.wsgi_app = BehindProxies(  # type: ignore[method-assign]
        site.wsgi_app, trusted_proxies=trusted_proxies, prefix=prefix
    )
    return site


def _prepare_templates(site: Flask, app: App, folders: Sequence[Path]) -> None:
    site.jinja_options = {
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "loader": FileSystemLoader([str(folder) for folder in folders]),
    }
    jinja = site.jinja_env
    language.register(site, folders)
    jinja.filters.update(
        clean=clean,
        with_its_name=with_its_name,
        calendar_day=_calendar_day,
        short_day=_short_day,
        moment=_moment,
        said=_said,
    )
    style = _source(site, "web/style.css").encode()
    icon = _source(site, "web/icon.svg").encode()
    site.extensions["digest.assets"] = {"style.css": style, "icon.svg": icon}
    jinja.globals.update(
        identity=app.identity,
        version=hashlib.sha256(style + icon).hexdigest()[:12],
        consent=membership.CONSENT_WORDING,
    )


def _source(site: Flask, name: str) -> str:
    loader = site.jinja_env.loader
    assert loader is not None
    try:
        return loader.get_source(site.jinja_env, name)[0]
    except TemplateNotFound:
        raise ConfigError([f"template {name}: there is no such file"]) from None


def _said(message: str) -> str:
    return language.spoken().gettext(message)


def _calendar_day(day: date) -> str:
    return language.spoken().long_date(day)


def _short_day(moment: datetime) -> str:
    return language.spoken().dated(moment.astimezone(UTC).date())


def _moment(moment: datetime, timezone: str) -> str:
    """Friday, 20 March 2026 at 07:30 (Europe/Berlin)."""
    wording, local = language.spoken(), moment.astimezone(ZoneInfo(timezone))
    said = wording.gettext("%(day)s at %(time)s") % {
        "day": wording.long_date(local.date()),
        "time": f"{local:%H:%M}",
    }
    return f"{said} ({timezone.replace('_', ' ')})"
