"""An endpoint that speaks as OpenAI's does: what it is asked, and whatever it may answer."""

import base64
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import EncoderUnavailable, EncodingError
from digest.embedding.embeddings_answer import parse_embeddings
from digest.embedding.endpoint import EndpointEncoder, EndpointOptions
from digest.embedding.naming import EndpointName
from digest.embedding.prompts import Kind, PromptOptions
from tests.fakes import FakeClock
from tests.sources.site import Reply, Request, Site, running_site

KEY = "sk-not-to-be-seen"

Build = Callable[..., EndpointEncoder]


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as started:
        started.answering = answer
        yield started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def build(site: Site, clock: FakeClock) -> Build:
    def build(**options: Any) -> EndpointEncoder:
        endpoint = EndpointName(site.url.replace("/feed", "/v1/embeddings"), "small")
        return EndpointEncoder(
            endpoint,
            EndpointOptions(**options),
            user_agent="digest/1 (+https://example.org)",
            clock=clock,
            jitter=lambda: 0.0,
        )

    return build


def answer(request: Request) -> Reply:
    """As many vectors as texts, each told by its length, last one first."""
    texts = json.loads(request.body)["input"]
    data = [{"index": n, "embedding": [len(text), 1.0]} for n, text in enumerate(texts)]
    return reply({"object": "list", "data": data[::-1]})


def reply(document: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode(), headers=headers)


# --- asking ---------------------------------------------------------------------------------------


def test_vectors_come_back_in_the_order_of_the_texts(build: Build) -> None:
    encoder = build()
    found = encoder.encode(["a", "bb", "cccc"])
    np.testing.assert_allclose(found[:, 0] / found[:, 1], [1, 2, 4], rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    assert found.dtype == np.float32
    assert encoder.dimensions == 2


def test_what_the_model_wants_stands_before_the_texts(site: Site, clock: FakeClock) -> None:
    url = site.url.replace("/feed", "/v1/embeddings")
    encoder = EndpointEncoder(
        EndpointName(url, "nomic-embed-text:v1.5"),
        EndpointOptions(),
        user_agent="d",
        clock=clock,
        prompts=PromptOptions(query="find: "),
    )
    encoder.encode(["robots"])
    encoder.encode(["robots"], Kind.QUERY)
    sent = [json.loads(request.body)["input"] for request in site.asked]
    assert sent == [["search_document: robots"], ["find: robots"]]
    assert encoder.name.startswith(f"{url}#nomic-embed-text:v1.5+")


def test_texts_go_out_in_batches(build: Build, site: Site) -> None:
    found = build(batch=2).encode(["a", "bb", "ccc", "dddd", "eeeee"])
    assert [len(json.loads(request.body)["input"]) for request in site.asked] == [2, 2, 1]
    np.testing.assert_allclose(found[:, 0] / found[:, 1], [1, 2, 3, 4, 5], rtol=1e-6)


def test_no_texts_ask_nothing(build: Build, site: Site) -> None:
    assert build(dimensions=3).encode([]).shape == (0, 3)
    assert site.asked == []


def test_the_question_is_what_every_such_endpoint_understands(build: Build, site: Site) -> None:
    build().encode(["robots"])
    request = site.asked[0]
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert json.loads(request.body) == {"model": "small", "input": ["robots"]}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("digest/1")
    assert "authorization" not in request.headers


def test_what_was_configured_is_asked_for(build: Build, site: Site) -> None:
    build(api_key=KEY, dimensions=2, encoding="base64").encode(["robots"])
    request = site.asked[0]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    question = json.loads(request.body)
    assert (question["dimensions"], question["encoding_format"]) == (2, "base64")


# --- answers --------------------------------------------------------------------------------------


def test_base64_is_read_wherever_it_comes() -> None:
    packed = base64.b64encode(np.array([0.25, -2], "<f4").tobytes()).decode()
    body = json.dumps({"data": [{"index": 0, "embedding": packed}]}).encode()
    np.testing.assert_array_equal(parse_embeddings(body, 1), [[0.25, -2]])


def test_an_answer_without_places_is_in_order() -> None:
    body = json.dumps({"data": [{"embedding": [1]}, {"embedding": [2]}]}).encode()
    np.testing.assert_array_equal(parse_embeddings(body, 2), [[1], [2]])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"data": []}, r"without 1 vectors"),
        ({"error": {"message": "no such\nmodel"}}, r"without 1 vectors: no such model"),
        ([], r"without 1 vectors"),
        ({"data": [{"embedding": "no base64!"}]}, r"without 1 vectors"),
        ({"data": [{"embedding": ["a"]}]}, r"without 1 vectors"),
        ({"data": [{"embedding": [[1.0]]}]}, r"without 1 vectors"),
        ({"data": [{"embedding": [True]}]}, r"without 1 vectors"),
        ({"data": [{"index": 7, "embedding": [1.0]}]}, r"without 1 vectors"),
        ({"data": [{"index": math.inf, "embedding": [1.0]}]}, r"without 1 vectors"),
        ({"data": [{"embedding": [1.0]}] * 2}, r"2 vectors to 1 texts"),
        ({"data": [{"embedding": []}]}, r"not of one length"),
    ],
)
def test_an_answer_that_is_none_is_said(document: Any, said: str) -> None:
    with pytest.raises(EncoderUnavailable, match=said):
        parse_embeddings(json.dumps(document).encode(), 1)


