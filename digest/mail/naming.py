"""What a paper calls itself, in its title and by macros of its authors' own."""

import re

# Authors name what they made by a macro that no index defines: "we propose \ours{}".
_ITSELF = re.compile(
    r"(?i)\\(?:ours|our(?:name|method|model)|(?:code|tool)?name"
    r"|(?:method|model|framework|sys(?:tem)?|bench(?:mark)?|dataset)(?:name)?)(?![a-z])(?:\{\})?"
)
_KINDS = ("model", "framework", "system", "benchmark", "dataset")


def name_of(title: str) -> str:
    """FastCAR, of "FastCAR: fast classification"; "" where a title begins with no single word."""
    name, colon, _ = title.partition(":")
    return name.strip() if colon and len(name.split()) == 1 else ""


def with_its_name(abstract: str, title: str) -> str:
    """An abstract in TeX that calls what it is about by its name instead of a macro."""
    if "\\" not in abstract:
        return abstract
    name = name_of(title)
    return _ITSELF.sub(lambda found: f"\\mbox{{{name or _described(found)}}}", abstract)


def _described(macro: re.Match[str]) -> str:
    start = macro[0][1:4].casefold()
    kind = next((kind for kind in _KINDS if kind.startswith(start)), "method")
    before = macro.string[max(0, macro.start() - 4) : macro.start()].rstrip()
    begins = not before or before.endswith((".", "!", "?"))
    return f"{'Our' if begins else 'our'} {kind}"
