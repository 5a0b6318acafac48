"""A web server in a thread of its own, which stops when told to."""

import socket
from threading import Event, Thread
from wsgiref.types import WSGIApplication

from waitress import wasyncore
from waitress.server import create_server

from digest.core.errors import ConfigError

_LOOK_UP_EVERY_S = 0.25
_FINISH_WITHIN_S = 1.0
# Above what any form needs, so that a body that is merely too long is read and refused politely.
_MAX_READ_BYTES = 4 * 1024 * 1024


class WebServer:
    """Serves a WSGI application (with waitress) between `start` and `stop`.

    The port is bound at once; with port 0 the system chooses one. Raises ConfigError when it
    cannot be had. A server is started at most once.
    """

    def __init__(
        self, application: WSGIApplication, *, host: str, port: int, threads: int = 8
    ) -> None:
        self._socket = _bind(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._sockets: dict[int, wasyncore.dispatcher] = {}
        self._server = create_server(
            application,
            map=self._sockets,
            sockets=[self._socket],
            threads=threads,
            # Clients that open connections and say nothing must not keep the others out.
            connection_limit=1000,
            channel_timeout=20,
            ident=None,
            # The application decides whom it believes; here nothing is taken away.
            clear_untrusted_proxy_headers=False,
            max_request_body_size=_MAX_READ_BYTES,
            # A client that goes away is no event, and its path may hold a token.
            log_socket_errors=False,
        )
        self._stopping = Event()
        self._thread = Thread(target=self._serve, name="web", daemon=True)

    @property
    def url(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets requests that are being answered finish for a second; closes all connections."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=_FINISH_WITHIN_S)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=_LOOK_UP_EVERY_S, use_poll=True, map=self._sockets, count=1)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            [f"web.port: {host}:{port} cannot be used: {error.strerror}; choose another"]
        ) from error
