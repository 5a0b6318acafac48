from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.identifiers import PaperId
from digest.core.papers import Signal
from digest.core.source_names import source_name
from digest.ranking.growth import Growth, Growths
from digest.ranking.momentum import Momentum
from digest.ranking.trending import (
    SILENT_MOST,
    VOTED_LEAST,
    Trend,
    TrendPaper,
    area_of,
    trends,
)

NOW = datetime(2026, 3, 10, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def votes(
    hours_ago: float, value: float, source: str = "huggingface", metric: str = "upvotes"
) -> Signal:
    return Signal(source=source, metric=metric, at=NOW - hours_ago * HOUR, value=value)


def paper(number: int, *signals: Signal, age_h: float = 48, area: str = "") -> TrendPaper:
    appeared_at = NOW - age_h * HOUR
    return TrendPaper(paper_id=PaperId(number), appeared_at=appeared_at, signals=signals, area=area)


def trend_of(*papers: TrendPaper, number: int = 1) -> Trend:
    return trends(papers, now=NOW)[PaperId(number)]


def test_a_young_paper_with_fewer_votes_can_stand_above_an_old_one() -> None:
    found = trends([paper(1, votes(0, 60), age_h=8), paper(2, votes(0, 100), age_h=100)], now=NOW)
    assert found[PaperId(1)].score > found[PaperId(2)].score


def test_the_speed_of_the_last_day_tells_papers_of_equal_votes_apart() -> None:
    found = trends(
        [
            paper(1, votes(24, 10), votes(0, 50), age_h=30),
            paper(2, votes(24, 40), votes(0, 50), age_h=30),
        ],
        now=NOW,
    )
    assert found[PaperId(1)].score > found[PaperId(2)].score


def test_the_best_of_a_small_field_is_not_drowned_by_a_large_one() -> None:
    crowd = [paper(n, votes(1, 10 * n)) for n in range(2, 40)]
    chemist = paper(1, votes(1, 4, "openreview", "likes"))
    beside = [paper(n, votes(1, n - 99, "openreview", "likes")) for n in range(100, 103)]
    found = trends([*crowd, chemist, *beside], now=NOW)
    better = [n for n in range(2, 40) if found[PaperId(n)].score > found[PaperId(1)].score]
    assert len(better) < 10


def crowd(*, voted: int = 40, area: str = "cs") -> list[TrendPaper]:
    """Papers with 3 to 250 votes: many with few, few with many."""
    return [paper(n, votes(1, 3 * 1.12 ** (n - 100)), area=area) for n in range(100, 100 + voted)]


def test_a_field_with_few_voters_has_trending_papers_too() -> None:
    """The first of mathematics stands above most of the crowd, and below the first of all."""
    math = [paper(n, votes(1, n), area="math") for n in (1, 2, 3)]
    found = trends([*crowd(), *math], now=NOW)
    better = [n for n in range(100, 140) if found[PaperId(n)].score > found[PaperId(3)].score]
    assert 0 < len(better) < 20
    assert found[PaperId(3)].reason == "3 votes on Hugging Face, the most in math"
    assert found[PaperId(3)].score > found[PaperId(2)].score > found[PaperId(1)].score
    assert found[PaperId(2)].reason == "2 votes on Hugging Face"


def test_one_vote_in_an_empty_field_is_no_trend() -> None:
    found = trends([*crowd(), paper(1, votes(1, 1), area="math")], now=NOW)
    better = [n for n in range(100, 140) if found[PaperId(n)].score > found[PaperId(1)].score]
    assert len(better) > 20
    assert found[PaperId(1)].reason == "1 vote on Hugging Face"


def test_the_field_of_most_papers_changes_nothing_at_the_top_and_is_not_named() -> None:
    with_field, without = crowd(), crowd(area="")
    one, other = trends(with_field, now=NOW), trends(without, now=NOW)
    best = PaperId(139)
    assert one[best] == other[best]
    assert sorted(one, key=lambda n: one[n].score) == sorted(other, key=lambda n: other[n].score)


def test_of_two_that_have_the_most_of_a_field_neither_is_said_to() -> None:
    math = [paper(n, votes(1, value), area="math") for n, value in ((1, 5), (2, 5), (3, 1))]
    found = trends([*crowd(), *math], now=NOW)
    assert not any("most in" in found[PaperId(n)].reason for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("categories", "area"),
    [
        (("math.AG", "cs.LG"), "math"),
        (("q-bio.NC",), "q-bio"),
        (("astro-ph.CO",), "astro-ph"),
        (("hep-th",), "hep-th"),
        (("cell biology",), "cell biology"),
        (("U.S. history",), "U.S. history"),
        ((), ""),
    ],
)
def test_the_area_of_a_paper_is_the_archive_of_its_first_category(
    categories: tuple[str, ...], area: str
) -> None:
    assert area_of(categories) == area


def test_curves_learnt_from_own_readings_are_those_that_are_used() -> None:
    papers = [paper(1, votes(0, 60), age_h=8), paper(2, votes(0, 100), age_h=100)]
    still = Growth(factors=(1.0,) * 7, head_start=0.0)
    growths = Growths(known={("huggingface", "upvotes"): still})
    found = trends(papers, now=NOW, growths=growths)
    assert found[PaperId(1)].score < found[PaperId(2)].score


def test_a_source_that_grows_during_the_day_does_not_favour_who_was_read_later() -> None:
    """30 votes after 8 hours are more than 40 after 20."""
    found = trends([paper(1, votes(12, 30), age_h=20), paper(2, votes(0, 40), age_h=20)], now=NOW)
    assert found[PaperId(1)].score >= found[PaperId(2)].score


def test_a_burst_of_a_few_hours_is_not_taken_for_a_pace_that_lasts() -> None:
    burst = paper(1, votes(6, 10), votes(0, 40), age_h=20)
    steady = paper(2, votes(12, 1), votes(0, 60), age_h=20)
    assert trend_of(burst, steady).score < trend_of(burst, steady, number=2).score


@pytest.mark.parametrize(
    ("signals", "age_h", "state", "reason"),
    [
        ((votes(29, 53), votes(1, 301)), 48, Momentum.RISING, None),
        ((votes(1, 120),), 48, Momentum.EARLY, "120 votes on Hugging Face"),
        ((votes(29, 119), votes(1, 120)), 90, Momentum.ESTABLISHED, None),
        ((votes(1, 120),), 90, Momentum.ESTABLISHED, "established: 120 votes on Hugging Face"),
        ((votes(29, 53), votes(1, 301)), 90, Momentum.RISING, None),
        ((votes(1, 2),), 90, Momentum.QUIET, "2 votes on Hugging Face"),
        ((), 5, Momentum.NEW, "new"),
        ((), 90, Momentum.QUIET, "3 days old, no votes yet"),
    ],
)
def test_rising_and_established_are_told_apart(
    signals: tuple[Signal, ...], age_h: float, state: Momentum, reason: str | None
) -> None:
    others = [paper(n, votes(1, value)) for n, value in ((2, 100), (3, 90), (4, 80), (5, 300))]
    found = trend_of(paper(1, *signals, age_h=age_h), *others)
    assert found.state is state
    assert found.reason.startswith(f"{state}: ") == (
        state in (Momentum.RISING, Momentum.ESTABLISHED)
    )
    assert reason in (None, found.reason)


def test_a_second_metric_adds_and_a_missing_one_takes_nothing() -> None:
    others = [paper(n, votes(1, n), votes(1, n, "hacker_news", "points")) for n in range(2, 9)]
    alone = trend_of(paper(1, votes(1, 5)), *others)
    both = trend_of(paper(1, votes(1, 5), votes(1, 5, "hacker_news", "points")), *others)
    assert both.score > alone.score
    assert sorted(name for name, _ in both.parts) == ["hacker_news/points", "huggingface/votes"]


def test_stars_that_two_sources_tell_of_count_once() -> None:
    others = [paper(n, votes(1, n, "github", "stars")) for n in range(2, 9)]
    alone = trend_of(paper(1, votes(30, 5, "github", "stars")), *others)
    both = trend_of(paper(1, votes(30, 5, "github", "stars"), votes(1, 4, metric="stars")), *others)
    assert both == alone
    assert [name for name, _ in both.parts] == ["github/stars"]


def test_stars_that_github_was_not_asked_for_are_those_that_were_told_last() -> None:
    found = trend_of(paper(1, votes(30, 9, "arxiv", "stars"), votes(1, 4, metric="stars")))
    assert found.reason == "4 stars on GitHub"
    assert [name for name, _ in found.parts] == ["github/stars"]


def test_readings_after_now_do_not_count_where_there_are_earlier_ones() -> None:
    other = paper(2, votes(1, 50))
    known = trend_of(paper(1, votes(1, 10)), other)
    assert trend_of(paper(1, votes(1, 10), votes(-20, 500)), other) == known


def test_of_readings_that_are_all_later_the_earliest_stands_in() -> None:
    other = paper(2, votes(1, 50))
    found = trend_of(paper(1, votes(-90, 80), votes(-30, 20)), other)
    assert found.reason == "20 votes on Hugging Face"


def test_a_paper_without_votes_scores_by_newness_below_every_voted_paper() -> None:
    found = trends(
        [
            paper(1, age_h=0),
            paper(2, age_h=30),
            paper(3, votes(1, 0), age_h=60),
            paper(4, votes(200, 1), age_h=300),
            *(paper(n, votes(1, 100)) for n in range(5, 30)),
        ],
        now=NOW,
    )
    scores = [found[PaperId(n)].score for n in (3, 2, 1, 4)]
    assert scores == sorted(set(scores))
    assert scores[2] <= SILENT_MOST < VOTED_LEAST < scores[3]


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        ((votes(29, 53), votes(1, 301)), "rising: 53 → 301 votes since yesterday"),
        ((votes(52, 53), votes(1, 301)), "rising: 53 → 301 votes in 2 days"),
        ((votes(9, 10), votes(1, 30)), "rising: 10 → 30 votes in 9 h"),
        ((votes(29, 119), votes(1, 120)), "120 votes on Hugging Face"),
        ((votes(100, 20), votes(70, 120)), "120 votes on Hugging Face"),
        ((votes(3, 20), votes(1, 120)), "120 votes on Hugging Face"),
        ((votes(1, 1),), "1 vote on Hugging Face"),
        ((votes(1, 1234, "github", "stars"),), "1,234 stars on GitHub"),
        ((votes(1, 20, metric="stars"),), "20 stars on GitHub"),
        ((votes(1, 312, "hacker_news", "points"),), "312 points on Hacker News"),
        ((votes(1, 44, "hacker_news", "comments"),), "44 comments on Hacker News"),
        ((votes(1, 215, "reddit", "score"),), "215 points on Reddit"),
        ((votes(1, 50, "huggingface", "github_stars"),), "50 GitHub stars on Hugging Face"),
        ((votes(1, 3, "feeds.lab", "page_views"),), "3 page views on lab"),
    ],
)
def test_the_reason_says_rising_only_of_what_rises_with_its_numbers(
    signals: tuple[Signal, ...], words: str
) -> None:
    assert trend_of(paper(1, *signals)).reason == words


