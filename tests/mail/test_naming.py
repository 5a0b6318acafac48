import pytest

from digest.mail.naming import name_of, with_its_name
from digest.mail.prose import clean


def test_the_name_of_a_paper_is_the_one_word_before_the_colon_of_its_title() -> None:
    assert name_of("FastCAR: Fast Classification") == "FastCAR"
    assert name_of("Object Pose Transformer: Unifying Poses") == ""
    assert name_of("Robots that walk") == name_of(": walk") == name_of("") == ""


@pytest.mark.parametrize(
    ("abstract", "shown"),
    [
        (r"We propose \ours, a plan.", "We propose SureFoot, a plan."),
        (r"We propose \textbf{\methodname}.", "We propose SureFoot."),
        (r"the {\dataset} benchmark", "the SureFoot benchmark"),
        (r"\codename walks; \OURS{}'s steps", "SureFoot walks; SureFoot's steps"),
        (r"the \method~framework", "the SureFoot framework"),
        (r"\alpha-robots, \modeling and \names", "α-robots, modeling and names"),
    ],
)
def test_an_abstract_calls_what_it_is_about_by_the_name_in_the_title(
    abstract: str, shown: str
) -> None:
    assert clean(with_its_name(abstract, "SureFoot: plans for robots")) == shown


def test_what_has_no_name_is_called_by_its_kind() -> None:
    abstract = r"\ours walks. We use \modelname{} and \benchName. \sys falls, \methodname{} not."
    assert clean(with_its_name(abstract, "Plans for robots")) == (
        "Our method walks. We use our model and our benchmark. Our system falls, our method not."
    )
