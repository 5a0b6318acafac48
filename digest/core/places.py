"""Why a paper is in a digest, and under which heading it stands there."""

from enum import StrEnum


class Place(StrEnum):
    """Why a paper has its place in a digest: it fits, it trends everywhere, or it lies at the
    edge of what the reader said, for them to find out."""

    FITS = "fits"
    EVERYWHERE = "everywhere"
    EXPLORE = "explore"


class Section(StrEnum):
    """The parts of a digest. What is to be explored stands among what is for the reader."""

    FOR_YOU = "for_you"
    AUTHORS = "authors"
    MISSED = "missed"
    EVERYWHERE = "everywhere"


def section_of(place: Place, *, followed: bool, earlier: bool) -> Section:
    """Where a paper stands that has this place, is by an author whom the reader follows, or came
    up before the last days of a week that is looked back upon."""
    if followed:
        return Section.AUTHORS
    if place is Place.EVERYWHERE:
        return Section.EVERYWHERE
    return Section.MISSED if earlier else Section.FOR_YOU
