"""An IMAP server on loopback whose every answer a test can choose; it keeps mails and flags."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass
class ImapServer:
    """`answers` holds what to say to a command instead of obeying it, in turn: words after the
    tag, such as "NO not now", "drop", or "drop after N" bytes of a mail, "nothing" of it, or "" to
    obey. `log` holds the commands that came, without their arguments; `lines` all that was said.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    folders: dict[str, list[bytes]] = field(default_factory=lambda: {"INBOX": []})
    answers: dict[str, list[str]] = field(default_factory=dict)
    greeting: str = "* OK hello"
    capabilities: str = "IMAP4rev1 MOVE UIDPLUS"
    uid_validity: int = 7
    log: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    asked_bytes: list[int] = field(default_factory=list)
    port: int = 0

    def add(self, raw: bytes) -> int:
        uid = len(self.flags) + 1
        self.mails[uid], self.flags[uid] = raw, set()
        return uid


class _Dropped(Exception):
    pass


class _Session(StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(OSError, _Dropped):
            self.converse()

    def converse(self) -> None:
        self.state: ImapServer = self.server.state  # type: ignore[attr-defined]
        self.say(self.state.greeting)
        if " BYE" in self.state.greeting:
            return
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            self.state.lines.append(line)
            tag, _, rest = line.partition(" ")
            name, _, arguments = rest.removeprefix("UID ").partition(" ")
            self.state.log.append(name.upper())
            chosen = self.state.answers.get(name.upper(), [])
            answer = chosen.pop(0) if chosen else ""
            if answer == "drop":
                return
            if answer and answer != "nothing" and not answer.startswith("drop after"):
                self.say(f"{tag} {answer}")
                continue
            self.say(f"{tag} {self.obey(name.upper(), arguments, answer)}")
            if name.upper() == "LOGOUT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def obey(self, name: str, arguments: str, answer: str) -> str:
        match name:
            case "CAPABILITY":
                self.say(f"* CAPABILITY {self.state.capabilities}")
            case "SELECT":
                if arguments.strip('"') not in self.state.folders:
                    return "NO there is no such folder"
                self.say(f"* {len(self.state.mails)} EXISTS")
                self.say("* 0 RECENT")
                self.say(f"* OK [UIDVALIDITY {self.state.uid_validity}] fine")
                return "OK [READ-WRITE] selected"
            case "SEARCH":
                flags = self.state.flags
                new = [n for n in self.state.mails if not flags[n] & {r"\Seen", r"\Deleted"}]
                self.say(" ".join(["* SEARCH", *map(str, sorted(new, reverse=True))]))
            case "LIST":
                wanted = arguments.rsplit(maxsplit=1)[-1].strip('"')
                if wanted in self.state.folders:
                    self.say(f'* LIST () "/" "{wanted}"')
            case "CREATE":
                self.state.folders[arguments.strip('"')] = []
            case "LOGOUT":
                self.say("* BYE see you")
            case "FETCH" | "STORE" | "MOVE" | "COPY" | "EXPUNGE":
                return self.on_mail(name, arguments, answer)
        return "OK done"

    def on_mail(self, name: str, arguments: str, answer: str) -> str:
        number, _, rest = arguments.partition(" ")
        uid = int(number)
        if uid not in self.state.mails:
            return "OK nothing to do"
        match name:
            case "FETCH":
                self.give(uid, rest, answer)
            case "STORE":
                self.state.flags[uid] |= set(re.findall(r"\\\w+", rest))
            case "MOVE" | "COPY":
                if rest.strip('"') not in self.state.folders:
                    return "NO [TRYCREATE] there is no such folder"
                self.state.folders[rest.strip('"')].append(self.state.mails[uid])
        if name in ("MOVE", "EXPUNGE"):
            del self.state.mails[uid]
        return "OK done"

    def give(self, uid: int, what: str, answer: str) -> None:
        asked = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", what)
        assert asked is not None, what
        self.state.asked_bytes.append(int(asked[1]))
        if answer == "nothing":
            self.say(f"* 1 FETCH (UID {uid} BODY[]<0> NIL)")
            return
        content = self.state.mails[uid][: int(asked[1])]
        self.wfile.write(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n" % (uid, len(content)))
        if answer.startswith("drop after"):
            self.wfile.write(content[: int(answer.rsplit(maxsplit=1)[-1])])
            raise _Dropped
        self.wfile.write(content + b")\r\n")


class _Server(ThreadingTCPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self):  # type: ignore[no-untyped-def]
        sock, address = super().get_request()
        if self.tls is not None:
            # The handshake waits for the first read, in a thread of the client's own.
            sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Clients hang up; that is what the tests are about."""


@contextmanager
def serving(state: ImapServer, tls: ssl.SSLContext | None = None) -> Iterator[ImapServer]:
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.state = state  # type: ignore[attr-defined]
        server.tls = tls
        state.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
