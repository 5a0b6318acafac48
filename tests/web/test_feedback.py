"""What readers say of papers by the links in their mail, and what they see of it afterwards."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from digest.core.identifiers import Identifier
from digest.core.papers import Paper
from digest.core.subscribers import Status, Subscriber
from digest.core.tokens import Purpose
from digest.pipeline import suppression
from digest.store import feedback, libraries
from digest.store.libraries import LibraryPaper
from tests.web.world import NOW, World

TITLE = "Diffusion policies for <robot> hands"


@pytest.fixture
def paper(world: World) -> Paper:
    return world.paper(TITLE)


@pytest.fixture
def ada(world: World) -> Subscriber:
    return world.member()


@pytest.fixture
def public_id(world: World, ada: Subscriber, paper: Paper) -> str:
    """A digest of ada's with the paper."""
    return world.digest(ada, paper)


# --- more and less --------------------------------------------------------------------------------


def test_a_link_shows_the_paper_and_what_would_be_kept_and_keeps_nothing(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    before = world.state()
    for kind, words in (("more", "come up more often"), ("less", "come up less often")):
        html = web.get(world.feedback_path(public_id, kind)).text
        assert "Diffusion policies for &lt;robot&gt; hands" in html
        assert words in html
        assert '<form method="post">' in html
        assert "Opening this page changes nothing." in html
    assert world.state() == before


def test_a_press_of_the_button_is_kept_once_and_says_what_was_learnt(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    path = world.feedback_path(public_id, "more")
    html = web.post(path).text
    assert "Noted: more like this" in html
    assert "<strong>diffusion</strong>" in html
    assert world.said(ada) == [(paper.id, "more")]
    before = world.state()
    assert "Noted: more like this" in web.post(path).text
    assert "Noted: more like this" in web.get(path).text
    assert world.state() == before


def test_the_other_word_takes_the_place_of_the_first(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    web.post(world.feedback_path(public_id, "more"))
    page = web.get(world.feedback_path(public_id, "more")).text
    assert "instead" not in page
    other = web.get(world.feedback_path(public_id, "less")).text
    link = other.split('<p><a href="')[1].split('"')[0]
    assert link == world.feedback_path(public_id, "more")
    assert "Noted: less like this" in web.post(world.feedback_path(public_id, "less")).text
    assert world.said(ada) == [(paper.id, "less")]


def test_what_was_said_can_be_undone_on_the_spot(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    path = world.feedback_path(public_id, "less")
    assert 'value="undo"' in web.post(path).text
    for _ in range(2):
        html = web.post(path, data={"action": "undo"}).text
        assert "Undone" in html
        assert "Less like this?" in html
    assert world.said(ada) == []


def test_no_cookie_referrer_or_origin_is_asked_for(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    response = web.post(
        world.feedback_path(public_id, "more"), headers={"Origin": "https://mail.other.example"}
    )
    assert response.status_code == 200
    assert len(world.said(ada)) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_of_another_digest_another_place_or_another_word_is_worth_nothing(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str, method: str
) -> None:
    eve = world.member("eve@reader.example")
    token = world.app.tokens.sign(Purpose.FEEDBACK, eve.public_id)
    good = world.feedback_path(public_id, "more")
    wrong = [
        *(f"/feedback/{token}.0.more", world.feedback_path(public_id, "more", 1)),
        *(good[:-5], good[:-7], f"{good}e", good.replace(".0.", ".00.")),
        world.feedback_path(public_id, "loathe"),
        f"/feedback/{world.token(Purpose.PREFERENCES, ada)}.0.more",
    ]
    before = world.state()
    answers = {(r.status_code, r.text) for path in wrong if (r := web.open(path, method=method))}
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert world.state() == before


def test_whoever_pauses_may_go_on_judging(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    token = world.token(Purpose.PREFERENCES, ada)
    web.post(f"/preferences/{token}", data={"action": "pause", "days": "7"})
    assert "Noted" in web.post(world.feedback_path(public_id, "more")).text
    assert len(world.said(ada)) == 1


def test_of_whoever_left_nothing_more_is_kept(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    web.post(f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, ada)}")
    before = world.state()
    for kind in ("more", "less", "open"):
        for method in ("GET", "POST"):
            html = web.open(world.feedback_path(public_id, kind), method=method).text
            assert "You are unsubscribed" in html
    assert world.state() == before


def test_the_links_of_somebody_erased_are_worth_nothing(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    web.post(world.feedback_path(public_id, "more"))
    suppression.erase(world.app, ada)
    assert web.post(world.feedback_path(public_id, "more")).status_code == 404
    with world.app.store.read() as conn:
        assert sum(feedback.counts(conn).values()) == 0


# --- opened papers --------------------------------------------------------------------------------


def test_a_paper_is_counted_as_opened_by_the_button_which_leads_to_it(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    path = world.feedback_path(public_id, "open")
    page = web.get(path)
    assert "form-action 'self' https://arxiv.org;" in page.headers["Content-Security-Policy"]
    assert f'<a href="{paper.url}">Open it without being counted</a>' in page.text
    assert world.said(ada) == []
    response = web.post(f"{path}?next=https://evil.example", data={"url": "https://evil.example"})
    assert (response.status_code, response.headers["Location"]) == (303, paper.url)
    assert world.said(ada) == [(paper.id, "open")]
    assert "It is kept that you opened this paper." in web.get(path).text
    assert "Undone" in web.post(path, data={"action": "undo"}).text
    assert world.said(ada) == []


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd"])
def test_a_paper_without_an_address_of_the_web_leads_nowhere(
    world: World, web: FlaskClient, ada: Subscriber, url: str
) -> None:
    path = world.feedback_path(world.digest(ada, world.paper("Lost", url=url)), "open")
    for response in (web.get(path), web.post(path)):
        assert response.status_code == 200
        assert "It is not known where this paper can be read." in response.text
        assert "alert" not in response.text


@pytest.mark.parametrize(
    "url", ["https://e.org;script-src https://x/", "https://a@e.org/", "https://e.org:x/"]
)
def test_a_strange_address_does_not_change_what_a_page_may_do(
    world: World, web: FlaskClient, ada: Subscriber, url: str
) -> None:
    path = world.feedback_path(world.digest(ada, world.paper("Odd", url=url)), "open")
    assert "form-action 'self';" in web.get(path).headers["Content-Security-Policy"]


def test_the_links_of_a_copy_in_the_browser_are_those_of_the_mail(
    world: World, web: FlaskClient, public_id: str
) -> None:
    html = web.get(f"/d/{world.app.tokens.sign(Purpose.READ, public_id)}").text
    for kind in ("more", "less"):
        assert f'href="https://digest.example{world.feedback_path(public_id, kind)}"' in html


# --- what was learnt ------------------------------------------------------------------------------


def preferences(world: World, subscriber: Subscriber) -> str:
    return f"/preferences/{world.token(Purpose.PREFERENCES, subscriber)}"


def test_preferences_tell_what_was_learnt_in_words_and_paper_by_paper(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    assert "Nothing yet." in web.get(preferences(world, ada)).text
    web.post(world.feedback_path(public_id, "more"))
    web.post(world.feedback_path(public_id, "open"))
    html = web.get(preferences(world, ada)).text
    assert "More of: <strong>diffusion</strong>" in html
    assert html.count("Diffusion policies for &lt;robot&gt; hands</a>") == 2
    assert "You wanted more like" in html
    assert "You opened" in html
    assert "You wanted less like" not in html


def test_each_vote_can_be_removed_and_all_can_be_forgotten(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    web.post(world.feedback_path(public_id, "less"))
    web.post(world.feedback_path(public_id, "open"))
    path = preferences(world, ada)
    form = {"action": "withdraw", "vote": f"less-{paper.id}"}
    assert f'name="vote" value="{form["vote"]}"' in web.get(path).text
    assert "Removed." in web.post(path, data=form).text
    assert world.said(ada) == [(paper.id, "open")]
    assert "Removed." not in web.post(path, data=form).text
    assert "Forgotten" in web.post(path, data={"action": "forget"}).text
    assert world.said(ada) == []
    assert world.reread(ada) == ada


@pytest.mark.parametrize(
    "vote", ["", "more", "more-", "more-0", "more-99999999999", "x-1", "más-1"]
)
def test_a_made_up_vote_removes_nothing(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str, vote: str
) -> None:
    web.post(world.feedback_path(public_id, "more"))
    before = world.state()
    data = {"action": "withdraw", "vote": vote}
    assert web.post(preferences(world, ada), data=data).status_code == 200
    assert world.state() == before


def test_nobody_removes_the_votes_of_another(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    web.post(world.feedback_path(public_id, "more"))
    eve = world.member("eve@reader.example")
    for data in ({"action": "withdraw", "vote": f"more-{paper.id}"}, {"action": "forget"}):
        web.post(preferences(world, eve), data=data)
    assert world.said(ada) == [(paper.id, "more")]


def keep(world: World, subscriber: Subscriber) -> None:
    """Puts a paper into somebody's library."""
    name = Identifier("doi", "10.1234/kept")
    kept = LibraryPaper(
        name=name, ids=(name,), title="Kept", abstract="", authors=("A. Bee",), year=2024,
        liked_at=NOW,
    )  # fmt: skip
    with world.app.store.write() as conn:
        libraries.put(conn, subscriber.id, [kept])


def test_a_library_is_told_of_and_emptied_by_its_owner_alone(
    world: World, web: FlaskClient, ada: Subscriber
) -> None:
    eve = world.member("eve@reader.example")
    keep(world, ada)
    page = preferences(world, ada)
    shown = web.get(page).text
    assert "1 paper of your library counts as liked" in shown
    assert ">Kept</li>" in shown
    assert "Nothing yet" not in shown
    assert "Nothing yet" in web.get(preferences(world, eve)).text
    web.post(preferences(world, eve), data={"action": "empty"})
    assert ">Kept</li>" in web.get(page).text
    emptied = web.post(page, data={"action": "empty"}).text
    assert "Your library is empty now." in emptied
    assert "Kept" not in emptied
    assert exported(world, web, page)["library"] == []


# --- all that is kept -----------------------------------------------------------------------------


def exported(world: World, web: FlaskClient, page: str) -> dict[str, object]:
    """The file behind the link on a page."""
    link = web.get(page).text.split('href="/export/')[1].split('"')[0]
    response = web.get(f"/export/{link}")
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    assert response.headers["Cache-Control"] == "no-store"
    found = json.loads(response.text)
    assert isinstance(found, dict)
    return found


def test_all_that_is_kept_of_a_person_comes_as_one_file(
    world: World, web: FlaskClient, ada: Subscriber, paper: Paper, public_id: str
) -> None:
    web.post(world.feedback_path(public_id, "more"))
    known = exported(world, web, preferences(world, ada))
    named = {"id": paper.id, "title": TITLE, "url": paper.url}
    assert (known["email"], known["status"]) == (ada.email, "active")
    assert known["interests"] == [{"kind": "text", "value": "proof assistants", "weight": 1.0}]
    assert known["preferences"] == {
        "frequency": "daily",
        "at": "07:30",
        "timezone": "UTC",
        "max_papers": 10,
        "dial": 0.3,
        "language": "en",
    }
    at = "2026-03-20T09:00:00Z"
    assert known["feedback"] == [{"kind": "more", "paper": named, "first_at": at, "last_at": at}]
    assert known["learnt"] == {"more": ["diffusion", "hands", "policies", "robot"], "less": []}
    assert known["papers_sent"] == [named]
    (delivery,) = known["deliveries"]  # type: ignore[misc]
    assert (delivery["edition"], delivery["papers"]) == ("2026-03-20", [named])


def test_the_file_holds_the_library_of_a_person(
    world: World, web: FlaskClient, ada: Subscriber
) -> None:
    keep(world, ada)
    (row,) = exported(world, web, preferences(world, ada))["library"]  # type: ignore[misc]
    assert row == {
        "ids": ["doi:10.1234/kept"],
        "title": "Kept",
        "authors": ["A. Bee"],
        "year": 2024,
        "liked_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_the_file_holds_consents_and_nothing_of_anybody_else(
    world: World, web: FlaskClient, ada: Subscriber, public_id: str
) -> None:
    eve = world.member("eve@reader.example", wishes="eavesdropping")
    for member in (ada, eve):
        web.post(f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}")
    known = exported(world, web, preferences(world, ada))
    (consent,) = known["consents"]  # type: ignore[misc]
    assert (consent["event"], consent["via"], consent["ip"]) == ("unsubscribed", "web", "127.0.0.1")
    assert "eve@" not in json.dumps(known)
    assert "eavesdropping" not in json.dumps(known)


def test_pages_say_how_to_have_all_erased(world: World, web: FlaskClient) -> None:
    ada = world.member()
    ben = world.member("ben@reader.example", Status.UNSUBSCRIBED)
    box = world.app.identity.command_address or world.app.identity.from_address
    for member in (ada, ben):
        page = web.get(preferences(world, member)).text
        assert f'href="mailto:{box}?subject=erase"' in page


def test_a_link_to_the_file_lasts_a_day(world: World, web: FlaskClient, ada: Subscriber) -> None:
    link = web.get(preferences(world, ada)).text.split('href="/export/')[1].split('"')[0]
    world.clock.sleep(timedelta(days=1).total_seconds())
    assert web.get(f"/export/{link}").status_code == 200
    world.clock.sleep(1)
    assert web.get(f"/export/{link}").status_code == 404
    late = world.token(Purpose.EXPORT, ada, NOW - timedelta(seconds=1))
    assert web.get(f"/export/{late}").status_code == 404
