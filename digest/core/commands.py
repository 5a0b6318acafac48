"""What a mail can ask of us."""

from dataclasses import dataclass

from digest.core.interest_lists import InterestList
from digest.core.member_requests import Inquiry, Pause, Resume, Timetable
from digest.core.phrases import Taste

Wish = Taste | InterestList | Timetable | Pause | Resume


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`interests` has one a line, as `digest.core.interests.parse_interests` reads them."""

    interests: str = ""
    timetable: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """`token` is "" where the mail is an answer that holds none."""

    token: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """`token` was given by intent; `quoted_token` stands in text that was quoted."""

    token: str = ""
    quoted_token: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a member wants to be otherwise, in the order in which it was said."""

    wishes: tuple[Wish, ...]

    @property
    def name(self) -> str:
        """`interests` where somebody states all of theirs, else `change`."""
        states_all = any(isinstance(wish, InterestList) for wish in self.wishes)
        return "interests" if states_all else "change"


@dataclass(frozen=True, slots=True)
class Ask:
    """A member asks for what is kept of them, or that it be erased."""

    inquiry: Inquiry


@dataclass(frozen=True, slots=True)
class Help:
    """Somebody asks what they can ask."""


@dataclass(frozen=True, slots=True)
class Contradictory:
    """Somebody asks to subscribe and to unsubscribe in one mail."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A person wants something that is not understood."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing is asked of us."""

    why: str


Command = (
    Subscribe | Confirm | Unsubscribe | Change | Ask | Help | Contradictory | Unknown | Ignored
)
