from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from digest.core.identifiers import ARXIV, DOI, Identifier
from digest.core.papers import Reading
from digest.pipeline import browse
from tests.web.world import NOW, TODAY, World

HOSTILE = '<script>alert("x")</script> & <b>bold</b>'


def places(html: str, *words: str) -> list[int]:
    found = [html.find(word) for word in words]
    assert -1 not in found
    return found


def test_the_front_page_shows_what_trends_most_first(world: World, web: FlaskClient) -> None:
    slow, fast = world.paper("Slow one"), world.paper("Fast one")
    world.edition(TODAY, [(slow, 0.2, ""), (fast, 0.9, "53 votes within a day")])
    response = web.get("/")
    html = response.text
    assert places(html, "Fast one", "Slow one") == sorted(places(html, "Fast one", "Slow one"))
    assert "53 votes within a day" in html
    assert "Friday, 20 March 2026" in html
    assert "Grace Hopper and Alan Turing" in html
    assert f'href="{fast.url}"' in html
    assert response.headers["Cache-Control"] == "public, max-age=60"


def test_the_front_page_makes_the_promise_and_takes_an_address(web: FlaskClient) -> None:
    html = web.get("/").text
    assert "Get trending papers in your inbox once a day" in html
    for name in ('name="email"', 'name="interests"', 'name="homepage"', 'action="/search"'):
        assert name in html


def test_without_an_edition_the_front_page_shows_the_latest_papers(
    world: World, web: FlaskClient
) -> None:
    world.paper("Old", published_at=NOW - timedelta(days=3))
    world.paper("New", published_at=NOW - timedelta(days=1))
    world.paper("Voted", source="huggingface", readings=(Reading(metric="upvotes", value=31),))
    html = web.get("/").text
    assert places(html, ">New<", ">Old<") == sorted(places(html, ">New<", ">Old<"))
    assert "31 votes on Hugging Face" in html


def test_a_search_on_the_web_has_the_order_of_one_at_the_command_line(
    world: World, web: FlaskClient
) -> None:
    titles = ["Eels at night", "Eels, eels and more eels", "On birds"]
    for title in titles:
        world.paper(title, abstract="Some birds eat eels.")
    html = web.get("/search?q=birds+and+eels").text
    found = [one.paper.title for one in browse.search(world.app, "birds and eels", limit=9)]
    assert places(html, *found) == sorted(places(html, *found))
    assert sorted(found) == sorted(titles)


def test_without_any_paper_the_front_page_says_so(web: FlaskClient) -> None:
    response = web.get("/")
    assert response.status_code == 200
    assert "There are no papers yet" in response.text


def test_an_edition_without_papers_does_not_empty_the_front_page(
    world: World, web: FlaskClient
) -> None:
    world.edition(TODAY - timedelta(days=1), [(world.paper("Yesterday's"), 0.5, "")])
    world.edition(TODAY, [])
    html = web.get("/").text
    assert "Yesterday&#39;s" in html
    assert "looked at on" in html


def test_a_search_finds_papers_and_keeps_what_was_typed(world: World, web: FlaskClient) -> None:
    world.paper("Sparse attention for long documents", abstract="")
    world.paper("Soil moisture", abstract="")
    response = web.get("/search", query_string={"q": "  attention "})
    assert "Sparse attention" in response.text
    assert "Soil moisture" not in response.text
    assert 'value="attention"' in response.text
    assert response.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("query", ["", "   ", "%%%", '"', "NEAR(", "x" * 10_000, "\x00", "ü OR *"])
def test_a_search_takes_anything(world: World, web: FlaskClient, query: str) -> None:
    world.paper()
    assert web.get("/search", query_string={"q": query}).status_code == 200


def test_a_search_shows_at_most_fifty(world: World, web: FlaskClient) -> None:
    for number in range(52):
        world.paper(f"Quasar number {number} of the great survey", abstract="")
    html = web.get("/search?q=quasar").text
    assert html.count("<li>") == 50
    assert "The best 50 matches" in html


