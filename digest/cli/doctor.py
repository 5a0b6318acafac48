"""`digest doctor`: look at everything that a working service stands on."""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from digest.cli.context import Json, clock_of, settings_of
from digest.cli.options import globals_of
from digest.cli.output import print_json, progress, say, stdout
from digest.core.clock import Clock
from digest.core.errors import ConfigError
from digest.embedding.endpoint import EndpointEncoder
from digest.mail.render import Renderer
from digest.mail.resolver import DnsResolver, DnsUnavailable
from digest.mail.sign import DkimKey, load_key
from digest.pipeline import deliverability, health
from digest.pipeline.dns_records import Names, check_dns
from digest.pipeline.health import Check, Level, fail, ok, warn
from digest.pipeline.mailbox_health import check_inbox, check_lmtp, check_piped
from digest.settings import Settings, environment, find_config
from digest.store import history, inbound
from digest.store.engine import Store, parse_url, sqlite_path
from digest.wiring import (
    build_encoder,
    build_identity,
    build_inbox,
    build_mailer,
    database_url,
    lmtp_place,
    open_database,
    source_intervals,
    templates_of,
)

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    ctx: typer.Context,
    network: Annotated[
        bool,
        typer.Option("--network", help="Ask DNS about SPF, DKIM, DMARC, MX and PTR, and a model."),
    ] = False,
    json: Json = False,
) -> None:
    """Check configuration, database, templates, relay, mailbox, sender, clock, disk and sources.

    Changes nothing and sends nothing. Exits with 1 when something must be mended.

    Example: digest doctor --network
    """
    options = globals_of(ctx)
    settings = settings_of(ctx)
    with progress("looking"):
        checks = [
            check_configuration(settings, find_config(options.config, environment())),
            *examine(settings, clock_of(ctx).now()),
            *check_model(settings, clock_of(ctx), network=network),
            *(ask_dns(settings) if network else [_dns_not_asked()]),
        ]
    sound = all(check.level is not Level.FAIL for check in checks)
    if json:
        print_json({"checks": [check_row(check) for check in checks], "ok": sound})
    else:
        _print(checks)
    if not sound:
        raise typer.Exit(1)


def check_row(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "level": check.level.value,
        "what": check.what,
        "todo": check.todo,
    }


def _print(checks: list[Check]) -> None:
    console = stdout()
    for check in checks:
        level = f"[{_STYLES[check.level]}]{check.level.value:<4}[/]"
        console.print(f"{level}  {escape(f'{check.name}: {check.what}')}", soft_wrap=True)
        if check.todo:
            say(f"      → {check.todo}")
    levels = Counter(check.level for check in checks)
    say(", ".join(f"{levels[level]} {level.value}" for level in Level))


# --- what is looked at ----------------------------------------------------------------------------


def check_configuration(settings: Settings, path: Path | None) -> Check:
    """The file and the secret; everything else in it was checked when it was read."""
    name = "configuration"
    if not settings.security.secret_key:
        return fail(
            name, "security.secret_key is missing: links could be forged", "run `digest init`"
        )
    if path is None:
        return ok(name, "no file: defaults and the environment")
    return health.check_private(name, path)


def examine(settings: Settings, now: datetime) -> list[Check]:
    """Every check but those of the configuration file and of DNS."""
    identity = build_identity(settings)
    keys, troubles = load_keys(settings)
    config = settings.smtp.mailer_config(identity.domain)
    return [
        *_check_stored(settings, now),
        _check_templates(settings),
        health.check_time_zones(settings.schedule.timezone),
        *deliverability.check_sender(identity),
        *troubles,
        *(deliverability.check_keys(keys, identity.domain) if keys or not troubles else ()),
        deliverability.check_relay(build_mailer(settings).probe(), config),
        *_check_mailbox(settings),
    ]


def _check_mailbox(settings: Settings) -> Iterator[Check]:
    """Whether mail to us gets in, where we wait for it ourselves."""
    place = lmtp_place(settings)
    if place is not None:
        yield check_lmtp(place)
        return
    try:
        if (inbox := build_inbox(settings)) is not None:
            yield check_inbox(inbox)
    except ConfigError as error:
        yield fail("mailbox", str(error), "set [mailbox]")


def ask_dns(settings: Settings, names: Names | None = None) -> list[Check]:
    """What DNS says of the sender; `names` stands in for this machine's resolver."""
    try:
        names = names or DnsResolver()
    except DnsUnavailable as error:
        return [warn("dns", str(error), "see /etc/resolv.conf")]
    keys, _ = load_keys(settings)
    return check_dns(names, build_identity(settings), keys, settings.smtp.host)


