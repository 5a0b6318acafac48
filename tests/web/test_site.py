"""What holds for every page, whichever it is."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from flask.testing import FlaskClient

from digest.core.errors import ConfigError
from digest.core.subscribers import Status
from digest.core.tokens import Purpose
from digest.pipeline import links
from digest.web.site import create_web
from tests.web.world import NOW, TODAY, World, make_app

ADDRESS = "ada@reader.example"


@pytest.fixture
def paths(world: World) -> dict[str, str]:
    """An address for every rule of the site."""
    paper = world.paper("Trending", readings=())
    world.edition(TODAY, [(paper, 0.9, "rising")])
    member = world.member(ADDRESS)
    waiting = world.member("new@reader.example", Status.PENDING)
    public_id = world.digest(member, paper)
    copy = world.app.tokens.sign(Purpose.READ, public_id)
    in_a_week = NOW + timedelta(days=7)
    return {
        "/": "/",
        "/search": "/search?q=paint",
        "/papers/<row:paper_id>": f"/papers/{paper.id}",
        "/papers/<path:name>": f"/papers/{paper.ids[0].value}",
        "/editions/<day:day>": "/editions/2026-03-20",
        "/feed.xml": "/feed.xml",
        "/f/<token>.xml": links.feed_url(world.app, member).removeprefix("https://digest.example"),
        "/style.css": "/style.css",
        "/icon.svg": "/icon.svg",
        "/subscribe": "/subscribe",
        "/confirm/<token>": f"/confirm/{world.token(Purpose.CONFIRM, waiting, in_a_week)}",
        "/preferences/<token>": f"/preferences/{world.token(Purpose.PREFERENCES, member)}",
        "/unsubscribe/<token>": f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}",
        "/feedback/<token>": world.feedback_path(public_id, "open"),
        "/export/<token>": f"/export/{world.token(Purpose.EXPORT, member, in_a_week)}",
        "/d/<token>": f"/d/{copy}",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
        "/metrics": "/metrics",
    }


def test_every_rule_is_checked_here(world: World, paths: dict[str, str]) -> None:
    assert {rule.rule for rule in world.site.url_map.iter_rules()} == set(paths)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_no_look_at_a_page_changes_anything(
    world: World, web: FlaskClient, paths: dict[str, str], method: str
) -> None:
    before = world.state()
    other = {} if method == "OPTIONS" else {"/subscribe": 405, "/papers/<path:name>": 302}
    for rule, path in paths.items():
        response = web.open(path, method=method)
        assert response.status_code == other.get(rule, 200)
    assert world.state() == before


def test_every_answer_has_the_headers_that_protect_readers(
    web: FlaskClient, paths: dict[str, str]
) -> None:
    for path in [*paths.values(), "/nowhere", "/unsubscribe/forged"]:
        headers = web.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers


def test_pages_with_a_token_are_neither_kept_nor_indexed(
    web: FlaskClient, paths: dict[str, str]
) -> None:
    for rule, path in paths.items():
        headers = web.get(path).headers
        # Its reader alone keeps a feed, to ask what has changed.
        kept = "private, no-cache" if rule.endswith(".xml") else "no-store"
        assert ("<token>" not in rule) or headers["Cache-Control"] == kept
        assert ("<token>" not in rule) or headers["X-Robots-Tag"] == "noindex"


def test_pages_load_nothing_from_elsewhere(web: FlaskClient, paths: dict[str, str]) -> None:
    for path in paths.values():
        response = web.get(path)
        assert not re.search(r"<(?:script|iframe|object|embed|img)\b", response.text)
        # The links of a feed, which load nothing, are whole.
        is_feed = response.mimetype == "application/atom+xml"
        assert is_feed or not re.search(r"<link[^>]*https?:", response.text)


def test_pages_with_a_token_link_nowhere_else(web: FlaskClient, paths: dict[str, str]) -> None:
    for rule in ("/confirm/<token>", "/preferences/<token>", "/unsubscribe/<token>"):
        assert not re.search(r"(src|href)=[\"']https?://", web.get(paths[rule]).text)


@pytest.mark.parametrize(
    "page", ["/confirm/", "/preferences/", "/unsubscribe/", "/d/", "/feedback/", "/export/", "/f/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_worthless_token_gets_one_neutral_page(
    world: World, web: FlaskClient, page: str, method: str
) -> None:
    member = world.member(ADDRESS, Status.PENDING)
    others = [purpose for purpose in Purpose if purpose.value != page.strip("/")]
    ending = ".xml" if page == "/f/" else ""
    tokens = [
        "forged",
        "a.b",
        "%00",
        "é",
        *(world.token(purpose, member) for purpose in others),
        world.app.tokens.sign(Purpose.READ, "no such delivery"),
    ]
    before = world.state()
    answers = {
        (response.status_code, response.text)
        for token in tokens
        if (response := web.open(f"{page}{token}{ending}", method=method)).status_code != 405
    }
    assert world.state() == before
    assert {status for status, _ in answers} <= {404}
    assert len(answers) <= 1
    assert not any(ADDRESS in text or "@" in text for _, text in answers)


def test_an_expired_token_gets_the_same_page_as_a_forged_one(
    world: World, web: FlaskClient
) -> None:
    member = world.member(status=Status.PENDING)
    token = world.token(Purpose.CONFIRM, member, NOW - timedelta(seconds=1))
    expired, forged = web.post(f"/confirm/{token}"), web.post("/confirm/forged")
    assert (expired.status_code, expired.text) == (404, forged.text)
    assert "fill in the form on the front page" in expired.text
    assert world.reread(member).status is Status.PENDING


def test_an_unknown_page_has_the_look_of_all_others(web: FlaskClient) -> None:
    response = web.get("/nowhere")
    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert "/style.css?v=" in response.text


def test_a_method_that_a_page_does_not_know_is_refused_with_those_it_does(
    web: FlaskClient, paths: dict[str, str]
) -> None:
    response = web.put(paths["/unsubscribe/<token>"], data="x")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/subscribe", "/unsubscribe/forged", "/nowhere"])
def test_a_body_over_64_kb_is_refused(web: FlaskClient, path: str) -> None:
    response = web.post(path, data="x" * (64 * 1024 + 1))
    assert response.status_code == 413
    assert "64 KB" in response.text


def test_a_broken_database_is_a_page_that_says_to_come_back(world: World, web: FlaskClient) -> None:
    with world.app.store.engine.connect() as conn:
        conn.exec_driver_sql("DROP TABLE candidates")
        conn.exec_driver_sql("DROP TABLE editions")
        conn.commit()
    with structlog.testing.capture_logs() as logs:
        response = web.get("/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"
    assert "no such table" not in response.text
    assert [log["event"] for log in logs] == ["web.no_database", "web.answered"]


def test_a_crash_is_a_page_and_a_line_in_the_log_without_the_token(
    world: World, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = world.member(ADDRESS)
    token = world.token(Purpose.UNSUBSCRIBE, member)
    monkeypatch.setattr(world.app.tokens, "read", lambda *_: 1 / 0)
    with structlog.testing.capture_logs() as logs:
        response = web.get(f"/unsubscribe/{token}")
    assert response.status_code == 500
    assert logs[0]["event"] == "web.crashed"
    assert token not in repr(logs)
    assert token not in response.text


def test_the_log_has_every_answer_but_no_token_address_or_query(
    web: FlaskClient, paths: dict[str, str]
) -> None:
    with structlog.testing.capture_logs() as logs:
        for path in paths.values():
            web.get(path)
        web.get(paths["/unsubscribe/<token>"] + "/cut/off")
        web.post("/subscribe", data={"email": ADDRESS, "interests": ""})
    assert len(logs) == len(paths) + 2
    shown = repr(logs)
    assert ADDRESS not in shown
    assert "paint" not in shown
    for rule, path in paths.items():
        if "<token>" in rule:
            assert path.rpartition("/")[2] not in shown
    assert {"/unsubscribe/<token>", "/papers/1", "unknown"} <= {log["path"] for log in logs}


def test_the_style_may_be_kept_for_a_year_and_changes_its_address_with_its_content(
    world: World, web: FlaskClient, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "style.css").write_text("body { color: green }")
    own = create_web(world.app, templates_dirs=[tmp_path]).test_client()
    addresses = [re.findall(r"/style\.css\?v=\w+", client.get("/").text) for client in (web, own)]
    assert addresses[0] != addresses[1]
    response = own.get(addresses[1][0])
    assert response.text == "body { color: green }"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000"


def test_links_start_with_the_path_of_the_base_url(world: World) -> None:
    app = make_app(world.app.store, world.clock, base_url="https://lab.example/digest")
    web = create_web(app).test_client()
    for path in ("/", "/digest/", "/digest"):
        html = web.get(path).text
        assert 'action="/digest/subscribe"' in html
        assert 'href="/digest/style.css?v=' in html


def test_a_proxy_that_is_no_address_is_a_mistake_with_its_key(world: World) -> None:
    with pytest.raises(ConfigError) as caught:
        create_web(world.app, trusted_proxies=["127.0.0.1", "nginx", "10.0.0.0/33"])
    assert [m.partition(":")[0] for m in caught.value.mistakes] == ["web.trusted_proxies"] * 2
