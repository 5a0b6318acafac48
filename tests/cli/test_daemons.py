"""What `digest run` and `digest web` serve, as configured."""

import http.client
from collections.abc import Iterator

import pytest

from digest.cli.daemons import _started_server
from digest.settings import Settings
from digest.store.engine import Store
from digest.web.server import WebServer
from tests.builders import make_app

TOKEN = "operators-token-0123456789"


@pytest.fixture
def server(sqlite_store: Store) -> Iterator[WebServer]:
    web = {"port": 0, "metrics_from": ["10.0.0.0/8"], "metrics_token": TOKEN}
    running = _started_server(make_app(sqlite_store), Settings.model_validate({"web": web}))
    yield running
    running.stop()


def status(server: WebServer, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_pages_are_for_all_and_the_metrics_for_whom_the_configuration_allows(
    server: WebServer,
) -> None:
    assert status(server, "/healthz") == 200
    assert status(server, "/metrics") == 401
    assert status(server, "/metrics", Authorization=f"Bearer {TOKEN}") == 200
    assert status(server, "/metrics", **{"X-Forwarded-For": "10.1.2.3"}) == 200
