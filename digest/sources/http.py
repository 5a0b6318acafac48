"""One polite client for every source: paced, patient, bounded, and never a nuisance.

Whatever a host does comes out as an Answer, as Unchanged, or as one SourceError:

    SourceThrottled     asked us to wait, longer than is waited in place
    SourceUnavailable   no answer, a refusal, a redirect that is not followed, or a host that
                        failed so often that it rests
    SourceMalformed     an answer that is not what it should be
"""

import json
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, overload
from urllib.parse import urlencode

import httpx
import structlog

from digest.core.clock import Clock
from digest.core.errors import SourceMalformed, SourceUnavailable
from digest.core.pacing import Validators
from digest.sources.addresses import Resolve, redirect_target, system_resolve
from digest.sources.answers import Answer, Unchanged, refusal
from digest.sources.body import (
    ACCEPT_ENCODING,
    BodyCut,
    Expect,
    is_web_page,
    read_bounded,
    read_start,
)
from digest.sources.etiquette import Pace, PaceState, is_throttling
from digest.sources.turns import Refusal, Turns

log = structlog.get_logger()

MAX_BODY_BYTES = 10_000_000
_MAX_REDIRECTS = 5
_MAX_RETRIES = 2
_FIRST_RETRY_S = 2.0
# Short pauses are waited out in place, this often in one call.
_MAX_WAITS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PERMANENT = (301, 308)
_MAX_VALIDATOR_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """`read_s` is the longest silence, `total_s` the longest time one answer may take."""

    connect_s: float = 10.0
    read_s: float = 20.0
    total_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One call, as each of its requests needs it."""

    url: httpx.URL
    method: str = "GET"
    content: bytes | None = None
    headers: Mapping[str, str]
    pace: Pace
    accept: str
    expect: Expect
    conditional: bool = False
    max_bytes: int
    readable: Collection[int]
    silence_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What one request brought, before it is judged."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes


class _Throttled(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class _Transient(Exception):
    """A fault that may be gone in a moment; the text completes "HOST ...\""""


