"""The sections of the configuration, key by key: types, defaults, and what is allowed.

`config.example.toml` shows each with a line of why; a test keeps the two in step.
"""

import re
from datetime import timedelta
from email.utils import getaddresses
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from digest.core.errors import ConfigError, InvalidInput
from digest.core.subscribers import normalize_address, parse_at, parse_timezone
from digest.mail.smtp import Security, SmtpConfig
from digest.sources.registry import SOURCES

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# Names the contract keeps for sources that this version does not have.
RESERVED_SOURCES = frozenset(
    {
        "arxiv_rss",
        "arxiv_oai",
        "biorxiv",
        "medrxiv",
        "openalex",
        "semantic_scholar",
        "openreview",
        "hacker_news",
        "github",
        "reddit",
    }
)


def parse_duration(value: object) -> timedelta:
    """`90s`, `30m`, `6h`, `2d`, or seconds as a number. Raises ValueError."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    found = _DURATION.fullmatch(text if isinstance(value, str) else f"{text}s")
    try:
        if found:
            return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        pass
    raise ValueError(f"{value!r} is not a duration, write it as 30m, 6h or 2d")


def _valid(check: type | object) -> AfterValidator:
    def validate(value: str) -> str:
        if not value:
            return value
        try:
            check(value)  # type: ignore[operator]
        except InvalidInput as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(validate)


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{value!r} is not a web address, e.g. https://digest.example.org")
    return value.rstrip("/")


def _mailbox(value: str) -> str:
    """`Name <address>` or a bare address."""
    normalize_from(value)
    return value


def normalize_from(value: str) -> tuple[str, str]:
    """(display name, address). Raises ValueError."""
    found = getaddresses([value])
    try:
        if len(found) != 1 or not value.isprintable():
            raise InvalidInput(f"{value!r} is not one address")
        ((name, address),) = found
        return name, normalize_address(address)
    except InvalidInput as error:
        raise ValueError(f'{error}; write it as "Name <name@example.org>"') from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Interval = Annotated[Duration, Field(ge=timedelta(seconds=1))]
Address = Annotated[str, _valid(normalize_address)]
TimeZone = Annotated[str, _valid(parse_timezone)]
TimeOfDay = Annotated[str, _valid(parse_at)]
WebAddress = Annotated[str, AfterValidator(_base_url)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class DatabaseSection(Section):
    url: str = "sqlite:///digest.db"


class SmtpSection(Section):
    host: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    security: Security = Security.NONE
    username: str = ""
    password: str = ""
    connections: int = Field(default=4, ge=1, le=64)
    rate_per_second: float = Field(default=0, ge=0)
    rate_per_domain: float = Field(default=0, ge=0)
    timeout_seconds: float = Field(default=30, gt=0, le=600)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        try:
            self.mailer_config("localhost")
        except ConfigError as error:
            raise ValueError("; ".join(error.mistakes)) from None
        return self

    def mailer_config(self, helo: str) -> SmtpConfig:
        """The relay as the mailer takes it. Raises ConfigError."""
        return SmtpConfig(
            host=self.host,
            port=self.port,
            security=self.security,
            username=self.username,
            password=self.password,
            timeout_s=self.timeout_seconds,
            helo=helo,
        )


class MailSection(Section):
    from_: Annotated[str, AfterValidator(_mailbox)] = Field(
        default="Paper Digest <digest@localhost.localdomain>", alias="from"
    )
    reply_to: Address = ""
    list_id: str = Field(default="", pattern=r"^$|^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$")
    bounce_address: Address = ""
    postal_address: str = ""


class DkimSection(Section):
    domain: str
    selector: str | tuple[str, ...]
    private_key_file: str | tuple[str, ...]

    @model_validator(mode="after")
    def _one_selector_for_each_key(self) -> Self:
        if len(self.pairs()) == 0:
            raise ValueError("dkim.selector and dkim.private_key_file need one entry for each key")
        return self

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(selector, key file) for each key; empty when the two lists differ in length."""
        selectors = (self.selector,) if isinstance(self.selector, str) else self.selector
        files = self.private_key_file
        files = (files,) if isinstance(files, str) else files
        return tuple(zip(selectors, files, strict=True)) if len(selectors) == len(files) else ()


class WebSection(Section):
    base_url: WebAddress = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    subscribe_per_hour: int = Field(default=20, ge=1)
    confirmations_per_domain_per_hour: int = Field(default=50, ge=1)


