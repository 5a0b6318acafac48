from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digest.ranking.static_table import StaticTable, dump_table, parse_table

TABLE = StaticTable(
    terms=("graph", "naïve", "β-sheet"),
    vectors=np.array([[127, 0], [-64, 2], [1, -127]], np.int8),
    scales=np.array([0.5, 0.25, 2.0], np.float32),
)


def test_rows_are_given_in_the_order_asked_for_each_by_its_scale() -> None:
    assert TABLE.rows(["β-sheet", "graph", "graph"]).tolist() == [[2, -254], [63.5, 0], [63.5, 0]]


def test_a_term_that_the_table_lacks_has_zeros_wherever_it_is_asked_for() -> None:
    assert TABLE.rows(["unheard", "naïve", "", "unheard"]).tolist() == [
        [0, 0],
        [-16, 0.5],
        [0, 0],
        [0, 0],
    ]


def test_stems_of_one_word_are_relatives_where_they_begin_alike_and_mean_alike(
    shipped: StaticTable,
) -> None:
    assert shipped.relatives("molecul") == ("molecular",)
    assert shipped.relatives("epidemiologi") == ("epidemiolog",)
    # Much alike in meaning, or in letters, but not in both.
    assert "bid" not in shipped.relatives("auction")
    assert "generous" not in shipped.relatives("gener")
    assert shipped.relatives("unheardof") == shipped.relatives("gan") == ()


def test_no_terms_have_no_rows() -> None:
    assert TABLE.rows([]).shape == (0, TABLE.dimensions)


@given(
    st.lists(st.text("abcß-é", min_size=1), min_size=1, max_size=6, unique=True).flatmap(
        lambda terms: st.tuples(
            st.just(tuple(terms)),
            arrays(np.int8, (len(terms), 3)),
            arrays(np.float16, len(terms), elements=st.floats(0, 100, width=16)),
        )
    )
)
def test_a_table_is_read_as_it_was_written(
    parts: tuple[tuple[str, ...], np.ndarray, np.ndarray],
) -> None:
    terms, vectors, scales = parts
    table = StaticTable(terms=terms, vectors=vectors, scales=scales.astype(np.float32))
    again = parse_table(dump_table(table))
    assert again.terms == terms
    assert again.vectors.dtype == np.int8
    assert again.rows([*terms, "?"]).tolist() == table.rows([*terms, "?"]).tolist()


def archive(**arrays: np.ndarray) -> bytes:
    out = BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def bare_array() -> bytes:
    out = BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


PARTS = {
    "terms": np.frombuffer(b"graph\nprotein", np.uint8),
    "vectors": np.zeros((2, 3), np.int8),
    "scales": np.ones(2, np.float16),
}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"PK no archive", b"PK\x03\x04 cut off", b"\x93NUMPY", b"<html>", bare_array()),
        dump_table(TABLE)[:-40],
        dump_table(TABLE)[:60] + b"#" * 20 + dump_table(TABLE)[80:],
        archive(**{**PARTS, "terms": PARTS["terms"][:5]}),
        archive(**{**PARTS, "terms": np.frombuffer(b"\xff\n\xff", np.uint8)}),
        archive(**{**PARTS, "vectors": np.zeros((2, 3), np.float32)}),
        archive(**{**PARTS, "vectors": np.zeros(2, np.int8)}),
        archive(**{**PARTS, "scales": np.ones(3, np.float16)}),
        archive(vectors=PARTS["vectors"], scales=PARTS["scales"]),
    ],
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    assert parse_table(archive(**PARTS)).terms == ("graph", "protein")
    with pytest.raises(ValueError):
        parse_table(content)


def test_the_shipped_table_knows_the_stems_of_common_words(shipped: StaticTable) -> None:
    assert shipped.dimensions == shipped.rows(["graph"]).shape[1]
    assert len(shipped.terms) == len(set(shipped.terms)) == len(shipped.vectors)
    assert shipped.rows(["graph", "protein", "robot"]).any(axis=1).all()
