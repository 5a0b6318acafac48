"""What people call the places that papers come from."""

_NAMES = {
    "arxiv": "arXiv",
    "arxiv_oai": "arXiv",
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
# Several sources of one place, told apart where it matters which one was asked.
_INTERFACES = {"arxiv_oai": "arXiv OAI", "arxiv_rss": "arXiv RSS"}


def source_name(source: str) -> str:
    """`huggingface` is Hugging Face; a feed goes by what the operator called it (`feeds.NAME`)."""
    return _NAMES.get(source) or source.removeprefix("feeds.")


def interface_name(source: str) -> str:
    """The same, but one name for each source: `arxiv_rss` is arXiv RSS."""
    return _INTERFACES.get(source) or source_name(source)
