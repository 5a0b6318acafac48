import itertools

import pytest

from digest.core.interests import Interest, InterestKind
from digest.ranking import fit, texts
from digest.ranking.rank import prepare
from tests.ranking.papers import ALL

TEXTS = ["graph walks", "robots that grasp", "cache timing"]


def said(*values: str) -> list[list[Interest]]:
    return [[Interest(InterestKind.TEXT, value)] for value in values]


def test_what_many_say_alike_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fitter = prepare(ALL).fitter
    first = fitter.texts(said(*TEXTS))
    monkeypatch.setattr(texts, "strengths", None)
    again = fitter.texts(said(*reversed(TEXTS), TEXTS[0]))
    assert again.keys() == first.keys()
    assert all((again[text] == first[text]).all() for text in TEXTS)


def test_what_is_kept_of_texts_is_bounded_and_the_most_recent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fit, "KEPT_TEXTS", 2 * len(ALL))
    fitter = prepare(ALL).fitter
    expected = prepare(ALL).fitter.texts(said(*TEXTS))
    asked: list[str] = []
    plain = texts.strengths
    monkeypatch.setattr(
        texts, "strengths", lambda *args, **more: (asked.extend(args[1]), plain(*args, **more))[1]
    )
    for text in itertools.chain(TEXTS, TEXTS[1:], TEXTS[:1]):
        found = fitter.texts(said(text))
        assert (found[text] == expected[text]).all()
    assert asked == [*TEXTS, TEXTS[0]]


def test_without_evidence_nothing_is_kept() -> None:
    fitter = prepare(ALL).fitter
    bare = fitter.texts(said(*TEXTS), with_evidence=False)
    full = fitter.texts(said(*TEXTS))
    assert any((bare[text] != full[text]).any() for text in TEXTS)
