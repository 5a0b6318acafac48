import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail import typography


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("ℓ_1-norms in O(n^2)", "ℓ₁-norms in O(n²)"),
        ("x_i^2 and (a+b)^n, 10^-3", "xᵢ² and (a+b)ⁿ, 10⁻³"),
        ("PAR^2-RAG, C^2GA, D(^2)CL, 90^∘, 4^th", "PAR²-RAG, C²GA, D²CL, 90°, 4th"),
        ("km s^-1 Mpc^-1, x^-1y, A^-10", "km s⁻¹ Mpc⁻¹, x^-1y, A⁻¹⁰"),
        ("CO_2 gpt_4 snake_1 _1_ a_b 2^x R^d x_10_2", "CO_2 gpt_4 snake_1 _1_ a_b 2^x R^d x_10_2"),
    ],
)
def test_simple_indices_and_powers_are_signs(text: str, typeset: str) -> None:
    assert typography.typeset(text) == typeset


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("RoadFormer : Fusion of Roads", "RoadFormer: Fusion of Roads"),
        ("workers in parallel , and bias,, too..", "workers in parallel, and bias, too."),
        ("a gap ( a bias ) of it", "a gap (a bias) of it"),
        ("in models,while x,y and 1,000 stay", "in models, while x,y and 1,000 stay"),
        ("steered by *dataset vectors*–directions", "steered by dataset vectors–directions"),
        ("a rigorous `needle-in-a-haystack' test", "a rigorous ‘needle-in-a-haystack’ test"),
        (
            "A {BERT}-like {ChartIR}, pi_{0.5} of e^{-f-g}",
            "A BERT-like ChartIR, pi_0.5 of e^(-f-g)",
        ),
        ("its inertia( a bias) of k_ BT", "its inertia (a bias) of k_BT"),
        ("**M**ulti-Round **A**gentic RAG of Learn{ING}", "Multi-Round Agentic RAG of LearnING"),
        ("p^{10} and x_{i}", "p¹⁰ and xᵢ"),
    ],
)
def test_stray_marks_and_gaps_are_gone(text: str, typeset: str) -> None:
    assert typography.typeset(text) == typeset


@pytest.mark.parametrize(
    "text",
    [
        "A* and Q* search, 6K*6K, TWP^* and *-PLUIE, x ** y",
        "Do I look like a `cat.n.01` to you? rock 'n' roll, ``a''",
        "{{ name }} {% raw %} {0,1}ⁿ, x ∈ {A}, f({AB})",
        "Une étude : le texte ; la suite",
        "wait ... and .NET, .env and :) stay",
    ],
)
def test_what_means_something_stays(text: str) -> None:
    assert typography.typeset(text) == text


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(typography.typeset(text), str)
