"""A mail server on loopback that keeps what it gets and sends nothing on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    recipient: str
    message: bytes


class _Keeper:
    """aiosmtpd's handler: takes every message."""

    def __init__(self) -> None:
        self.mails: list[CaughtMail] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        for recipient in envelope.rcpt_tos:
            self.mails.append(CaughtMail(recipient=recipient, message=envelope.original_content))
        return "250 2.0.0 kept"


class _AnyPort(Controller):
    """aiosmtpd's controller, on a port that the system chooses: its own check that it is up
    would knock at port 0."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def caught_mails() -> Iterator[tuple[int, list[CaughtMail]]]:
    """The port of a mail catcher, and the list that fills with what it catches."""
    keeper = _Keeper()
    controller = _AnyPort(keeper, hostname="127.0.0.1", port=0, server_hostname="catcher.local")
    controller.start()
    try:
        yield controller.port, keeper.mails
    finally:
        controller.stop()