def test_comments_are_named_only_where_nobody_votes() -> None:
    talked_of = paper(1, votes(1, 2), votes(1, 9, metric="comments"))
    others = [paper(n, votes(1, 50), votes(1, 1, metric="comments")) for n in range(2, 9)]
    found = trends([talked_of, *others], now=NOW)[PaperId(1)]
    assert found.parts[0][0] == "huggingface/comments"
    assert found.reason == "2 votes on Hugging Face"


def test_a_paper_that_nobody_cites_yet_is_as_silent_as_one_without_readings() -> None:
    uncited = votes(0, 0, "openalex", "citations")
    found = trends([paper(1, uncited), paper(2)], now=NOW)
    assert found[PaperId(1)] == found[PaperId(2)]


def test_citations_are_named_and_say_less_than_votes_that_stand_as_high() -> None:
    cited = trend_of(paper(1, votes(0, 5, "semantic_scholar", "citations")))
    assert cited.reason == "5 citations on Semantic Scholar"
    assert trend_of(paper(1, votes(0, 1, "openalex", "citations"))).reason == (
        "1 citation on OpenAlex"
    )
    assert VOTED_LEAST < cited.score < trend_of(paper(1, votes(0, 5))).score


def test_without_votes_the_reason_says_where_and_how_new() -> None:
    new = TrendPaper(
        paper_id=PaperId(1),
        appeared_at=NOW - 5 * HOUR,
        listed_at={"openalex": NOW - HOUR, "arxiv": NOW - 5 * HOUR},
    )
    assert trend_of(new).reason == "new on arXiv"
    assert trend_of(paper(1, age_h=5)).reason == "new"
    assert trend_of(paper(1, age_h=130)).reason == "5 days old, no votes yet"
    assert source_name("feeds.My lab") == "My lab"


