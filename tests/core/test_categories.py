import re

import pytest

from digest.core import categories
from digest.core.categories import named_by


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number theory", ("math.NT",)),
        ("Human-Computer Interaction", ("cs.HC",)),
        ("human computer interaction", ("cs.HC",)),
        ("NLP", ("cs.CL",)),
        ("machine learning", ("cs.LG", "stat.ML")),
        ("Mathematics", ("math.*",)),
        ("machine learning for glaciers", ()),
        ("theory", ()),
        ("", ()),
    ],
)
def test_a_field_is_known_by_its_name_alone(text: str, expected: tuple[str, ...]) -> None:
    assert named_by(text) == expected


def test_every_name_leads_to_categories_as_arxiv_writes_them() -> None:
    form = re.compile(r"[a-z]+(?:-[a-z]+)?(?:\.(?:[A-Z]{2}|[a-z]+(?:-[a-z]+)?|\*))?")
    for name, found in categories._CATEGORIES.items():
        assert found
        assert name == " ".join(name.split()).casefold()
        assert all(form.fullmatch(category) for category in found)
