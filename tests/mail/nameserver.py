"""A name server on loopback that knows what a test tells it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socketserver import BaseRequestHandler, UDPServer
from threading import Thread

from dns.flags import AA
from dns.message import from_wire, make_response
from dns.rcode import NXDOMAIN, SERVFAIL
from dns.rdatatype import to_text
from dns.rrset import from_text

from digest.mail.resolver import DnsResolver

# Record texts by name and kind, such as ("example.org", "MX"): ("10 mx.example.org.",).
Zone = Mapping[tuple[str, str], tuple[str, ...]]
BROKEN = ("broken",)


@contextmanager
def serving(zone: Zone) -> Iterator[DnsResolver]:
    """A resolver that asks nobody but a server of this zone; `BROKEN` answers with SERVFAIL."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            socket.sendto(answer(zone, query), self.client_address)

    with UDPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield DnsResolver(["127.0.0.1"], port=server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def answer(zone: Zone, query: bytes) -> bytes:
    message = from_wire(query)
    question = message.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    texts = zone.get((name, to_text(question.rdtype)), ())
    response = make_response(message)
    response.flags |= AA
    if texts == BROKEN:
        response.set_rcode(SERVFAIL)
    elif texts:
        response.answer.append(from_text(question.name, 60, "IN", question.rdtype, *texts))
    elif not any(known == name for known, _ in zone):
        response.set_rcode(NXDOMAIN)
    return response.to_wire()
