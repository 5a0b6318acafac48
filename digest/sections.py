"""The sections of the configuration, key by key: types, defaults, and what is allowed.

`config.example.toml` shows each with a line of why; a test keeps the two in step.
"""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from digest.core.errors import ConfigError
from digest.core.subscribers import Language
from digest.embedding.endpoint import EndpointOptions
from digest.embedding.naming import EndpointName, parse_model
from digest.embedding.prompts import PromptOptions
from digest.mail.imap_config import ImapConfig
from digest.mail.lmtp import LmtpPlace
from digest.mail.smtp import Security, SmtpConfig
from digest.section_forms import (
    Address,
    Duration,
    Interval,
    Section,
    TimeOfDay,
    TimeZone,
    WebAddress,
    mailbox,
)
from digest.source_sections import SourcesSection
from digest.writing.chat import parse_model as parse_chat_model
from digest.writing.endpoint import ChatOptions

# RFC 6750, 2.1, of some length.
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")


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
    from_: Annotated[str, AfterValidator(mailbox)] = Field(
        default="Paper Digest <digest@localhost.localdomain>", alias="from"
    )
    reply_to: Address = ""
    list_id: str = Field(default="", pattern=r"^$|^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$")
    bounce_address: Address = ""
    postal_address: str = ""
    language: Language = Language.ENGLISH
    theme: str = ""
    thumbnails: bool = False
    count_opened: bool = False


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


def _bearer_token(value: str) -> str:
    if value and not _BEARER_TOKEN.fullmatch(value):
        raise ValueError("a token has at least 16 characters, of A-Z a-z 0-9 - . _ ~ + / =")
    return value


class WebSection(Section):
    base_url: WebAddress = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    subscribe_per_hour: int = Field(default=20, ge=1)
    confirmations_per_domain_per_hour: int = Field(default=50, ge=1)
    metrics_from: tuple[str, ...] = ("127.0.0.1", "::1")
    metrics_token: Annotated[str, AfterValidator(_bearer_token)] = ""


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


class RankingEndpointSection(Section):
    api_key: str = ""
    batch: int = Field(default=32, ge=1, le=2048)
    timeout_seconds: float = Field(default=60, gt=0, le=600)
    dimensions: int = Field(default=0, ge=0, le=65_536)
    encoding: Literal["float", "base64"] = "float"

    def options(self) -> EndpointOptions:
        return EndpointOptions(
            api_key=self.api_key,
            batch=self.batch,
            timeout_s=self.timeout_seconds,
            dimensions=self.dimensions,
            encoding=self.encoding,
        )


def _model(value: str) -> str:
    if value:
        parse_model(value)
    return value


class RankingSection(Section):
    method: Literal["static", "lexical", "semantic"] = "static"
    dial: float = Field(default=0.3, ge=0, le=1)
    diversity: float = Field(default=0.3, ge=0, le=1)
    exploration: bool = True
    processes: int = Field(default=0, ge=0, le=256)
    model: Annotated[str, AfterValidator(_model)] = ""
    query_prefix: str | None = Field(default=None, max_length=1_000)
    document_prefix: str | None = Field(default=None, max_length=1_000)
    endpoint: RankingEndpointSection = RankingEndpointSection()

    @model_validator(mode="after")
    def _the_method_has_its_model(self) -> Self:
        named = parse_model(self.model) if self.model else None
        if named is None and self.method == "semantic":
            raise ValueError('ranking.model is missing: method "semantic" needs one')
        if isinstance(named, EndpointName) and self.endpoint.api_key and not named.keeps_secrets:
            raise ValueError(
                "ranking.model: an address that is sent a key must begin with https://"
            )
        return self

    def prompts(self) -> PromptOptions:
        return PromptOptions(query=self.query_prefix, document=self.document_prefix)


def _chat_model(value: str) -> str:
    if value:
        parse_chat_model(value)
    return value


class SummariesSection(Section):
    model: Annotated[str, AfterValidator(_chat_model)] = ""
    api_key: str = ""
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    per_run: int = Field(default=50, ge=1, le=1000)

    def options(self) -> ChatOptions | None:
        """The endpoint to ask, None where there is none."""
        if not self.model:
            return None
        url, model = parse_chat_model(self.model)
        return ChatOptions(
            url=url, model=model, api_key=self.api_key, timeout_s=self.timeout_seconds
        )


class MailboxSection(Section):
    kind: Literal["none", "imap", "maildir", "lmtp"] = "none"
    address: Address = ""
    path: str = ""
    host: str = ""
    port: int = Field(default=0, ge=0, le=65535)
    security: Security = Security.TLS
    username: str = ""
    password: str = ""
    ca_file: str = ""
    folder: str = Field(default="INBOX", min_length=1)
    handled_folder: str = ""
    quarantine_folder: str = Field(default="Quarantine", min_length=1)
    timeout_seconds: float = Field(default=30, gt=0, le=600)
    poll_every: Interval = timedelta(minutes=2)
    trusted_authserv_ids: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _the_kind_has_its_keys(self) -> Self:
        if self.kind == "maildir" and not self.path:
            raise ValueError('mailbox.path is missing: kind "maildir" needs the folder')
        if self.kind == "imap":
            try:
                self.imap_config("")
            except ConfigError as error:
                raise ValueError("; ".join(error.mistakes)) from None
        return self

    def imap_config(self, ca_file: str) -> ImapConfig:
        """The mailbox as the reader takes it. Raises ConfigError."""
        usual = 143 if self.security is Security.STARTTLS else 993
        return ImapConfig(
            host=self.host,
            port=self.port or usual,
            security=self.security,
            username=self.username,
            password=self.password,
            folder=self.folder,
            handled_folder=self.handled_folder,
            quarantine_folder=self.quarantine_folder,
            timeout_s=self.timeout_seconds,
            ca_file=ca_file,
        )

    def lmtp_place(self, socket_path: str) -> LmtpPlace:
        """Where mail is handed over: the socket, where there is one."""
        host = self.host or "127.0.0.1"
        return LmtpPlace(host=host, port=self.port or 8024, socket_path=socket_path)


class RetentionSection(Section):
    deliveries_days: int = Field(default=180, ge=14)
    readings_days: int = Field(default=30, ge=7)
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
    summaries: SummariesSection = SummariesSection()
    sources: SourcesSection = SourcesSection()
    mailbox: MailboxSection = MailboxSection()
    retention: RetentionSection = RetentionSection()

    def dkim_keys(self) -> tuple[tuple[str, str, str], ...]:
        """(domain, selector, key file) for each key, whether there are none, one or several."""
        sections = self.dkim if isinstance(self.dkim, tuple) else (self.dkim,)
        return tuple((one.domain, *pair) for one in sections for pair in one.pairs())
