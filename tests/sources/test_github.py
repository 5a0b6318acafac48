import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from digest.core.errors import SourceError, SourceMalformed, SourceThrottled, SourceUnavailable
from digest.core.fetching import FetchRequest, KnownWork, Page
from digest.sources.github import GitHub, Repository, parse_repositories
from digest.sources.http import PoliteClient
from tests.fakes import NOON, FakeClock
from tests.sources.conftest import collect
from tests.sources.mutations import mutated, mutated_json
from tests.sources.shelf import MemoryShelf, work
from tests.sources.site import Reply, Request, Site

FIXTURE = Path(__file__).parent / "fixtures" / "github" / "repository.json"
HOUR = timedelta(hours=1)


def changed(**repository: Any) -> bytes:
    return json.dumps(json.loads(FIXTURE.read_bytes()) | repository).encode()


# --- parsing


def test_a_repository_tells_its_stars_archived_or_not() -> None:
    page = parse_repositories(FIXTURE.read_bytes())
    assert page.repositories == (Repository(name="Lab/Sparse", stars=1234),)
    assert page.bad == ()


def test_the_list_of_a_search_is_read_in_its_order_and_bad_items_become_lines() -> None:
    one = json.loads(FIXTURE.read_bytes())
    items = [one, "odd", one | {"stargazers_count": "9"}, {}, one | {"full_name": "lab/two"}]
    page = parse_repositories(json.dumps({"total_count": 5, "items": items}).encode())
    assert [repository.name for repository in page.repositories] == ["Lab/Sparse", "lab/two"]
    assert page.bad == (
        "repository 2 has no name",
        "repository 3 (Lab/Sparse) does not tell its stars",
        "repository 4 has no name",
    )


@pytest.mark.parametrize("stars", [None, True, -1, "12", 10**400, [3]])
def test_stars_that_are_no_number_are_none(stars: object) -> None:
    page = parse_repositories(changed(stargazers_count=stars))
    assert page.repositories == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not readable JSON"),
        (b"[]", "no JSON object"),
        (b'{"items": 3}', "no list of repositories"),
        (b'{"message": "Server Error"}', "no repository: Server Error"),
        (b"[" * 100_000, "not readable JSON"),
    ],
)
def test_what_is_no_repository_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(SourceMalformed, match=why):
        parse_repositories(body)


@given(mutated_json(json.loads(FIXTURE.read_bytes())) | mutated(FIXTURE.read_bytes()))
def test_a_damaged_answer_is_read_or_malformed(body: bytes) -> None:
    try:
        parse_repositories(body)
    except SourceError:
        return


# --- fetching


class Host:
    """Answers a site as the API does: repositories by lower-case name, `others` instead."""

    def __init__(self, site: Site, stars: Mapping[str, int]) -> None:
        self.stars = dict(stars)
        self.others: dict[str, Reply] = {}
        site.answering = self.reply

    def reply(self, request: Request) -> Reply:
        _, base, kind, *name = request.path.split("/")
        assert (base, kind) == ("feed", "repos"), request.path
        key = "/".join(name)
        if key in self.others:
            return self.others[key]
        if key not in self.stars:
            return Reply(status=404, body=b'{"message": "Not Found", "status": "404"}')
        return Reply(body=changed(full_name=key, stargazers_count=self.stars[key]))


def repository(name: str) -> str:
    return f"https://github.com/{name}"


def numbered(first: int, last: int) -> list[KnownWork]:
    return [work(n, code=repository(f"lab/r{n}")) for n in range(first, last + 1)]


def stars_of(first: int, last: int) -> dict[str, int]:
    return {f"lab/r{n}": n for n in range(first, last + 1)}


def source(client: PoliteClient, site: Site, **options: Any) -> GitHub:
    return GitHub(client, url=site.url, **({"interval_seconds": 0} | options))


def swept(
    client: PoliteClient,
    site: Site,
    works: Sequence[KnownWork],
    cursor: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    **request: Any,
) -> list[Page]:
    asked: dict[str, Any] = {"now": NOON, "shelf": MemoryShelf(*works), "cursor": cursor or {}}
    pages, error = collect(
        source(client, site, **(options or {})), FetchRequest(**(asked | request))
    )
    assert error is None
    return pages


