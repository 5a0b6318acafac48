"""Digests ranked, composed and delivered to a loopback sink, against the plain way:
Jinja2, premailer, EmailMessage and smtplib for each message."""

import json
import smtplib
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path

import jinja2
import premailer

from benchmarks.measure import peak_mb, timed
from benchmarks.world import NOW, service, sink
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.deliver import deliver
from digest.store import editions, library, outbox

_PLAIN_MESSAGES = 60
_PLAIN = """<html><head><style>
body { font-family: Georgia, serif; color: #222; } h2 { font-size: 18px; margin: 0 0 4px; }
a { color: #0b4f8a; } p { margin: 0 0 8px; line-height: 24px; } .soft { color: #555; }
td { padding: 0 24px 20px; } table { width: 600px; background: #fff; }
</style></head><body><table role="presentation">{% for paper in papers %}
<tr><td><h2><a href="{{ paper.url }}">{{ paper.title }}</a></h2>
<p class="soft">{{ paper.authors | join(", ") }}</p><p>{{ paper.abstract[:420] }}</p></td></tr>
{% endfor %}</table><p class="soft">For {{ email }}</p></body></html>"""


def main(readers: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        sink() as port,
        service(Path(folder), port, paper_count=1000, readers=readers) as app,
    ):
        ranking = timed(lambda: assemble(app, NOW.date()))
        sending = timed(lambda: _require(deliver(app).sent, readers))
        memory = peak_mb()
        plain = timed(lambda: _send_plainly(app, port)) / _PLAIN_MESSAGES
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


def _send_plainly(app: App, port: int) -> None:
    template = jinja2.Environment(autoescape=True).from_string(_PLAIN)
    with app.store.read() as conn:
        edition = editions.by_date(conn, NOW.date())
        assert edition is not None
        rows = outbox.listed(conn, day=NOW.date(), limit=_PLAIN_MESSAGES)
        chosen = {row.email: library.by_ids(conn, row.papers) for row in rows}
    for email, papers in chosen.items():
        html = premailer.transform(template.render(papers=papers, email=email))
        message = EmailMessage()
        message["From"], message["To"] = "digest@bench.example", email
        message["Subject"] = papers[0].title
        message.set_content("\n\n".join(f"{p.title}\n{p.url}\n{p.abstract[:420]}" for p in papers))
        message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", port) as server:
            server.send_message(message)


if __name__ == "__main__":
    main(int(sys.argv[1]))
