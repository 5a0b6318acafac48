"""What a subscriber gets, would get, or does not get, and why; nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from digest.core.clock import StandingClock
from digest.core.deliveries import Delivery, DeliveryId, DeliveryStatus, PlannedPaper
from digest.core.editions import Edition
from digest.core.errors import NotFound
from digest.core.messages import Content, MailKind
from digest.core.subscribers import Status, Subscriber, has_slot_on, slot_day, slot_on
from digest.mail.view import DigestView
from digest.pipeline.app import App
from digest.pipeline.choice import choose
from digest.pipeline.compose import digest_paper, digest_view, finish_digest, load_letters
from digest.pipeline.edition import Issue, gather, is_weekly
from digest.pipeline.planning import (
    NO_EDITION,
    edition_of,
    is_skipped,
    plan_for,
    planned,
    said_in,
)
from digest.pipeline.summarize import with_summaries
from digest.ranking.rank import Ranked
from digest.store import editions, outbox
from digest.store import subscribers as members

# Scores that differ by less are one: papers that came since change what is usual a little.
_SAME_SCORE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMail:
    content: Content
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedPaper:
    """A paper with the parts of its score, by name, each as it went into the score."""

    paper: PlannedPaper
    title: str
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why somebody got, or did not get, the mail of a date.

    `delivery` is what was decided, None while nothing is; `papers` are those of the mail, or
    those it would hold now. `reasons` say in lines what a person wants to know.
    """

    day: date
    subscriber: Subscriber
    delivery: Delivery | None
    reasons: tuple[str, ...]
    papers: tuple[ExplainedPaper, ...]


def subscriber_named(app: App, email: str) -> Subscriber:
    """The subscriber of an address. Raises NotFound."""
    with app.store.read() as conn:
        found = members.by_email(conn, email.strip())
    if found is None:
        raise NotFound(f"there is no subscriber {email}: `digest subscribers list` shows them")
    return found


def preview(app: App, email: str, day: date, *, anew: bool = False) -> PreviewedMail:
    """The mail of a date: the one that was made, else the one that would be made now. Its cards
    are those that were made, or made `anew`.

    Raises NotFound when there is no subscriber, or nothing that would be sent to them.
    """
    subscriber = subscriber_named(app, email)
    delivery = _decided(app, day, subscriber)
    if delivery is not None and delivery.status is not DeliveryStatus.SKIPPED:
        view = load_letters(app, [delivery], anew=anew).view(delivery)
    else:
        delivery, view = _rehearsed(app, day, subscriber)
    return PreviewedMail(
        content=app.renderer.digest(view),
        message=finish_digest(app, subscriber, delivery, view)[1],
    )


def _decided(app: App, day: date, subscriber: Subscriber) -> Delivery | None:
    edition = edition_of(app, day)
    if edition is None:
        return None
    with app.store.read() as conn:
        return outbox.of_edition(conn, edition.id, subscriber.id)


def _rehearsed(app: App, day: date, subscriber: Subscriber) -> tuple[Delivery, DigestView]:
    if subscriber.status is not Status.ACTIVE:
        raise NotFound(f"there is no mail to show: {_about_waiting(subscriber, day)}")
    issue = gather(app, day, weekly=is_weekly(subscriber))
    chosen = choose(app, issue, [subscriber])[subscriber.id]
    plan = plan_for(app, issue, NO_EDITION, subscriber, chosen)
    if is_skipped(plan):
        raise NotFound(f"there is no mail to show: {plan.detail}")
    now = app.clock.now()
    delivery = Delivery(
        id=DeliveryId(0),
        public_id=plan.public_id,
        kind=MailKind.DIGEST,
        subscriber_id=subscriber.id,
        edition_id=NO_EDITION,
        status=DeliveryStatus.QUEUED,
        created_at=now,
        next_attempt_at=now,
        payload=plan.payload or {},
    )
    edition = Edition(
        id=NO_EDITION,
        date=day,
        window=issue.window,
        frozen_at=now,
        candidate_count=len(issue.candidates),
    )
    shown = with_summaries(app, [issue.papers[paper.paper_id] for paper in plan.papers])
    papers = [
        digest_paper(
            app.renderer.card(shown[paper.paper_id], said_in(plan.payload)),
            issue.papers[paper.paper_id].title,
            paper,
        )
        for paper in plan.papers
    ]
    return delivery, digest_view(app, subscriber, edition, delivery, papers)


def explain(app: App, email: str, day: date) -> Explanation:
    """Why this person got, or did not get, the mail of a date. Raises NotFound."""
    subscriber = subscriber_named(app, email)
    delivery = _decided(app, day, subscriber)
    if delivery is not None and delivery.status is not DeliveryStatus.SKIPPED:
        return _of_a_mail(app, subscriber, delivery, day)
    issue = gather(app, day, weekly=is_weekly(subscriber))
    chosen = choose(app, issue, [subscriber])[subscriber.id]
    return Explanation(
        day=day,
        subscriber=subscriber,
        delivery=delivery,
        reasons=(
            (_about_delivery(delivery), *_missing_then(app, day))
            if delivery is not None
            else _undecided(app, subscriber, issue, chosen)
        ),
        papers=_explained(issue, chosen),
    )


