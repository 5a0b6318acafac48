"""Pages speak the language of the member whom they are for, else that of the browser."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from digest.core.subscribers import Language, Preferences, Subscriber
from digest.core.tokens import Purpose
from tests.web.world import World

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
# Words of our pages in English that no German page holds.
ENGLISH = {"the", "your", "papers", "digest", "with", "page", "nothing", "subscribe"}


@pytest.fixture
def ada(world: World) -> Subscriber:
    return world.member(preferences=Preferences(language=Language.GERMAN))


def words(html: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"<[^>]*>|Paper Digest|\S+@\S+", " ", html).lower()))


@pytest.mark.parametrize("path", ["/", "/search?q=robots", "/search", "/nowhere", "/confirm/x"])
def test_a_page_for_nobody_in_particular_speaks_as_the_browser_asks(
    web: FlaskClient, path: str
) -> None:
    german, english = web.get(path, headers=GERMAN).text, web.get(path).text
    assert '<html lang="de">' in german
    assert not ENGLISH & words(german)
    assert '<html lang="en">' in english
    assert ENGLISH & words(english)


def test_an_edition_and_a_paper_have_dates_and_reasons_in_the_language(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper("Roboter")
    world.edition(date(2026, 3, 20), [(paper, 0.9, "rising: 53 → 301 votes since yesterday")])
    html = web.get("/editions/2026-03-20", headers=GERMAN).text
    assert "Freitag, 20. März 2026" in html
    assert "Steigt: 53 → 301 Stimmen seit gestern" in html
    assert "Wo sie erschien" in web.get(f"/papers/{paper.id}", headers=GERMAN).text


def test_caches_keep_the_languages_of_a_page_apart(web: FlaskClient) -> None:
    assert "Accept-Language" in web.get("/").headers["Vary"]


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.UNSUBSCRIBE])
def test_a_members_page_speaks_their_language_whatever_the_browser_asks(
    world: World, web: FlaskClient, ada: Subscriber, purpose: Purpose
) -> None:
    path = f"/{purpose.value}/{world.token(purpose, ada)}"
    html = web.get(path, headers={"Accept-Language": "en"}).text
    assert '<html lang="de">' in html
    assert not ENGLISH & words(html) - {"page"}


def test_a_vote_is_answered_in_the_members_language(
    world: World, web: FlaskClient, ada: Subscriber
) -> None:
    public_id = world.digest(ada, world.paper("Roboter"))
    path = world.feedback_path(public_id, "more")
    assert "Mehr davon?" in web.get(path).text
    assert "Notiert: mehr davon" in web.post(path).text


def test_mistakes_and_notices_are_said_in_the_language(
    world: World, web: FlaskClient, ada: Subscriber
) -> None:
    path = f"/preferences/{world.token(Purpose.PREFERENCES, ada)}"
    wrong = web.post(path, data={"at": "7", "timezone": "Mars", "max_papers": "99", "dial": "7"})
    assert "Schreiben Sie eine Uhrzeit wie 07:30" in wrong.text
    assert "Schreiben Sie eine Zeitzone wie Europe/Berlin oder UTC" in wrong.text
    assert "Eine Mail hat 1 bis 30 Arbeiten" in wrong.text
    assert "Stellen Sie den Regler zwischen 0" in wrong.text
    assert "Die Pause hat begonnen." in web.post(path, data={"action": "pause", "days": "7"}).text


def test_what_is_no_address_is_said_in_the_language_of_the_browser(web: FlaskClient) -> None:
    html = web.post("/subscribe", data={"email": "ada@"}, headers=GERMAN).text
    assert "Schreiben Sie eine E-Mail-Adresse wie you@example.org" in html


def test_the_consent_is_kept_in_the_words_that_were_shown(world: World, web: FlaskClient) -> None:
    form = {"email": "new@example.org", "interests": ""}
    web.post("/subscribe", data=form, headers=GERMAN)
    assert "Ja, schicken Sie mir" in str(world.state())
