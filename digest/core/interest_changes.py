"""How a member's interests change by what they say of a topic: more of it, less, in or out."""

import re
from collections.abc import Sequence
from dataclasses import replace

from digest.core.errors import InvalidInput
from digest.core.interests import (
    Interest,
    InterestKind,
    format_interest,
    parse_interest,
    parse_interests,
    read_interests,
    unique_interests,
)

# How much a topic counts more or less each time that somebody says so, and the bounds of that.
_WEIGHT_STEP, _MOST_WEIGHT, _LEAST_WEIGHT = 2.0, 4.0, 0.5


def with_more(
    interests: Sequence[Interest], topic: str
) -> tuple[tuple[Interest, ...], tuple[str, ...]]:
    """The interests of somebody who wants more of a topic, and in sentences what changed.

    An exclusion of it is lifted; else an interest in it counts double, up to four times; else
    it becomes one. What is said as several is taken one by one, and what it denies is excluded:
    "robots, not drones". Raises InvalidInput for what can be no interest, or one too many.
    """
    wishes, said = tuple(interests), []
    for wish in _wishes(interests, topic):
        step = _without if wish.kind is InterestKind.EXCLUDE else _raised
        wishes, sentence = step(wishes, wish)
        said.append(sentence)
    return wishes, tuple(said)


def with_less(
    interests: Sequence[Interest], topic: str
) -> tuple[tuple[Interest, ...], tuple[str, ...]]:
    """As `with_more`, of somebody who wants less of a topic: an interest in it counts half, and
    goes when it counted half already; what is no interest is excluded."""
    wishes, said = tuple(interests), []
    for wish in _wishes(interests, topic):
        if wish.kind is InterestKind.EXCLUDE:
            raise _denial(wish)
        wishes, sentence = _lowered(wishes, wish)
        said.append(sentence)
    return wishes, tuple(said)


def with_added(
    interests: Sequence[Interest], topic: str
) -> tuple[tuple[Interest, ...], tuple[str, ...]]:
    """As `with_more`, of somebody who wants a topic among their interests: one that is there stays
    as it is, and what is denied is excluded: "not: surveys"."""
    wishes, said = tuple(interests), []
    for wish in read_interests(topic):
        if wish.kind is InterestKind.EXCLUDE:
            wishes, sentence = _without(wishes, wish)
        elif any(_is_about(one, wish) for one in wishes):
            sentence = f"“{wish.value}” is one of your interests already."
        else:
            wishes, sentence = _raised(wishes, wish)
        said.append(sentence)
    return wishes, tuple(said)


_BETWEEN = re.compile(r"\s*[,;]\s+|\s+(?:and|und)\s+")


def with_removed(
    interests: Sequence[Interest], topic: str
) -> tuple[tuple[Interest, ...], tuple[str, ...]]:
    """As `with_more`, of somebody who wants a topic neither among their interests nor among what
    they exclude: the line of an interest, or just its words. The whole of it where there is such
    a one, else what is said as several one by one."""
    wishes, said = tuple(interests), []
    for one in [topic] if _matching(wishes, topic) else filter(None, _BETWEEN.split(topic)):
        gone = _matching(wishes, one)
        wishes = tuple(wish for wish in wishes if wish not in gone)
        said.append(_removal(one, gone))
    return wishes, tuple(said)


def with_only(
    interests: Sequence[Interest], text: str
) -> tuple[tuple[Interest, ...], tuple[str, ...]]:
    """As `with_more`, of somebody who states all of their interests, "" for none.

    What they exclude and the papers that they like are no part of such a list, and stay, but for
    an exclusion of what is listed now. What was there already keeps its weight.
    """
    listed = parse_interests(text)
    if listed and all(wish.kind is InterestKind.EXCLUDE for wish in listed):
        raise _denial(listed[0])
    wanted = tuple(_as_before(interests, wish) for wish in listed)
    stay = [i for i in interests if i.kind in _UNLISTED and not _is_lifted(i, wanted)]
    wishes = unique_interests([*wanted, *stay])
    gone = [i for i in interests if _key(i) not in set(map(_key, wishes))]
    come = [i for i in wishes if _key(i) not in set(map(_key, interests))]
    return wishes, (*map(_farewell, gone), *map(_welcome, come))


_UNLISTED = frozenset((InterestKind.EXCLUDE, InterestKind.LIKE))


