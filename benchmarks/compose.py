"""Digests of ten papers composed, unsigned and with RSA-2048, against the plain way: for each
message Jinja2, premailer and `email.message` (`benchmarks.plain`), which makes the same mail. Of
ours all is counted, from rows to bytes: links, headers, envelope; of the plain way what is rendered
and written. Both have made a mail before, for which templates are read and compiled. Ratios are of
the processor's time, one thread each; and of signed ones, as the threads of the connections make
them, of the clock's: who signs leaves the interpreter to others."""

import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.measure import Stopwatch, peak_mb
from benchmarks.plain import PlainWay
from benchmarks.world import NOW, service
from digest.core.deliveries import Delivery
from digest.core.papers import Paper
from digest.logs import configure_logs
from digest.mail.sign import DkimKey, MessageSigner
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.compose import Letters, load_letters
from digest.store import claims, library
from digest.wiring import TEMPLATES

_BATCH, _PLAIN_IN_A_BATCH = 256, 3
_CONNECTIONS = 4  # as `smtp.connections` is by default


def main(readers: int) -> None:
    configure_logs("warning", "console")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer = MessageSigner([DkimKey(domain="bench.example", selector="b", private_key=key)])
    with (
        tempfile.TemporaryDirectory() as folder,
        service(Path(folder), 25, paper_count=300, readers=readers) as app,
    ):
        assemble(app, NOW.date())
        plain, unsigned, signed, by_senders = (Stopwatch() for _ in range(4))
        plainly = size = 0
        way = PlainWay([TEMPLATES], app.identity)
        made = 0
        while batch := _claimed(app):
            if not made:
                _make_plainly(app, way, batch[0], Stopwatch())
            made += len(batch)
            letters = load_letters(app, batch)
            with unsigned:
                for delivery in batch:
                    size += len(letters.write(delivery)[1])
            signing = replace(letters, app=replace(app, signer=signer))
            with signed:
                for delivery in batch:
                    signing.write(delivery)
            with by_senders, ThreadPoolExecutor(_CONNECTIONS) as senders:
                for _ in senders.map(partial(_write_all, signing), _shares(batch)):
                    pass
            for delivery in batch[:_PLAIN_IN_A_BATCH]:
                plainly += 1
                _make_plainly(app, way, delivery, plain)
        memory = peak_mb()
    if made != readers:
        raise SystemExit(f"only {made} of {readers} digests were planned")
    each, by_the_clock = plain.cpu_seconds / plainly, plain.seconds / plainly
    print(
        json.dumps(
            {
                "digests": readers,
                "bytes_each": round(size / readers),
                "plain_per_second": round(1 / each, 1),
                "unsigned_per_second": round(readers / unsigned.cpu_seconds),
                "signed_per_second": round(readers / signed.cpu_seconds),
                "ratio_unsigned": round(each * readers / unsigned.cpu_seconds, 1),
                "ratio_signed": round(each * readers / signed.cpu_seconds, 1),
                "ratio_signed_by_senders": round(by_the_clock * readers / by_senders.seconds, 1),
                "peak_mb": round(memory),
            }
        )
    )


def _shares(batch: Sequence[Delivery]) -> list[Sequence[Delivery]]:
    return [batch[number::_CONNECTIONS] for number in range(_CONNECTIONS)]


def _write_all(letters: Letters, deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        letters.write(delivery)


def _make_plainly(app: App, way: PlainWay, delivery: Delivery, watch: Stopwatch) -> None:
    letters = load_letters(app, [delivery])
    view, papers = letters.view(delivery), _papers(app, letters, delivery)
    with watch:
        content = way.content(view, papers)
        way.message(content, {"To": view.email})
    if content != letters.content(delivery):
        raise SystemExit("the plain way makes another mail")


def _claimed(app: App) -> list[Delivery]:
    """The next digests, as a sender takes them."""
    with app.store.write() as conn:
        return claims.claim(
            conn, now=NOW, limit=_BATCH, owner="bench", lease_until=NOW + timedelta(hours=1)
        )


def _papers(app: App, letters: Letters, delivery: Delivery) -> list[Paper]:
    with app.store.read() as conn:
        return library.by_ids(conn, [p.paper_id for p in letters.papers[delivery.id]])


if __name__ == "__main__":
    main(int(sys.argv[1]))
