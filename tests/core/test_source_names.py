from digest.core.source_names import interface_name, source_name


def test_readers_know_one_arxiv_and_operators_the_three_ways_to_ask_it() -> None:
    names = ("arxiv", "arxiv_rss", "arxiv_oai", "feeds.lab")
    assert [source_name(name) for name in names] == ["arXiv", "arXiv", "arXiv", "lab"]
    assert [interface_name(name) for name in names] == ["arXiv", "arXiv RSS", "arXiv OAI", "lab"]
