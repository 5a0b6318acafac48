"""An SMTP server on loopback that takes everything, as fast as Python can: `sink.py` prints its
port and runs until its standard input closes."""

import socketserver
import sys
import threading


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._say("220 sink ESMTP")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"EHLO":
                    self._say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000")
                case b"DATA":
                    self._say("354 go ahead")
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        del part
                    self._say("250 2.0.0 kept")
                case b"QUIT":
                    self._say("221 2.0.0 bye")
                    return
                case _:
                    self._say("250 2.0.0 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
