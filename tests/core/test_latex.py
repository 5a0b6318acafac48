"""TeX as people read it; what is no TeX stays as it is."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from digest.core import latex, tex_macros
from digest.core.latex import accented, readable


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"$\ell_1$-norm", "ℓ_1-norm"),
        (r"G\"odel and Erd\H{o}s", "Gödel and Erdős"),
        (r"\alpha-stable", "α-stable"),
        (r"\textbf{Bold} and \emph{calm}", "Bold and calm"),
        ("``Quoted'' words", "“Quoted” words"),
        ("pages 3--7", "pages 3–7"),
        ("Fig.~1 of Sec~2", "Fig. 1 of Sec 2"),
        (r"$O(n \log n)$ time", "O(n log n) time"),
        (r"Caf\'e", "Café"),
        (r"$\sim$10.5K samples, ${\sim}2{,}000$ pages", "∼10.5K samples, ∼2,000 pages"),
        (r"better by $-$7.4\%, $<$1B", "better by -7.4%, <1B"),
        (r"Q&A on $L^p$ spaces, R\&D too", "Q&A on L^p spaces, R&D too"),
        (r"on verl~\cite{sheng2024} and X \citep[p.~1]{a,b}, too", "on verl and X, too"),
        (r"up to ($ 3-5 \times$ faster)", "up to (3-5 × faster)"),
        (r"code \href{https://a.example/b_c}{at \texttt{Hub}}", "code at Hub"),
        (r"\texttt{Name} in a \mbox{box}, 4\textsuperscript{th}", "Name in a box, 4th"),
        (r"{\sc Turbo} and {\it calm} \textcolor{red}{hot}", "Turbo and calm hot"),
        (r"$\neg H$ and $\boldsymbol{\alpha}$", "¬ H and α"),
        ("the Mus{é}e of {A}da", "the Musée of Ada"),
        (r"\enquote{LLM-as-a-Judge}, \textgreater 96\%", "“LLM-as-a-Judge”, >96%"),
        (r"a library\footnote{\url{https://a.example}} for all", "a library for all"),
        (r"the \underline{Ko}rean \underline{G}rammar", "the Korean Grammar"),
    ],
)
def test_tex_reads_as_text(text: str, wanted: str) -> None:
    found = readable(text).replace("\N{NO-BREAK SPACE}", " ")
    assert found.replace("logn", "log n") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"$n^{5/3}$ and $e^{-f-g}$", "n^(5/3) and e^(-f-g)"),
        (r"$a_{k-1}+a_{i,j}$", "a_(k-1)+a_(i,j)"),
        (r"$\mathbb{R}^{n \times d}$", "ℝ^(n × d)"),
        (r"$n^{\frac{1}{2}}$ and $e^{x^{2}+1}$", "n^(1/2) and e^(x^2+1)"),
        (r"$10^{-3}$ $n^{2}$ $x^{(k-1)}$", "10^-3 n^2 x^(k-1)"),
        (r"$T_{\text{pre-train}}$ and $x_{\rm in-vivo}$", "T_pre-train and x_ in-vivo"),
        (r"$\frac{1}{2n-2}+\dfrac{c}{n^2}-\tfrac12$", "1/(2n-2)+c/n^2-1/2"),
        (r"$\frac{a+b}{2}$, $\frac{1}{2n}$", "(a+b)/2, 1/(2n)"),
        (r"$\sqrt{x}$ and $\sqrt[3]{x}$", "√(x) and (x)^(1/3)"),
        (r"$\binom{n}{k}$ ways", "(n choose k) ways"),
        (r"$O\left(n\right) \le \bigl\{x\bigr\}$", "O(n) ≤{x}"),
        (r"$\displaystyle\sum\limits_{i=1}^n {\cal B}$", "∑_(i=1)^n B"),
        (r"of the form $$x+\alpha.$$", "of the form x+α."),
        (r"if $q \equiv 1 \pmod{4}$, then", "if q ≡ 1 (mod 4), then"),
        (r"$[\underline\sigma, \overline{x}]$", "[σ\u0332, x\u0305]"),
        ("codes $C\\colonΣ^n\\rightarrowΣ^m$", "codes C: Σ^n→ Σ^m"),
        (r"$f\colon X\to Y$", "f: X→ Y"),
    ],
)
def test_mathematics_means_the_same_on_one_line(text: str, wanted: str) -> None:
    assert readable(text).replace("\N{NO-BREAK SPACE}", " ") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"We propose \ourmethod, a method", "We propose ourmethod, a method"),
        (r"The \bench{} benchmark and \bench too", "The bench benchmark and bench too"),
        (r"We \change{improve} it", "We improve it"),
    ],
)
def test_a_macro_of_the_authors_own_leaves_no_hole(text: str, wanted: str) -> None:
    assert readable(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain words, 100% of them",
        "It costs $5 and then $3 more",
        r"Growth of 5\% and 7%",
        "From $100 to $200 for 50% less",
        "snake_case and a^b {braces} & more #1",
        "R&D for 3 < 5 > 2",
        "~ about ~50 ~/home",
        "ℓ_1 → ∞ and “quotes” – dashes",
    ],
)
def test_prices_per_cent_and_plain_signs_stay(text: str) -> None:
    assert readable(text) == text.replace(r"\%", "%")


@pytest.mark.parametrize("stop", ["", "."])
def test_abbreviations_that_authors_define_are_written_out(stop: str) -> None:
    tex = rf"many models (\eg{stop}, BERT; \ie{stop}, one) of Doe \etal{stop} do"
    assert readable(tex) == "many models (e.g., BERT; i.e., one) of Doe et al. do"


@pytest.mark.parametrize(
    "text", ["$", "$$", "\\", "{", "\\begin{x}", "$\\frac{1}", "\\" * 500, "$" * 501, "{" * 2_000]
)
def test_broken_tex_is_shown_somehow(text: str) -> None:
    assert isinstance(readable(text), str)


def test_white_space_is_collapsed() -> None:
    assert readable("  a\n b\t\tc ") == "a b c"


def test_an_endless_text_is_left_alone() -> None:
    text = "$x$ " * 10_000
    assert readable(text) == text.strip()


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    found = readable(text)
    assert found == " ".join(found.split())
    assert bool(found) == bool(text.split())


@given(st.text(alphabet="$\\{}%^_&~#'`-\"ab1 ", max_size=40))
def test_no_heap_of_signs_breaks_it(text: str) -> None:
    assert bool(readable(text)) == bool(text.split())


@given(st.text(alphabet="abc ÄÖü,.:;!?()[]0123456789%€$@", max_size=60))
def test_text_without_tex_is_read_once_and_for_all(text: str) -> None:
    once = readable(text)
    assert readable(once) == once


# --- the short cuts give what the converter gives ------------------------------------------------

_STRETCH = "The plain words of a long sentence, well (away) from any state-of-the-art sign; "
_SIGNS = r"""
    a é $x_1$ $ { } [ ] * - -- --- `` '' ~ & % \% \& \_ \{ \} \\ \ \alpha \textbf{ \emph \frac
    \sqrt[ \mathbb \mathbb{ \" \'{ \( \) \[ \] \cite{ \title{
    \maketitle \date \verb| \begin{itemize}
"""
_PIECES = st.sampled_from([" ", _STRETCH, "\ue000", *_SIGNS.split()])


def plainly(text: str) -> str:
    """The text as the converter alone reads it."""
    converter = LatexNodes2Text(
        tex_macros.texts(), math_mode="text", strict_latex_spaces=False, keep_comments=True
    )
    tex = latex._escaped(" ".join(text.split()))
    try:
        found = converter.latex_to_text(tex, latex_context=tex_macros.macros())
    except Exception:
        return " ".join(text.split())
    return " ".join(found.split()) or " ".join(text.split())


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_short_cuts_change_nothing(text: str) -> None:
    assert readable(text) == (plainly(text) if latex._has_tex(text) else " ".join(text.split()))


def test_no_text_sees_what_another_called_itself() -> None:
    readable(r"\title{Secret}\author{Mole}")
    assert "Secret" not in readable(r"On \maketitle and others")


@pytest.mark.recordings
def test_recorded_texts_read_as_the_converter_reads_them(recordings: Path) -> None:
    folder = recordings / "recordings/arxiv_daily_listing/dw-dengwei"
    lines = gzip.decompress(min(folder.glob("*.jsonl.gz")).read_bytes()).splitlines()
    texts = [text for row in map(json.loads, lines) for text in (row["title"], row["summary"])]
    for text in filter(latex._has_tex, texts):
        assert readable(text) == plainly(text)


@pytest.mark.parametrize(
    ("tex", "letters"),
    [
        (r"{\"o} \"{o} {\"{o}} \"o", "ö ö ö ö"),
        (r"\v{c} \v c {\v c} \c{c} \H{o} \k{a}", "č č č ç ő ą"),
        (r"\'{\i} {\'\i} {\ss} \o{} {\AE}", "í í ß ø Æ"),
        (r"\vec{x} \cite{a} \omega \bar b \dots", r"\vec{x} \cite{a} \omega \bar b \dots"),
        (r"$\ell_1$ of G{\"o}del", r"$\ell_1$ of Gödel"),
        ("no macro at all {X}", "no macro at all {X}"),
    ],
)
def test_accents_become_letters_and_all_else_stays(tex: str, letters: str) -> None:
    assert accented(tex) == letters
