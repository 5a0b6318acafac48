"""What is said of the papers chosen for a reader: scores, what they are made of, and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from digest.core.identifiers import PaperId
from digest.core.interests import Interest, format_interest
from digest.core.places import Place
from digest.ranking import explain
from digest.ranking.choosing import Chosen, Prepared
from digest.ranking.corpus import RankingPaper
from digest.ranking.trending import VOTED_LEAST

# What a second interest, or trend, must weigh in the score to be named beside the first.
_WORTH_NAMING = 0.05
# An interest is said to match a paper from this strength on: less is in any paper.
MATCHED_LEAST = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One paper of a digest. All numbers are in [0, 1].

    `score` is made of relevance and trend by the dial; `matched` are the interests that fit, with
    their strengths, best first, None being papers that were voted for. `voted_down` is the share
    that these have lost, and that the trend loses in the score, for what the paper has of others
    voted down. `fitting` is how many papers fit the reader in all, 0 where trend alone decides.
    """

    paper_id: PaperId
    score: float
    relevance: float
    trend: float
    dial: float
    reason: str
    matched: tuple[tuple[Interest | None, float], ...] = ()
    voted_down: float = 0.0
    place: Place = Place.FITS
    fitting: int = 0

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The names and values that `score` was made of: `relevance`, `trend` and `dial`, then each
        interest that matched, as a person writes it, and what was `voted down`, if that shows."""
        return (
            ("relevance", self.relevance),
            ("trend", self.trend),
            ("dial", self.dial),
            *(
                (format_interest(interest) if interest else "liked papers", strength)
                for interest, strength in self.matched
            ),
            *([("voted down", self.voted_down)] if self.voted_down >= MATCHED_LEAST else []),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """Something that may match: an interest, or votes, its strength for each of the chosen rows,
    and what it says of a row of the corpus."""

    interest: Interest | None
    strengths: list[float]
    say: Callable[[int], str]


def said_of(prepared: Prepared, chosen: Chosen) -> tuple[Ranked, ...]:
    """A reader's papers with everything that is said of them, in the order in which they were
    chosen."""
    corpus = prepared.corpus
    voices = list(_voices(prepared, chosen))
    trends = prepared.trend[chosen.rows].tolist()
    scores = np.clip(chosen.scores, 0.0, 1.0).tolist()
    totals = chosen.total[chosen.rows].tolist()
    against = chosen.fit.against
    lost = [0.0] * len(totals) if against is None else against[chosen.rows].tolist()
    said = []
    for number, row in enumerate(chosen.rows.tolist()):
        matched = [
            (voice.strengths[number], voice)
            for voice in voices
            if voice.strengths[number] >= MATCHED_LEAST
        ]
        if len(matched) > 1:
            matched.sort(key=_strength, reverse=True)
        paper, place = corpus.papers[row], chosen.places[number]
        said.append(
            Ranked(
                paper_id=paper.paper_id,
                score=scores[number],
                relevance=totals[number],
                trend=trends[number],
                dial=chosen.dial,
                reason=_reason(
                    paper, place, chosen.dial, matched[0][1].say(row) if matched else ""
                ),
                matched=tuple([(voice.interest, strength) for strength, voice in matched]),
                voted_down=lost[number],
                place=place,
                fitting=chosen.fitting,
            )
        )
    return tuple(said)


def _strength(match: tuple[float, _Voice]) -> float:
    return match[0]


def _voices(prepared: Prepared, chosen: Chosen) -> Iterator[_Voice]:
    """A reader's interests, and their likes, of which the nearest to a row speaks for all."""
    rows, fit = chosen.rows, chosen.fit
    for interest, strength in fit.named:
        yield _Voice(
            interest=interest,
            strengths=strength[rows].tolist(),
            say=prepared.saying(interest),
        )
    if fit.taste is None or not fit.liked:
        return
    nearest = np.argmax([one.kin.likeness_of(rows) for one in fit.liked], axis=0)
    for number, one in enumerate(fit.liked):
        is_nearest = nearest == number
        if is_nearest.any():
            told = explain.liking(one.paper, one.saying)
            yield _Voice(
                interest=one.interest,
                strengths=np.where(is_nearest, fit.taste[rows], 0.0).tolist(),
                say=lambda _, told=told: told,  # type: ignore[misc]
            )


def _reason(paper: RankingPaper, place: Place, dial: float, match: str) -> str:
    """The strongest matching interest, then trend where it counts; trend alone without a match."""
    if place is Place.EVERYWHERE:
        return explain.joined(f"trending everywhere: {paper.trend_reason}")
    if dial == 1.0 or not match:
        says = paper.trend_reason if dial > 0 else ""
        return explain.joined(f"to explore: {says}" if place is Place.EXPLORE and says else says)
    says = f"to explore: {match}" if place is Place.EXPLORE else match
    voted = paper.trend >= VOTED_LEAST and dial * paper.trend >= _WORTH_NAMING
    return explain.joined(says, paper.trend_reason if voted else "")
