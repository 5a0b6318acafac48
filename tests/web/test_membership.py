from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from digest.core.interests import Interest, InterestKind
from digest.core.messages import MailKind
from digest.core.subscribers import Frequency, Language, Status
from digest.core.tokens import Purpose
from digest.pipeline import suppression
from digest.store import subscribers
from digest.web.membership import CONSENT_WORDING
from tests.web.world import NOW, World

ADA = "ada@reader.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
CHOSEN = {
    "interests": "graph theory\nauthor: Paul Erdős\nnot: survey",
    "frequency": "weekdays",
    "at": "18:45",
    "timezone": "europe/berlin",
    "max_papers": "5",
    "dial": "0.75",
}


def subscribe(
    web: FlaskClient, email: str = ADA, interests: str = "", **more: str
) -> tuple[int, str]:
    response = web.post("/subscribe", data={"email": email, "interests": interests, **more})
    return response.status_code, response.text


# --- joining ----------------------------------------------------------------------------------


def test_a_wish_to_subscribe_is_remembered_and_asks_for_confirmation(
    world: World, web: FlaskClient
) -> None:
    status, html = subscribe(web, interests="proof assistants\nauthor: Emmy Noether")
    assert status == 200
    assert ADA in html
    member = world.by_email(ADA)
    assert member is not None
    assert member.status is Status.PENDING
    assert [(i.kind, i.value) for i in member.interests] == [
        (InterestKind.TEXT, "proof assistants"),
        (InterestKind.AUTHOR, "Emmy Noether"),
    ]
    assert [row.email for row in world.mails(MailKind.CONFIRMATION)] == [ADA]