class PoliteClient:
    """Fetches over HTTP for all sources of one process, one request after another.

    `user_agent` should name the program, its version and a contact. `jitter` gives numbers in
    [0, 1), so that machines that failed together do not come back together.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        paces: PaceState,
        clock: Clock,
        timeouts: Timeouts | None = None,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = system_resolve,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._client = httpx.Client(
            headers={"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING},
            transport=transport,
        )
        self._paces = paces
        self._turns = Turns(paces, clock, jitter)
        self._clock = clock
        self._resolve = resolve
        self._jitter = jitter

    def close(self) -> None:
        self._client.close()

    @overload
    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        pace: Pace,
        accept: str,
        expect: Expect,
        headers: Mapping[str, str] | None = None,
        conditional: Literal[False] = False,
        max_bytes: int = MAX_BODY_BYTES,
        readable: Collection[int] = (),
        silence_s: float | None = None,
    ) -> Answer: ...

    @overload
    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        pace: Pace,
        accept: str,
        expect: Expect,
        headers: Mapping[str, str] | None = None,
        conditional: bool,
        max_bytes: int = MAX_BODY_BYTES,
        readable: Collection[int] = (),
        silence_s: float | None = None,
    ) -> Answer | Unchanged: ...

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        pace: Pace,
        accept: str,
        expect: Expect,
        headers: Mapping[str, str] | None = None,
        conditional: bool = False,
        max_bytes: int = MAX_BODY_BYTES,
        readable: Collection[int] = (),
        silence_s: float | None = None,
    ) -> Answer | Unchanged:
        """The answer to `url`; Unchanged only when `conditional` and something was remembered.

        Waits for the host's turn, follows redirects, waits out short pauses, tries again after
        passing faults. `readable` are error statuses whose body the caller reads itself;
        `headers`, which may hold a secret, are sent to the host of `url` alone. `silence_s` is
        the longest silence of a host that is known to be slow, in place of Timeouts.read_s.
        Raises SourceThrottled, at once and without asking, while the host has us wait.
        """
        return self._ask(
            _Ask(
                url=_parsed(url, params),
                headers=headers or {},
                pace=pace,
                accept=accept,
                expect=expect,
                conditional=conditional,
                max_bytes=max_bytes,
                readable=readable,
                silence_s=silence_s,
            )
        )

    def post(
        self,
        url: str,
        *,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        pace: Pace,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        readable: Collection[int] = (),
    ) -> Answer:
        """The JSON that `url` answers to `body`, sent as JSON, or to the fields of a `form`.

        For questions that change nothing, as they may be asked again after a fault. All else is
        as for `get`.
        """
        content, kind = (
            (urlencode(form).encode(), "application/x-www-form-urlencoded")
            if form is not None
            else (json.dumps(body).encode(), "application/json")
        )
        answer = self._ask(
            _Ask(
                url=_parsed(url, params),
                method="POST",
                content=content,
                headers={**(headers or {}), "Content-Type": kind},
                pace=pace,
                accept="application/json",
                expect=Expect.JSON,
                max_bytes=max_bytes,
                readable=readable,
            )
        )
        assert isinstance(answer, Answer)  # only what is asked conditionally can be unchanged
        return answer

    def _ask(self, ask: _Ask) -> Answer | Unchanged:
        self._turns.refuse_while_paused(ask.pace)
        self._client.cookies.clear()  # they hold for one chain of redirects, no longer
        waits = faults = 0
        while True:
            try:
                return self._judge(ask, *self._follow(ask))
            except _Throttled as throttled:
                waits += 1
                self._turns.pause(ask.pace, throttled.refusal, wait=waits <= _MAX_WAITS)
            except _Transient as fault:
                faults += 1
                self._back_off(ask, str(fault), faults)

    def _back_off(self, ask: _Ask, fault: str, faults: int) -> None:
        """Waits before the next try; raises SourceUnavailable when there is none left."""
        if faults > _MAX_RETRIES or self._turns.is_on_trial(ask.pace):
            tried = f" (tried {faults} times)" if faults > 1 else ""
            raise self._turns.failed(ask.pace, f"{ask.url.host} {fault}{tried}")
        wait_s = _FIRST_RETRY_S * 2.0 ** (faults - 1) * (1 + self._jitter())
        log.info("http.retry_scheduled", host=ask.url.host, fault=fault, wait_s=round(wait_s, 1))
        self._clock.sleep(wait_s)

    def _follow(self, ask: _Ask) -> tuple[_Reply, str]:
        """The reply at the end of the redirects, and where these lead for good ("" if not)."""
        url, moved_to, for_good = ask.url, "", True
        for _ in range(_MAX_REDIRECTS + 1):
            reply = self._request(ask, url)
            if reply.status not in _REDIRECTS:
                if moved_to:
                    log.info("http.moved", host=ask.url.host, to_host=url.host)
                return reply, moved_to
            if ask.method != "GET":
                raise SourceUnavailable(
                    f"{ask.url.host} moved what was asked for elsewhere; check the address"
                )
            location = reply.headers.get("location", "")
            url = redirect_target(location, current=url, configured=ask.url, resolve=self._resolve)
            for_good = for_good and reply.status in _PERMANENT
            moved_to = str(url) if for_good else moved_to
        raise SourceUnavailable(
            f"{ask.url.host} redirected more than {_MAX_REDIRECTS} times; check the address"
        )

    def _request(self, ask: _Ask, url: httpx.URL) -> _Reply:
        self._turns.take(ask.pace)
        deadline = self._clock.now() + timedelta(seconds=self._timeouts.total_s)
        headers = {"Accept": ask.accept}
        if _origin(url) == _origin(ask.url):
            headers |= ask.headers
        if ask.conditional:
            headers |= _conditions(self._paces.validators(_key(url)))
        try:
            with self._client.stream(
                ask.method, url, headers=headers, content=ask.content, timeout=self._timeout(ask)
            ) as response:
                wanted = response.is_success or response.status_code in ask.readable
                body = (
                    read_bounded(
                        response,
                        max_bytes=ask.max_bytes,
                        deadline=deadline,
                        now=self._clock.now,
                    )
                    if wanted
                    else read_start(response)
                )
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
            # Not in the words of the error, which may repeat a key.
            raise SourceUnavailable(
                f"{url.host} cannot be asked: its address or a key for it is not written as one"
            ) from error
        except httpx.TimeoutException as error:
            raise _Transient("did not answer in time") from error
        except (httpx.RemoteProtocolError, httpx.ReadError, BodyCut) as error:
            raise _Transient("broke off in the middle of its answer") from error
        except httpx.TransportError as error:
            raise _Transient(f"cannot be reached: {error or type(error).__name__}") from error
        finally:
            self._turns.end(ask.pace)
        return _Reply(url=url, status=response.status_code, headers=response.headers, body=body)

    def _timeout(self, ask: _Ask) -> httpx.Timeout:
        return httpx.Timeout(
            ask.silence_s or self._timeouts.read_s, connect=self._timeouts.connect_s
        )

    def _judge(self, ask: _Ask, reply: _Reply, moved_to: str) -> Answer | Unchanged:
        if is_throttling(reply.status, reply.headers):
            raise _Throttled(
                Refusal(host=reply.url.host, status=reply.status, headers=reply.headers)
            )
        if reply.status >= 500 and reply.status not in ask.readable:
            raise _Transient(f"answered {reply.status}, a fault of its own")
        self._turns.answered(ask.pace)
        if reply.status == 304 and ask.conditional:
            return Unchanged(url=str(reply.url))
        if not 200 <= reply.status < 300 and reply.status not in ask.readable:
            error = refusal(reply.url, reply.status, reply.body, asked=ask.url)
            raise self._turns.blocked(ask.pace, error) if reply.status == 403 else error
        content_type = reply.headers.get("content-type", "")
        if reply.status < 300 and is_web_page(reply.body, content_type, ask.expect):
            raise SourceMalformed(
                f"{reply.url.host} answered with a web page instead of data, perhaps a robot check"
            )
        return Answer(
            url=str(reply.url),
            status=reply.status,
            body=reply.body,
            content_type=content_type,
            moved_to=moved_to,
            asked=str(ask.url),
            _keep=lambda: self._remember(reply),
        )

    def _remember(self, reply: _Reply) -> None:
        etag, modified = (
            value if len(value) <= _MAX_VALIDATOR_CHARS and value.isascii() else ""
            for value in map(reply.headers.get, ("etag", "last-modified"), ("", ""))
        )
        if etag or modified:
            self._paces.save_validators(
                _key(reply.url), Validators(etag=etag, last_modified=modified)
            )


def _parsed(url: str, params: Mapping[str, str | int] | None) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        return parsed.copy_merge_params(params) if params else parsed
    except httpx.InvalidURL as error:
        raise SourceUnavailable(f"the configured address is no URL: {error}") from None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """What a secret is for (RFC 6454): whoever answers at another port is somebody else."""
    return url.scheme, url.host, url.port


def _key(url: httpx.URL) -> str:
    """The URL under which validators are kept: without the name and password in it."""
    return str(url.copy_with(username=None, password=None))


def _conditions(validators: Validators | None) -> dict[str, str]:
    if validators is None:
        return {}
    headers = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in headers.items() if value}