def _key(interest: Interest) -> tuple[InterestKind, str]:
    return interest.kind, interest.value.casefold()


def _as_before(interests: Sequence[Interest], wish: Interest) -> Interest:
    return next((i for i in interests if _key(i) == _key(wish)), wish)


def _is_lifted(interest: Interest, wanted: Sequence[Interest]) -> bool:
    return any(_excludes(interest, wish) and not _excludes(wish, wish) for wish in wanted)


def _welcome(interest: Interest) -> str:
    if interest.kind is InterestKind.EXCLUDE:
        return f"Papers that mention “{interest.value}” are left out from now on."
    return f"“{interest.value}” is one of your interests now."


def _farewell(interest: Interest) -> str:
    if interest.kind is InterestKind.EXCLUDE:
        return f"Papers that mention “{interest.value}” are not left out any more."
    return f"“{interest.value}” is none of your interests any more."


def _matching(interests: Sequence[Interest], topic: str) -> list[Interest]:
    """The interests that a person may mean by words, or by their very line."""
    words = topic.strip(" .“”\"'").casefold()
    found = [one for one in interests if format_interest(one).casefold() == words]
    return found or [one for one in interests if one.value.casefold() == words]


def _removal(topic: str, gone: Sequence[Interest]) -> str:
    if not gone:
        return f"“{topic}” was none of your interests."
    return _farewell(gone[0])


def _wishes(interests: Sequence[Interest], topic: str) -> tuple[Interest, ...]:
    """All that a topic says; the whole of it where that is what somebody has already."""
    whole = parse_interest(topic)
    if any(_is_about(i, whole) or _excludes(i, whole) for i in interests):
        return (whole,)
    wishes = read_interests(topic)
    if all(wish.kind is InterestKind.EXCLUDE for wish in wishes):
        raise _denial(wishes[0])
    return wishes


def _denial(wish: Interest) -> InvalidInput:
    return InvalidInput(f"say what you want, not what you do not: {wish.value[:40]}")


def _raised(interests: tuple[Interest, ...], wish: Interest) -> tuple[tuple[Interest, ...], str]:
    if any(_excludes(i, wish) for i in interests):
        lifted = next(i for i in interests if _excludes(i, wish))
        kept = tuple(i for i in interests if not _excludes(i, wish))
        return kept, _farewell(replace(lifted, value=wish.value))
    if not any(_is_about(i, wish) for i in interests):
        return unique_interests([*interests, wish]), _welcome(wish)
    raised = tuple(
        replace(i, weight=max(i.weight, min(i.weight * _WEIGHT_STEP, _MOST_WEIGHT)))
        if _is_about(i, wish)
        else i
        for i in interests
    )
    said = "counts more than before" if raised != interests else "counts as much as it can"
    return raised, f"“{wish.value}” {said}."


def _lowered(interests: tuple[Interest, ...], wish: Interest) -> tuple[tuple[Interest, ...], str]:
    if not any(_is_about(i, wish) for i in interests):
        return _without(interests, wish)
    lowered = tuple(
        replace(i, weight=i.weight / _WEIGHT_STEP) if _is_about(i, wish) else i for i in interests
    )
    kept = tuple(i for i in lowered if not _is_about(i, wish) or i.weight >= _LEAST_WEIGHT)
    gone = "is none of your interests any more" if len(kept) < len(lowered) else ""
    return kept, f"“{wish.value}” {gone or 'counts less than before'}."


def _without(interests: tuple[Interest, ...], wish: Interest) -> tuple[tuple[Interest, ...], str]:
    if any(_excludes(i, wish) for i in interests):
        return interests, f"Papers that mention “{wish.value}” are left out already."
    denied = Interest(InterestKind.EXCLUDE, wish.value)
    return unique_interests([*interests, denied]), _welcome(denied)


def _is_about(interest: Interest, wish: Interest) -> bool:
    """Plain words also mean the keyword, category or author of that name."""
    kinds_fit = wish.kind in (interest.kind, InterestKind.TEXT)
    return (
        kinds_fit
        and interest.kind is not InterestKind.EXCLUDE
        and interest.value.casefold() == wish.value.casefold()
    )


def _excludes(interest: Interest, wish: Interest) -> bool:
    return (
        interest.kind is InterestKind.EXCLUDE and interest.value.casefold() == wish.value.casefold()
    )