def stars(pages: Sequence[Page]) -> list[tuple[int, float]]:
    return [
        (one.paper_id, reading.value)
        for page in pages
        for one in page.observations
        for reading in one.readings
        if reading.metric == "stars"
    ]


def names(site: Site) -> list[str]:
    return [request.path.removeprefix("/feed/repos/") for request in site.asked]


def test_stars_are_asked_for_newest_paper_first(client: PoliteClient, site: Site) -> None:
    Host(site, {"lab/one": 10, "noether/symmetry": 20})
    works = [
        work(1, code=repository("lab/one")),
        work(2),
        work(3, code=repository("Noether/Symmetry")),
    ]
    (page,) = swept(client, site, works)
    assert stars([page]) == [(3, 20), (1, 10)]
    assert (page.records, page.bad, page.note, page.done) == ((), (), "", 1)


def test_a_repository_that_several_papers_share_is_asked_once(
    client: PoliteClient, site: Site
) -> None:
    Host(site, {"lab/one": 10})
    works = [work(n, code=repository(name)) for n, name in ((1, "Lab/One"), (4, "lab/one.git"))]
    assert stars(swept(client, site, works)) == [(4, 10), (1, 10)]
    assert names(site) == ["lab/one"]


def test_the_request_is_as_github_wants_it(client: PoliteClient, site: Site) -> None:
    Host(site, {"lab/r1": 1})
    swept(client, site, numbered(1, 1))
    swept(client, site, numbered(1, 1), options={"token": "ghp_invented"})
    for request in site.asked:
        assert request.headers["accept"] == "application/vnd.github+json"
        assert request.headers["x-github-api-version"] == "2022-11-28"
        assert "if-none-match" not in request.headers
    assert "authorization" not in site.asked[0].headers
    assert site.asked[1].headers["authorization"] == "Bearer ghp_invented"


def test_papers_of_the_last_days_only_are_asked_about(client: PoliteClient, site: Site) -> None:
    Host(site, stars_of(1, 2))
    works = [
        work(1, code=repository("lab/r1"), age_days=6),
        work(2, code=repository("lab/r2"), age_days=8),
    ]
    assert stars(swept(client, site, works, options={"days": 7})) == [(1, 1)]


def test_a_run_asks_no_more_than_it_may_and_the_next_goes_on(
    client: PoliteClient, site: Site
) -> None:
    Host(site, stars_of(1, 60))
    works = numbered(1, 60)
    first = swept(client, site, works, options={"requests_per_run": 50})
    assert [n for n, _ in stars(first)] == list(range(60, 10, -1))
    assert first[-1].note == "10 repositories are left for next time"
    assert [page.done for page in first] == [0.4, 0.8, 1.0]
    second = swept(client, site, works, first[-1].cursor, now=NOON + HOUR)
    assert [n for n, _ in stars(second)] == list(range(10, 0, -1))
    assert len(site.asked) == 60


def test_a_sweep_begins_anew_twelve_hours_after_it_began(client: PoliteClient, site: Site) -> None:
    host = Host(site, {"lab/r1": 10})
    (page,) = swept(client, site, numbered(1, 1))
    host.stars["lab/r1"] = 8
    (rest,) = swept(client, site, numbered(1, 1), page.cursor, now=NOON + 11 * HOUR)
    assert rest.observations == ()
    assert rest.note == "every repository has been asked about; again from 00:00 UTC on"
    again = swept(client, site, numbered(1, 1), rest.cursor, now=NOON + 12 * HOUR)
    assert stars(again) == [(1, 8)]


def test_a_long_sweep_is_followed_at_once_by_the_next(client: PoliteClient, site: Site) -> None:
    Host(site, stars_of(1, 2))
    works, one = numbered(1, 2), {"requests_per_run": 1}
    (first,) = swept(client, site, works, options=one)
    (second,) = swept(client, site, works, first.cursor, one, now=NOON + 30 * HOUR)
    (third,) = swept(client, site, works, second.cursor, one, now=NOON + 31 * HOUR)
    assert stars([first, second, third]) == [(2, 2), (1, 1), (2, 2)]


