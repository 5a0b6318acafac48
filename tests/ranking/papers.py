"""Invented candidates for the tests of ranking."""

from collections.abc import Sequence

from digest.core.identifiers import PaperId
from digest.ranking.corpus import RankingPaper


def candidate(
    number: int,
    title: str,
    abstract: str = "",
    *,
    authors: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    trend: float = 0.5,
    reason: str = "",
) -> RankingPaper:
    return RankingPaper(
        paper_id=PaperId(number),
        title=title,
        abstract=abstract,
        authors=authors,
        categories=categories,
        trend=trend,
        trend_reason=reason,
    )


GRASP = candidate(
    1,
    "Diffusion policies that grasp what they have not seen",
    "We train a diffusion policy for robot manipulation. The robot learns to grasp from forty "
    "demonstrations, and its policy carries over to new kitchens and new hands.",
    authors=("Mira Hal", "Tom Ash"),
    categories=("cs.RO", "cs.LG"),
    trend=0.6,
    reason="rising: 53 → 301 votes since yesterday",
)
MOLECULE = candidate(
    2,
    "Message passing on molecules with few labels",
    "Graph neural networks predict the energy of molecules. We show that a graph neural network "
    "can be trained on a hundred molecules when bonds are masked.",
    authors=("Jörg Müller",),
    categories=("physics.chem-ph", "cs.LG"),
    trend=0.3,
    reason="12 votes on Hugging Face",
)
JUDGE = candidate(
    3,
    "Who evaluates the evaluator? A survey of LLM evaluation",
    "Large language models (LLMs) grade other LLMs. This survey compares how the evaluation of "
    "LLMs agrees with people on nine tasks.",
    authors=("Yara Le Noir", "M. Hal"),
    categories=("cs.CL",),
    trend=0.9,
    reason="494 votes on Hugging Face",
)
SECRET = candidate(
    4,
    "Leaking keys through shared caches",
    "We learn the secret keys of a neighbour in the cloud by timing the cache, and propose a "
    "partition that closes the channel at a small cost in learning time.",
    authors=("Ada Byte",),
    categories=("cs.CR",),
    trend=0.1,
    reason="new on arXiv",
)
OTHERS = tuple(
    candidate(
        10 + n,
        f"{subject.capitalize()} under pressure",
        f"We study {subject} with a new learning method and evaluate it on {n + 3} data sets. "
        f"The results show that {subject} improves with the model.",
        categories=("cs.LG",),
        trend=0.02 * n,
    )
    for n, subject in enumerate(
        [
            "weather forecasts",
            "traffic lights",
            "speech recognition",
            "protein folding",
            "river sediments",
            "stellar spectra",
            "crop yields",
            "sparse attention",
            "power grids",
            "vaccine trials",
        ]
    )
)
ALL = (GRASP, MOLECULE, JUDGE, SECRET, *OTHERS)


def contains_phrase(text: str, forms: Sequence[str]) -> bool:
    """Whether a `phrase_text` holds one of the `phrase_forms`."""
    return any(form in text for form in forms)
