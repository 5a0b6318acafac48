"""`digest demo`: the whole main job on this machine, with nothing to set up."""

import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from digest.cli.output import say
from digest.daemon import stop_on_signals
from digest.demo.inbox import inbox_site, open_mail, write_mails
from digest.demo.story import play
from digest.web.server import WebServer
from digest.web.site import create_web


def demo(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Show the mails in a browser page.")
    ] = True,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write the mails.")] = Path(
        "demo-out"
    ),
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Of the page; 0 is any free one.")
    ] = 0,
) -> None:
    """Do the whole work on this machine alone, and show the mails.

    Example: digest demo --no-serve --out demo-out
    """
    with tempfile.TemporaryDirectory(prefix="digest-demo-") as folder, play(Path(folder)) as played:
        mails = [open_mail(mail) for mail in sorted(played.mails, key=lambda m: m.recipient)]
        write_mails(mails, played.papers_from, out)
        say(f"{len(mails)} mails, with papers from {played.papers_from}:")
        for mail in mails:
            say(f"  {mail.recipient:<18} {mail.subject}")
        say(f"written to {out}/ as .eml, .html and .txt; open {out / 'index.html'}")
        if serve:
            stop = threading.Event()
            stop_on_signals(stop)
            pages = DispatcherMiddleware(
                create_web(played.app), {"/mails": inbox_site(mails, played.papers_from)}
            )
            server = WebServer(pages, host="127.0.0.1", port=port)
            server.start()
            say(f"look at them: {server.url}/mails/ (stop with Ctrl-C)")
            stop.wait()
            server.stop()
