"""What some models want to stand before a text, by what the text is to them.

Models for search are often trained on pairs in which what is asked and what is found begin
otherwise: `query: ` and `passage: `. Without these words they are markedly worse.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_HASH_CHARS = 8


class Kind(StrEnum):
    """What a text is: an interest in prose asks, a paper is found, liked or not."""

    QUERY = "query"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The words before each text of a kind, as they are, with the blank or colon at their end."""

    query: str = ""
    document: str = ""

    def of(self, kind: Kind) -> str:
        return self.query if kind is Kind.QUERY else self.document

    @property
    def mark(self) -> str:
        """For the name under which vectors are kept: papers encoded with other words before them
        are of another model. Those of interests are told apart by their text."""
        if not self.document:
            return ""
        return f"+{hashlib.sha256(self.document.encode()).hexdigest()[:_HASH_CHARS]}"


NO_PROMPTS = Prompts()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """What the configuration says: None leaves it to the model, "" is nothing."""

    query: str | None = None
    document: str | None = None

    def over(self, known: Prompts) -> Prompts:
        """What is said here, and for the rest what is known of the model."""
        return Prompts(
            query=known.query if self.query is None else self.query,
            document=known.document if self.document is None else self.document,
        )


BY_MODEL = PromptOptions()


# --- what a model's files say ---------------------------------------------------------------------

# The names that models give their prompts, the library's own first.
_NAMES = {
    Kind.QUERY: ("query", "retrieval.query", "search_query", "s2p_query"),
    Kind.DOCUMENT: ("document", "passage", "corpus", "retrieval.passage", "search_document"),
}


def prompts_in(config: object) -> Prompts | None:
    """Those of `config_sentence_transformers.json`: `prompts` by name, and for what has none of
    its own the one of `default_prompt_name`. None where it says nothing: the library writes
    empty ones for every model."""
    said = config.get("prompts") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(said, Mapping):
        return None
    known = {str(name): text for name, text in said.items() if isinstance(text, str)}
    default = known.get(str(config.get("default_prompt_name")), "")
    found = {
        kind: next((known[name] for name in names if name in known), default)
        for kind, names in _NAMES.items()
    }
    prompts = Prompts(query=found[Kind.QUERY], document=found[Kind.DOCUMENT])
    return None if prompts == NO_PROMPTS else prompts


# --- what is known of families --------------------------------------------------------------------

_E5 = Prompts(query="query: ", document="passage: ")
_SEARCHING = Prompts(query="Represent this sentence for searching relevant passages: ")
_TASK = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
# As the models' cards say, the more special first. Of a name that none of these is in, nothing is
# known: most models want nothing.
_FAMILIES = (
    (r"e5-[\w.-]*instruct|e5-mistral", Prompts(query=f"{_TASK} ")),
    (r"\be5-(small|base|large)", _E5),
    (r"qwen3-embedding", Prompts(query=_TASK)),
    (r"nomic-embed-text", Prompts(query="search_query: ", document="search_document: ")),
    (r"arctic-embed[\w.-]*(v2|2\.0)|arctic-embed2", Prompts(query="query: ")),
    (r"arctic-embed|mxbai-embed-large", _SEARCHING),
    (r"bge-(small|base|large)-zh", Prompts(query="为这个句子生成表示以用于检索相关文章：")),
    (r"bge-(small|base|large)", _SEARCHING),
    (
        r"embedding-?gemma",
        Prompts(query="task: search result | query: ", document="title: none | text: "),
    ),
)


def prompts_of_family(name: str) -> Prompts:
    """What is known of models that are called so, by whatever part of a name or path."""
    called = name.casefold()
    return next((found for known, found in _FAMILIES if re.search(known, called)), NO_PROMPTS)