class SecuritySection(Section):
    secret_key: str = Field(default="", min_length=0)

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.secret_key and len(self.secret_key) < 32:
            raise ValueError("security.secret_key is too short: at least 32 characters")
        return self


class ScheduleSection(Section):
    timezone: TimeZone = "UTC"
    send_at: TimeOfDay = "07:30"
    fetch_every: Interval = timedelta(hours=1)
    catch_up_within: Duration = timedelta(hours=6)


class EditionSection(Section):
    papers: int = Field(default=10, ge=1, le=30)
    lookback_days: int = Field(default=7, ge=1, le=60)
    min_papers: int = Field(default=1, ge=1, le=30)
    when_empty: Literal["skip", "send"] = "skip"
    summary: Literal["auto", "abstract"] = "auto"


class RankingSection(Section):
    method: Literal["lexical"] = "lexical"
    dial: float = Field(default=0.3, ge=0, le=1)
    diversity: float = Field(default=0.3, ge=0, le=1)
    model: Literal[""] = ""


class SourceSection(Section):
    enabled: bool = True
    url: WebAddress
    every: Interval = timedelta(hours=1)


def _is_off(section: object) -> bool:
    """From a file the value is a boolean, from the environment text."""
    return isinstance(section, dict) and section.get("enabled") in (
        False,
        "false",
        "0",
        "no",
        "off",
    )


class ArxivSection(SourceSection):
    url: WebAddress = SOURCES["arxiv"].url
    every: Interval = SOURCES["arxiv"].every
    categories: tuple[str, ...] = Field(
        default=("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.RO", "stat.ML"), min_length=1
    )
    page_size: int = Field(default=200, ge=1, le=2000)
    interval_seconds: float = Field(default=3.0, ge=0)


class HuggingFaceSection(SourceSection):
    url: WebAddress = SOURCES["huggingface"].url
    every: Interval = SOURCES["huggingface"].every
    repoll_days: int = Field(default=7, ge=1, le=30)
    interval_seconds: float = Field(default=0.2, ge=0)


class SourcesSection(Section):
    huggingface: HuggingFaceSection = HuggingFaceSection()
    arxiv: ArxivSection = ArxivSection()
    feeds: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")], SourceSection] = {}

    def named(self) -> tuple[tuple[str, SourceSection], ...]:
        """Each source with its section, feeds as `feeds.NAME`."""
        feeds = ((f"feeds.{name}", section) for name, section in self.feeds.items())
        return (("huggingface", self.huggingface), ("arxiv", self.arxiv), *feeds)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_reserved(cls, values: object) -> object:
        """A source that this version does not have can be named, to be switched off."""
        if not isinstance(values, dict):
            return values
        return {
            name: section
            for name, section in values.items()
            if name not in RESERVED_SOURCES or not _is_off(section)
        }


class MailboxSection(Section):
    kind: Literal["none", "maildir"] = "none"
    address: Address = ""
    path: str = ""
    poll_every: Interval = timedelta(minutes=2)
    trusted_authserv_ids: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _maildir_needs_a_path(self) -> Self:
        if self.kind == "maildir" and not self.path:
            raise ValueError('mailbox.path is missing: kind "maildir" needs the folder')
        return self


class RetentionSection(Section):
    deliveries_days: int = Field(default=180, ge=14)
    signals_days: int = Field(default=400, ge=30)


class Sections(Section):
    """The whole file."""

    database: DatabaseSection = DatabaseSection()
    smtp: SmtpSection = SmtpSection()
    mail: MailSection = MailSection()
    dkim: DkimSection | tuple[DkimSection, ...] = ()
    web: WebSection = WebSection()
    security: SecuritySection = SecuritySection()
    schedule: ScheduleSection = ScheduleSection()
    edition: EditionSection = EditionSection()
    ranking: RankingSection = RankingSection()
    sources: SourcesSection = SourcesSection()
    mailbox: MailboxSection = MailboxSection()
    retention: RetentionSection = RetentionSection()

    def dkim_keys(self) -> tuple[tuple[str, str, str], ...]:
        """(domain, selector, key file) for each key, whether there are none, one or several."""
        sections = self.dkim if isinstance(self.dkim, tuple) else (self.dkim,)
        return tuple((one.domain, *pair) for one in sections for pair in one.pairs())
