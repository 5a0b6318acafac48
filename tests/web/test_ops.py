from datetime import timedelta

from flask.testing import FlaskClient

from digest.store import leases
from tests.web.world import NOW, World


def test_a_healthy_process_says_ok(web: FlaskClient) -> None:
    response = web.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_a_paused_outbox_is_degraded_but_alive_and_keeps_the_reason_to_itself(
    world: World, web: FlaskClient
) -> None:
    with world.app.store.write() as conn:
        leases.acquire(
            conn,
            leases.OUTBOX_PAUSE,
            owner="elsewhere",
            now=NOW,
            until=NOW + timedelta(minutes=5),
            reason="login failed at relay.internal",
        )
    response = web.get("/healthz")
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["status"] == "degraded"
    assert "relay.internal" not in response.text
    world.clock.sleep(301)
    assert web.get("/healthz").json == {"status": "ok"}


def test_without_a_database_the_process_is_neither_healthy_nor_ready(
    world: World, web: FlaskClient
) -> None:
    with world.app.store.engine.connect() as conn:
        conn.exec_driver_sql("DROP TABLE leases")
        conn.exec_driver_sql("DROP TABLE alembic_version")
        conn.commit()
    assert web.get("/healthz").status_code == 503
    assert web.get("/readyz").status_code == 503


def test_a_current_schema_is_ready(web: FlaskClient) -> None:
    response = web.get("/readyz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_another_schema_is_not_ready_and_says_what_to_do(world: World, web: FlaskClient) -> None:
    with world.app.store.engine.connect() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = 'from-the-future'")
        conn.commit()
    response = web.get("/readyz")
    assert response.status_code == 503
    assert "upgrade the program" in response.text
