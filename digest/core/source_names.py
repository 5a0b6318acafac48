"""What people call the places that papers come from."""

_NAMES = {
    "arxiv": "arXiv",
    "arxiv_rss": "arXiv",
    "biorxiv": "bioRxiv",
    "github": "GitHub",
    "hacker_news": "Hacker News",
    "huggingface": "Hugging Face",
    "medrxiv": "medRxiv",
    "openalex": "OpenAlex",
    "openreview": "OpenReview",
    "reddit": "Reddit",
    "semantic_scholar": "Semantic Scholar",
}


def source_name(source: str) -> str:
    """`huggingface` is Hugging Face; a feed goes by what the operator called it (`feeds.NAME`)."""
    return _NAMES.get(source) or source.removeprefix("feeds.")