def test_a_renamed_repository_is_followed_to_where_it_is(client: PoliteClient, site: Site) -> None:
    def reply(request: Request) -> Reply:
        if request.path == "/feed/repos/lab/r1":
            return Reply(status=301, headers={"Location": "/repositories/900000001"})
        return Reply(body=changed(full_name="moved/away", stargazers_count=77))

    site.answering = reply
    assert stars(swept(client, site, numbered(1, 1))) == [(1, 77)]
    assert [request.path for request in site.asked][1:] == ["/repositories/900000001"]


BLOCKED = b'{"message": "Repository access blocked", "block": {"reason": "tos"}}'


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body=b'{"message": "Not Found"}'),
        Reply(status=410, body=b""),
        Reply(status=451, body=BLOCKED),
        Reply(status=403, body=BLOCKED),
        Reply(
            status=403, body=b'{"message": "Resource protected by organization SAML enforcement."}'
        ),
    ],
)
def test_a_repository_that_is_gone_or_closed_is_counted_and_the_others_are_asked(
    client: PoliteClient, site: Site, reply: Reply
) -> None:
    host = Host(site, stars_of(1, 3))
    host.others["lab/r2"] = reply
    (page,) = swept(client, site, numbered(1, 3))
    assert stars([page]) == [(3, 3), (1, 1)]
    assert page.note == "1 of 3 repositories are gone or closed"


def broken(
    client: PoliteClient, site: Site, works: Sequence[KnownWork], **options: Any
) -> tuple[list[Page], SourceError]:
    pages, error = collect(
        source(client, site, **options), FetchRequest(now=NOON, shelf=MemoryShelf(*works))
    )
    assert error is not None
    return pages, error


@pytest.mark.parametrize("status", [403, 429])
def test_a_spent_quota_pauses_until_the_moment_github_names(
    client: PoliteClient, site: Site, status: int
) -> None:
    host = Host(site, stars_of(1, 3))
    reset = int((NOON + timedelta(minutes=40)).timestamp())
    host.others["lab/r1"] = Reply(
        status=status,
        body=b'{"message": "API rate limit exceeded for 192.0.2.1."}',
        headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)},
    )
    pages, error = broken(client, site, numbered(1, 3))
    assert isinstance(error, SourceThrottled)
    assert error.retry_after_s == pytest.approx(40 * 60, abs=5)
    assert stars(pages) == [(3, 3), (2, 2)]
    asked = len(site.asked)
    _, error = broken(client, site, numbered(1, 3))
    assert isinstance(error, SourceThrottled)
    assert len(site.asked) == asked
    assert pages[-1].cursor["below"] == 2


def test_a_secondary_limit_without_a_time_is_kept_to_for_a_minute(
    client: PoliteClient, site: Site
) -> None:
    host = Host(site, {})
    host.others["lab/r1"] = Reply(
        status=403, body=b'{"message": "You have exceeded a secondary rate limit."}'
    )
    _, error = broken(client, site, numbered(1, 1))
    assert isinstance(error, SourceThrottled)
    assert error.retry_after_s == 60


def test_a_quota_that_is_soon_there_again_is_waited_for(
    client: PoliteClient, site: Site, clock: FakeClock
) -> None:
    reset = str(int(NOON.timestamp()) + 20)
    site.answers(
        Reply(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}),
        Reply(body=FIXTURE.read_bytes()),
    )
    assert stars(swept(client, site, numbered(1, 1))) == [(1, 1234)]
    assert 15 < max(clock.naps) <= 20


def test_a_wrong_token_is_said_without_it(client: PoliteClient, site: Site) -> None:
    site.answers(Reply(status=401, body=b'{"message": "Bad credentials"}'))
    pages, error = broken(client, site, numbered(1, 3), token="ghp_invented")
    assert pages == []
    assert str(error) == "GitHub did not accept the token: check sources.github.token"
    assert len(site.asked) == 1


