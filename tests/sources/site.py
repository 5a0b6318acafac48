"""A small web site on loopback that answers as a test scripts it."""

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`claimed_bytes` is a Content-Length that may not be true; `hang_up` answers nothing."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    claimed_bytes: int | None = None
    hang_up: bool = False


@dataclass(slots=True)
class Request:
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass(slots=True)
class Site:
    """`script` is answered in order, its last reply again and again; `asked` is what came.

    With `answering`, that decides instead.
    """

    url: str
    script: list[Reply] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    answering: Callable[[Request], Reply] | None = None

    def answers(self, *replies: Reply) -> None:
        self.script[:] = replies

    def next_reply(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.answering is not None:
            return self.answering(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def running_site() -> Iterator[Site]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    site = server.site = Site(url=f"http://127.0.0.1:{server.server_port}/feed")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            path=parts.path,
            params=dict(parse_qsl(parts.query)),
            headers=headers,
            method=self.command,
            body=self.rfile.read(int(headers.get("content-length", 0))),
        )
        reply = self.server.site.next_reply(request)  # type: ignore[attr-defined]
        if reply.hang_up:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        claimed = len(reply.body) if reply.claimed_bytes is None else reply.claimed_bytes
        self.send_header("Content-Length", str(claimed))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args: object) -> None:
        """The tests look at `asked` instead."""


class AnyHost(httpx.BaseTransport):
    """Brings the request for any host, http or https, to one site on loopback."""

    def __init__(self, site: Site) -> None:
        self._site = httpx.URL(site.url)
        self._transport = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(
            scheme="http", host=self._site.host, port=self._site.port
        )
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()
