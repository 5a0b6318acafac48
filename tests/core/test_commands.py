"""What a mail asks of us, and whether it may be answered."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.authentication import SenderProof, sender_proof
from digest.core.command_mails import Reading, linked_token, read_command
from digest.core.commands import (
    Change,
    Command,
    Confirm,
    Contradictory,
    Help,
    Ignored,
    Subscribe,
    Unknown,
    Unsubscribe,
)
from digest.core.inbound import InboundMail, looks_away
from digest.core.phrases import Taste, Way
from digest.core.replies import new_lines
from digest.core.tokens import Purpose, TokenSigner

OWN = frozenset({"commands@papers.example.org", "digest@papers.example.org"})
TOKEN = TokenSigner("k" * 32).sign(Purpose.UNSUBSCRIBE, "a1b2c3d4e5f60718")
QUOTED_DIGEST = f"""On Fri, 20 Mar 2026 at 07:30, Paper Digest <digest@papers.example.org> wrote:
> Seven papers for you
> To leave by mail, send
> unsubscribe
> Unsubscribe: https://papers.example.org/unsubscribe/{TOKEN}
"""
QUOTED_REQUEST = f"""Am 20.03.2026 um 07:30 schrieb Paper Digest:
> To confirm, open this page and press the button:
> https://papers.example.org/confirm/{TOKEN}
> subscribe
"""


def mail(subject: str = "", text: str = "", **changes: Any) -> InboundMail:
    return replace(
        InboundMail(
            sender="ada@example.net",
            recipients=("commands@papers.example.org",),
            subject=subject,
            text=text,
        ),
        **changes,
    )


def read(subject: str = "", text: str = "", **changes: Any) -> Reading:
    return read_command(mail(subject, text, **changes), OWN)


def command(subject: str = "", text: str = "", **changes: Any) -> Command:
    return read(subject, text, **changes).command


# --- subscribe, unsubscribe, help ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("subscribe", ""),
        ("SUBSCRIBE!", ""),
        ("Re: Subscribe", ""),
        ("AW: Re: subscribe", "-- \nAda"),
        ("hello", "subscribe"),
        ("", "Subscribe\n-- \nAda Bell\nInstitute"),
        ("A question", "Dear team,\n\nwould you please add me to\nyour daily digest?\nThanks, Ada"),
        ("Bitte", "Bitte anmelden"),
        ("", "subscribe ada@example.net"),
    ],
)
def test_a_wish_to_subscribe_is_understood_in_subject_or_first_words(
    subject: str, text: str
) -> None:
    assert command(subject, text) == Subscribe()


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "STOP",
        "Stop.",
        "please remove me from this list",
        "Un-subscribe me please!",
        "Hello, please unsubscribe me\nThanks Ada",
        "Hi,\nplease unsubscribe me. Too many mails for me.",
        "bitte abmelden",
        "Darme de baja",
        "I no longer wish to receive these emails.",
        "cancel my subscription",
        "opt out",
    ],
)
def test_a_wish_to_leave_is_understood(text: str) -> None:
    assert command("Re: 7 papers for you", text) == Unsubscribe()
    assert command("", text) == Unsubscribe()


@pytest.mark.parametrize(
    "text",
    [
        "do not unsubscribe me",
        "Please never stop!",
        "Unsubscribe links are broken",
        "I don't want to unsubscribe",
        "My student said: stop words matter",
        "subscribe and unsubscribe buttons differ",
        "how do I subscribe?",
    ],
)
def test_words_that_say_something_else_besides_are_no_command(text: str) -> None:
    assert isinstance(command("", text), Unknown)


def test_what_follows_subscribe_are_interests_one_a_line() -> None:
    text = """Hello,
    subscribe
    * graph neural networks
    2) author: Chen Dao
    interests: causal inference; survey sampling

    Best regards
    Ada Bell
    """
    wanted = "graph neural networks\nauthor: Chen Dao\ncausal inference; survey sampling"
    assert command("", text) == Subscribe(wanted)


def test_interests_may_stand_behind_the_verb_or_below_a_subject() -> None:
    assert command("", "subscribe to quantum error correction") == Subscribe(
        "quantum error correction"
    )
    assert command("subscribe", "protein folding\nnot: surveys") == Subscribe(
        "protein folding\nnot: surveys"
    )


@pytest.mark.parametrize(
    ("text", "tastes"),
    [
        ("more graph learning", [Taste(Way.MORE, "graph learning")]),
        ("More about graph learning, please.", [Taste(Way.MORE, "graph learning")]),
        ("Please more papers on GPT-4", [Taste(Way.MORE, "GPT-4")]),
        ("less: surveys", [Taste(Way.LESS, "surveys")]),
        ("fewer papers on LLM evaluation\nThanks, Ada", [Taste(Way.LESS, "LLM evaluation")]),
        ("more author: Kaiming He", [Taste(Way.MORE, "author: Kaiming He")]),
        (
            "Hello,\n\nmore causal inference\nless benchmarks\n-- \nAda",
            [Taste(Way.MORE, "causal inference"), Taste(Way.LESS, "benchmarks")],
        ),
        (
            f"less of time series analysis\n\n{QUOTED_DIGEST}> More like this: https://e.org/x",
            [Taste(Way.LESS, "time series analysis")],
        ),
    ],
)
def test_more_and_less_name_a_topic(text: str, tastes: list[Taste]) -> None:
    assert command("Re: 7 papers", text) == Change(tuple(tastes))


def test_a_topic_may_stand_in_the_subject_above_nothing_else() -> None:
    wanted = Change((Taste(Way.MORE, "protein folding"),))
    assert command("more protein folding") == wanted
    assert command("More protein folding", "Thanks!\n-- \nAda") == wanted
    assert not isinstance(command("More leads for you", "Dear owner, buy them now."), Change)
    assert not isinstance(command("Re: more protein folding", ""), Change)


@pytest.mark.parametrize(
    "text",
    [
        *("more", "less", "More!", "more please", "less mails please", "Less often, please"),
        *("More details below", "more information", "Less is more", "More than I can read"),
        *("More papers, less mail?", "more https://e.org/x", "More like this: https://e.org/x"),
        "More and more of these mails arrive, please look into it",
        "More research on graphs and their limits in the long run of many years",
    ],
)
def test_words_about_the_mail_or_in_a_sentence_name_no_topic(text: str) -> None:
    assert not isinstance(command("", text), Change)


def test_a_line_may_want_more_of_one_thing_and_less_of_another() -> None:
    both = Change((Taste(Way.MORE, "robotics"), Taste(Way.LESS, "vision")))
    assert command("", "more robotics, less vision") == both
    assert command("more robotics and less vision", "") == both
    listed = Taste(Way.MORE, "robotics, drones")
    assert command("", "more robotics, drones") == Change((listed,))


def test_an_interest_may_begin_with_more_or_less() -> None:
    text = "subscribe\nmore efficient attention\nless data learning"
    assert command("", text) == Subscribe("more efficient attention\nless data learning")


def test_help_is_help_and_an_unknown_word_may_be_answered() -> None:
    assert command("help") == Help()
    assert command("", "?") == Help()
    reading = read("", "subscrbe")
    assert isinstance(reading.command, Unknown)
    assert reading.silence == ""


def test_two_commands_that_contradict_each_other_do_nothing() -> None:
    assert command("", "subscribe\nunsubscribe") == Contradictory()
    assert command("unsubscribe", "subscribe") == Contradictory()


def test_an_old_subject_over_new_words_is_no_command() -> None:
    reading = read("Re: unsubscribe", "Thank you, that worked very well and quickly for everybody.")
    assert isinstance(reading.command, Unknown)
    assert reading.silence == "conversation"


def test_thanks_and_long_conversation_are_not_answered() -> None:
    assert command("Re: 7 papers", "Thank you!") == Ignored("nothing but courtesy")
    assert read("Re: 7 papers", f"Great list!\n\n{QUOTED_DIGEST}").silence == "conversation"
    assert read("Re: 7 papers", f"unsubscrib\n\n{QUOTED_DIGEST}").silence == ""
    assert read("Re: 7 papers", f"pause 3 days\n\n{QUOTED_DIGEST}").silence == ""
    talk = "The third paper is by a colleague of mine, funny."
    assert read("Re: 7 papers", f"{talk}\n\n{QUOTED_DIGEST}").silence == "conversation"
    assert read("Offer", "Cheap pills at http://pills.example now").silence


# --- only new text counts -----------------------------------------------------------------------


def test_a_quoted_footer_does_not_act_and_does_not_hide_what_is_above() -> None:
    assert command("Re: 7 papers", QUOTED_DIGEST) == Confirm("")
    found = command("Re: 7 papers", f"unsubscribe\n\n{QUOTED_DIGEST}")
    assert found == Unsubscribe("", quoted_token=TOKEN)
    below = command("Re: 7 papers", f"{QUOTED_DIGEST}\n\nunsubscribe\n")
    assert isinstance(below, Unsubscribe)


@pytest.mark.parametrize(
    "quote",
    [
        "-----Original Message-----\nunsubscribe",
        "From: Digest\nSent: Friday\nTo: Ada\n\nunsubscribe",
        "________________________________\nVon: Digest\nunsubscribe",
        "Le ven. 20 mars 2026 à 07:30, Paper Digest <digest@papers.example.org>\na écrit :\n\nstop",
        "2026年3月20日 Paper Digest のメール:\nstop",
        "Begin forwarded message:\n\nstop",
        "-- \nstop",
        "Sent from my iPhone\nstop",
        "This e-mail is confidential.\nunsubscribe",
        "> To leave send\nunsubscribe\n> to us",
        "> To leave send\nunsubscribe",
    ],
)
def test_quotes_signatures_and_footers_of_any_program_never_act(quote: str) -> None:
    assert isinstance(command("Re: 7 papers", f"Nice one.\n\n{quote}"), Unknown | Ignored)
    assert not isinstance(command("Re: 7 papers", quote), Unsubscribe)


@given(st.text(max_size=200))
def test_no_quoted_text_ever_acts(text: str) -> None:
    quoted = "\n".join(f"> {line}" for line in f"{text}\nunsubscribe\nsubscribe\nyes".splitlines())
    found = command("Re: 7 papers for you", f"{quoted}\n")
    assert found == Confirm(linked_token(quoted, "confirm"))
    assert new_lines(quoted) == []


@given(st.text(), st.text(), st.text(max_size=80))
def test_any_text_gives_a_reading(subject: str, text: str, address: str) -> None:
    reading = read(subject, text, recipients=(address,), headers=(("precedence", address),))
    assert isinstance(reading, Reading)


def test_only_the_signed_part_of_an_inline_signature_counts() -> None:
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nsubscribe\n- - graphs\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----"
    )
    assert command("hi", text) == Subscribe("graphs")


# --- confirm ------------------------------------------------------------------------------------

REQUEST = "Re: Please confirm your subscription to Paper Digest"


@pytest.mark.parametrize(
    "text",
    ["", "yes", "Yes, please!", "OK\n\nAda", "Ja", "I confirm.", "Oui, merci", "はい"],
)
def test_an_affirmative_or_empty_answer_confirms_with_the_quoted_token(text: str) -> None:
    assert command(REQUEST, f"{text}\n\n{QUOTED_REQUEST}") == Confirm(TOKEN)


@pytest.mark.parametrize("text", ["no", "No, thank you", "Nein danke", "non"])
def test_no_does_not_confirm(text: str) -> None:
    assert command(REQUEST, f"{text}\n\n{QUOTED_REQUEST}") == Ignored("declined")
    assert command(f"confirm {TOKEN}", text) == Ignored("declined")


@pytest.mark.parametrize(
    "text",
    [
        "Who are you? Did I ask for this?",
        "Yes, I am travelling and cannot be reached.",
        "Your request has been received. Ticket 4711 was created.",
        "What is this?",
    ],
)
def test_other_words_do_not_confirm(text: str) -> None:
    assert not isinstance(command(REQUEST, f"{text}\n\n{QUOTED_REQUEST}"), Confirm)


def test_a_confirmation_takes_its_token_from_subject_body_or_address() -> None:
    assert command(f"confirm {TOKEN}") == Confirm(TOKEN)
    assert command(f"Re: confirm {TOKEN}") == Confirm(TOKEN)
    assert command("", f"confirm {TOKEN}") == Confirm(TOKEN)
    plus = (f"confirm+{TOKEN}@papers.example.org",)
    assert command("", "yes", recipients=plus) == Confirm(TOKEN)
    assert command("", "", recipients=plus) == Confirm(TOKEN)


@given(st.text("0123456789abcdef", min_size=8, max_size=32))
def test_every_token_survives_every_way_it_comes(public_id: str) -> None:
    token = TokenSigner("k" * 32).sign(Purpose.CONFIRM, public_id)
    assert command(f"confirm {token}") == Confirm(token)
    assert command("", f"please confirm {token}.") == Confirm(token)
    assert command(f"Unsubscribe {token}") == Unsubscribe(token)
    assert command("Re: x", f"yes\n> https://a.example/confirm/{token}") == Confirm(token)


def test_a_plus_part_of_somebody_elses_address_is_no_token() -> None:
    assert command("Re: x", "yes", recipients=("ada+lists@example.net",)) == Confirm("")


def test_a_forwarded_request_does_not_confirm() -> None:
    assert not isinstance(command(f"Fwd: {REQUEST}", QUOTED_REQUEST), Confirm)


def test_a_token_is_found_in_broken_and_rewritten_links() -> None:
    half = len(TOKEN) // 2
    broken = f"> https://papers.example.org/confirm/{TOKEN[:half]}\n> {TOKEN[half:]}\n> Or reply."
    assert linked_token(broken, "confirm") == TOKEN
    safe = f"https://scan.example/?url=https%3A%2F%2Fpapers.example.org%2Fconfirm%2F{TOKEN}&d=1"
    assert linked_token(safe, "confirm") == TOKEN
    assert linked_token(safe, "unsubscribe") == ""


# --- silence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        ("return-path", "<>"),
        ("auto-submitted", "auto-replied"),
        ("auto-submitted", "auto-generated"),
        ("precedence", "bulk"),
        ("precedence", "list"),
        ("precedence", "auto_reply"),
        ("list-id", "<talk.example>"),
        ("list-unsubscribe", "<https://n.example>"),
        ("x-beenthere", "talk@example"),
        ("mailing-list", "talk"),
        ("x-autoreply", "yes"),
        ("x-autorespond", "vacation"),
        ("x-loop", "commands@papers.example.org"),
        ("x-spam-flag", "YES"),
        ("x-failed-recipients", "a@b.example"),
        ("x-boxbe", "challenge"),
        ("sender", "talk-bounces@list.example"),
    ],
)
def test_mail_of_programs_is_ignored_and_never_answered(header: tuple[str, str]) -> None:
    reading = read("subscribe", "subscribe", headers=(header,))
    assert isinstance(reading.command, Ignored)
    assert reading.silence


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "MAILER-DAEMON@example.net",
        "postmaster@example.net",
        "no-reply@shop.example",
        "noreply+x@shop.example",
        "do_not_reply@shop.example",
        "talk-request@list.example",
        "owner-talk@list.example",
        "bounces@list.example",
        "talk-bounces@list.example",
        "commands@papers.example.org",
        "digest+x@papers.example.org",
    ],
)
def test_senders_that_are_no_person_are_never_answered(sender: str) -> None:
    reading = read("help", sender=sender)
    assert isinstance(reading.command, Ignored)
    assert reading.silence


def test_headers_that_people_send_too_do_not_silence() -> None:
    headers = (
        ("auto-submitted", "no"),
        ("x-auto-response-suppress", "OOF"),
        ("feedback-id", "i1:Fastmail"),
        ("return-path", "<ada@example.net>"),
        ("x-autoreply", "no"),
    )
    assert read("subscribe", headers=headers) == Reading(Subscribe())


@pytest.mark.parametrize("kind", ["multipart/report", "text/calendar", "message/feedback-report"])
def test_reports_and_invitations_are_ignored(kind: str) -> None:
    assert read("subscribe", content_types=("multipart/mixed", kind)).silence == "report"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: 7 papers",
        "Out of Office Re: subscribe",
        "Abwesenheitsnotiz: 7 papers",
        "Réponse automatique : subscribe",
        "Respuesta automatica: subscribe",
        "自動返信: 7 papers",
        "자동 회신: subscribe",
        "Автоответ: subscribe",
        "AUTO: Ada ist nicht da",
        "Autosvar: x",
    ],
)
def test_automatic_answers_without_a_header_are_known_by_their_subject(subject: str) -> None:
    assert looks_away(mail(subject))
    assert isinstance(command(subject, f"yes\n\n{QUOTED_REQUEST}"), Ignored)


def test_automatic_answers_are_known_by_their_first_words() -> None:
    text = "Dear sender,\n\nI am currently out of the office until Monday.\n"
    assert isinstance(command("Re: subscribe", text), Ignored)


def test_an_unsubscription_by_a_mail_program_counts_but_is_not_answered() -> None:
    automatic = (("auto-submitted", "auto-generated"), ("return-path", "<>"))
    by_subject = read(f"unsubscribe {TOKEN}", "Sent by your mail program.", headers=automatic)
    assert by_subject.command == Unsubscribe(TOKEN)
    assert by_subject.silence
    box = (f"unsubscribe+{TOKEN}@papers.example.org",)
    assert read("Unsubscribe", recipients=box, headers=automatic).command == Unsubscribe(TOKEN)
    assert read("", "whatever", recipients=box).command == Unsubscribe(TOKEN)


def test_a_report_or_vacation_note_at_the_token_address_does_not_unsubscribe() -> None:
    box = (f"unsubscribe+{TOKEN}@papers.example.org",)
    assert isinstance(command("Automatic reply: x", recipients=box), Ignored)
    report = command("unsubscribe", recipients=box, content_types=("multipart/report",))
    assert isinstance(report, Ignored)
    headers = (("auto-submitted", "auto-replied"),)
    assert isinstance(command("Re: 7 papers", f"stop\n{QUOTED_DIGEST}", headers=headers), Ignored)


# --- who wrote it -------------------------------------------------------------------------------

OURS = "mx.papers.example.org"


def proof(*results: str, trusted: tuple[str, ...] = (OURS,)) -> SenderProof:
    return sender_proof(results, "ada@example.net", trusted)


def test_a_trusted_pass_proves_the_sender() -> None:
    assert proof(f"{OURS}; dmarc=pass (p=none) header.from=example.net") is SenderProof.PROVEN
    assert proof(f"{OURS} 1; dkim=pass header.d=example.net") is SenderProof.PROVEN
    assert proof(f"{OURS}; dkim=pass header.i=@net.example") is SenderProof.UNPROVEN
    assert proof(f"{OURS}; spf=pass smtp.mailfrom=example.net") is SenderProof.UNPROVEN


def test_a_foreign_pass_proves_nothing() -> None:
    assert proof("mx.evil.example; dmarc=pass header.from=example.net") is SenderProof.UNPROVEN
    assert proof(f"{OURS}; dmarc=pass header.from=example.net", trusted=()) is SenderProof.UNPROVEN
    assert proof(f"{OURS}; dmarc=pass header.from=evil.example") is SenderProof.UNPROVEN


def test_a_failure_outweighs_every_pass() -> None:
    failed = f"{OURS}; dmarc=fail header.from=example.net"
    assert proof(failed, f"{OURS}; dmarc=pass header.from=example.net") is SenderProof.FAILED
    assert proof(failed, trusted=()) is SenderProof.FAILED


def test_a_pass_smuggled_into_a_value_or_comment_does_not_count() -> None:
    assert (
        proof(f'{OURS}; spf=pass smtp.mailfrom="x; dmarc=pass"@e.example') is SenderProof.UNPROVEN
    )
    assert proof(f"{OURS}; spf=none (a; dmarc=pass)") is SenderProof.UNPROVEN
