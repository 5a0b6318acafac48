"""The only place that knows which concrete parts are used."""

import functools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest import __version__
from digest.core.clock import Clock
from digest.core.errors import ConfigError
from digest.core.keyed_hash import KeyedHash
from digest.core.subscribers import Preferences, parse_at
from digest.core.tokens import TokenSigner
from digest.embedding.choice import choose_encoder
from digest.embedding.encoder import Encoder
from digest.embedding.shipped import table_bytes
from digest.mail.identity import MailIdentity
from digest.mail.imap import ImapInbox
from digest.mail.lmtp import LmtpPlace, LmtpServer
from digest.mail.maildir import Maildir
from digest.mail.render import Renderer
from digest.mail.sign import MessageSigner, load_key
from digest.mail.smtp import SmtpMailer
from digest.pipeline import handover
from digest.pipeline.app import App, Rules, StandIn, WhenEmpty
from digest.pipeline.meaning import Meanings
from digest.pipeline.ports import Inbox, Source
from digest.pipeline.writer import Summaries
from digest.ranking.static_table import StaticTable, parse_table
from digest.section_forms import normalize_from
from digest.settings import Settings
from digest.source_sections import SourceSection
from digest.sources.http import PoliteClient
from digest.sources.registry import SOURCES, build_sources
from digest.store import schema
from digest.store.engine import Store, open_store, parse_url, sqlite_path
from digest.store.leases import process_owner
from digest.store.paces import StoredPaces
from digest.writing.endpoint import ChatWriter

_PACKAGE = Path(__file__).resolve().parent
# In a wheel the templates lie inside the package; in a checkout beside it.
TEMPLATES = next(
    (place for place in (_PACKAGE / "_templates", _PACKAGE.parent / "templates") if place.is_dir()),
    _PACKAGE / "_templates",
)


class SystemClock:
    """The machine's time; with `start`, time that passes from there as fast as the machine's."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._origin = time.monotonic()

    def now(self) -> datetime:
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._origin)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@contextmanager
def open_database(settings: Settings) -> Iterator[Store]:
    """The configured database as it is, whatever its schema; closed at the end."""
    store = open_store(database_url(settings))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def build_store(settings: Settings) -> Iterator[Store]:
    """The configured database, ready to be used: an empty one gets its tables.

    Raises SchemaOutOfDate when it holds another schema than this program's.
    """
    with open_database(settings) as store:
        if schema.current_revision(store) is None:
            schema.upgrade(store)
        schema.guard(store)
        yield store


def database_url(settings: Settings) -> str:
    """The database URL; a relative SQLite path starts from the configuration's folder."""
    url = parse_url(settings.database.url)
    path = sqlite_path(url)
    if path is not None and not path.is_absolute():
        url = url.set(database=str(settings.folder / path))
    return url.render_as_string(hide_password=False)


def new_id() -> str:
    """A public id: 96 random bits, fit for links, Message-IDs and envelope senders."""
    return secrets.token_hex(12)


def build_app(
    settings: Settings,
    store: Store,
    clock: Clock,
    sources: Mapping[str, Source],
    stand_ins: Mapping[str, Sequence[StandIn]] | None = None,
) -> App:
    """The app as configured, fetching from `sources`, and where one is in trouble from its
    `stand_ins`.

    Raises ConfigError for what only shows now: a missing secret, a DKIM key that cannot be read,
    a model that is not there.
    """
    secret = settings.security.secret_key
    if not secret:
        raise ConfigError(
            ["security.secret_key: missing; `digest init` writes a configuration with one"]
        )
    identity = build_identity(settings)
    encoder = build_encoder(settings, clock)
    return App(
        store=store,
        clock=clock,
        new_id=new_id,
        owner=process_owner(),
        sources=sources,
        stand_ins=stand_ins or {},
        every=source_intervals(settings),
        mailer=build_mailer(settings),
        renderer=build_renderer(settings),
        signer=build_signer(settings),
        tokens=TokenSigner(secret),
        identity=identity,
        address_hash=_AddressHash(secret.encode()),
        rules=_rules(settings),
        table=shipped_table if settings.ranking.method != "lexical" else lambda: None,
        meanings=Meanings(store, clock, encoder) if encoder is not None else None,
        summaries=build_summaries(settings, clock),
    )


@functools.cache
def shipped_table() -> StaticTable:
    """The table of meaning, read when papers are first ranked."""
    return parse_table(table_bytes())


