import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from digest.store import schema
from digest.store.engine import open_store
from tests.web.world import StandingClock, World, make_app


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web") / "empty.db"
    store = open_store(f"sqlite:///{path}")
    schema.upgrade(store)
    store.close()
    return path


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Iterator[World]:
    path = shutil.copy(empty_database, tmp_path / "digest.db")
    store = open_store(f"sqlite:///{path}")
    clock = StandingClock()
    yield World(app=make_app(store, clock), clock=clock)
    store.close()


@pytest.fixture
def web(world: World) -> FlaskClient:
    return world.site.test_client()
