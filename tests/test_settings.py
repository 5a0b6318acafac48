"""The configuration: every mistake at once, each by its key, with what was probably meant."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from digest.core.errors import ConfigError
from digest.settings import Settings, find_config, load_settings

KEY = "k" * 32


def load(tmp_path: Path, text: str = "", **environ: str) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {f"DIGEST__{name}": value for name, value in environ.items()})


def mistakes(tmp_path: Path, text: str = "", **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **environ)
    return caught.value.mistakes


# --- files ----------------------------------------------------------------------------------------


def test_without_a_file_everything_has_a_default() -> None:
    settings = load_settings(None, {})
    assert settings.database.url == "sqlite:///digest.db"
    assert settings.folder == Path.cwd()


def test_the_file_is_the_one_named_else_that_of_the_environment_else_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(None, {}) is None
    here, named, other = (tmp_path / name for name in ("config.toml", "a.toml", "b.toml"))
    for path in (here, named, other):
        path.touch()
    assert find_config(None, {}) == Path("config.toml")
    assert find_config(None, {"DIGEST_CONFIG": str(other)}) == other
    assert find_config(named, {"DIGEST_CONFIG": str(other)}) == named
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        find_config(tmp_path / "none.toml", {})


def test_relative_paths_start_from_the_files_folder(tmp_path: Path) -> None:
    assert load(tmp_path).folder == tmp_path.resolve()


@pytest.mark.parametrize("text", ["[smtp", "a = ", "x = 1\nx = 2"])
def test_a_file_that_is_not_toml_is_one_mistake(tmp_path: Path, text: str) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert "not valid TOML" in mistake


def test_a_file_in_another_encoding_is_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes("[mail]\npostal_address = 'Straße'\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(path, {})


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(tmp_path)
    with pytest.raises(ValidationError):
        settings.smtp.port = 26  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.folder = tmp_path  # type: ignore[misc]


# --- mistakes -------------------------------------------------------------------------------------


def test_all_mistakes_are_named_at_once_each_with_its_key(tmp_path: Path) -> None:
    text = """
    [smtp]
    port = 0
    hots = "mail.example.org"
    [schedule]
    timezone = "Mars/Base"
    send_at = "noon"
    fetch_every = "often"
    [edition]
    papers = 99
    [sources.nowhere]
    [sources.elsewhere]
    [sources.arxiv]
    page_size = 0
    """
    found = mistakes(tmp_path, text, SMTP__PASSWORD_FILE="none.txt", RANKING__DIAL="2")
    keys = {mistake.split(": ")[0] for mistake in found}
    assert keys == {
        *("smtp.port", "smtp.hots", "smtp.password_file", "ranking.dial", "edition.papers"),
        *("schedule.timezone", "schedule.send_at", "schedule.fetch_every"),
        *("sources.nowhere", "sources.elsewhere", "sources.arxiv.page_size"),
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[smtp]\nhots = ''", "smtp.hots: unknown key, did you mean smtp.host?"),
        ("[smtp]\nbase_url = ''", "smtp.base_url: unknown key, did you mean web.base_url?"),
        ("[stmp]\nhost = ''", "stmp: unknown key, did you mean smtp?"),
        ("[mail]\nform = ''", "mail.form: unknown key, did you mean mail.from?"),
        (
            "[smtp]\npasword_file = ''",
            "smtp.pasword_file: unknown key, did you mean smtp.password_file?",
        ),
        ("[sources.arxiv]\ncategorys = []", "did you mean sources.arxiv.categories?"),
        ("[security]\nzzz = 1", "security.zzz: unknown key; known here: secret_key"),
        ("folder = '/tmp'", "folder: unknown key"),
        (
            "[sources.feeds.x]\nurl = 'https://x.example'\nevry = 1",
            "sources.feeds.x.evry: unknown key, did you mean sources.feeds.x.every?",
        ),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_known(
    tmp_path: Path, text: str, wanted: str
) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert wanted in mistake


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[database]\nurl = 3", "database.url: "),
        ("[web]\nbase_url = 'digest.example'", "web.base_url: 'digest.example' is not a web"),
        ("[mail]\nfrom = 'Digest'", "mail.from: "),
        ("[mail]\nreply_to = 'nobody'", "mail.reply_to: 'nobody' is not an e-mail address"),
        ("[security]\nsecret_key = 'short'", "security.secret_key is too short"),
        ("[web]\nmetrics_token = 'short'", "web.metrics_token: a token has at least 16"),
        ("[web]\nmetrics_token = 'two words and more'", "web.metrics_token: a token has"),
        ("[smtp]\nusername = 'u'\npassword = 'p'", "smtp.security: none would send"),
        ("[sources.arxiv]\ncategories = 3", "sources.arxiv.categories: it should be a list, such"),
        ("[dkim]\ndomain = 3\nselector = 's'\nprivate_key_file = 'k'", "dkim.domain: "),
        ("[mailbox]\nkind = 'maildir'", "mailbox.path is missing"),
        ("[mailbox]\nkind = 'imap'", "mailbox.host is missing"),
        ("smtp = 3", "smtp: "),
        ("[sources.feeds.'Not A Name']\nurl = 'https://x.example'", "sources.feeds.Not A Name"),
        ("[sources.feeds.x]\nenabled = true", "sources.feeds.x.url: missing"),
        ("[edition]\nwhen_empty = 'maybe'", "edition.when_empty: "),
    ],
)
def test_a_value_that_cannot_be_is_one_line_with_its_key(
    tmp_path: Path, text: str, wanted: str
) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert wanted in mistake
    assert "\n" not in mistake


def test_a_secret_is_never_shown_in_a_mistake(tmp_path: Path) -> None:
    text = """
    [security]
    secret_key = 'hunter2'
    [smtp]
    username = 'u'
    password = 'hunter3'
    [mailbox]
    kind = 'imap'
    password = 'hunter4'
    """
    assert "hunter" not in " ".join(mistakes(tmp_path, text))


# --- environment and secrets ----------------------------------------------------------------------


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[smtp]\nhost = 'a'\nport = 26",
        SMTP__HOST="b",
        MAIL__FROM="Digest <digest@example.org>",
        SOURCES__ARXIV__CATEGORIES='["cs.RO", "cs.AI"]',
        SOURCES__HUGGINGFACE__ENABLED="false",
        SOURCES__FEEDS__LAB__URL="https://lab.example/feed.xml",
        EDITION__PAPERS="7",
    )
    assert (settings.smtp.host, settings.smtp.port, settings.edition.papers) == ("b", 26, 7)
    assert settings.mail.from_ == "Digest <digest@example.org>"
    assert settings.sources.arxiv.categories == ("cs.RO", "cs.AI")
    assert not settings.sources.huggingface.enabled
    assert settings.sources.feeds["lab"].url == "https://lab.example/feed.xml"


def test_a_list_may_be_written_with_commas(tmp_path: Path) -> None:
    settings = load(tmp_path, SOURCES__ARXIV__CATEGORIES="cs.RO, cs.AI", WEB__TRUSTED_PROXIES="::1")
    assert settings.sources.arxiv.categories == ("cs.RO", "cs.AI")
    assert settings.web.trusted_proxies == ("::1",)
    assert load(tmp_path, WEB__METRICS_FROM="").web.metrics_from == ()


def test_the_environment_makes_the_same_mistakes(tmp_path: Path) -> None:
    assert mistakes(tmp_path, SMTP__HOTS="x") == (
        "smtp.hots: unknown key, did you mean smtp.host?",
    )
    (mistake,) = mistakes(tmp_path, "[smtp]\nhost = 'a'", SMTP__HOST__NAME="x")
    assert "SMTP__HOST__NAME" in mistake


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    assert load_settings(path, {"DIGEST_CONFIG": "x", "SMTP__HOST": "y"}).smtp.host == "localhost"


def test_secrets_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "url").write_text("sqlite:///elsewhere.db\n")
    settings = load(
        tmp_path, "[security]\nsecret_key_file = 'key'", DATABASE__URL_FILE=str(tmp_path / "url")
    )
    assert settings.security.secret_key == KEY
    assert settings.database.url == "sqlite:///elsewhere.db"


def test_the_password_of_the_mailbox_may_stand_in_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("sesame\n")
    text = "[mailbox]\nkind = 'imap'\nhost = 'h'\nusername = 'u'\npassword_file = 'password'"
    assert load(tmp_path, text).mailbox.imap_config("").password == "sesame"


def test_the_key_of_an_endpoint_may_stand_in_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    settings = load(tmp_path, "[ranking.endpoint]\napi_key_file = 'key'")
    assert settings.ranking.endpoint.api_key == KEY


def test_a_secret_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, "[security]\nsecret_key_file = 'none'")
    assert mistake.startswith("security.secret_key_file: ")
    assert "No such file" in mistake


def test_a_secret_in_two_places_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    text = f"[security]\nsecret_key = '{KEY}'\nsecret_key_file = 'key'"
    assert mistakes(tmp_path, text) == (
        "security.secret_key_file: security.secret_key is set too, keep one of them",
    )


def test_a_secret_of_the_environment_goes_before_that_of_the_file_by_either_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "key").write_text(KEY)
    here = "[security]\nsecret_key = 'of-the-file-of-the-file-of-the-file'"
    assert load(tmp_path, here, SECURITY__SECRET_KEY_FILE="key").security.secret_key == KEY
    elsewhere = "[security]\nsecret_key_file = 'not-on-this-machine'"
    assert load(tmp_path, elsewhere, SECURITY__SECRET_KEY=KEY).security.secret_key == KEY
    other = load(tmp_path, elsewhere, SECURITY__SECRET_KEY_FILE="key")
    assert other.security.secret_key == KEY


def test_an_empty_secret_is_none_whose_file_may_be_named_beside_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("sesame\n")
    text = "[smtp]\nsecurity = 'tls'\nusername = 'u'\npassword = ''\npassword_file = 'password'"
    assert load(tmp_path, text).smtp.password == "sesame"
    kept = load(tmp_path, "[security]\nsecret_key_file = ''", SECURITY__SECRET_KEY="")
    assert kept.security.secret_key == ""