def test_the_age_of_a_reading_is_counted_from_when_its_source_listed_the_paper() -> None:
    late = TrendPaper(
        paper_id=PaperId(1),
        appeared_at=NOW - 100 * HOUR,
        signals=(votes(0, 60),),
        listed_at={"huggingface": NOW - 8 * HOUR},
    )
    other = paper(2, votes(0, 100), age_h=100)
    assert trend_of(late, other).score > trend_of(late, other, number=2).score


counts = st.integers(min_value=0, max_value=10_000)
# Hours in steps that a clock can tell apart: readings of one moment have no order.
moments = st.integers(-3000, 9000).map(lambda minutes: minutes / 60)
series = st.lists(st.tuples(moments, counts), max_size=4, unique_by=lambda r: r[0])


AREAS = ("", "cs", "math")


def several(readings: list[list[tuple[float, int]]]) -> list[TrendPaper]:
    return [
        paper(n, *(votes(*one) for one in each), age_h=40 * n, area=AREAS[n % 3])
        for n, each in enumerate(readings, 1)
    ]


@given(st.lists(series, min_size=1, max_size=6))
def test_scores_are_in_range_and_do_not_depend_on_the_order(
    readings: list[list[tuple[float, int]]],
) -> None:
    papers = several(readings)
    found = trends(papers, now=NOW)
    turned = [replace(one, signals=one.signals[::-1]) for one in papers[::-1]]
    assert found == trends(turned, now=NOW)
    assert all(0 <= trend.score <= 1 for trend in found.values())
    silent = [t.score for t in found.values() if t.parts[0][0] == "recency"]
    voted = [t.score for t in found.values() if t.parts[0][0] != "recency"]
    assert max(silent, default=0) < min(voted, default=1)


