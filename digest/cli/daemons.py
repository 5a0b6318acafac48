"""`digest run`, `worker`, `web`: what stays and serves."""

import os
import sys
import threading
from contextlib import ExitStack

import typer

from digest.cli.context import opened_app, settings_of
from digest.cli.options import globals_of
from digest.cli.output import note
from digest.daemon import delivery_tick, run_ticks, service_ticks, stop_on_signals
from digest.logs import configure_logs
from digest.pipeline.app import App
from digest.planner import answers
from digest.settings import Settings
from digest.web.monitors import Monitors
from digest.web.server import WebServer
from digest.web.site import create_web
from digest.wiring import build_inbox, build_lmtp


def run(ctx: typer.Context) -> None:
    """Run the service: scheduler, delivery, mailbox and web pages.

    SIGTERM or Ctrl-C ends it cleanly within ten seconds.

    Example: digest --config /srv/digest/config.toml run
    """
    settings, stop = _prepare(ctx)
    with opened_app(ctx) as app, ExitStack() as stack:
        server = _started_server(app, settings)
        stack.callback(server.stop)
        note(f"digest is running, pages at {server.url}, stop with Ctrl-C")
        lmtp, inbox = build_lmtp(settings, app), build_inbox(settings)
        if lmtp is not None:
            lmtp.start()
            stack.callback(lmtp.stop)
            note(f"mail is taken at {lmtp.place}, by LMTP")
        run_ticks(service_ticks(app, stop, inbox, settings.mailbox.poll_every), stop)
    _leave()


def worker(ctx: typer.Context) -> None:
    """Deliver only: further processes on one PostgreSQL database.

    Example: digest --config /srv/digest/config.toml worker
    """
    _, stop = _prepare(ctx)
    with opened_app(ctx) as app:
        note("this worker delivers, stop with Ctrl-C")
        run_ticks([delivery_tick(app, stop)], stop)
    _leave()


def planner(ctx: typer.Context) -> None:
    """Plan for whoever started this, as told on standard input."""
    # Whatever else is printed here, by a model or a library, is no answer.
    told, sys.stdout = sys.stdout, sys.stderr
    with opened_app(ctx) as app:
        for answer in answers(app, sys.stdin):
            print(answer, file=told, flush=True)


def web(ctx: typer.Context) -> None:
    """Serve the web pages only.

    Example: digest --config /srv/digest/config.toml web
    """
    settings, stop = _prepare(ctx)
    with opened_app(ctx) as app:
        server = _started_server(app, settings)
        note(f"pages at {server.url}, stop with Ctrl-C")
        stop.wait()
        server.stop()


def _prepare(ctx: typer.Context) -> tuple[Settings, threading.Event]:
    """Settings and the event that signals set; a service logs what it does."""
    options = globals_of(ctx)
    if options.log_level == "warning":
        configure_logs("info", options.log_format)
    stop = threading.Event()
    stop_on_signals(stop)
    return settings_of(ctx), stop


def _started_server(app: App, settings: Settings) -> WebServer:
    pages = settings.web
    monitors = Monitors(pages.metrics_from, pages.metrics_token)
    site = create_web(app, trusted_proxies=pages.trusted_proxies, monitors=monitors)
    server = WebServer(site, host=pages.host, port=pages.port)
    server.start()
    return server


def _leave() -> None:
    """Ends the process although a step may hang in the network: SIGTERM means within seconds."""
    stuck = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if stuck:
        os._exit(0)