class _AddressHash:
    """HMAC-SHA256 as 64 hex digits, without regard to case: what is kept of an erased address."""

    def __init__(self, key: bytes) -> None:
        self._keyed = KeyedHash(KeyedHash(key, "sha256").digest(b"digest.addresses"), "sha256")

    def __call__(self, text: str) -> str:
        return self._keyed.digest(text.casefold().encode()).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSources:
    """The sources that are asked, and for some of them those asked when they are in trouble."""

    enabled: Mapping[str, Source]
    stand_ins: Mapping[str, Sequence[StandIn]]


@contextmanager
def configured_sources(
    settings: Settings, store: Store, clock: Clock
) -> Iterator[ConfiguredSources]:
    """The sources as configured, on one polite client, which keeps its manners in the database.

    Raises ConfigError where a stand-in is no source.
    """
    client = PoliteClient(user_agent=_user_agent(settings), paces=StoredPaces(store), clock=clock)
    sections = dict(settings.sources.named())
    enabled = [name for name, section in sections.items() if section.enabled]
    stand_ins = {name: _stand_ins(name, sections) for name in enabled}
    used = (*enabled, *(one for names in stand_ins.values() for one in names))
    try:
        built = build_sources(client, {name: sections[name].options() for name in used})
        yield ConfiguredSources(
            enabled={name: built[name] for name in enabled},
            stand_ins={
                name: tuple(StandIn(source=built[one], reach=_reach(one)) for one in names)
                for name, names in stand_ins.items()
            },
        )
    finally:
        client.close()


def _stand_ins(name: str, sections: Mapping[str, SourceSection]) -> tuple[str, ...]:
    """Whoever asks a mirror has a reason: then only stand-ins with an address of their own do."""
    names = tuple(dict.fromkeys(getattr(sections[name], "stand_ins", ())))
    if name in names:
        raise ConfigError([f"sources.{name}.stand_ins: a source cannot stand in for itself"])
    mistakes = [
        f"sources.{name}.stand_ins: there is no source {one}"
        for one in names
        if one not in sections
    ]
    if mistakes:
        raise ConfigError(mistakes)
    mirrored = _is_elsewhere(name, sections)
    return tuple(one for one in names if not mirrored or _is_elsewhere(one, sections))


def _is_elsewhere(name: str, sections: Mapping[str, SourceSection]) -> bool:
    return name not in SOURCES or sections[name].url != SOURCES[name].url


def _reach(name: str) -> timedelta | None:
    return SOURCES[name].reach if name in SOURCES else None


def _user_agent(settings: Settings) -> str:
    """Who asks, and how to reach whoever runs it: what every source wants to know."""
    contact = build_identity(settings).reply_to or build_identity(settings).from_address
    return f"digest/{__version__} (+{settings.web.base_url}; mailto:{contact})"


def source_intervals(settings: Settings) -> dict[str, timedelta]:
    """How often each source, enabled or not, is asked at most."""
    least = settings.schedule.fetch_every
    return {name: max(section.every, least) for name, section in settings.sources.named()}


def build_identity(settings: Settings) -> MailIdentity:
    name, address = normalize_from(settings.mail.from_)
    domain = address.rpartition("@")[2]
    return MailIdentity(
        from_name=name,
        from_address=address,
        reply_to=settings.mail.reply_to,
        list_id=settings.mail.list_id or f"daily.{domain}",
        bounce_address=settings.mail.bounce_address,
        postal_address=_without_name(settings.mail.postal_address, name),
        command_address=settings.mailbox.address,
        base_url=settings.web.base_url,
    )


def _without_name(postal_address: str, name: str) -> str:
    """An address without the name that stands before it in every mail: said once is enough."""
    first, comma, rest = postal_address.partition(",")
    return rest.strip() if comma and first.strip() == name else postal_address


def build_summaries(settings: Settings, clock: Clock) -> Summaries | None:
    """The language model that writes summaries; None where there is none, or no use for one."""
    options = settings.summaries.options()
    if options is None or settings.edition.summary == "abstract":
        return None
    writer = ChatWriter(options, user_agent=_user_agent(settings), clock=clock)
    return Summaries(writer, clock, per_run=settings.summaries.per_run)