@given(st.lists(series, max_size=5), series.filter(bool), st.integers(1, 10_000))
def test_more_votes_never_lower_a_trend(
    others: list[list[tuple[float, int]]], own: list[tuple[float, int]], more: int
) -> None:
    latest = min((hours for hours, _ in own if hours >= 0), default=max(h for h, _ in own))
    voted = [(hours, value + more if hours == latest else value) for hours, value in own]
    before = trends(several([own, *others]), now=NOW)[PaperId(1)]
    after = trends(several([voted, *others]), now=NOW)[PaperId(1)]
    assert after.score >= before.score


past = series.map(lambda own: [r for r in own if r[0] >= 0])


@given(st.lists(past, min_size=1, max_size=5))
def test_while_all_sources_are_out_no_trend_falls(readings: list[list[tuple[float, int]]]) -> None:
    papers = several(readings)
    before = trends(papers, now=NOW)
    days_later = trends(papers, now=NOW + 90 * HOUR)
    voted = [p.paper_id for p in papers if before[p.paper_id].score >= VOTED_LEAST]
    assert all(days_later[one].score == before[one].score for one in voted)


@given(st.lists(past, max_size=5), counts, counts, st.floats(12, 90), st.floats(6, 60))
def test_a_missing_reading_is_never_worse_than_one_that_shows_no_new_vote(
    others: list[list[tuple[float, int]]], first: int, gained: int, since: float, apart: float
) -> None:
    """One paper's readings stop coming, while those of the others go on."""
    known = [(since + apart, first), (since, first + gained)]
    still = [*known, (0.0, first + gained)]
    out = trends(several([known, *others]), now=NOW)[PaperId(1)]
    flat = trends(several([still, *others]), now=NOW)[PaperId(1)]
    assert out.score >= flat.score - 1e-9


@given(st.lists(past, min_size=1, max_size=5), st.lists(past, max_size=5))
def test_a_source_that_is_absent_lowers_no_paper_that_it_did_not_speak_of(
    here: list[list[tuple[float, int]]], there: list[list[tuple[float, int]]]
) -> None:
    papers = several(here)
    others = [
        paper(n, *(votes(*one, "hacker_news", "points") for one in each), area="math")
        for n, each in enumerate(there, 100)
    ]
    silenced = [replace(one, signals=()) for one in others]
    with_it, without = trends([*papers, *others], now=NOW), trends([*papers, *silenced], now=NOW)
    assert all(with_it[one.paper_id] == without[one.paper_id] for one in papers)