def test_a_refusal_that_is_not_the_repositorys_own_ends_the_run(
    client: PoliteClient, site: Site
) -> None:
    site.answers(Reply(status=403, body=b"Request forbidden by administrative rules."))
    _, error = broken(client, site, numbered(1, 3))
    assert isinstance(error, SourceUnavailable)
    assert "administrative rules" in str(error)
    assert len(site.asked) == 1


def test_one_answer_that_is_no_data_is_a_line_and_three_in_a_row_end_the_run(
    client: PoliteClient, site: Site
) -> None:
    host = Host(site, stars_of(1, 9))
    host.others["lab/r8"] = Reply(body=b'{"odd": 1}')
    (page,) = swept(client, site, numbered(7, 9))
    assert stars([page]) == [(9, 9), (7, 7)]
    assert page.bad == ("lab/r8: GitHub's answer is no repository: it has no stars",)
    html = Reply(body=b"<!doctype html><p>Unicorn", headers={"Content-Type": "text/html"})
    host.others |= dict.fromkeys(("lab/r7", "lab/r6", "lab/r5"), html)
    pages, error = broken(client, site, numbered(1, 9))
    assert isinstance(error, SourceMalformed)
    assert stars(pages) == [(9, 9)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=302, headers={"Location": "/feed/repos/lab/r2"}),
        Reply(status=422, body=b'{"message": "Unprocessable"}'),
    ],
)
def test_one_repository_that_fails_each_time_does_not_block_the_sweep(
    client: PoliteClient, site: Site, reply: Reply
) -> None:
    host = Host(site, stars_of(1, 3))
    host.others["lab/r2"] = reply
    (page,) = swept(client, site, numbered(1, 3))
    assert stars([page]) == [(3, 3), (1, 1)]
    assert [line.split(":")[0] for line in page.bad] == ["lab/r2"]
    assert page.cursor["ended"] is True


def test_three_repositories_in_a_row_that_fail_end_the_run(
    client: PoliteClient, site: Site
) -> None:
    host = Host(site, stars_of(1, 9))
    circle = Reply(status=302, headers={"Location": "/feed/repos/lab/r7"})
    host.others |= dict.fromkeys(("lab/r8", "lab/r7", "lab/r6"), circle)
    pages, error = broken(client, site, numbered(1, 9))
    assert isinstance(error, SourceUnavailable)
    assert "redirected" in str(error)
    assert stars(pages) == [(9, 9)]
    assert pages[-1].cursor["below"] == 7


def test_that_no_paper_has_a_repository_is_said(client: PoliteClient, site: Site) -> None:
    (page,) = swept(client, site, [work(1), work(2, code="https://gitlab.com/lab/one")])
    assert page.observations == ()
    assert page.note == "no paper of the last 30 days has a repository"
    assert site.asked == []


def test_days_past_cannot_be_asked_for(client: PoliteClient, site: Site) -> None:
    cursor = {"began_at": NOON.isoformat(), "below": 7, "ended": False}
    day = date(2026, 3, 1)
    (page,) = swept(client, site, numbered(1, 9), cursor, since=day, until=day)
    assert page.cursor == cursor
    assert page.note == "GitHub only tells how many stars there are now, not of days past"
    assert site.asked == []


@pytest.mark.parametrize(
    "cursor",
    [
        {"began_at": "soon", "below": 1, "ended": False},
        {"began_at": "2026-03-20T11:00:00", "below": 1, "ended": False},
        {"began_at": NOON.isoformat(), "below": [1], "ended": False},
        {"began_at": (NOON + HOUR).isoformat(), "below": 1, "ended": False},
        {"began_at": (NOON + 300 * HOUR).isoformat(), "below": 1, "ended": True},
        {"began_at": 3},
    ],
)
def test_a_cursor_that_cannot_be_true_begins_a_new_sweep(
    client: PoliteClient, site: Site, cursor: Mapping[str, Any]
) -> None:
    Host(site, stars_of(1, 2))
    assert stars(swept(client, site, numbered(1, 2), cursor)) == [(2, 2), (1, 1)]
