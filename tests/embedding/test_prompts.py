"""What stands before a text: as the model's files say, as its family wants it, as configured."""

from typing import Any

import pytest

from digest.embedding.prompts import (
    BY_MODEL,
    NO_PROMPTS,
    Kind,
    PromptOptions,
    Prompts,
    prompts_in,
    prompts_of_family,
)

SEARCHING = Prompts(query="Represent this sentence for searching relevant passages: ")
E5 = Prompts(query="query: ", document="passage: ")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"prompts": {"query": "query: ", "document": "passage: "}}, E5),
        ({"prompts": {"query": "query: ", "passage": "passage: "}}, E5),
        ({"prompts": {"retrieval.query": "q ", "retrieval.passage": "p "}}, ("q ", "p ")),
        ({"prompts": {"query": "q ", "text": ""}, "default_prompt_name": None}, ("q ", "")),
        ({"prompts": {"query": "q ", "text": "t "}, "default_prompt_name": "text"}, ("q ", "t ")),
        ({"prompts": {"all": "a "}, "default_prompt_name": "all"}, ("a ", "a ")),
        ({"prompts": {"query": "q ", "document": ""}, "default_prompt_name": "query"}, ("q ", "")),
    ],
)
def test_prompts_are_read_as_the_library_would(config: Any, expected: Any) -> None:
    wanted = (
        Prompts(query=expected[0], document=expected[1]) if type(expected) is tuple else expected
    )
    assert prompts_in(config) == wanted


@pytest.mark.parametrize(
    "config",
    [
        *({}, [], None, "query: ", {"prompts": None}, {"prompts": ["query: "]}, {"prompts": {}}),
        {"prompts": {"query": "", "document": ""}, "default_prompt_name": None},
        {"prompts": {"query": 7, "STS": "is like: "}},
        {"__version__": {"sentence_transformers": "2.0.0"}},
    ],
)
def test_files_that_say_nothing_leave_it_to_the_family(config: Any) -> None:
    assert prompts_in(config) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/e5-small-v2", E5),
        ("intfloat/multilingual-e5-large", E5),
        ("multilingual-E5-base-onnx", E5),
        ("BAAI/bge-small-en-v1.5", SEARCHING),
        ("mxbai-embed-large:latest", SEARCHING),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", SEARCHING),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", Prompts(query="query: ")),
        ("snowflake-arctic-embed2", Prompts(query="query: ")),
        ("nomic-embed-text", Prompts(query="search_query: ", document="search_document: ")),
        *((name, NO_PROMPTS) for name in ("BAAI/bge-m3", "all-MiniLM-L6-v2", "thenlper/gte-small")),
        *((name, NO_PROMPTS) for name in ("text-embedding-3-small", "cafe5-base", "")),
    ],
)
def test_families_are_known_by_their_names(name: str, expected: Prompts) -> None:
    assert prompts_of_family(name) == expected


@pytest.mark.parametrize(
    "name", ["intfloat/multilingual-e5-large-instruct", "e5-mistral-7b-instruct", "qwen3-embedding"]
)
def test_models_that_follow_instructions_are_told_what_to_do_with_what_is_asked(name: str) -> None:
    prompts = prompts_of_family(name)
    assert prompts.query.startswith("Instruct: ")
    assert prompts.document == ""


def test_what_is_configured_goes_first_and_nothing_is_something() -> None:
    assert BY_MODEL.over(E5) == E5
    assert PromptOptions(query="").over(E5) == Prompts(document="passage: ")
    assert PromptOptions(document="d ").over(E5) == Prompts(query="query: ", document="d ")
    assert [E5.of(kind) for kind in Kind] == ["query: ", "passage: "]