def test_a_paper_has_its_abstract_sources_links_and_signals_over_time(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper(
        "On calm",
        source="huggingface",
        pdf_url="https://arxiv.org/pdf/2603.1",
        code_url="https://github.com/calm/calm",
        readings=(Reading(metric="upvotes", value=3),),
    )
    world.clock.sleep(3600)
    world.read_again(paper, upvotes=12)
    html = web.get(f"/papers/{paper.id}").text
    for words in (
        "We watch the paint dry",
        "Upvotes on Hugging Face",
        "from 3 to 12 in 2 readings",
        "https://arxiv.org/pdf/2603.1",
        "https://github.com/calm/calm",
        "19 March 2026",
    ):
        assert words in html


def test_a_paper_with_a_thousand_authors_hides_them_behind_a_summary(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper(authors=tuple(f"Author {n}" for n in range(1000)))
    html = web.get(f"/papers/{paper.id}").text
    assert "<summary>Author 0, Author 1, Author 2 and 997 more</summary>" in html
    assert "Author 999" in html


@pytest.mark.parametrize("name", ["0", "7", "-1", "01", "x", "99999999999999999999", "2147483648"])
def test_an_unknown_paper_is_not_found(world: World, web: FlaskClient, name: str) -> None:
    world.paper()
    assert web.get(f"/papers/{name}").status_code == 404


@pytest.mark.parametrize("name", ["2603.01234", "2603.01234v2", "arxiv:2603.01234", "10.1000/x.7"])
def test_whoever_knows_a_paper_by_another_name_is_led_to_its_page(
    world: World, web: FlaskClient, name: str
) -> None:
    names = (Identifier(ARXIV, "2603.01234"), Identifier(DOI, "10.1000/x.7"))
    paper = world.paper("Painted", ids=names)
    answer = web.get(f"/papers/{name}")
    assert (answer.status_code, answer.location) == (302, f"/papers/{paper.id}")


def test_an_edition_shows_its_top_thirty(world: World, web: FlaskClient) -> None:
    chosen = [(world.paper(f"Work no. {n} on galaxies"), n / 100, "") for n in range(33)]
    world.edition(TODAY, chosen)
    html = web.get("/editions/2026-03-20").text
    assert html.count("<li>") == 30
    assert "Work no. 32 on" in html
    assert "Work no. 2 on" not in html
    assert "of 33 in this edition" in html


def test_an_edition_leads_to_those_beside_it(world: World, web: FlaskClient) -> None:
    for day in (date(2026, 3, 18), date(2026, 3, 19), date(2026, 3, 20)):
        world.edition(day, [(world.paper(f"Of {day}"), 0.5, "")])
    html = web.get("/editions/2026-03-19").text
    assert 'href="/editions/2026-03-18"' in html
    assert 'href="/editions/2026-03-20"' in html


@pytest.mark.parametrize(
    "name", ["2026-03-19", "2026-02-30", "20260320", "today", "9999-12-31", "0001-01-01"]
)
def test_an_unknown_edition_is_not_found(world: World, web: FlaskClient, name: str) -> None:
    world.edition(TODAY, [])
    assert web.get(f"/editions/{name}").status_code == 404


def test_text_from_sources_is_shown_as_text(world: World, web: FlaskClient) -> None:
    paper = world.paper(
        f"Title {HOSTILE}",
        abstract=f"Abstract {HOSTILE}",
        summary=f"Summary {HOSTILE}",
        authors=(f"Author {HOSTILE}",),
        categories=(f"cs.{HOSTILE}",),
    )
    world.edition(TODAY, [(paper, 0.5, f"Reason {HOSTILE}")])
    for path in ("/", f"/papers/{paper.id}", "/editions/2026-03-20", "/search?q=title"):
        html = web.get(path).text
        assert "<script" not in html
        assert "<b>" not in html
        assert "&lt;script&gt;" in html


def test_a_query_is_shown_as_text(web: FlaskClient) -> None:
    html = web.get("/search", query_string={"q": f'"{HOSTILE}'}).text
    assert "<script" not in html
    assert 'value="&#34;&lt;script&gt;' in html


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/", "//x", "https://u:p@x.example"],
)
def test_only_web_links_become_links(world: World, web: FlaskClient, url: str) -> None:
    paper = world.paper(url=url, pdf_url=url, code_url=url, discussion_url=url)
    html = web.get(f"/papers/{paper.id}").text
    assert url not in html
    assert "Read the paper" not in html


def test_a_paper_is_called_by_its_name_where_its_abstract_has_a_macro(
    world: World, web: FlaskClient
) -> None:
    paper = world.paper("SureFoot: plans", abstract=r"We propose \ours{}, a plan.")
    assert "We propose SureFoot, a plan." in web.get(f"/papers/{paper.id}").text


def test_tex_in_titles_and_abstracts_reads_as_text(world: World, web: FlaskClient) -> None:
    paper = world.paper(r"An $\ell_1$ bound by G\"odel", abstract=r"We bound $\alpha \leq 1$.")
    html = web.get(f"/papers/{paper.id}").text
    assert "An ℓ_1 bound by Gödel" in html
    assert "$" not in html
    assert "≤" in html


def test_a_paper_without_words_still_has_a_page(world: World, web: FlaskClient) -> None:
    paper = world.paper(
        "?", abstract="", authors=(), url="", categories=(), ids=(Identifier(ARXIV, "2603.09999"),)
    )
    assert web.get(f"/papers/{paper.id}").status_code == 200