def test_vectors_of_several_lengths_are_refused() -> None:
    body = json.dumps({"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}).encode()
    with pytest.raises(EncoderUnavailable, match=r"not of one length"):
        parse_embeddings(body, 2)


@given(
    damage=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["data", "index", "embedding", "error", "message"]), inner
                )
            ),
            max_leaves=12,
        ).map(lambda document: json.dumps(document).encode()),
        st.integers(1, 100_000).map(lambda depth: b"[" * depth),
    )
)
def test_whatever_comes_is_vectors_or_one_line(damage: bytes) -> None:
    said = ""
    try:
        found = parse_embeddings(damage, 1)
    except EncoderUnavailable as error:
        said = str(error)
    assert said.isprintable() if said else len(found) == 1


@pytest.mark.parametrize("vector", [[0.0, 0.0], [1e39, 1.0]])
def test_a_vector_without_direction_is_no_vector(
    build: Build, site: Site, vector: list[float]
) -> None:
    site.answering = lambda _: reply({"data": [{"embedding": vector}]})
    with pytest.raises(EncodingError, match=r"without a direction"):
        build().encode(["robots"])


def test_vectors_of_another_length_than_before_are_refused(build: Build, site: Site) -> None:
    with pytest.raises(EncoderUnavailable, match=r"vectors of 2 numbers instead of 3"):
        build(dimensions=3).encode(["robots"])
    encoder = build()
    encoder.encode(["robots"])
    site.answering = lambda _: reply({"data": [{"embedding": [1.0, 2.0, 3.0]}]})
    with pytest.raises(EncoderUnavailable, match=r"vectors of 3 numbers instead of 2"):
        encoder.encode(["robots"])


# --- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Reply(status=503), Reply(status=429), Reply(hang_up=True)])
def test_a_passing_fault_is_waited_out(
    build: Build, site: Site, clock: FakeClock, fault: Reply
) -> None:
    before = clock.now()
    faults = [fault, fault]
    site.answering = lambda request: faults.pop() if faults else answer(request)
    assert build().encode(["robots"]).shape == (1, 2)
    assert (clock.now() - before).total_seconds() == pytest.approx(3)


def test_an_endpoint_says_how_long_to_wait(build: Build, site: Site, clock: FakeClock) -> None:
    before = clock.now()
    busy = [Reply(status=429, headers={"Retry-After": "12"})]
    site.answering = lambda request: busy.pop() if busy else answer(request)
    build().encode(["robots"])
    assert (clock.now() - before).total_seconds() == pytest.approx(12)


def test_nobody_waits_for_long(build: Build, site: Site, clock: FakeClock) -> None:
    before = clock.now()
    site.answering = lambda _: Reply(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(EncoderUnavailable, match=r"^127\.0\.0\.1 answered 429$"):
        build().encode(["robots"])
    assert clock.now() == before


def test_a_fault_that_stays_ends_it(build: Build, site: Site) -> None:
    site.answering = lambda _: reply({"error": "out of memory"}, 500)
    with pytest.raises(EncoderUnavailable, match=r"500: out of memory \(tried 4 times\)"):
        build().encode(["robots"])
    assert len(site.asked) == 4


def test_nobody_listening_is_said(clock: FakeClock) -> None:
    encoder = EndpointEncoder(
        EndpointName("http://127.0.0.1:9/v1", "m"), EndpointOptions(), user_agent="d", clock=clock
    )
    with pytest.raises(EncoderUnavailable, match=r"127\.0\.0\.1 cannot be reached: "):
        encoder.encode(["robots"])


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, r"answered 401: Incorrect key …; set ranking\.endpoint\.api_key$"),
        (403, r"to one that may use this model"),
        (404, r"check the address and the model's name in ranking\.model"),
        (405, r"it should end in /embeddings"),
        (418, r"answered 418: Incorrect key …$"),
    ],
)
def test_a_refusal_says_what_to_mend_and_no_secret(
    build: Build, site: Site, status: int, said: str
) -> None:
    site.answering = lambda _: reply({"error": {"message": f"Incorrect key {KEY}"}}, status)
    with pytest.raises(EncoderUnavailable, match=said) as caught:
        build(api_key=KEY).encode(["robots"])
    assert KEY not in str(caught.value)
    assert len(site.asked) == 1


def test_a_redirect_is_not_followed(build: Build, site: Site) -> None:
    site.answering = lambda _: Reply(status=308, headers={"Location": "https://elsewhere.example"})
    with pytest.raises(EncoderUnavailable, match=r"write its new address in ranking\.model"):
        build(api_key=KEY).encode(["robots"])


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_text_that_is_not_taken_is_told_apart_from_trouble(
    build: Build, site: Site, status: int
) -> None:
    site.answering = lambda _: reply({"detail": "input is too long"}, status)
    with pytest.raises(EncodingError, match=r"input is too long") as caught:
        build().encode(["robots"])
    assert not isinstance(caught.value, EncoderUnavailable)


def test_a_key_that_is_none_is_not_repeated(build: Build) -> None:
    with pytest.raises(EncoderUnavailable, match=r"is not written as one") as caught:
        build(api_key="ключ\n").encode(["robots"])
    assert "ключ" not in str(caught.value)