def test_consent_is_kept_with_the_wording_that_the_form_shows(
    world: World, web: FlaskClient
) -> None:
    assert CONSENT_WORDING in web.get("/").text
    web.post("/subscribe", data={"email": ADA}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    member = world.by_email(ADA)
    assert member is not None
    with world.app.store.read() as conn:
        consents = subscribers.consents_of(conn, member.id)
    assert [(c.event, c.via, c.ip, c.wording) for c in consents] == [
        ("requested", "web", "192.0.2.7", CONSENT_WORDING)
    ]


@pytest.mark.parametrize("status", list(Status))
def test_the_answer_is_the_same_whether_or_not_the_address_is_known(
    world: World, web: FlaskClient, status: Status
) -> None:
    unknown = subscribe(web, ADA)
    world.member("eve@reader.example", status)
    known = subscribe(web, "eve@reader.example")
    assert known == (unknown[0], unknown[1].replace(ADA, "eve@reader.example"))


def test_an_address_that_is_none_is_explained_and_what_was_typed_stays(
    world: World, web: FlaskClient
) -> None:
    status, html = subscribe(web, 'ada"<at>reader', "my <topic>")
    assert status == 400
    assert "Write an e-mail address such as you@example.org" in html
    assert 'aria-invalid="true"' in html
    assert 'value="ada&#34;&lt;at&gt;reader"' in html
    assert "my &lt;topic&gt;" in html
    assert world.mails(MailKind.CONFIRMATION) == []


def test_an_interest_that_is_too_long_is_explained_together_with_the_address(
    web: FlaskClient,
) -> None:
    status, html = subscribe(web, "nobody", "x" * 501)
    assert status == 400
    assert "An interest is at most 500 characters long" in html
    assert "Write an e-mail address such as you@example.org" in html


def test_missing_fields_are_a_mistake_not_a_crash(web: FlaskClient) -> None:
    assert web.post("/subscribe").status_code == 400


def test_a_program_that_fills_in_the_hidden_field_gets_the_same_answer_and_nothing_else(
    world: World, web: FlaskClient
) -> None:
    before = world.state()
    trapped = subscribe(web, homepage="https://spam.example")
    assert world.state() == before
    assert trapped == subscribe(web)


def test_too_many_requests_from_one_place_are_turned_away_with_a_line(
    world: World, web: FlaskClient
) -> None:
    limit = world.app.rules.subscribe_per_hour
    for number in range(limit):
        assert subscribe(web, f"reader{number}@reader.example")[0] == 200
    response = web.post("/subscribe", data={"email": ADA, "interests": "topology"})
    assert response.status_code == 429
    assert "Too many requests" in response.text
    assert "topology" in response.text
    assert response.headers["Retry-After"] == "3600"
    world.clock.sleep(3601)
    assert subscribe(web)[0] == 200


# --- confirming -------------------------------------------------------------------------------


def test_confirming_takes_a_press_of_the_button_and_counts_once(
    world: World, web: FlaskClient
) -> None:
    member = world.member(status=Status.PENDING)
    path = f"/confirm/{world.token(Purpose.CONFIRM, member, NOW + timedelta(days=7))}"
    page = web.get(path)
    assert '<form method="post">' in page.text
    assert world.reread(member).status is Status.PENDING
    assert "You are subscribed" in web.post(path).text
    assert world.reread(member).status is Status.ACTIVE
    after_one = world.state()
    assert "You are subscribed" in web.post(path).text
    assert "You are subscribed" in web.get(path).text
    assert world.state() == after_one
    assert len(world.mails(MailKind.WELCOME)) == 1


def test_who_confirms_is_led_to_working_preferences(world: World, web: FlaskClient) -> None:
    member = world.member(status=Status.PENDING)
    html = web.post(f"/confirm/{world.token(Purpose.CONFIRM, member)}").text
    link = html.split('class="button" href="')[1].split('"')[0]
    assert "Your preferences" in web.get(link).text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_old_confirmation_does_not_bring_back_who_left(
    world: World, web: FlaskClient, method: str
) -> None:
    member = world.member(status=Status.UNSUBSCRIBED)
    token = world.token(Purpose.CONFIRM, member, NOW + timedelta(days=7))
    assert web.open(f"/confirm/{token}", method=method).status_code == 404
    assert world.reread(member).status is Status.UNSUBSCRIBED


# --- preferences ------------------------------------------------------------------------------


def test_preferences_show_what_is_set(world: World, web: FlaskClient) -> None:
    member = world.member(wishes="author: Ada Lovelace\nnot: survey\ncategory: cs.CL\nplain words")
    html = web.get(f"/preferences/{world.token(Purpose.PREFERENCES, member)}").text
    assert "author: Ada Lovelace\nnot: survey\ncategory: cs.CL\nplain words" in html
    assert 'value="daily" checked' in html
    assert 'value="07:30"' in html
    assert "next on Saturday, 21 March 2026 at 07:30 (UTC)" in html
    assert '<option value="Europe/Berlin">' in html


def test_preferences_are_changed_all_at_once(world: World, web: FlaskClient) -> None:
    member = world.member()
    path = f"/preferences/{world.token(Purpose.PREFERENCES, member)}"
    response = web.post(path, data=CHOSEN)
    assert response.status_code == 200
    assert "Saved." in response.text
    changed = world.reread(member)
    assert changed.preferences.frequency is Frequency.WEEKDAYS
    assert f"{changed.preferences.at:%H:%M}" == "18:45"
    assert changed.preferences.timezone == "Europe/Berlin"
    assert changed.preferences.max_papers == 5
    assert changed.preferences.dial == 0.75
    assert [i.value for i in changed.interests] == ["graph theory", "Paul Erdős", "survey"]
    saved = world.state()
    web.post(path, data=CHOSEN)
    assert world.state() == saved


def test_a_member_chooses_the_language_of_the_mails(world: World, web: FlaskClient) -> None:
    member = world.member()
    path = f"/preferences/{world.token(Purpose.PREFERENCES, member)}"
    assert '<option value="en" lang="en" selected>English</option>' in web.get(path).text
    assert web.post(path, data={**CHOSEN, "language": "tlh"}).status_code == 400
    assert web.post(path, data={**CHOSEN, "language": "de"}).status_code == 200
    assert world.reread(member).preferences.language is Language.GERMAN
    web.post(path, data=CHOSEN)
    assert world.reread(member).preferences.language is Language.GERMAN


def test_every_mistake_in_preferences_is_shown_and_nothing_is_lost_or_changed(
    world: World, web: FlaskClient
) -> None:
    member = world.member()
    before = world.state()
    wrong = {
        "interests": "y" * 501,
        "frequency": "hourly",
        "at": "25:00",
        "timezone": "Mars/<Olympus>",
        "max_papers": "31",
        "dial": "nan",
    }
    response = web.post(f"/preferences/{world.token(Purpose.PREFERENCES, member)}", data=wrong)
    assert response.status_code == 400
    assert response.text.count('class="mistake"') == 6
    assert 'value="25:00"' in response.text
    assert "Mars/&lt;Olympus&gt;" in response.text
    assert "y" * 501 in response.text
    assert world.state() == before


def test_an_interest_that_stays_keeps_the_weight_it_has_learnt(
    world: World, web: FlaskClient
) -> None:
    member = world.member()
    world.weigh(member, Interest(InterestKind.TEXT, "Proof Assistants", 2.5))
    form = {**CHOSEN, "interests": "proof assistants\nnew topic"}
    web.post(f"/preferences/{world.token(Purpose.PREFERENCES, member)}", data=form)
    assert [i.weight for i in world.reread(member).interests] == [2.5, 1.0]


@pytest.mark.parametrize(("days", "until"), [("7", NOW + timedelta(days=7)), ("", None)])
def test_a_member_can_pause_and_resume(
    world: World, web: FlaskClient, days: str, until: object
) -> None:
    member = world.member()
    path = f"/preferences/{world.token(Purpose.PREFERENCES, member)}"
    assert "is paused" in web.post(path, data={"action": "pause", "days": days}).text
    paused = world.reread(member)
    assert (paused.status, paused.paused_until) == (Status.PAUSED, until)
    assert "is paused" in web.get(path).text
    assert "Welcome back" in web.post(path, data={"action": "resume"}).text
    assert world.reread(member).status is Status.ACTIVE
    assert world.mails(MailKind.WELCOME) == []


def test_a_pause_of_a_made_up_length_is_refused(world: World, web: FlaskClient) -> None:
    member = world.member()
    path = f"/preferences/{world.token(Purpose.PREFERENCES, member)}"
    assert web.post(path, data={"action": "pause", "days": "9999"}).status_code == 400
    assert world.reread(member).status is Status.ACTIVE


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED])
@pytest.mark.parametrize("action", ["save", "pause", "resume"])
def test_who_is_no_member_has_no_preferences_to_change(
    world: World, web: FlaskClient, status: Status, action: str
) -> None:
    member = world.member(status=status)
    before = world.state()
    path = f"/preferences/{world.token(Purpose.PREFERENCES, member)}"
    for response in (web.get(path), web.post(path, data={**CHOSEN, "action": action})):
        assert "You are unsubscribed" in response.text
    assert world.state() == before


