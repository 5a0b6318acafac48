"""The sections `[sources.NAME]`, made from what each source's constructor takes.

A source declares its options once, with their types, bounds and defaults; nobody has to repeat
them here.
"""

import inspect
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, create_model

from digest.section_forms import Interval, Section, WebAddress
from digest.sources.registry import FEEDS, SOURCES, SourceKind

# What every source has, and the pipeline reads; the rest is the source's own.
COMMON = frozenset({"enabled", "every", "stand_ins"})


class SourceSection(Section):
    enabled: bool = True
    url: WebAddress
    every: Interval = timedelta(hours=1)

    def options(self) -> dict[str, Any]:
        """What the source's constructor is given, by its names there."""
        return {name: value for name, value in self if name not in COMMON}


def section_of(name: str, kind: SourceKind) -> type[SourceSection]:
    """The section of a source: what every source has, and the options that `kind.build` takes by
    keyword, with the types and defaults of its signature."""
    fields: dict[str, Any] = {
        "enabled": (bool, kind.enabled),
        "url": (WebAddress, kind.url),
        "every": (Interval, kind.every),
    }
    for option in inspect.signature(kind.build).parameters.values():
        if option.kind is inspect.Parameter.KEYWORD_ONLY and option.name not in fields:
            fields[option.name] = (option.annotation, option.default)
    if kind.stand_ins:
        fields["stand_ins"] = (tuple[str, ...], kind.stand_ins)
    title = "".join(part.capitalize() for part in name.split("_"))
    return create_model(f"{title}Section", __base__=SourceSection, **fields)


def _with_default(name: str, kind: SourceKind) -> tuple[type[SourceSection], SourceSection]:
    section = section_of(name, kind)
    return section, section.model_validate({})


_SECTIONS: dict[str, Any] = {name: _with_default(name, kind) for name, kind in SOURCES.items()}
_KnownSources: Any = create_model("_KnownSources", __base__=Section, **_SECTIONS)


class SourcesSection(_KnownSources):  # type: ignore[misc]
    """A section for each source of the registry, and feeds of any name."""

    feeds: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")], SourceSection] = Field(
        default={}
    )

    def named(self) -> tuple[tuple[str, SourceSection], ...]:
        """Each source with its section, feeds as `feeds.NAME`."""
        known = ((name, getattr(self, name)) for name in SOURCES)
        return (*known, *((f"{FEEDS}{name}", section) for name, section in self.feeds.items()))
