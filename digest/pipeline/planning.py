"""From an edition's candidates to rows: what each subscriber of a batch gets, or why nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice

from digest.core.deliveries import DeliveryStatus, PlannedPaper
from digest.core.editions import Card, Edition, EditionId
from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind
from digest.core.messages import MailKind
from digest.core.places import section_of
from digest.core.subscribers import Language, Subscriber, language_of
from digest.pipeline.app import App, WhenEmpty
from digest.pipeline.choice import choose
from digest.pipeline.edition import Issue
from digest.pipeline.membership import message_id
from digest.pipeline.summarize import with_summaries
from digest.ranking.explain import shortened
from digest.ranking.rank import Ranked
from digest.store import editions, outbox
from digest.store.outbox import NewDelivery

# Stands in for an edition that a dry run did not write.
NO_EDITION = EditionId(0)
# Of words that no paper has, so many are named, each in so many characters.
_WORDS_NAMED, _WORD_CHARS = 3, 24


def plan_batch(
    app: App, issue: Issue, edition: Edition, batch: Sequence[Subscriber]
) -> list[NewDelivery]:
    """Plans and writes the deliveries of a batch, with the cards they need; those now written.

    Whoever has a delivery of the edition keeps it; where that was a decision to send nothing, it
    is made again. Raises IntegrityError, leaving nothing behind, when the world has changed since
    the issue was gathered: a paper was merged or sent by another edition, a reader was erased.
    """
    with app.store.read() as conn:
        before = outbox.decided(conn, edition.id, [s.id for s in batch])
    open_ = [s for s in batch if before.get(s.id, DeliveryStatus.SKIPPED) is DeliveryStatus.SKIPPED]
    plans = plans_for(app, issue, edition.id, open_)
    _add_missing_cards(app, issue, edition.id, plans)
    changed = [p for p in plans if not (is_skipped(p) and p.subscriber_id in before)]
    with app.store.write() as conn:
        outbox.forget_skipped(conn, edition.id, [plan.subscriber_id for plan in changed])
        outbox.enqueue(conn, changed, app.clock.now())
    return plans


def plans_for(
    app: App, issue: Issue, edition_id: EditionId, batch: Sequence[Subscriber]
) -> list[NewDelivery]:
    """What each subscriber of the batch would get; writes nothing."""
    chosen = choose(app, issue, batch)
    return [plan_for(app, issue, edition_id, one, chosen[one.id]) for one in batch]


def plan_for(
    app: App,
    issue: Issue,
    edition_id: EditionId,
    subscriber: Subscriber,
    chosen: Sequence[Ranked],
) -> NewDelivery:
    """The delivery of one subscriber: the chosen papers, or the decision to send nothing."""
    too_few = len(chosen) < app.rules.min_papers
    if too_few and app.rules.when_empty is WhenEmpty.SKIP:
        return skipped(app, subscriber, edition_id, why_skipped(app, issue, subscriber, chosen))
    public_id = app.new_id()
    return NewDelivery(
        public_id=public_id,
        kind=MailKind.DIGEST,
        subscriber_id=subscriber.id,
        edition_id=edition_id,
        message_id=message_id(app, public_id),
        # What the mail says of the edition is fixed now: a later try must make the same mail.
        payload={
            "appeared": str(len(issue.candidates)),
            "matched": str(chosen[0].fitting if chosen else 0),
            "missing": "\n".join(issue.missing),
            "language": subscriber.preferences.language,
            **({"weekly": "yes"} if issue.weekly else {}),
        },
        papers=tuple(planned(issue, chosen)),
    )


def skipped(app: App, subscriber: Subscriber, edition_id: EditionId, detail: str) -> NewDelivery:
    """The decision to send nothing, kept as a row so that `explain` can say why."""
    public_id = app.new_id()
    return NewDelivery(
        public_id=public_id,
        kind=MailKind.DIGEST,
        subscriber_id=subscriber.id,
        edition_id=edition_id,
        message_id=message_id(app, public_id),
        status=DeliveryStatus.SKIPPED,
        detail=detail,
    )


def why_skipped(app: App, issue: Issue, subscriber: Subscriber, chosen: Sequence[Ranked]) -> str:
    """Why this many papers do not make a digest, in one line."""
    if not issue.candidates:
        trouble = f" ({'; '.join(issue.missing)})" if issue.missing else ""
        days = (issue.window.end - issue.window.start + timedelta(hours=12)).days
        return f"no paper appeared in the {days} days of this edition{trouble}"
    return (
        f"{len(chosen)} of {len(issue.candidates)} papers are new to this reader and match, "
        f"at least {app.rules.min_papers} are wanted{_unheard_of(issue, subscriber)}"
    )


def _unheard_of(issue: Issue, subscriber: Subscriber) -> str:
    """Which words of interests no paper here has ever had: in another language, or mistyped."""
    corpus = issue.prepared.corpus
    said = (i.value for i in subscriber.interests if i.kind is InterestKind.TEXT)
    words = (word for text in said for word in corpus.query_words(text))
    unheard = dict.fromkeys(word.spelling for word in words if not corpus.is_known(word))
    quoted = [f"“{shortened(word, _WORD_CHARS)}”" for word in islice(unheard, _WORDS_NAMED)]
    return f"; no paper here says {', '.join(quoted)}" if quoted else ""


def planned(issue: Issue, chosen: Sequence[Ranked]) -> Iterator[PlannedPaper]:
    """The chosen papers as a delivery keeps them, in their order."""
    for position, ranked in enumerate(chosen):
        yield PlannedPaper(
            paper_id=ranked.paper_id,
            score=ranked.score,
            relevance=ranked.relevance,
            trend=ranked.trend,
            reason=ranked.reason,
            place=ranked.place,
            section=section_of(
                ranked.place,
                followed=any(one and one.kind is InterestKind.AUTHOR for one, _ in ranked.matched),
                earlier=ranked.paper_id in issue.earlier,
            ),
            position=position,
        )


def _add_missing_cards(
    app: App, issue: Issue, edition_id: EditionId, plans: Sequence[NewDelivery]
) -> None:
    languages = {said_in(plan.payload) for plan in plans}
    with app.store.read() as conn:
        have = {
            (key, language)
            for language in languages
            for key in editions.carded(conn, edition_id, language)
        }
    rendered = render_cards(app, issue, plans, have)
    if rendered:
        with app.store.write() as conn:
            editions.add_cards(conn, edition_id, rendered)


def render_cards(
    app: App,
    issue: Issue,
    plans: Sequence[NewDelivery],
    have: Collection[tuple[PaperId, Language]],
) -> list[Card]:
    """The cards that these plans need beyond those there are."""
    wanted = dict.fromkeys(
        (paper.paper_id, said_in(plan.payload)) for plan in plans for paper in plan.papers
    )
    missing = [one for one in wanted if one not in have]
    papers = with_summaries(app, [issue.papers[key] for key, _ in missing])
    return [app.renderer.card(papers[key], language) for key, language in missing]


def said_in(payload: Mapping[str, str] | None) -> Language:
    """The language of a delivery: that of its reader when it was planned."""
    return language_of((payload or {}).get("language", ""))


def is_skipped(plan: NewDelivery) -> bool:
    return plan.status is DeliveryStatus.SKIPPED


def edition_of(app: App, day: date) -> Edition | None:
    with app.store.read() as conn:
        return editions.by_date(conn, day)