def test_preferences_lead_to_the_way_out(world: World, web: FlaskClient) -> None:
    member = world.member()
    html = web.get(f"/preferences/{world.token(Purpose.PREFERENCES, member)}").text
    link = html.split('href="/unsubscribe/')[1].split('"')[0]
    assert "Stop the digests?" in web.get(f"/unsubscribe/{link}").text


# --- leaving ----------------------------------------------------------------------------------


def test_the_button_of_the_page_unsubscribes_and_says_goodbye_once(
    world: World, web: FlaskClient
) -> None:
    member = world.member()
    path = f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}"
    assert '<form method="post">' in web.get(path).text
    for _ in range(2):
        response = web.post(path)
        assert response.status_code == 200
        assert "You are unsubscribed" in response.text
    assert world.reread(member).status is Status.UNSUBSCRIBED
    assert len(world.mails(MailKind.GOODBYE)) == 1
    assert "You are unsubscribed" in web.get(path).text


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_one_click_unsubscribes_at_once_from_anywhere_and_without_a_goodbye(
    world: World, web: FlaskClient, content_type: str
) -> None:
    member = world.member()
    path = f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}"
    for _ in range(2):
        response = web.post(
            path,
            data=ONE_CLICK,
            content_type=content_type,
            headers={"Origin": "https://mail.other.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
        assert ADA not in response.text
    assert world.reread(member).status is Status.UNSUBSCRIBED
    assert world.mails(MailKind.GOODBYE) == []


def test_a_hand_made_multipart_body_is_understood(world: World, web: FlaskClient) -> None:
    member = world.member()
    head = 'Content-Disposition: form-data; name="List-Unsubscribe"'
    body = f"--x1\r\n{head}\r\n\r\nOne-Click\r\n--x1--\r\n"
    response = web.post(
        f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}",
        data=body,
        content_type="multipart/form-data; boundary=x1",
    )
    assert response.text == "unsubscribed\n"
    assert world.reread(member).status is Status.UNSUBSCRIBED


def test_a_token_to_unsubscribe_never_expires(world: World, web: FlaskClient) -> None:
    member = world.member()
    path = f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}"
    world.clock.sleep(3 * 365 * 24 * 3600)
    assert web.post(path, data=ONE_CLICK).status_code == 200
    assert world.reread(member).status is Status.UNSUBSCRIBED


def test_the_token_of_somebody_erased_is_worth_nothing(world: World, web: FlaskClient) -> None:
    member = world.member()
    path = f"/unsubscribe/{world.token(Purpose.UNSUBSCRIBE, member)}"
    suppression.erase(world.app, member)
    assert web.get(path).status_code == 404
    assert web.post(path, data=ONE_CLICK).status_code == 404
