"""The forms that values of the configuration may take."""

from datetime import timedelta
from pathlib import Path

import pytest

from digest.core.errors import ConfigError
from digest.section_forms import normalize_from, parse_duration
from digest.sections import DkimSection
from digest.settings import Settings, load_settings
from digest.wiring import lmtp_place

DKIM = "[{table}]\ndomain = 'example.org'\nselector = {selector}\nprivate_key_file = {file}\n"


def load(tmp_path: Path, text: str = "", **environ: str) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {f"DIGEST__{name}": value for name, value in environ.items()})


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        (" 6 h ", timedelta(hours=6)),
        ("2d", timedelta(days=2)),
        ("1.5h", timedelta(minutes=90)),
        (15, timedelta(seconds=15)),
        (0.5, timedelta(seconds=0.5)),
        (timedelta(days=1), timedelta(days=1)),
    ],
)
def test_a_duration_is_a_number_with_its_unit(value: object, wanted: timedelta) -> None:
    assert parse_duration(value) == wanted


@pytest.mark.parametrize(
    "value",
    [
        "",
        "often",
        "-5m",
        "6hours",
        "9" * 30 + "d",
        True,
        None,
        [],
        -5,
        10**20,
        float("inf"),
    ],
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(value)


@pytest.mark.parametrize(
    "key", ["schedule.fetch_every", "sources.arxiv.every", "mailbox.poll_every"]
)
def test_nothing_is_done_over_and_over_without_a_pause(tmp_path: Path, key: str) -> None:
    section, _, name = key.rpartition(".")
    with pytest.raises(ConfigError, match=f"^{key}: "):
        load(tmp_path, f"[{section}]\n{name} = '0s'")


# --- DKIM -----------------------------------------------------------------------------------------


def test_without_a_section_nothing_is_signed(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.dkim, settings.dkim_keys()) == ((), ())


@pytest.mark.parametrize(
    ("selector", "file", "wanted"),
    [
        ("'s1'", "'a.pem'", [("s1", "a.pem")]),
        ("['s1', 's2']", "['a.pem', 'b.pem']", [("s1", "a.pem"), ("s2", "b.pem")]),
    ],
)
def test_one_section_has_a_key_or_several(
    tmp_path: Path, selector: str, file: str, wanted: list[tuple[str, str]]
) -> None:
    settings = load(tmp_path, DKIM.format(table="dkim", selector=selector, file=file))
    assert isinstance(settings.dkim, DkimSection)
    assert [key[1:] for key in settings.dkim_keys()] == wanted


def test_several_sections_sign_for_several_domains(tmp_path: Path) -> None:
    text = DKIM.format(table="[dkim]", selector="'s1'", file="'a.pem'")
    other = text.replace("example.org", "example.net")
    assert load(tmp_path, text + other).dkim_keys() == (
        ("example.org", "s1", "a.pem"),
        ("example.net", "s1", "a.pem"),
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (DKIM.format(table="dkim", selector="['a', 'b']", file="'a.pem'"), "one entry for each"),
        ("[dkim]\ndomain = 'example.org'\nselector = 'a'", "dkim.private_key_file: missing"),
        (DKIM.format(table="dkim", selector="'a'", file="'b'") + "keyfile = 1", "dkim.keyfile"),
    ],
)
def test_a_key_that_does_not_fit_is_a_mistake_with_its_key(
    tmp_path: Path, text: str, wanted: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert any(wanted in mistake for mistake in caught.value.mistakes)


# --- sources, senders, addresses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("digest@example.org", ("", "digest@example.org")),
        ("Paper Digest <digest@EXAMPLE.org>", ("Paper Digest", "digest@example.org")),
        ('"Digest, daily" <digest@example.org>', ("Digest, daily", "digest@example.org")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(value: str, wanted: tuple[str, str]) -> None:
    assert normalize_from(value) == wanted


@pytest.mark.parametrize(
    "value", ["", "Digest", "a@example.org, b@example.org", "D <d@example.org>\nBcc: x@y.org", "<>"]
)
def test_what_is_no_sender_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        normalize_from(value)


def test_a_base_url_loses_its_last_slash(tmp_path: Path) -> None:
    settings = load(tmp_path, "[web]\nbase_url = 'https://digest.example/papers/'")
    assert settings.web.base_url == "https://digest.example/papers"


@pytest.mark.parametrize("url", ["ftp://x.example", "https://", "//x.example", "https://[::1"])
def test_what_is_no_web_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"^web\.base_url: "):
        load(tmp_path, f"[web]\nbase_url = '{url}'")


# --- mailbox --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("", 993),
        ("security = 'starttls'", 143),
        ("port = 1993", 1993),
    ],
)
def test_the_port_of_an_imap_server_is_the_usual_one(tmp_path: Path, text: str, port: int) -> None:
    login = "kind = 'imap'\nhost = 'h'\nusername = 'u'\npassword = 'p'"
    assert load(tmp_path, f"[mailbox]\n{login}\n{text}").mailbox.imap_config("").port == port


def test_mail_is_handed_over_on_loopback_or_at_a_socket_beside_the_configuration(
    tmp_path: Path,
) -> None:
    assert str(lmtp_place(load(tmp_path, "[mailbox]\nkind = 'lmtp'"))) == "127.0.0.1:8024"
    with_path = load(tmp_path, "[mailbox]\nkind = 'lmtp'\npath = 'lmtp.sock'")
    assert str(lmtp_place(with_path)) == str(tmp_path / "lmtp.sock")
    assert lmtp_place(load(tmp_path, "")) is None