def build_encoder(settings: Settings, clock: Clock) -> Encoder | None:
    """The configured model, not yet loaded; None where the method has no use for one.

    Raises ConfigError when a file or package is missing.
    """
    if settings.ranking.method != "semantic":
        return None
    return named_encoder(settings, clock, settings.ranking.model, settings.folder)


def named_encoder(settings: Settings, clock: Clock, model: str, folder: Path) -> Encoder:
    """The model of this name, a path from `folder` on, with the endpoint's settings; as above."""
    return choose_encoder(
        model,
        settings.ranking.endpoint.options(),
        prompts=settings.ranking.prompts(),
        folder=folder,
        user_agent=_user_agent(settings),
        clock=clock,
    )


def build_mailer(settings: Settings) -> SmtpMailer:
    return SmtpMailer(settings.smtp.mailer_config(build_identity(settings).domain))


def build_inbox(settings: Settings) -> Inbox | None:
    """Where mail to us waits to be read; None where it does not. Raises ConfigError."""
    if settings.mailbox.kind == "maildir":
        return Maildir(settings.folder / settings.mailbox.path)
    if settings.mailbox.kind == "imap":
        ca_file = settings.mailbox.ca_file
        return ImapInbox(settings.mailbox.imap_config(ca_file and str(settings.folder / ca_file)))
    return None


def lmtp_place(settings: Settings) -> LmtpPlace | None:
    """Where a mail server hands mail over; None where it does not."""
    if settings.mailbox.kind != "lmtp":
        return None
    path = settings.mailbox.path
    return settings.mailbox.lmtp_place(path and str(settings.folder / path))


def build_lmtp(settings: Settings, app: App) -> LmtpServer | None:
    """What takes mail that is handed over, where that is wanted. Raises ConfigError."""
    place = lmtp_place(settings)
    if place is None:
        return None
    accepts = functools.partial(handover.is_ours, app.identity)
    take = functools.partial(handover.take, app)
    return LmtpServer(place, hostname=app.identity.domain, accepts=accepts, take=take)


def build_renderer(settings: Settings, theme: Path | None = None) -> Renderer:
    """What makes mails as configured, or in the look of another theme. Raises ConfigError."""
    if theme is not None and not theme.is_dir():
        raise ConfigError([f"there is no folder {theme}"])
    return Renderer(
        [theme, TEMPLATES] if theme else templates_of(settings),
        build_identity(settings),
        own_words=settings.edition.summary == "abstract",
        count_opened=settings.mail.count_opened,
        thumbnails=settings.mail.thumbnails,
    )


def templates_of(settings: Settings) -> list[Path]:
    """The folders with templates: that of the theme, where there is one, before our own.

    Raises ConfigError where the theme is no folder.
    """
    if not settings.mail.theme:
        return [TEMPLATES]
    theme = settings.folder / settings.mail.theme
    if not theme.is_dir():
        raise ConfigError([f"mail.theme: there is no folder {theme}"])
    return [theme, TEMPLATES]


def build_signer(settings: Settings) -> MessageSigner | None:
    keys = [
        load_key(domain, selector, settings.folder / file)
        for domain, selector, file in settings.dkim_keys()
    ]
    return MessageSigner(keys) if keys else None


def _rules(settings: Settings) -> Rules:
    return Rules(
        timezone=settings.schedule.timezone,
        catch_up_within=settings.schedule.catch_up_within,
        lookback_days=settings.edition.lookback_days,
        min_papers=settings.edition.min_papers,
        when_empty=WhenEmpty(settings.edition.when_empty),
        diversity=settings.ranking.diversity,
        exploration=settings.ranking.exploration,
        connections=settings.smtp.connections,
        rate_per_second=settings.smtp.rate_per_second,
        rate_per_domain=settings.smtp.rate_per_domain,
        subscribe_per_hour=settings.web.subscribe_per_hour,
        confirmations_per_domain_per_hour=settings.web.confirmations_per_domain_per_hour,
        trusted_authserv_ids=settings.mailbox.trusted_authserv_ids,
        readings_days=settings.retention.readings_days,
        signal_retention_days=settings.retention.signals_days,
        delivery_retention_days=settings.retention.deliveries_days,
        defaults=Preferences(
            at=parse_at(settings.schedule.send_at),
            timezone=settings.schedule.timezone,
            max_papers=settings.edition.papers,
            dial=settings.ranking.dial,
            language=settings.mail.language,
        ),
    )
