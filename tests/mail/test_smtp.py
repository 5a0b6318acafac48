from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.core.deliveries import Accepted, Deferred, Rejected, SendOutcome, Unreachable
from digest.core.errors import ConfigError
from digest.core.messages import Envelope
from digest.mail.smtp import Probe, Security, SmtpConfig, SmtpConnection, SmtpMailer
from digest.pipeline.ports import Mailer
from tests.mail.relay import (
    Certificate,
    Relay,
    hanging_up_in_messages,
    make_certificate,
    only_ada,
    running,
)

ENVELOPE = Envelope(sender="bounces+a1-f0@papers.example.org", recipient="ada@example.net")
MESSAGE = b"Subject: x\r\n\r\n.dot\r\n..two\r\nend\r\n"


def mailer(relay: Relay, **changes: object) -> SmtpMailer:
    settings = {"host": "127.0.0.1", "port": relay.port, "security": Security.NONE, "timeout_s": 5}
    return SmtpMailer(SmtpConfig(**{**settings, **changes}))  # type: ignore[arg-type]


def send(connection: SmtpConnection, envelope: Envelope = ENVELOPE) -> SendOutcome:
    return connection.send(envelope, MESSAGE)


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["step by step", "pipelined"])
def relay(request: pytest.FixtureRequest) -> Iterator[Relay]:
    with running(Relay(extensions=request.param)) as started:
        yield started


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), datetime.now(UTC))


