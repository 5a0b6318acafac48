from digest.mail.cards import authors_line, card_facts, latest_readings, source_names, tldr
from tests.mail.builders import make_paper, make_signal


def test_the_facts_of_a_paper_in_words() -> None:
    facts = card_facts(make_paper())
    assert facts.authors == "Ada Bell, Chen Dao, Eva Fox and 2 more"
    assert facts.facts == "arXiv, Hugging Face · 20 March 2026 · cs.RO, cs.AI"
    assert facts.marks == "53 votes"
    assert [(link.text, link.url) for link in facts.links] == [
        ("Read the PDF", "https://arxiv.org/pdf/2603.00001"),
        ("Code on GitHub (1,204 stars)", "https://github.com/example/walk1"),
        ("Discussion on Hugging Face", "https://huggingface.co/papers/2603.00001"),
    ]


def test_a_venue_stands_in_place_of_sources() -> None:
    assert card_facts(make_paper(venue="NeurIPS 2025")).facts.startswith("NeurIPS 2025 · ")


def test_links_that_are_not_of_the_web_are_left_out() -> None:
    facts = card_facts(
        make_paper(url="javascript:x", pdf_url="file:///etc/passwd", code_url="", discussion_url="")
    )
    assert facts.url == ""
    assert facts.links == ()


def test_a_paper_without_a_page_is_linked_by_its_pdf() -> None:
    assert card_facts(make_paper(url="")).url == "https://arxiv.org/pdf/2603.00001"


def test_codes_of_classifications_and_what_nobody_sees_are_no_categories() -> None:
    codes = (
        "cs.CL",
        "\u200b",
        "I.2.7; I.2.10",
        "68T50, 68T07",
        "68-02 (Primary)",
        "3D vision",
        "cs.AI",
    )
    facts = card_facts(make_paper(categories=codes)).facts
    assert facts.endswith(" · cs.CL, 3D vision, cs.AI")


def test_only_one_more_author_is_named() -> None:
    assert authors_line(("A", "B", "C", "D")) == "A, B, C and D"
    assert authors_line(()) == ""
    assert authors_line(("A Team", ":", "B", "-", "C")) == "A Team, B and C"


def test_a_link_is_no_name_of_an_author() -> None:
    assert (
        authors_line(("Ada", "https://orcid.org/0000-0001", "www.b.example", "Bo")) == "Ada and Bo"
    )


def test_the_newest_reading_of_each_source_counts() -> None:
    signals = [
        make_signal("upvotes", 9, hour=1),
        make_signal("upvotes", 12, hour=3),
        make_signal("upvotes", 11, hour=2),
        make_signal("upvotes", 5, source="openreview"),
    ]
    assert latest_readings(signals) == {"upvotes": 17}


def test_stars_and_citations_that_several_sources_tell_of_are_not_added_up() -> None:
    signals = [
        make_signal("stars", 120, source="github"),
        make_signal("stars", 118, source="huggingface"),
        make_signal("citations", 4, source="openalex"),
        make_signal("citations", 6, source="semantic_scholar"),
    ]
    assert latest_readings(signals) == {"stars": 120, "citations": 6}


def test_marks_say_where_points_were_given() -> None:
    signals = (
        make_signal("points", 312, source="hacker_news"),
        make_signal("score", 1, source="reddit"),
        make_signal("comments", 44, source="hacker_news"),
        make_signal("comments", 2, source="reddit"),
    )
    marks = card_facts(make_paper(signals=signals)).marks
    assert marks == "312 points on Hacker News · 1 point on Reddit · 46 comments"


def test_sources_are_called_by_the_names_people_know() -> None:
    names = source_names(("arxiv_rss", "arxiv", "hacker_news", "feeds.lab-blog"))
    assert names == ("arXiv", "Hacker News", "lab-blog")


def test_a_summary_calls_the_paper_by_its_name_where_the_abstract_has_a_macro() -> None:
    paper = make_paper(title="SureFoot: plans", summary="", abstract=r"We propose \ours{}, a plan.")
    assert tldr(paper) == "We propose SureFoot, a plan."


def test_a_summary_comes_before_the_abstract_and_both_are_cut() -> None:
    assert tldr(make_paper(summary="Short.")) == "Short."
    assert "We propose a planner" in tldr(make_paper(summary=""))
    assert len(tldr(make_paper(summary="word " * 500))) <= 420
    assert len(tldr(make_paper(summary="", abstract="word " * 5000))) <= 420
