"""What monitors are shown, and which monitors are."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain

from digest.core.deliveries import DeliveryStatus
from digest.core.errors import ConfigError
from digest.core.fetching import Outcome
from digest.core.messages import MailKind
from digest.core.subscribers import Status
from digest.pipeline.app import StandIn
from digest.store import cursors, leases, outbox, schema, subscribers
from digest.store.cursors import Fetch
from digest.store.engine import Store
from digest.store.tables import deliveries
from digest.web.monitors import Monitors
from digest.web.site import create_web
from tests.builders import make_new_delivery
from tests.fakes import FakeSource
from tests.pipeline.world import hold_back
from tests.web.world import NOW, TODAY, StandingClock, World, make_app

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TOKEN = "operators-token-0123456789"
MINUTE = timedelta(minutes=1)


def samples(web: FlaskClient) -> dict[str, float]:
    """Every sample by its name with its labels, as `name{label="value"}`."""
    response = web.get("/metrics")
    assert response.status_code == 200, response.text
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in response.text.splitlines()
        if not line.startswith("#")
    }


def served_with(world: World, *names: str) -> FlaskClient:
    """A site of a service with these sources."""
    app = replace(world.app, sources={name: FakeSource(name, []) for name in names})
    return create_web(app, monitors=Monitors(["127.0.0.1"])).test_client()


# --- what is shown --------------------------------------------------------------------------------


def test_a_service_that_has_done_nothing_shows_noughts_and_no_moments(web: FlaskClient) -> None:
    found = samples(web)
    assert found['digest_subscribers{status="active"}'] == 0
    assert found['digest_deliveries{status="queued"}'] == 0
    assert found["digest_deliveries_sent_total"] == 0
    assert found["digest_deliveries_oldest_due_age_seconds"] == 0
    assert found["digest_outbox_paused"] == 0
    assert not [name for name in found if "last_edition" in name]
    assert any(name.startswith("digest_build_info{") for name in found)


def test_people_are_counted_by_status_and_suppressed_addresses_by_reason(
    world: World, web: FlaskClient
) -> None:
    world.member("ada@reader.example")
    world.member("ben@reader.example", Status.PENDING)
    with world.app.store.write() as conn:
        for number, reason in enumerate(("bounce: 550 no such user", "complaint: abuse", "asked")):
            subscribers.suppress_hash(conn, f"{number:064x}", reason, NOW)
    found = samples(web)
    assert found['digest_subscribers{status="active"}'] == 1
    assert found['digest_subscribers{status="pending"}'] == 1
    assert found['digest_suppressions{reason="bounce"}'] == 1
    assert found['digest_suppressions{reason="complaint"}'] == 1
    assert found['digest_suppressions{reason="operator"}'] == 1
    assert found["digest_suppressions_held"] == 0
    hold_back(world.app.store, 9)
    assert samples(web)["digest_suppressions_held"] == 1


def test_the_queue_is_shown_with_its_age_and_outcomes_are_counted_up(
    world: World, web: FlaskClient
) -> None:
    member = world.member()
    with world.app.store.write() as conn:
        for number in range(1, 6):
            new = make_new_delivery(member.id, number, kind=MailKind.CONFIRMATION)
            outbox.enqueue(conn, [new], NOW - number * MINUTE)
        for key, status in ((1, DeliveryStatus.SENT), (2, DeliveryStatus.FAILED)):
            conn.execute(sa.update(deliveries).where(deliveries.c.id == key).values(status=status))
    found = samples(web)
    assert found['digest_deliveries{status="queued"}'] == 3
    assert found['digest_deliveries{status="failed"}'] == 1
    assert found["digest_deliveries_due"] == 3
    assert found["digest_deliveries_oldest_due_age_seconds"] == 5 * 60
    assert found["digest_deliveries_sent_total"] == 1
    assert found["digest_deliveries_failed_total"] == 1
    assert found["digest_deliveries_bounced_total"] == 0


def test_a_resting_outbox_shows_until_its_rest_is_over(world: World, web: FlaskClient) -> None:
    with world.app.store.write() as conn:
        leases.acquire(
            conn, leases.OUTBOX_PAUSE, owner="breaker", now=NOW, until=NOW + 5 * MINUTE, reason="no"
        )
    assert samples(web)["digest_outbox_paused"] == 1
    world.clock.sleep(301)
    assert samples(web)["digest_outbox_paused"] == 0


def test_each_source_shows_when_it_last_answered_and_what_came_of_asking_since(
    world: World,
) -> None:
    web = served_with(world, "arxiv", "github")
    worked = Fetch(
        source="arxiv", started_at=NOW - 60 * MINUTE, finished_at=NOW, outcome=Outcome.OK
    )
    broke = replace(
        worked, started_at=NOW, finished_at=NOW + MINUTE, outcome=Outcome.FAILED, reason="no route"
    )
    with world.app.store.write() as conn:
        for fetch in (worked, broke, replace(worked, source="no.longer.asked")):
            cursors.record_fetch(conn, fetch)
        cursors.save_due(conn, "arxiv", next_due_at=NOW, failures=1)
    found = samples(web)
    last = "digest_source_last_"
    assert found[f'{last}success_timestamp_seconds{{source="arxiv"}}'] == NOW.timestamp()
    assert found[f'{last}fetch_timestamp_seconds{{source="arxiv"}}'] == NOW.timestamp() + 60
    assert found[f'{last}outcome{{outcome="failed",source="arxiv"}}'] == 1
    assert found[f'{last}outcome{{outcome="ok",source="arxiv"}}'] == 0
    assert found['digest_source_failures{source="arxiv"}'] == 1
    assert found['digest_source_failures{source="github"}'] == 0
    assert f'{last}success_timestamp_seconds{{source="github"}}' not in found
    assert "no.longer.asked" not in str(found)


def test_a_source_that_only_stands_in_is_never_overdue_and_so_not_shown(world: World) -> None:
    stand_in = StandIn(source=FakeSource("arxiv_rss", []))
    sources = {"arxiv": FakeSource("arxiv", [])}
    app = replace(world.app, sources=sources, stand_ins={"arxiv": (stand_in,)})
    once = Fetch(source="arxiv_rss", started_at=NOW, finished_at=NOW, outcome=Outcome.FAILED)
    with world.app.store.write() as conn:
        cursors.record_fetch(conn, once)
        cursors.save_due(conn, "arxiv_rss", next_due_at=NOW, failures=3)
    found = samples(create_web(app, monitors=Monitors(["127.0.0.1"])).test_client())
    assert 'digest_source_failures{source="arxiv"}' in found
    assert "arxiv_rss" not in str(found)


def test_the_newest_edition_with_papers_is_shown(world: World, web: FlaskClient) -> None:
    world.edition(TODAY, [(world.paper(), 0.5, "")])
    world.edition(TODAY + timedelta(days=1), [])
    found = samples(web)
    midnight = NOW.replace(hour=0).timestamp()
    assert found["digest_last_edition_date_timestamp_seconds"] == midnight
    assert found["digest_last_edition_planned_timestamp_seconds"] == NOW.timestamp()
    assert found["digest_last_edition_papers"] == 1
    assert found["digest_last_edition_missing_sources"] == 0


def test_the_process_that_answers_shows_its_memory(web: FlaskClient) -> None:
    assert samples(web)["process_resident_memory_bytes"] > 0


def test_nobody_can_be_told_from_the_metrics(world: World, web: FlaskClient) -> None:
    member = world.member("ada.lovelace@reader.example")
    world.digest(member, world.paper("A secret wish"))
    with world.app.store.write() as conn:
        subscribers.suppress_hash(conn, "c" * 64, "bounce: 550 ben@reader.example unknown", NOW)
    shown = web.get("/metrics").text
    for trace in ("ada", "ben@", "reader.example", "@", member.public_id, "secret", "c" * 64):
        assert trace not in shown


def test_what_readers_and_papers_there_are_makes_no_new_series(
    world: World, web: FlaskClient
) -> None:
    before = set(samples(web))
    world.edition(TODAY, [(world.paper(), 0.5, "")])
    once = set(samples(web))
    for number in range(5):
        world.digest(world.member(f"reader{number}@reader.example"), world.paper())
    assert set(samples(web)) == once
    assert {name for name in once - before if "last_edition" not in name} == set()


# --- in which form --------------------------------------------------------------------------------


def test_every_metric_is_explained_and_named_as_prometheus_wants(web: FlaskClient) -> None:
    families = list(read_plain(web.get("/metrics").text))
    ours = [family for family in families if family.name.startswith("digest_")]
    assert len(ours) > 12
    for family in ours:
        assert family.documentation.endswith(".")
        assert re.fullmatch(r"[a-z][a-z0-9_]+", family.name)
        assert family.type in ("gauge", "counter")


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", False),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", False),
        ("application/openmetrics-text", True),
        (PROMETHEUS, True),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;version=of,the,future", True),
        ("application/openmetrics-text; version=\x7f; q=nonsense", False),
    ],
)
def test_a_monitor_gets_openmetrics_where_it_would_rather(
    web: FlaskClient, accept: str, is_open: bool
) -> None:
    response = web.get("/metrics", headers={"Accept": accept} if accept else {})
    assert response.status_code == 200
    assert "Accept" in response.headers["Vary"]
    assert response.headers["Cache-Control"] == "no-store"
    kind = "application/openmetrics-text; version=1.0.0" if is_open else "text/plain; version=0.0.4"
    assert response.content_type.startswith(kind)
    families = list((read_open if is_open else read_plain)(response.text))
    assert {"digest_build", "digest_build_info"} & {family.name for family in families}
    assert response.text.endswith("# EOF\n") == is_open


def test_both_databases_are_read_alike(store: Store) -> None:
    clock = StandingClock()
    world = World(app=make_app(store, clock), clock=clock)
    world.digest(world.member(), world.paper())
    found = samples(world.site.test_client())
    assert found["digest_deliveries_due"] == 1
    assert found["digest_last_edition_papers"] == 1
    kind = store.engine.dialect.name
    assert [name for name in found if f'database="{kind}"' in name]


def test_without_a_database_a_scrape_fails(world: World, web: FlaskClient) -> None:
    world.app.store.close()
    with world.app.store.engine.connect() as conn:
        conn.exec_driver_sql("DROP TABLE leases")
        conn.commit()
    assert web.get("/metrics").status_code == 503


def test_before_an_upgrade_a_scrape_fails_in_one_line(blank_store: Store) -> None:
    schema.upgrade(blank_store, "0010")
    app = make_app(blank_store, StandingClock())
    web = create_web(app, monitors=Monitors(["127.0.0.1"])).test_client()
    assert web.get("/metrics").status_code == 503


# --- for whom -------------------------------------------------------------------------------------


def status_for(
    world: World,
    *,
    peer: str = "127.0.0.1",
    host: str = "127.0.0.1:8000",
    networks: Sequence[str] = ("127.0.0.1", "::1"),
    token: str = "",
    **headers: str,
) -> int:
    """How a request is answered, with the same proxies trusted as by default."""
    monitors = Monitors(networks, token)
    site = create_web(world.app, trusted_proxies=["127.0.0.1", "::1"], monitors=monitors)
    sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    response = site.test_client().get("/metrics", headers=sent, environ_base={"REMOTE_ADDR": peer})
    assert ("digest_" in response.text) == (response.status_code == 200)
    return response.status_code


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_program_of_this_machine_may_look(world: World, peer: str, host: str) -> None:
    assert status_for(world, peer=peer, host=host) == 200


def test_who_asks_from_elsewhere_may_not(world: World) -> None:
    assert status_for(world, peer="198.51.100.7") == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "198.51.100.7"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_For": "127.0.0.1, 198.51.100.7"},
        {"X_Forwarded_For": "nonsense"},
        {"X_Real_IP": "198.51.100.7"},
        {"Forwarded": "for=198.51.100.7"},
        {"Via": "1.1 proxy"},
        {"host": "digest.example"},
    ],
)
def test_whom_a_proxy_of_this_machine_passes_on_is_not_of_this_machine(
    world: World, headers: dict[str, str]
) -> None:
    assert status_for(world, **headers) == 403  # type: ignore[arg-type]


def test_a_network_that_is_allowed_counts_by_the_address_that_a_trusted_proxy_names(
    world: World,
) -> None:
    near = ["10.0.0.0/8"]
    assert status_for(world, peer="10.1.2.3", host="digest.example", networks=near) == 200
    assert status_for(world, networks=near, X_Forwarded_For="10.1.2.3") == 200
    assert status_for(world, networks=near) == 403
    assert status_for(world, peer="198.51.100.7", networks=near, X_Forwarded_For="10.1.2.3") == 403


def test_the_token_opens_from_anywhere_and_nothing_else_does(world: World) -> None:
    def answer(authorization: str, **more: str) -> int:
        return status_for(
            world, peer="198.51.100.7", token=TOKEN, Authorization=authorization, **more
        )

    assert answer(f"Bearer {TOKEN}") == 200
    assert answer(f"bearer {TOKEN}", host="digest.example") == 200
    for wrong in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"):
        assert answer(wrong) == 401
    assert answer(f"Basic {TOKEN}") == 401


def test_where_there_is_no_token_an_empty_one_opens_nothing(world: World) -> None:
    for given in ("Bearer", "Bearer ", "Bearer none"):
        assert status_for(world, peer="198.51.100.7", Authorization=given) == 403


def test_with_a_token_programs_of_this_machine_need_it_only_where_no_network_is_allowed(
    world: World,
) -> None:
    assert status_for(world, token=TOKEN) == 200
    assert status_for(world, token=TOKEN, networks=()) == 401


def test_a_refusal_tells_how_to_ask_and_nothing_else(world: World) -> None:
    site = create_web(world.app, monitors=Monitors((), TOKEN))
    response = site.test_client().get("/metrics")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
    assert response.text == "not without the token\n"


def test_a_site_shows_nobody_unless_told_whom(world: World) -> None:
    assert create_web(world.app).test_client().get("/metrics").status_code == 403


def test_a_network_that_is_none_is_a_mistake_with_its_key() -> None:
    with pytest.raises(ConfigError) as caught:
        Monitors(["monitor", "10.0.0.0/8"])
    assert [m.partition(":")[0] for m in caught.value.mistakes] == ["web.metrics_from"]
