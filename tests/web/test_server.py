import http.client
import socket
from collections.abc import Iterator

import pytest

from digest.core.errors import ConfigError
from digest.core.tokens import Purpose
from digest.web.server import WebServer
from digest.web.site import create_web
from tests.web.world import World


@pytest.fixture
def server(world: World) -> Iterator[WebServer]:
    site = create_web(world.app, trusted_proxies=["127.0.0.1"])
    running = WebServer(site, host="127.0.0.1", port=0)
    running.start()
    yield running
    running.stop()


def ask(
    server: WebServer, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_pages_come_over_a_real_socket(server: WebServer) -> None:
    status, body = ask(server, "GET", "/")
    assert status == 200
    assert b"Trending papers" in body
    assert server.url == f"http://127.0.0.1:{server.port}"


def test_a_body_of_two_megabytes_is_refused_politely(world: World, server: WebServer) -> None:
    token = world.token(Purpose.UNSUBSCRIBE, world.member())
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _ = ask(server, "POST", f"/unsubscribe/{token}", "x" * 2_000_000, form)
    assert status == 413


def test_a_trusted_proxy_says_who_asks(world: World, server: WebServer) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for number in range(world.app.rules.subscribe_per_hour + 1):
        status, _ = ask(
            server,
            "POST",
            "/subscribe",
            f"email=reader{number}@reader.example",
            {**form, "X-Forwarded-For": f"198.51.100.{number}"},
        )
        assert status == 200


def test_a_stopped_server_gives_its_port_back_even_with_connections_open(world: World) -> None:
    server = WebServer(world.site, host="127.0.0.1", port=0)
    server.start()
    kept = http.client.HTTPConnection(server.host, server.port, timeout=10)
    kept.request("GET", "/healthz")
    assert kept.getresponse().read() == b'{"status":"ok"}\n'
    server.stop()
    kept.close()
    socket.create_server(("127.0.0.1", server.port)).close()


def test_a_server_that_was_never_started_can_be_stopped(world: World) -> None:
    server = WebServer(world.site, host="127.0.0.1", port=0)
    server.stop()
    socket.create_server(("127.0.0.1", server.port)).close()


def test_a_port_that_is_taken_is_a_mistake_with_its_key(world: World) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ConfigError, match=r"web\.port: 127\.0\.0\.1:\d+ cannot be used"),
    ):
        WebServer(world.site, host="127.0.0.1", port=taken.getsockname()[1])
