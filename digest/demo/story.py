"""The demo's plot: fetch, let four readers subscribe, rank, send, and keep the mails."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.core.editions import edition_day
from digest.core.fetching import Outcome
from digest.core.interests import parse_interests
from digest.core.subscribers import Preferences
from digest.demo.catcher import CaughtMail, caught_mails
from digest.demo.sample import ASKED_BEFORE, SampleSource
from digest.pipeline.app import App
from digest.pipeline.assemble import assemble
from digest.pipeline.deliver import deliver
from digest.pipeline.membership import add_by_operator
from digest.pipeline.ports import Source
from digest.pipeline.refresh import refresh
from digest.settings import Settings
from digest.sources.addresses import system_resolve
from digest.wiring import SystemClock, build_app, build_store, configured_sources

BASE_URL = "https://digest.example.org"
# Fewer than this and the live source is having a bad day: the sample shows more.
_ENOUGH_PAPERS = 20
_LIVE_HOST = "huggingface.co"

READERS: Mapping[str, str] = {
    "ada@example.org": "diffusion models for video generation; 3D scene understanding",
    "ben@example.org": "evaluation of language model agents; retrieval for language models",
    "chen@example.org": "",
    "dora@example.org": "category: math.*; category: q-bio.*; category: stat.*; causal inference",
}


@dataclass(slots=True)
class StoryClock:
    """Time as the plot needs it: it stands still until it is set."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How it ended: the app as it stands, the mails, and in a line where the papers are from."""

    app: App
    mails: tuple[CaughtMail, ...]
    papers_from: str


@contextmanager
def play(folder: Path) -> Iterator[Played]:
    """Plays the whole main job in `folder`; the app can be looked at until the end."""
    evening = datetime.now(UTC)
    with caught_mails() as (port, mails):
        settings, clock = _settings(folder, port), SystemClock()
        with (
            build_store(settings) as store,
            configured_sources(settings, store, clock) as sources,
        ):
            live = build_app(settings, store, clock, sources.enabled, sources.stand_ins)
            papers_from = _fetch_live(live)
            if not papers_from:
                papers_from = "the bundled sample, as the live source cannot be reached"
                _fetch_sample(settings, live, evening)
            _subscribe(live)
            assemble(live, edition_day(evening, "UTC"))
            deliver(live)
            yield Played(app=live, mails=tuple(mails), papers_from=papers_from)


def _settings(folder: Path, smtp_port: int) -> Settings:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "dkim.pem").write_bytes(pem)
    return Settings.model_validate(
        {
            "folder": folder,
            "database": {"url": f"sqlite:///{folder / 'demo.db'}"},
            "security": {"secret_key": secrets.token_urlsafe(48)},
            "smtp": {"host": "127.0.0.1", "port": smtp_port},
            "mail": {
                "from": "Paper Digest <digest@digest.example.org>",
                "reply_to": "help@digest.example.org",
                "bounce_address": "bounces@digest.example.org",
                "postal_address": "Example Institute, 1 Example Street, 1000 Exampletown",
            },
            "mailbox": {"address": "commands@digest.example.org"},
            "dkim": {
                "domain": "digest.example.org",
                "selector": "demo",
                "private_key_file": "dkim.pem",
            },
            "web": {"base_url": BASE_URL},
            "sources": {
                # arXiv asks for three seconds between requests: too slow for a first look.
                "arxiv": {"enabled": False},
                "huggingface": {"repoll_days": 5},
            },
        }
    )


def _fetch_live(app: App) -> str:
    try:
        system_resolve(_LIVE_HOST)
    except OSError:
        return ""  # no network: the polite client would try again for a while
    report = refresh(app)
    fetched = [f for f in report.fetches if f.outcome in (Outcome.OK, Outcome.PARTIAL)]
    enough = sum(f.fetched for f in fetched) >= _ENOUGH_PAPERS
    return "Hugging Face Daily Papers, fetched just now" if enough else ""


def _fetch_sample(settings: Settings, live: App, evening: datetime) -> None:
    sources: dict[str, Source] = {
        name: SampleSource(name, evening) for name in ("arxiv", "huggingface")
    }
    clock = StoryClock(evening)
    for before in ASKED_BEFORE:
        clock.moment = evening - before
        refresh(build_app(settings, live.store, clock, sources), only=tuple(sources))


def _subscribe(app: App) -> None:
    for email, interests in READERS.items():
        preferences = Preferences(max_papers=8, dial=0.5 if not interests else 0.3)
        add_by_operator(app, email, parse_interests(interests), preferences, confirmed=True)
