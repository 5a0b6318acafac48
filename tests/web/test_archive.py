from flask.testing import FlaskClient

from digest.core.tokens import Purpose
from tests.web.world import World


def test_a_person_reads_their_copy_of_a_digest_in_the_browser(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper("A paper worth <reading>")
    public_id = world.digest(world.member(), paper)
    response = web.get(f"/d/{world.app.tokens.sign(Purpose.READ, public_id)}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "A paper worth &lt;reading&gt;" in response.text
    assert paper.url in response.text


def test_a_copy_may_style_itself_and_do_nothing_else(world: World, web: FlaskClient) -> None:
    public_id = world.digest(world.member(), world.paper())
    headers = web.get(f"/d/{world.app.tokens.sign(Purpose.READ, public_id)}").headers
    policy = headers["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert headers["Cache-Control"] == "no-store"


def test_the_id_of_a_delivery_alone_opens_nothing(world: World, web: FlaskClient) -> None:
    member = world.member()
    public_id = world.digest(member, world.paper())
    for token in (public_id, world.app.tokens.sign(Purpose.UNSUBSCRIBE, public_id)):
        assert web.get(f"/d/{token}").status_code == 404
