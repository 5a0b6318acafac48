"""A language model behind an address."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx

from digest.core.clock import Clock
from digest.core.errors import WriterUnavailable
from digest.writing.chat import UnfitAnswer, fit_to_show, question, read_answer

_CONNECT_S = 10.0
_MOST_BYTES = 1_000_000
_REFUSED_TEXT = (400, 413, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """`api_key` is sent as a bearer token where there is one; an answer may take `timeout_s`."""

    url: str
    model: str
    api_key: str = ""
    timeout_s: float = 30.0


class ChatWriter:
    """Asks once for each paper; whoever calls decides when to try again."""

    def __init__(self, options: ChatOptions, *, user_agent: str, clock: Clock) -> None:
        self._options = options
        self._host = urlsplit(options.url).hostname or ""
        self._clock = clock
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if options.api_key:
            self._headers["Authorization"] = f"Bearer {options.api_key}"

    @property
    def name(self) -> str:
        return f"{self._options.url}#{self._options.model}"

    def summarize(self, title: str, abstract: str) -> str:
        """A summary that can be shown, "" where the model gives none for this paper.

        Raises WriterUnavailable, in words without the key, when it answers to no paper.
        """
        try:
            status, body = self._asked(question(self._options.model, title, abstract))
        except httpx.HTTPError as error:
            raise WriterUnavailable(f"{self._host}: {type(error).__name__}") from None
        except (ValueError, httpx.InvalidURL):
            raise WriterUnavailable(
                f"{self._host}: the address or key is not written as one"
            ) from None
        if status in _REFUSED_TEXT:
            return ""
        if status != 200:
            raise WriterUnavailable(f"{self._host} answered {status}")
        try:
            written = read_answer(body)
        except UnfitAnswer as unfit:
            raise WriterUnavailable(f"{self._host} {unfit}") from None
        return written if fit_to_show(written, title, abstract) else ""

    def _asked(self, asked: dict[str, object]) -> tuple[int, bytes]:
        timeout = httpx.Timeout(self._options.timeout_s, connect=_CONNECT_S)
        deadline = self._clock.now() + timedelta(seconds=self._options.timeout_s)
        body = bytearray()
        with (
            httpx.Client(headers=self._headers, timeout=timeout) as client,
            client.stream("POST", self._options.url, json=asked) as response,
        ):
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES or self._clock.now() > deadline:
                    break
            return response.status_code, bytes(body)
