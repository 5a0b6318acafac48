"""Invented papers in the arXiv API's format, in any number, always the same."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

_WORDS = (
    "adaptive alignment attention bayesian benchmark causal contrastive convex decoder diffusion "
    "dynamics efficient embedding evaluation federated gaussian generative gradient graph "
    "hierarchical inference kernel language latent learning manifold memory model multimodal "
    "network neural optimal optimization planning policy prior probabilistic quantum reasoning "
    "recurrent reinforcement representation retrieval robot robust sampling segmentation sparse "
    "spectral stochastic structure supervised symmetry tensor token transformer uncertainty video"
).split()
_NAMES = "Abara Bianchi Castillo Dube Eriksen Fujita Gupta Hansen Ivanova Jansen Kowalski".split()
_CATEGORIES = ("cs.LG", "cs.CL", "cs.CV", "cs.RO", "stat.ML", "math.OC")
_FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def pages(count: int, page_size: int = 200, first: int = 0) -> Iterator[bytes]:
    """Atom feeds with `count` papers in all, numbered from `first` on; one at a time in memory."""
    chance = random.Random(7 + first)
    for start in range(0, count, page_size):
        size = min(page_size, count - start)
        entries = [_entry(chance, first + start + number) for number in range(size)]
        yield (
            "<?xml version='1.0' encoding='UTF-8'?>\n"
            '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
            'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
            "<id>https://arxiv.org/api/bench</id><title>arXiv Query: bench</title>"
            f"<updated>2026-03-20T00:00:00Z</updated>"
            f"<opensearch:itemsPerPage>{page_size}</opensearch:itemsPerPage>"
            f"<opensearch:totalResults>{count}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>" + "".join(entries) + "</feed>"
        ).encode()


def arxiv_name(number: int) -> str:
    return f"26{3 + number // 90000:02d}.{number % 90000 + 10000:05d}"


def invented_title(chance: random.Random, number: int) -> str:
    return " ".join(chance.choices(_WORDS, k=9)).capitalize() + f" {number}"


def _entry(chance: random.Random, number: int) -> str:
    title = invented_title(chance, number)
    abstract = ". ".join(" ".join(chance.choices(_WORDS, k=18)).capitalize() for _ in range(8))
    when = (_FIRST + timedelta(seconds=60 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = arxiv_name(number)
    authors = "".join(
        f"<author><name>{escape(f'{chance.choice(_NAMES)[0]}. {chance.choice(_NAMES)}')}</name>"
        "</author>"
        for _ in range(4)
    )
    category = chance.choice(_CATEGORIES)
    return (
        f"<entry><id>http://arxiv.org/abs/{name}v1</id><title>{title}</title>"
        f"<updated>{when}</updated><published>{when}</published>"
        f'<link href="https://arxiv.org/abs/{name}v1" rel="alternate" type="text/html"/>'
        f"<summary>{abstract}.</summary>{authors}"
        f'<category term="{category}" scheme="http://arxiv.org/schemas/atom"/>'
        f'<arxiv:primary_category term="{category}"/></entry>'
    )
