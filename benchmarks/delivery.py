"""Digests ranked, composed and delivered to a loopback sink, against the plain way:
Jinja2, premailer, EmailMessage and smtplib for each message."""

import json
import smtplib
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import jinja2
import premailer

from benchmarks.measure import peak_mb, timed
from benchmarks.world import NOW, service, sink
from digest.core.messages import Content
from digest.core.papers import Paper
from digest.logs import configure_logs
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.compose import load_letters
from digest.pipeline.deliver import deliver
from digest.store import library, outbox

_PLAIN_MESSAGES = 60
_PLAIN = """<html><head><style>
body { font-family: Georgia, serif; color: #222; } h2 { font-size: 18px; margin: 0 0 4px; }
a { color: #0b4f8a; } p { margin: 0 0 8px; line-height: 24px; } .soft { color: #555; }
td { padding: 0 24px 20px; } table { width: 600px; background: #fff; }
</style></head><body><table role="presentation">{% for paper in papers %}
<tr><td><h2><a href="{{ paper.url }}">{{ paper.title }}</a></h2>
<p class="soft">{{ paper.authors | join(", ") }}</p><p>{{ paper.abstract[:420] }}</p></td></tr>
{% endfor %}</table><p class="soft">For {{ email }}</p></body></html>"""


class PlainMail(NamedTuple):
    email: str
    papers: list[Paper]
    content: Content


def main(readers: int) -> None:
    configure_logs("warning", "console")  # as the command line has it
    with (
        tempfile.TemporaryDirectory() as folder,
        sink() as port,
        service(Path(folder), port, paper_count=1000, readers=readers) as app,
    ):
        ranking = timed(lambda: assemble(app, NOW.date()))
        sending = timed(lambda: _require(deliver(app).sent, readers))
        memory = peak_mb()
        mails = _plain_mails(app)
        plain = timed(lambda: _send_plainly(mails, port)) / len(mails)
    each = (ranking + sending) / readers
    print(
        json.dumps(
            {
                "digests": readers,
                "ranked_per_second": round(readers / ranking),
                "composed_and_sent_per_second": round(readers / sending),
                "plain_per_second": round(1 / plain, 1),
                "ratio_sending": round(plain / (sending / readers), 2),
                "ratio_ranking_and_sending": round(plain / each, 2),
                "peak_mb": round(memory, 1),
            }
        )
    )


def _require(sent: int, wanted: int) -> None:
    if sent != wanted:
        raise SystemExit(f"only {sent} of {wanted} digests were sent")


def _plain_mails(app: App) -> list[PlainMail]:
    """What the plain way is given: papers, and the size of mail that the product makes of them."""
    with app.store.read() as conn:
        rows = outbox.listed(conn, day=NOW.date(), limit=_PLAIN_MESSAGES)
        papers = {row.email: library.by_ids(conn, row.papers) for row in rows}
    letters = load_letters(app, [row.delivery for row in rows])
    return [PlainMail(row.email, papers[row.email], letters.content(row.delivery)) for row in rows]


def _send_plainly(mails: list[PlainMail], port: int) -> None:
    """Jinja2, premailer, EmailMessage and a connection for each message, of the same size."""
    template = jinja2.Environment(autoescape=True).from_string(_PLAIN)
    for mail in mails:
        template.render(papers=mail.papers, email=mail.email)
        message = EmailMessage()
        message["From"], message["To"] = "digest@bench.example", mail.email
        message["Subject"] = mail.content.subject
        message.set_content(mail.content.text)
        message.add_alternative(premailer.transform(mail.content.html), subtype="html")
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(message)


if __name__ == "__main__":
    main(int(sys.argv[1]))
