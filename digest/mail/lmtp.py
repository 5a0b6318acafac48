"""Taking mail that a mail server hands over (LMTP, RFC 2033), with aiosmtpd.

The server keeps a mail until it is told that we have it: it is told when what came of the mail is
stored, and to try again later when anything at all went wrong with us.
"""

import asyncio
import os
import socket
import stat
import threading
from asyncio import AbstractServer
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import AnyStr

import structlog
from aiosmtpd.controller import BaseThreadedController
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from digest.core.errors import ConfigError

_log = structlog.get_logger()

# What is looked at is less; but whoever writes to us with a picture below is no less understood.
MAX_TAKEN_BYTES = 10_240_000
_MAX_RECIPIENTS = 100
_FINISH_WITHIN_S = 1.0
_GREETING_S = 5.0
_TRY_AGAIN = "451 4.3.0 this cannot be handled now, try again later"


@dataclass(frozen=True, slots=True, kw_only=True)
class LmtpPlace:
    """Where mail is handed over: a Unix socket, or where that is "", a host and a port."""

    host: str = "127.0.0.1"
    port: int = 0
    socket_path: str = ""

    def __str__(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return self.socket_path or f"{shown}:{self.port}"


class LmtpServer:
    """Takes mail between `start` and `stop`, in a thread of its own, one mail after the other.

    `accepts` says whether a recipient is ours; `take` handles a mail, which is given with the
    envelope's Return-Path and Delivered-To before it, and raises where that has to be tried
    again. The place is had at once; of port 0 the system makes a free one. Raises ConfigError
    when it cannot be had.
    """

    def __init__(
        self,
        place: LmtpPlace,
        *,
        hostname: str,
        accepts: Callable[[str], bool],
        take: Callable[[bytes], object],
    ) -> None:
        self._socket = _bound(place)
        self.place = place
        if not place.socket_path:
            self.place = LmtpPlace(host=place.host, port=self._socket.getsockname()[1])
        self._one_at_a_time = threading.Lock()
        handler = _Handler(accepts, take, self._one_at_a_time)
        self._controller = _Controller(self._socket, handler, hostname)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        """Lets the mail that is being handled finish for a second; closes connections."""
        finished = self._one_at_a_time.acquire(timeout=_FINISH_WITHIN_S)
        self._controller.stop()
        if finished:
            self._one_at_a_time.release()
        if self.place.socket_path:
            Path(self.place.socket_path).unlink(missing_ok=True)


def greeting_at(place: LmtpPlace) -> str:
    """What is said there first, or "" where nobody listens."""
    try:
        with _connected(place) as sock:
            sock.settimeout(_GREETING_S)
            return sock.recv(512).decode("utf-8", "replace").strip()
    except OSError:
        return ""


# --- the conversation -----------------------------------------------------------------------------


class _Handler:
    """aiosmtpd's handler."""

    def __init__(
        self,
        accepts: Callable[[str], bool],
        take: Callable[[bytes], object],
        one_at_a_time: threading.Lock,
    ) -> None:
        self._accepts = accepts
        self._take = take
        self._one_at_a_time = one_at_a_time

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's names, here and below)
        self, _server: LMTP, session: Session, _envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        return [*lines[:-1], "250-PIPELINING", lines[-1]]

    async def handle_RCPT(  # noqa: N802
        self,
        _server: LMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if not self._accepts(address):
            return "550 5.1.1 there is no such mailbox here"
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802
        self, _server: LMTP, _session: Session, envelope: Envelope
    ) -> str:
        await asyncio.to_thread(self._take_in_turn, _delivered(envelope))
        return "250 2.0.0 taken"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever it is, the mail server has the mail still: it may be mended by then."""
        _log.error("lmtp.deferred", error=type(error).__name__)
        _log.debug("lmtp.deferred_because", exc_info=error)
        return _TRY_AGAIN

    def _take_in_turn(self, mail: bytes) -> None:
        with self._one_at_a_time:
            self._take(mail)


class _Lmtp(LMTP):
    """Answers the end of a mail once for each recipient (RFC 2033, 4.2), which aiosmtpd does not.

    All get the same answer: a mail is handled once, whoever of us it is for.
    """

    line_length_limit = 2**20  # mail programs break the rule of 998 octets
    _owed = 0

    async def push(self, status: AnyStr) -> None:
        times, self._owed = max(self._owed, 1), 0
        for _ in range(times):
            await super().push(status)
        # What is said next is about the mail: that it was taken, or why it was not.
        if isinstance(status, str) and status.startswith("354") and self.envelope is not None:
            self._owed = len(self.envelope.rcpt_tos)


def _delivered(envelope: Envelope) -> bytes:
    """The mail with what only the envelope says above it, as for a final delivery."""
    sender = (envelope.mail_from or "").strip("<>")
    lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {one}" for one in envelope.rcpt_tos)]
    head = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
    return head + (envelope.original_content or b"")


# --- the socket -----------------------------------------------------------------------------------


class _Controller(BaseThreadedController):
    """aiosmtpd's controller on a socket that is bound already, whose mistakes were told."""

    def __init__(self, bound: socket.socket, handler: _Handler, hostname: str) -> None:
        super().__init__(handler, server_hostname=hostname, data_size_limit=MAX_TAKEN_BYTES)
        self._bound = bound

    def factory(self) -> LMTP:
        return _Lmtp(self.handler, loop=self.loop, **self.SMTP_kwargs)

    def _create_server(self) -> Awaitable[AbstractServer]:
        if self._bound.family == socket.AF_UNIX:
            return self.loop.create_unix_server(self._factory_invoker, sock=self._bound)
        return self.loop.create_server(self._factory_invoker, sock=self._bound)

    def _trigger_server(self) -> None:
        """aiosmtpd wants one conversation made, to see that it can be; this one is with nobody."""
        self._factory_invoker()


def _bound(place: LmtpPlace) -> socket.socket:
    try:
        if place.socket_path:
            return _bound_path(place)
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        return socket.create_server((place.host, place.port), family=family)
    except (OSError, ValueError) as error:
        key = "path" if place.socket_path else "port"
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError([f"mailbox.{key}: {place} cannot be used: {why}"]) from error


def _bound_path(place: LmtpPlace) -> socket.socket:
    """A socket file for this user and its group; one that a dead process left is replaced."""
    path = Path(place.socket_path)
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not greeting_at(place):
            path.unlink()
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(str(path))
        os.chmod(path, 0o660)
        sock.listen()
    except BaseException:
        sock.close()
        raise
    return sock


def _connected(place: LmtpPlace) -> socket.socket:
    if not place.socket_path:
        return socket.create_connection((place.host, place.port), _GREETING_S)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(_GREETING_S)
        sock.connect(place.socket_path)
    except BaseException:
        sock.close()
        raise
    return sock
