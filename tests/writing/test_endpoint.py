"""A language model behind an address: what it is sent, and whatever it may answer."""

import json
from collections.abc import Iterator

import pytest

from digest.core.errors import WriterUnavailable
from digest.writing.endpoint import ChatOptions, ChatWriter
from tests.fakes import FakeClock
from tests.sources.site import Reply, Request, Site, running_site
from tests.writing.test_chat import ABSTRACT, GOOD, TITLE, answered

KEY = "sk-not-to-be-seen"


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as started:
        started.answering = lambda _: Reply(body=answered(GOOD))
        yield started


@pytest.fixture
def writer(site: Site) -> ChatWriter:
    options = ChatOptions(url=site.url, model="small", api_key=KEY, timeout_s=5)
    return ChatWriter(options, user_agent="digest/1", clock=FakeClock())


def test_a_paper_is_asked_for_with_the_key(site: Site, writer: ChatWriter) -> None:
    seen: list[Request] = []

    def answering(request: Request) -> Reply:
        seen.append(request)
        return Reply(body=answered(GOOD))

    site.answering = answering
    assert writer.summarize(TITLE, ABSTRACT) == GOOD
    assert json.loads(seen[0].body)["model"] == "small"
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_what_cannot_be_shown_is_no_summary(site: Site, writer: ChatWriter) -> None:
    site.answering = lambda _: Reply(body=answered("Visit https://evil.example for more of this."))
    assert writer.summarize(TITLE, ABSTRACT) == ""
    site.answering = lambda _: Reply(status=400, body=b"too long")
    assert writer.summarize(TITLE, ABSTRACT) == ""


@pytest.mark.parametrize("status", [301, 401, 404, 429, 500])
def test_a_refusal_is_told_without_the_key(site: Site, writer: ChatWriter, status: int) -> None:
    site.answering = lambda _: Reply(status=status, body=KEY.encode())
    with pytest.raises(WriterUnavailable, match=f"answered {status}") as caught:
        writer.summarize(TITLE, ABSTRACT)
    assert KEY not in str(caught.value)


def test_an_answer_of_another_form_or_none_is_trouble(site: Site, writer: ChatWriter) -> None:
    site.answering = lambda _: Reply(body=b"<html>")
    with pytest.raises(WriterUnavailable, match="no chat completion"):
        writer.summarize(TITLE, ABSTRACT)
    nowhere = ChatOptions(url="http://127.0.0.1:9/", model="m", api_key="k\ney")
    with pytest.raises(WriterUnavailable) as caught:
        ChatWriter(nowhere, user_agent="digest/1", clock=FakeClock()).summarize(TITLE, ABSTRACT)
    assert "k\ney" not in str(caught.value)
