import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.identifiers import ArxivId, Identifier, identify, parse_arxiv, parse_doi

NEW_STYLE = st.from_regex(r"[0-9]{4}\.[0-9]{4,5}", fullmatch=True)
OLD_STYLE = st.from_regex(r"(astro-ph|hep-th|math|cond-mat|cs|q-bio)/[0-9]{7}", fullmatch=True)
VERSIONS = st.none() | st.integers(1, 99)
FORMS = (
    "{}",
    "  {}\n",
    "arXiv:{}",
    "oai:arXiv.org:{}",
    "10.48550/arXiv.{}",
    "doi:10.48550/arXiv.{}",
    "https://doi.org/10.48550/arXiv.{}",
    "http://arxiv.org/abs/{}",
    "https://www.arxiv.org/abs/{}/",
    "https://arxiv.org/pdf/{}",
    "https://arxiv.org/pdf/{}.pdf",
    "https://arxiv.org/html/{}#S1",
    "https://export.arxiv.org/abs/{}?context=cs.LG",
    "see arxiv.org/abs/{}, figure 2",
    "https://huggingface.co/papers/{}",
    "https://huggingface.co/papers/{}.md",
    "https://www.alphaxiv.org/abs/{}",
    "https://alphaxiv.org/overview/{}",
)


@given(base=NEW_STYLE | OLD_STYLE, version=VERSIONS, form=st.sampled_from(FORMS))
def test_an_arxiv_id_is_read_from_every_form_and_kept_apart_from_its_version(
    base: str, version: int | None, form: str
) -> None:
    written = base if version is None else f"{base}v{version}"
    assert parse_arxiv(form.format(written)) == ArxivId(base, version)


def test_the_subject_class_of_an_old_id_is_left_out() -> None:
    assert parse_arxiv("math.GT/0309136v2") == ArxivId("math/0309136", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "post/1234567",
        "news/2026031",
        "2606.182467",
        "12606.18246",
        "version 2606.1824",
        "https://notarxiv.org/abs/2606.18246",
        "https://example.org/2606.18246",
        "https://huggingface.co/models/2606.18246",
        "٢٦٠٦.١٨٢٤٦",
    ],
)
def test_what_only_looks_like_an_arxiv_id_is_none(text: str) -> None:
    assert parse_arxiv(text) is None


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1038/S41586-026-01234-5", "10.1038/s41586-026-01234-5"),
        ("doi:10.1145/3592433.", "10.1145/3592433"),
        ("https://doi.org/10.1000%2Fabc", "10.1000/abc"),
        ("https://dl.acm.org/doi/10.1145/3592433?download=true", "10.1145/3592433"),
        ("https://pubs.acs.org/doi/pdf/10.1021/acs.x.6c00001", "10.1021/acs.x.6c00001"),
        ("https://iopscience.iop.org/article/10.1088/1-2/3/4/meta", "10.1088/1-2/3/4"),
        ("10.1016/s0140-6736(20)30183-5", "10.1016/s0140-6736(20)30183-5"),
        (
            "https://www.biorxiv.org/content/10.64898/2026.01.02.123456v2.full.pdf?rss=1",
            "10.1101/2026.01.02.123456",
        ),
        ("10.1101/2026.01.02.123456", "10.1101/2026.01.02.123456"),
    ],
)
def test_a_doi_is_read_from_text_and_publishers_links(text: str, doi: str) -> None:
    assert parse_doi(text) == doi


@pytest.mark.parametrize(
    "text", ["", "10.48550/arXiv.2606.18246", "v10.1145/1", "10.12/abc", "10.1145/)."]
)
def test_what_is_no_doi_or_only_arxivs_own_is_none(text: str) -> None:
    assert parse_doi(text) is None


def test_an_arxiv_id_goes_before_a_doi() -> None:
    assert identify("https://arxiv.org/abs/2606.18246v3") == Identifier("arxiv", "2606.18246")
    assert identify("10.1145/3592433") == Identifier("doi", "10.1145/3592433")
    assert identify("a title") is None


@given(st.text())
def test_any_text_has_an_identifier_or_none(text: str) -> None:
    if found := parse_arxiv(text):
        assert parse_arxiv(found.base) == ArxivId(found.base)
    if doi := parse_doi(text):
        assert doi.startswith("10.")


@pytest.mark.parametrize(
    "view", ["", "v1", "v2.full", "v1.full-text", "v1.abstract", "v1.full.pdf+html", ".full.pdf"]
)
def test_every_view_of_a_preprint_is_the_preprint(view: str) -> None:
    link = f"https://www.biorxiv.org/content/10.64898/2026.01.02.123456{view}"
    assert parse_doi(link) == "10.1101/2026.01.02.123456"


@pytest.mark.parametrize("tail", ["." * 100_000 + "x", "/full" * 50_000, ")." * 50_000])
def test_a_name_without_end_is_none(tail: str) -> None:
    assert parse_doi(f"https://doi.org/10.1234/{tail}") is None
    assert parse_doi(f"10.1234/x and 10.1234/{tail}") == "10.1234/x"
