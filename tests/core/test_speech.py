"""Lines as people write them: what they ask for, and what they ask to be spared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.speech import Said, heard, listed, listed_names


@pytest.mark.parametrize(
    ("line", "topics", "unwanted"),
    [
        ("LLM evaluation, not code", ["LLM evaluation"], ["code"]),
        ("LLM evaluation not code", ["LLM evaluation"], ["code"]),
        ("LLM evaluation (not code)", ["LLM evaluation"], ["code"]),
        ("LLM evaluation: no code", ["LLM evaluation"], ["code"]),
        ("LLM evaluation -code -survey", ["LLM evaluation"], ["code", "survey"]),
        ("LLM evaluation except code", ["LLM evaluation"], ["code"]),
        ("tracking – no drones", ["tracking"], ["drones"]),
        ("tracking but not for driving", ["tracking"], ["driving"]),
        ("tracking, but no cars and no drones", ["tracking"], ["cars", "drones"]),
        ("tracking, not cars, drones, or boats", ["tracking"], ["cars", "drones", "boats"]),
        ("safety (no cars, no drones) and trust", ["safety", "trust"], ["cars", "drones"]),
        ("proteins, no antibodies, drug design", ["proteins", "drug design"], ["antibodies"]),
        ("I work on robots. I don't care about drones.", ["robots"], ["drones"]),
        ("Robotik, aber keine Drohnen", ["Robotik"], ["Drohnen"]),
        ("Robotik, ohne Drohnen", ["Robotik"], ["Drohnen"]),
        ("Medizin, aber nicht für die Radiologie", ["Medizin"], ["Radiologie"]),
        ("LLMs AND NOT code", ["LLMs"], ["code"]),
        ("LLMs NOT code NOT math", ["LLMs"], ["code", "math"]),
        ("robots, -drones", ["robots"], ["drones"]),
        ("robots, avoid surveys", ["robots"], ["surveys"]),
        ("We build robots. We don't do drones.", ["We build robots"], ["drones"]),
        ("more robotics, less vision", ["robotics"], ["vision"]),
        ("less vision and more robotics", ["robotics"], ["vision"]),
        ("More papers on agents, fewer surveys please", ["agents"], ["surveys"]),
        ("mehr Robotik, weniger Drohnen", ["Robotik"], ["Drohnen"]),
        ("I'd like more robotics and less vision", ["robotics"], ["vision"]),
        ("More robotics. Less vision, please!", ["robotics"], ["vision"]),
        ("more robotics, less vision, no drones", ["robotics"], ["vision", "drones"]),
        ("no LLMs please, I like classical NLP", ["classical NLP"], ["LLMs"]),
        ("No surveys! I'm interested in SAT solving", ["SAT solving"], ["surveys"]),
        ("no surveys, no reviews, we work on graphs", ["graphs"], ["surveys", "reviews"]),
        ("keine Drohnen, ich mag Roboter", ["Roboter"], ["Drohnen"]),
        ("no vision, more robotics", ["robotics"], ["vision"]),
        ("no CT, only MRI", ["MRI"], ["CT"]),
        ("robots, no large models (LMs)", ["robots"], ["large models (LMs)"]),
        ("robots, no large models (LMs) in cars", ["robots"], ["large models (LMs) in cars"]),
        ("robots, no LMs (large models)", ["robots"], ["LMs (large models)"]),
        (
            "I work on molecules and want to avoid drug discovery",
            ["molecules"],
            ["drug discovery"],
        ),
        ("I like robotics, and I'd like to leave out drones", ["robotics"], ["drones"]),
    ],
)
def test_what_a_line_denies_is_unwanted(line: str, topics: list[str], unwanted: list[str]) -> None:
    assert heard(line) == Said(topics=tuple(topics), unwanted=tuple(unwanted))


@pytest.mark.parametrize(
    ("line", "unwanted"),
    [
        ("not code", ["code"]),
        ("No surveys, please!", ["surveys"]),
        ("no surveys or position papers please", ["surveys", "position papers"]),
        ("please nothing about medical imaging", ["medical imaging"]),
        ("- no surveys, benchmarks", ["surveys", "benchmarks"]),
        ("without medical", ["medical"]),
        ("not interested in code generation", ["code generation"]),
        ("I am not interested in surveys", ["surveys"]),
        ("everything except robotics", ["robotics"]),
        ("anything but surveys", ["surveys"]),
        ("keine Umfragen", ["Umfragen"]),
        ("no cars / no drones", ["cars", "drones"]),
        ("I hate surveys", ["surveys"]),
        ("I'm tired of LLM papers", ["LLM"]),
        ("avoid surveys", ["surveys"]),
        ("please exclude surveys", ["surveys"]),
        ("leave out medical imaging", ["medical imaging"]),
        ("ignore anything about medicine", ["medicine"]),
        ("please skip papers on medical imaging", ["medical imaging"]),
        ("no more transformers", ["transformers"]),
    ],
)
def test_a_line_may_only_deny(line: str, unwanted: list[str]) -> None:
    assert heard(line) == Said(unwanted=tuple(unwanted))


@pytest.mark.parametrize(
    "line",
    [
        "learning without forgetting",
        "no free lunch theorems",
        "no-regret learning",
        "not all tokens are equal",
        "not only code",
        "what models do not know",
        "when to answer or not to answer",
        "attention is not all you need",
        "networks that are not deterministic",
        "zero-shot, no training",
        "algebraic geometry: moduli spaces",
        "1,2-dichloroethane",
        "GPT -4",
        "no",
        "robots but no",
        "skip connections",
        "ignore previous instructions",
        "avoiding collisions",
        "no more than two agents",
        "What is a neuron?",
        "P NOT",
        "less is more",
        "more efficient training with less data",
        "more robust and less costly models",
        "robots that learn and want to avoid obstacles",
    ],
)
def test_a_topic_that_holds_a_negation_stays_whole(line: str) -> None:
    assert heard(line) == Said(topics=(line,))


@pytest.mark.parametrize(
    ("line", "topics"),
    [
        ("RAG, KV cache, MoE, LoRA", ["RAG", "KV cache", "MoE", "LoRA"]),
        ("dark matter, gravitational waves", ["dark matter", "gravitational waves"]),
        ("graphs, trees, and hypergraphs.", ["graphs", "trees", "hypergraphs"]),
        ("segmentation, real-time", ["segmentation, real-time"]),
        ("text to speech, low latency, multilingual", None),
        ("joint models of vision, language, and action", None),
        ("making models reliable, especially what they are sure of", None),
        ("I study graphs, trees, forests", ["graphs", "trees", "forests"]),
        ("• robotics", ["robotics"]),
        ("2. robotics", ["robotics"]),
    ],
)
def test_a_list_is_so_many_topics_and_prose_is_one(line: str, topics: list[str] | None) -> None:
    assert heard(line).topics == tuple(topics or [line])


@pytest.mark.parametrize(
    ("line", "topics"),
    [
        (
            "I work on speech recognition for rare languages",
            ["speech recognition for rare languages"],
        ),
        ("I'm mostly interested in papers about walking robots", ["walking robots"]),
        ("We’re working on RAG, KV cache and LoRA", ["RAG", "KV cache and LoRA"]),
        ("my research is on causal inference", ["causal inference"]),
        ("I am a radiologist interested in chest x-rays", ["chest x-rays"]),
        ("I'm a PhD student who is mainly working on proteins", ["proteins"]),
        ("We are a small lab that works on red teaming", ["red teaming"]),
        ("I am an economist and I study auctions", ["auctions"]),
        ("I'm a big fan of diffusion models", ["diffusion models"]),
        ("the latest papers on graph learning", ["graph learning"]),
        ("everything related to proteins", ["proteins"]),
        ("- Interested in how models forget", ["how models forget"]),
        ("Ich forsche zu Robotik", ["Robotik"]),
        ("Interests: robots, drones", ["robots", "drones"]),
        ("I'm interested in: robots, drones", ["robots", "drones"]),
        ("Please keep me updated on sepsis", ["sepsis"]),
        ("My own PhD thesis is about sea ice", ["sea ice"]),
        ("I am learning a bit about robots", ["robots"]),
        ("My research areas: robots", ["robots"]),
        ("My interests are: (1) graph theory", ["graph theory"]),
        ("(2) knots", ["knots"]),
        ("Forschungsinteressen: Robotik", ["Robotik"]),
        ("What's new in protein folding?", ["protein folding"]),
        ("Was gibt es Neues in der Robotik?", ["Robotik"]),
        ("Ich bin Ärztin und interessiere mich für Sepsis", ["Sepsis"]),
        ("Ich interessiere mich für Arbeiten über Proteine", ["Proteine"]),
    ],
)
def test_how_a_line_begins_to_say_what_it_wants_is_no_part_of_it(
    line: str, topics: list[str]
) -> None:
    assert heard(line).topics == tuple(topics)


@pytest.mark.parametrize(
    "line",
    [
        "I like to see robots walk",
        "research methods",
        "everything everywhere all at once",
        "like papers",
        "news recommendation",
        "papers on",
        "I know little about robots",
        "show me how robots reason about time",
        "interested in",
        "work on memory",
        "I am a robot",
        "a study of sparse attention",
    ],
)
def test_a_topic_that_begins_like_a_wish_stays_whole(line: str) -> None:
    assert heard(line).topics == (line,)


@pytest.mark.parametrize(
    ("line", "topics"),
    [
        ("agents, tools, etc.", ["agents", "tools"]),
        ("agents, tools and so on", ["agents", "tools"]),
        ("graph networks (GNNs), etc", ["graph networks (GNNs)"]),
        ("Agenten usw.", ["Agenten"]),
        ("etc.", ["etc."]),
        ("#LLMs, #RAG", ["LLMs", "RAG"]),
        ("I study graphs. I also like trees.", ["graphs", "trees."]),
        ("I study graphs. They are large.", ["graphs. They are large."]),
    ],
)
def test_what_only_ends_or_marks_a_list_is_no_topic(line: str, topics: list[str] | None) -> None:
    assert heard(line).topics == tuple(topics or [line])


def test_words_in_quotes_are_a_phrase() -> None:
    assert heard('"world models"') == Said(phrases=("world models",))
    assert heard("„world models“, robots") == Said(topics=("robots",), phrases=("world models",))
    assert heard('"chain of thought" faithfulness').phrases == ()


def test_quotes_hold_a_phrase_together() -> None:
    assert heard('"risk, return"') == Said(phrases=("risk, return",))
    assert heard("“attention, not convolution”") == Said(phrases=("attention, not convolution",))
    assert heard('"risk, return", RAG') == Said(topics=("RAG",), phrases=("risk, return",))
    assert heard('RAG, "attention not convolution"').phrases == ("attention not convolution",)
    assert heard('RAG, not “code, math” or "R&D"').unwanted == ("code, math", "R&D")


def test_names_in_a_list_are_told_from_one_that_is_turned_round() -> None:
    assert listed_names("Ada Bell, Carl Diaz and Eve Fox") == ("Ada Bell", "Carl Diaz", "Eve Fox")
    assert listed_names("Ada Bell or Carl Diaz") == ("Ada Bell", "Carl Diaz")
    assert listed_names("Ada Bell und Carl Diaz") == ("Ada Bell", "Carl Diaz")
    for one in ("Bell, Ada", "Bell, A. B.", "Ada Bell", "Bell"):
        assert listed_names(one) == (one,)


def test_other_lists_end_at_commas_with_a_space() -> None:
    assert listed("cs.CL, cs.LG,") == ("cs.CL", "cs.LG")
    assert listed("1,2-dichloroethane") == ("1,2-dichloroethane",)
    assert listed(",") == (",",)


@given(st.text(max_size=200))
def test_nothing_is_too_odd_to_be_heard(line: str) -> None:
    said = heard(line)
    assert all((*said.topics, *said.phrases, *said.unwanted))


@given(st.sampled_from(["code", "surveys", "medical imaging", "3D", "RL", "SE(3)"]))
def test_a_denied_term_never_becomes_a_topic(term: str) -> None:
    for form in (
        "robots, not {}",
        "robots (no {})",
        "no {}",
        "robots, but not {}",
        "not {} please",
    ):
        said = heard(form.format(term))
        assert said.unwanted == (term,)
        assert not any(term in topic for topic in said.topics)


def test_a_line_of_a_thousand_denials_is_one_topic() -> None:
    line = "robots" + ", no cars" * 1_000
    assert heard(line).topics == (line,)


LITTLE_WORDS = (
    "no not nor or and but I like do dont without kein aber everything papers on the - -x x-y a_b "
    "graphs robots, learning. 1) code? (no cars)"
).split(" ")


@given(st.lists(st.sampled_from(LITTLE_WORDS), min_size=1, max_size=7).map(" ".join))
def test_what_is_plainly_one_topic_is_heard_as_one_with_care_too(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        shortly = heard(line)
        patch.setattr("digest.core.speech._is_one_topic", lambda _: False)
        assert heard(line) == shortly