def _undecided(
    app: App, subscriber: Subscriber, issue: Issue, chosen: Sequence[Ranked]
) -> tuple[str, ...]:
    """What stands in the way of a mail by what is known now; of a day gone by, what was missing
    then."""
    about = _about_waiting(subscriber, issue.day)
    if _is_gone_by(subscriber, issue.day):
        return (about, *_missing_then(app, issue.day))
    plan = plan_for(app, issue, NO_EDITION, subscriber, chosen)
    detail = (plan.detail,) if is_skipped(plan) else ()
    return (about, *detail, *map(_about_missing, issue.missing))


def _is_gone_by(subscriber: Subscriber, day: date) -> bool:
    """Whether the next mail is one of a later day, in the subscriber's calendar."""
    due = subscriber.next_due_at
    return due is not None and day < slot_day(subscriber.preferences, due)


def _of_a_mail(app: App, subscriber: Subscriber, delivery: Delivery, day: date) -> Explanation:
    """Of a mail that was made: by what was known and missing then."""
    missing = delivery.payload.get("missing", "").splitlines()
    papers = _sent_papers(app, subscriber, delivery, day)
    unknown = sum("dial" not in dict(one.parts) for one in papers)
    changed = (
        f"what the scores of {unknown} of {len(papers)} papers were made of is not known any more: "
        "interests, votes or papers have changed since"
    )
    return Explanation(
        day=day,
        subscriber=subscriber,
        delivery=delivery,
        reasons=(
            _about_delivery(delivery),
            *map(_about_missing, missing),
            *([changed] if unknown else []),
        ),
        papers=papers,
    )


def _missing_then(app: App, day: date) -> tuple[str, ...]:
    """As the edition of the day was written down; nothing where nobody was due one."""
    with app.store.read() as conn:
        edition = editions.by_date(conn, day)
    return tuple(map(_about_missing, edition.missing)) if edition is not None else ()


def _about_missing(line: str) -> str:
    return f"missing in this edition: {line}"


def _explained(issue: Issue, chosen: Sequence[Ranked]) -> tuple[ExplainedPaper, ...]:
    return tuple(
        ExplainedPaper(paper=paper, title=issue.papers[ranked.paper_id].title, parts=ranked.parts)
        for paper, ranked in zip(planned(issue, chosen), chosen, strict=True)
    )


def _sent_papers(
    app: App, subscriber: Subscriber, delivery: Delivery, day: date
) -> tuple[ExplainedPaper, ...]:
    """The papers of a mail. What a score was made of is not kept: it is worked out anew, as of the
    moment when the mail was made, and told where the same score comes of it."""
    letters = load_letters(app, [delivery])
    sent = letters.papers[delivery.id]
    then = replace(app, clock=StandingClock(delivery.created_at))
    issue = gather(then, day, weekly=delivery.payload.get("weekly") == "yes")
    chosen = choose(then, issue, [subscriber], again=[paper.paper_id for paper in sent])
    anew = {ranked.paper_id: ranked for ranked in chosen[subscriber.id]}
    return tuple(
        ExplainedPaper(
            paper=paper,
            title=letters.titles[paper.paper_id],
            parts=_parts_then(paper, anew.get(paper.paper_id)),
        )
        for paper in sent
    )


def _parts_then(paper: PlannedPaper, anew: Ranked | None) -> tuple[tuple[str, float], ...]:
    known = (("relevance", paper.relevance), ("trend", paper.trend))
    if anew is None or not (
        abs(anew.relevance - paper.relevance) < _SAME_SCORE
        and abs(anew.score - paper.score) < _SAME_SCORE
    ):
        return known
    return (*known, *anew.parts[len(known) :])


def _about_delivery(delivery: Delivery) -> str:
    detail = f" ({delivery.detail})" if delivery.detail else ""
    answer = f": {delivery.answer}" if delivery.answer else ""
    match delivery.status:
        case DeliveryStatus.SENT:
            return f"sent at {delivery.sent_at:%Y-%m-%d %H:%M} UTC{answer}"
        case DeliveryStatus.DEFERRED:
            when = f"{delivery.next_attempt_at:%Y-%m-%d %H:%M} UTC"
            tries = "try" if delivery.attempts == 1 else "tries"
            return f"put off after {delivery.attempts} {tries}, next at {when}{answer}"
        case DeliveryStatus.BOUNCED:
            return f"bounced{detail}"
        case _:
            return f"{delivery.status.value}{detail}{answer}"


def _about_waiting(subscriber: Subscriber, day: date) -> str:
    """Why there is no mail of `day`, at least not yet."""
    match subscriber.status:
        case Status.ACTIVE if subscriber.next_due_at is not None:
            if _is_gone_by(subscriber, day):
                return _about_gone_by(subscriber, day)
            return f"not planned yet: next due at {subscriber.next_due_at:%Y-%m-%d %H:%M} UTC"
        case Status.PENDING:
            return "no mail: the subscription was never confirmed"
        case Status.PAUSED if subscriber.paused_until is not None:
            return f"no mail: paused until {subscriber.paused_until:%Y-%m-%d %H:%M} UTC"
        case _:
            return f"no mail: the subscriber is {subscriber.status.value}"


def _about_gone_by(subscriber: Subscriber, day: date) -> str:
    preferences, since = subscriber.preferences, subscriber.confirmed_at or subscriber.created_at
    if slot_on(preferences, day) <= since:
        return f"no mail: subscribed only at {since:%Y-%m-%d %H:%M} UTC, after it was due"
    if not has_slot_on(preferences.frequency, day):
        return f"no mail: a {preferences.frequency.value} digest is not sent on a {day:%A}"
    return (
        "no mail was planned for this date: nothing was running when it was due, "
        "or the schedule was another one then"
    )