def test_a_message_arrives_as_it_was_with_its_envelope(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        assert send(connection) == Accepted(250, "2.0.0 queued as 42")
    assert relay.mails == [(ENVELOPE.sender, [ENVELOPE.recipient], MESSAGE)]
    assert relay.log == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_one_connection_serves_many_messages(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        for _ in range(20):
            assert isinstance(send(connection), Accepted)
    assert len(relay.mails) == 20
    assert relay.log.count("EHLO") == 1
    assert "RSET" not in relay.log


def test_a_connection_that_is_never_used_is_never_opened(relay: Relay) -> None:
    with mailer(relay).connection():
        pass
    assert relay.log == []


def test_returned_mail_may_go_nowhere(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        assert isinstance(send(connection, Envelope(sender="", recipient="a@e.org")), Accepted)
    assert relay.mails[0][0] in ("", "<>")  # as aiosmtpd writes it


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_is_a_value_and_the_next_message_goes(relay: Relay, step: str) -> None:
    relay.answers[step] = ["450 4.2.1 later", "550-5.1.1 no such\r\n550 5.1.1 user"]
    with mailer(relay).connection() as connection:
        later = Deferred(450, "4.2.1 later", recipient=step != "MAIL")
        assert send(connection) == later
        refused = Rejected(550, "5.1.1 no such 5.1.1 user", recipient=step == "RCPT")
        assert send(connection) == refused
        assert isinstance(send(connection), Accepted)
    assert relay.log.count("EHLO") == 1
    assert relay.log.count("RSET") == 2
    assert len(relay.mails) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_421_on_a_fresh_connection_defers_and_the_next_message_reconnects(
    relay: Relay, step: str
) -> None:
    relay.answers[step] = ["421 4.3.2 going down"]
    with mailer(relay).connection() as connection:
        assert send(connection) == Deferred(421, "4.3.2 going down", recipient=False)
        assert isinstance(send(connection), Accepted)
    assert relay.log.count("EHLO") == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("answer", ["421 4.4.2 idle too long", "drop"])
def test_a_kept_connection_gone_stale_costs_no_attempt(
    relay: Relay, step: str, answer: str
) -> None:
    with mailer(relay).connection() as connection:
        assert isinstance(send(connection), Accepted)
        relay.answers[step] = [answer]
        assert isinstance(send(connection), Accepted)
    assert len(relay.mails) == 2
    assert relay.log.count("EHLO") == 2


def test_a_relay_that_hung_up_between_messages_is_called_again(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        assert isinstance(send(connection), Accepted)
        transport = relay.sessions[0].transport
        assert transport is not None
        relay.sessions[0].loop.call_soon_threadsafe(transport.abort)
        assert isinstance(send(connection), Accepted)
    assert len(relay.mails) == 2


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_break_on_a_fresh_connection_defers_without_a_code(relay: Relay, step: str) -> None:
    relay.answers[step] = ["drop"]
    with mailer(relay).connection() as connection:
        outcome = send(connection)
        assert isinstance(outcome, Deferred)
        assert outcome.code == 0
        assert "the connection broke" in outcome.reply
        assert isinstance(send(connection), Accepted)


def test_a_message_that_may_have_arrived_is_not_sent_again_by_itself(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        assert isinstance(send(connection), Accepted)
        relay.answers["DATA"] = ["drop"]
        outcome = send(connection)
    assert isinstance(outcome, Deferred)
    assert outcome.code == 0
    assert "before the message was acknowledged" in outcome.reply
    assert relay.log.count("DATA") == 2


def test_a_break_in_the_middle_of_a_message_defers_without_a_code() -> None:
    with hanging_up_in_messages() as relay, mailer(relay).connection() as connection:
        outcome = connection.send(ENVELOPE, b"Subject: x\r\n\r\n" + b"y\r\n" * 4_000_000)
    assert isinstance(outcome, Deferred)
    assert outcome.code == 0


def test_an_answer_that_makes_no_sense_defers_and_closes(relay: Relay) -> None:
    relay.answers["RCPT"] = ["354 what?"]
    with mailer(relay).connection() as connection:
        outcome = send(connection)
        assert isinstance(outcome, Deferred)
        assert outcome.code == 0
        assert isinstance(send(connection), Accepted)


def test_a_relay_that_waits_for_a_message_to_nobody_gets_none() -> None:
    relay = Relay(extensions=("PIPELINING",), takes_all=True)
    relay.answers["RCPT"] = ["550 5.1.1 no such user"]
    with running(relay), mailer(relay).connection() as connection:
        assert send(connection) == Rejected(550, "5.1.1 no such user")
        assert isinstance(send(connection), Accepted)
    assert [content for _, _, content in relay.mails] == [MESSAGE]


def test_a_relay_that_asks_for_a_login_is_no_recipients_fault(relay: Relay) -> None:
    relay.answers["MAIL"] = ["530 5.7.0 Authentication required"]
    with mailer(relay).connection() as connection:
        outcome = send(connection)
    assert isinstance(outcome, Unreachable)
    assert "asks for a login: 530" in outcome.reply


def test_a_relay_that_is_not_there_is_unreachable_in_one_line() -> None:
    with running(Relay()) as relay:
        pass
    with mailer(relay).connection() as connection:
        outcome = send(connection)
    assert isinstance(outcome, Unreachable)
    assert outcome.reply.startswith(f"127.0.0.1:{relay.port} cannot be reached: ")
    assert "\n" not in outcome.reply


@pytest.mark.parametrize(
    "recipient", ["a@e.org>\r\nRCPT TO:<b@e.org", "a b@e.org", "<a@e.org>", "nobody", ""]
)
def test_an_address_that_would_break_the_dialogue_is_rejected_here(
    relay: Relay, recipient: str
) -> None:
    with mailer(relay).connection() as connection:
        outcome = send(connection, Envelope(sender="", recipient=recipient))
    assert isinstance(outcome, Rejected)
    assert outcome.code == 553
    assert relay.log == []


def test_a_domain_goes_as_a_label(relay: Relay) -> None:
    with mailer(relay).connection() as connection:
        assert isinstance(
            send(connection, Envelope(sender="", recipient="ada@bücher.example")), Accepted
        )
    assert relay.mails[0][1] == ["ada@xn--bcher-kva.example"]


def test_a_local_part_outside_ascii_needs_smtputf8() -> None:
    envelope = Envelope(sender="", recipient="ädä@e.org")
    with running(Relay(), enable_SMTPUTF8=True) as able:
        with mailer(able).connection() as connection:
            assert isinstance(send(connection, envelope), Accepted)
        assert able.mails[0][1] == ["ädä@e.org"]
    with running(Relay(), enable_SMTPUTF8=False) as unable:
        with mailer(unable).connection() as connection:
            outcome = send(connection, envelope)
        assert isinstance(outcome, Rejected)
        assert outcome.code == 553
        assert "MAIL" not in unable.log


def test_a_message_larger_than_the_relay_takes_is_not_begun() -> None:
    with (
        running(Relay(), data_size_limit=20) as relay,
        mailer(relay).connection() as connection,
    ):
        outcome = send(connection)
    why = f"5.3.4 {len(MESSAGE)} bytes; the relay takes 20 at most"
    assert outcome == Rejected(552, why, recipient=False)
    assert "MAIL" not in relay.log


def test_starttls_and_a_login_come_before_the_first_message(certificate: Certificate) -> None:
    options = {"tls_context": certificate.server_context, "authenticator": only_ada}
    with running(Relay(), require_starttls=True, auth_required=True, **options) as relay:
        secure = mailer(
            relay,
            security=Security.STARTTLS,
            username="ada",
            password="sesame",
            ca_file=str(certificate.path),
        )
        with secure.connection() as connection:
            assert isinstance(send(connection), Accepted)
        probe = secure.probe()
    assert probe.problem == ""
    assert probe.tls.startswith("TLS")
    assert probe.logged_in
    assert probe.max_bytes > 0
    assert relay.log.count("MAIL") == 1


def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    with running(Relay(), smtps=certificate.server_context) as relay:
        secure = mailer(relay, security=Security.TLS, ca_file=str(certificate.path))
        with secure.connection() as connection:
            assert isinstance(send(connection), Accepted)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    certificate: Certificate, security: Security
) -> None:
    context = certificate.server_context
    options = {"smtps": context} if security is Security.TLS else {"tls_context": context}
    with running(Relay(), **options) as relay:
        with mailer(relay, security=security).connection() as connection:
            outcome = send(connection)
        assert isinstance(outcome, Unreachable)
        assert "cannot be spoken to over TLS" in outcome.reply
        assert "MAIL" not in relay.log


def test_starttls_that_is_not_offered_is_insisted_on() -> None:
    with running(Relay()) as relay:
        with mailer(relay, security=Security.STARTTLS).connection() as connection:
            outcome = send(connection)
        assert isinstance(outcome, Unreachable)
        assert "does not offer" in outcome.reply
        assert "MAIL" not in relay.log


def test_a_wrong_password_is_unreachable_and_is_not_repeated(certificate: Certificate) -> None:
    options = {"tls_context": certificate.server_context, "authenticator": only_ada}
    with running(Relay(), require_starttls=True, auth_required=True, **options) as relay:
        wrong = mailer(
            relay,
            security=Security.STARTTLS,
            username="ada",
            password="opensesame",
            ca_file=str(certificate.path),
        )
        with wrong.connection() as connection:
            outcome = send(connection)
        probe = wrong.probe()
    assert isinstance(outcome, Unreachable)
    assert "refuses the login" in outcome.reply
    assert "opensesame" not in outcome.reply
    assert probe.problem == outcome.reply


def test_a_probe_sends_nothing(relay: Relay) -> None:
    probe = mailer(relay).probe()
    assert probe.problem == ""
    assert probe.tls == ""
    assert not probe.logged_in
    assert probe.pipelining == ("PIPELINING" in relay.extensions)
    assert relay.log == ["EHLO", "QUIT"]


def test_a_probe_of_nothing_says_so() -> None:
    with running(Relay()) as relay:
        pass
    assert mailer(relay).probe() == Probe(problem=mailer(relay).probe().problem)
    assert "cannot be reached" in mailer(relay).probe().problem


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"security": Security.NONE, "username": "a", "password": "p"}, "in clear"),
        ({"username": "a"}, "belong together"),
        ({"username": "a", "password": "pä"}, "ASCII"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(
    settings: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        SmtpConfig(host="h", port=25, **settings)  # type: ignore[arg-type]


def test_a_ca_file_that_cannot_be_read_is_a_configuration_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"smtp\.ca_file"):
        SmtpMailer(SmtpConfig(host="h", port=25, ca_file=str(tmp_path / "no.pem")))


def test_a_configuration_does_not_show_its_password() -> None:
    config = SmtpConfig(host="h", port=25, username="ada", password="sesame")
    assert "sesame" not in repr(config)


def test_it_is_what_the_steps_take_for_a_mailer() -> None:
    found: Mailer = SmtpMailer(SmtpConfig(host="h", port=25))
    assert found
