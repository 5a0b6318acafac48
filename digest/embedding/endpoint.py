"""A model behind an address: whatever speaks as OpenAI's /v1/embeddings does.

Ollama, llama.cpp, vLLM, TEI, LM Studio and LiteLLM do, as well as many providers.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import numpy as np
import structlog

from digest.core.clock import Clock
from digest.core.errors import EncoderUnavailable, EncodingError
from digest.embedding.embeddings_answer import parse_embeddings, said
from digest.embedding.encoder import Floats, unit_rows
from digest.embedding.naming import EndpointName
from digest.embedding.prompts import BY_MODEL, Kind, PromptOptions, prompts_of_family

log = structlog.get_logger()

_MAX_RETRIES = 3
_FIRST_RETRY_S = 1.0
_LONGEST_WAIT_S = 30.0
_CONNECT_S = 10.0
# Of 2,048 texts, the most that OpenAI takes, with 4,096 dimensions written out, and some air.
_MOST_BYTES = 200_000_000
_PASSING = (408, 425, 429, 500, 502, 503, 504, 529)
_REFUSED_TEXT = (400, 413, 422)
_ADVICE = {
    401: "set ranking.endpoint.api_key",
    403: "set ranking.endpoint.api_key to one that may use this model",
    404: "check the address and the model's name in ranking.model",
    405: "check the address in ranking.model: it should end in /embeddings",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """`batch` texts go into one request; an answer may take `timeout_s`; `dimensions`, unless 0,
    are asked for and held to; `encoding` is float or base64, a quarter as long."""

    api_key: str = ""
    batch: int = 32
    timeout_s: float = 60.0
    dimensions: int = 0
    encoding: str = "float"


class _Passing(Exception):
    """A fault that may be gone in a moment; the text completes "HOST ...\""""

    def __init__(self, what: str, wait_s: float = 0.0) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class EndpointEncoder:
    """Asks an endpoint, batch after batch. `jitter` gives numbers in [0, 1)."""

    def __init__(
        self,
        endpoint: EndpointName,
        options: EndpointOptions,
        *,
        user_agent: str,
        clock: Clock,
        prompts: PromptOptions = BY_MODEL,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._endpoint = endpoint
        # Servers put nothing there by themselves, unless they are told to when they are started.
        self.prompts = prompts.over(prompts_of_family(endpoint.model))
        self._options = options
        self._host = urlsplit(endpoint.url).hostname or ""
        self._clock = clock
        self._jitter = jitter
        self._dimensions = options.dimensions
        self.batch = options.batch
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if options.api_key:
            self._headers["Authorization"] = f"Bearer {options.api_key}"

    @property
    def name(self) -> str:
        wanted = f"@{self._options.dimensions}" if self._options.dimensions else ""
        return f"{self._endpoint.url}#{self._endpoint.model}{wanted}{self.prompts.mark}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def encode(self, texts: Sequence[str], kind: Kind = Kind.DOCUMENT) -> Floats:
        texts = [self.prompts.of(kind) + text for text in texts]
        batches = [texts[n : n + self.batch] for n in range(0, len(texts), self.batch)]
        timeout = httpx.Timeout(self._options.timeout_s, connect=_CONNECT_S)
        try:
            with httpx.Client(headers=self._headers, timeout=timeout) as client:
                rows = [self._batch(client, batch) for batch in batches]
        except (ValueError, httpx.InvalidURL):
            # Not in the words of the error, which may repeat the key.
            raise EncoderUnavailable(
                f"{self._host} cannot be asked: its address or key is not written as one"
            ) from None
        return np.concatenate(rows) if rows else np.zeros((0, self._dimensions), np.float32)

    def _batch(self, client: httpx.Client, texts: Sequence[str]) -> Floats:
        faults = 0
        while True:
            try:
                body = self._ask(client, texts)
                break
            except _Passing as fault:
                faults += 1
                self._back_off(fault, faults)
        try:
            vectors = parse_embeddings(body, len(texts))
        except EncoderUnavailable as error:
            raise EncoderUnavailable(f"{self._host} {error}") from None
        self._hold_to(vectors.shape[1])
        return unit_rows(vectors, len(texts))

    def _back_off(self, fault: _Passing, faults: int) -> None:
        """Waits before the next try; raises EncoderUnavailable when there is none left."""
        wait_s = _FIRST_RETRY_S * 2.0 ** (faults - 1) * (1 + self._jitter())
        wait_s = max(wait_s, fault.wait_s)
        if faults > _MAX_RETRIES or wait_s > _LONGEST_WAIT_S:
            tried = f" (tried {faults} times)" if faults > 1 else ""
            raise EncoderUnavailable(f"{self._host} {fault}{tried}")
        log.info("embedding.retry_scheduled", host=self._host, fault=str(fault), wait_s=wait_s)
        self._clock.sleep(wait_s)

    def _ask(self, client: httpx.Client, texts: Sequence[str]) -> bytes:
        question: dict[str, object] = {"model": self._endpoint.model, "input": list(texts)}
        if self._options.dimensions:
            question["dimensions"] = self._options.dimensions
        if self._options.encoding != "float":  # which is the default, and not known to all
            question["encoding_format"] = self._options.encoding
        try:
            with client.stream("POST", self._endpoint.url, json=question) as response:
                body = self._read(response)
        except httpx.TimeoutException:
            raise _Passing(f"did not answer within {self._options.timeout_s:g} s") from None
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError):
            raise _Passing("broke off in the middle of its answer") from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol):
            raise ValueError("not an address or key") from None
        except httpx.TransportError as error:
            raise _Passing(f"cannot be reached: {error or type(error).__name__}") from None
        if response.status_code != 200:
            raise self._refusal(response, body)
        return body

    def _read(self, response: httpx.Response) -> bytes:
        """The body; of one that is longer than any answer can be, the start."""
        deadline = self._clock.now() + timedelta(seconds=self._options.timeout_s)
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if self._clock.now() > deadline:
                raise _Passing(f"did not end its answer within {self._options.timeout_s:g} s")
            if len(body) > _MOST_BYTES:
                break
        return bytes(body)

    def _refusal(self, response: httpx.Response, body: bytes) -> Exception:
        status = response.status_code
        words = said(body).replace(self._options.api_key or "\0", "…")
        what = f"answered {status}" + (f": {words}" if words else "")
        if status in _PASSING:
            return _Passing(what, _seconds(response.headers.get("retry-after", "")))
        if status in _REFUSED_TEXT:
            return EncodingError(f"{self._host} {what}")
        if response.is_redirect:
            return EncoderUnavailable(f"{self._host} moved: write its new address in ranking.model")
        advice = f"; {_ADVICE[status]}" if status in _ADVICE else ""
        return EncoderUnavailable(f"{self._host} {what}{advice}")

    def _hold_to(self, dimensions: int) -> None:
        if self._dimensions and dimensions != self._dimensions:
            raise EncoderUnavailable(
                f"{self._host} answered with vectors of {dimensions:,} numbers instead of "
                f"{self._dimensions:,}; set ranking.endpoint.dimensions to what the model gives"
            )
        self._dimensions = dimensions


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
