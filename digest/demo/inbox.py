"""The demo's mails as files, and as a page to look at them."""

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.demo.catcher import CaughtMail
from digest.demo.story import BASE_URL
from digest.wiring import TEMPLATES


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMail:
    """A mail taken apart. `name` is the file name it goes by."""

    name: str
    recipient: str
    subject: str
    text: str
    html: str
    message: bytes


def open_mail(caught: CaughtMail) -> OpenedMail:
    parsed = email.message_from_bytes(caught.message, policy=email.policy.default)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    return OpenedMail(
        name=caught.recipient.partition("@")[0],
        recipient=caught.recipient,
        subject=str(parsed["Subject"]),
        text=text.get_content() if text else "",
        html=html.get_content() if html else "",
        message=caught.message,
    )


def index_page(mails: Sequence[OpenedMail], papers_from: str, *, served: bool) -> str:
    """The list of mails with a picture of each, as a page that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "demo"), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("inbox.html")
    return template.render(mails=mails, papers_from=papers_from, served=served)


def write_mails(mails: Sequence[OpenedMail], papers_from: str, out: Path) -> None:
    """Writes each mail as .eml, .html and .txt, and index.html."""
    out.mkdir(parents=True, exist_ok=True)
    for mail in mails:
        (out / f"{mail.name}.eml").write_bytes(mail.message)
        (out / f"{mail.name}.html").write_text(mail.html, encoding="utf-8")
        (out / f"{mail.name}.txt").write_text(mail.text, encoding="utf-8")
    (out / "index.html").write_text(index_page(mails, papers_from, served=False), encoding="utf-8")


def inbox_site(mails: Sequence[OpenedMail], papers_from: str) -> Flask:
    """The mails as pages; their links lead to the service that runs beside."""
    site = Flask("digest.demo", static_folder=None, template_folder=None)
    by_name = {mail.name: mail for mail in mails}

    @site.get("/")
    def index() -> str:
        return index_page(mails, papers_from, served=True)

    @site.get("/<name>.<form>")
    def one(name: str, form: str) -> Response:
        mail = by_name.get(name) or abort(404)
        bodies = {
            "html": (mail.html.replace(f"{BASE_URL}/", "/").encode(), "text/html"),
            "txt": (mail.text.encode(), "text/plain"),
            "eml": (mail.message, "message/rfc822"),
        }
        body, kind = bodies.get(form) or abort(404)
        return Response(body, content_type=f"{kind}; charset=utf-8")

    return site
