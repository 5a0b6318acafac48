"""What every step is handed: the parts that wiring chose, and the rules it read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from digest.core.clock import Clock
from digest.core.subscribers import Preferences
from digest.core.tokens import TokenSigner
from digest.mail.identity import MailIdentity
from digest.mail.render import Renderer
from digest.mail.sign import MessageSigner
from digest.pipeline.crew import Crew
from digest.pipeline.meaning import Meanings
from digest.pipeline.nearby import Nearby
from digest.pipeline.ports import Mailer, Source
from digest.pipeline.writer import Summaries
from digest.ranking.static_table import StaticTable
from digest.store.engine import Store


class WhenEmpty(StrEnum):
    SKIP = "skip"
    SEND = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator decided, as far as the steps need it. Times of day are in `timezone`."""

    timezone: str
    catch_up_within: timedelta
    lookback_days: int
    min_papers: int
    when_empty: WhenEmpty
    diversity: float
    exploration: bool = True
    connections: int
    rate_per_second: float
    rate_per_domain: float
    subscribe_per_hour: int
    confirmations_per_domain_per_hour: int = 50
    trusted_authserv_ids: tuple[str, ...]
    readings_days: int
    signal_retention_days: int
    delivery_retention_days: int
    defaults: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A source that is asked when another is in trouble. `reach` is how far back its answer
    goes, None for as far as one asks."""

    source: Source
    reach: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """`meanings` is None where interests are matched by words alone, `summaries` where no model
    writes any, `crew` where this process plans alone."""

    store: Store
    clock: Clock
    new_id: Callable[[], str]
    owner: str
    sources: Mapping[str, Source]
    stand_ins: Mapping[str, Sequence[StandIn]] = field(default_factory=dict)
    every: Mapping[str, timedelta]
    mailer: Mailer
    renderer: Renderer
    signer: MessageSigner | None
    tokens: TokenSigner
    identity: MailIdentity
    address_hash: Callable[[str], str]
    rules: Rules
    table: Callable[[], StaticTable | None] = lambda: None
    nearby: Nearby = field(default_factory=Nearby)
    meanings: Meanings | None = None
    summaries: Summaries | None = None
    crew: Crew | None = None