def _dns_not_asked() -> Check:
    return ok("dns", "SPF, DKIM, DMARC, MX and PTR were not asked for", "digest doctor --network")


def load_keys(settings: Settings) -> tuple[list[DkimKey], list[Check]]:
    """The DKIM keys that can be used, and a line for each that cannot, or is open to others."""
    keys, troubles = [], []
    for domain, selector, file in settings.dkim_keys():
        name, path = f"dkim.{selector}", settings.folder / file
        try:
            keys.append(load_key(domain, selector, path))
        except ConfigError as error:
            troubles.append(fail(name, str(error), "set [dkim], or leave the section out"))
            continue
        private = health.check_private(f"{name}.file", path)
        if private.level is not Level.OK:
            troubles.append(private)
    return keys, troubles


def _check_templates(settings: Settings) -> Check:
    try:
        return health.check_templates(Renderer(templates_of(settings), build_identity(settings)))
    except ConfigError as error:
        return fail("templates", str(error), "restore the templates, or mend the theme")


# --- the model ------------------------------------------------------------------------------------


def check_model(settings: Settings, clock: Clock, *, network: bool) -> list[Check]:
    """The model, where one is configured; one behind an address only if `network`."""
    if settings.ranking.method != "semantic":
        return []
    try:
        encoder = build_encoder(settings, clock)
    except ConfigError as error:
        return [fail("model", str(error), "set ranking.model, or ranking.method to static")]
    assert encoder is not None
    if isinstance(encoder, EndpointEncoder) and not network:
        return [ok("model", f"{encoder.name} was not asked", "digest doctor --network")]
    check = health.check_encoder(encoder)
    if check.level is Level.FAIL:
        return [check]
    lookback = timedelta(days=settings.edition.lookback_days)
    return [check, *_check_vectors(settings, encoder.name, lookback, clock.now())]


def _check_vectors(
    settings: Settings, model: str, lookback: timedelta, now: datetime
) -> Iterator[Check]:
    """Nothing where there is no sound database, which another check says."""
    path = sqlite_path(parse_url(database_url(settings)))
    if path is not None and not path.exists():
        return
    with open_database(settings) as store:
        if health.check_database(store).level is Level.OK:
            yield health.check_vectors(store, model, lookback, now)


# --- the database and its disk --------------------------------------------------------------------


def _check_stored(settings: Settings, now: datetime) -> list[Check]:
    """The database and what its rows tell; one that does not exist yet is not created."""
    try:
        path = sqlite_path(parse_url(database_url(settings)))
        if path is not None and path.parent.is_dir() and not path.exists():
            found = [
                warn("database", f"{path} does not exist yet", "`digest db upgrade` creates it"),
                health.check_clock(None, now),
                *_check_piped(settings, None, now),
            ]
        else:
            with open_database(settings) as store:
                found = _check_store(store, _enabled_intervals(settings), now)
                if found[0].level is Level.OK:
                    with store.read() as conn:
                        last = inbound.last_handled_at(conn)
                    found.extend(_check_piped(settings, last, now))
    except ConfigError as error:
        return [fail("database", str(error), "set database.url")]
    if path is not None and path.exists():
        found.append(health.check_private("database.file", path))
    folder = path.parent if path is not None else settings.folder
    used = path.stat().st_size if path is not None and path.exists() else 0
    free = shutil.disk_usage(folder).free
    return [*found, health.check_disk(folder, free_bytes=free, database_bytes=used)]


def _check_piped(settings: Settings, last: datetime | None, now: datetime) -> Iterator[Check]:
    """Nothing where an inbox is read: that is looked at itself."""
    if settings.mailbox.kind == "none":
        identity = build_identity(settings)
        named = filter(None, (identity.command_address, identity.bounce_address))
        yield check_piped(list(dict.fromkeys(named)), last, now)


def _check_store(store: Store, every: dict[str, timedelta], now: datetime) -> list[Check]:
    database = health.check_database(store)
    if database.level is not Level.OK:
        return [database, health.check_clock(None, now)]
    with store.read() as conn:
        newest = history.newest_moment(conn)
    return [
        database,
        health.check_clock(newest, now),
        *health.check_sources(store, every, now),
        health.check_outbox(store, now),
        health.check_bounces(store, now),
    ]


def _enabled_intervals(settings: Settings) -> dict[str, timedelta]:
    every = source_intervals(settings)
    return {name: every[name] for name, section in settings.sources.named() if section.enabled}
