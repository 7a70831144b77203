# SPDX-License-Identifier: Apache-2.0
"""Several queries at once: unit vectors, what each leaves out, and one search for all of them."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.keyed_vectors.queries import Item, make_queries
from fastw2v.keyed_vectors.scan import nearest
from fastw2v.vocabulary import Vocabulary

TOLERANCE = 2e-6


@pytest.fixture
def kv() -> KeyedVectors:
    rows = np.random.default_rng(5).normal(size=(30, 4)).astype(np.float32)
    rows[29] = 0
    return KeyedVectors(Vocabulary([f"w{i}" for i in range(30)], np.ones(30, np.int64)), rows)


def asked(kv: KeyedVectors) -> list[list[Item]]:
    return [[("w1", 1.0)], [("w2", 1.0), ("w3", -0.5), (kv["w4"], 2.0)], [(kv["w5"], 1.0)]]


def test_queries_are_a_matrix_of_unit_vectors_and_leave_out_their_own_words(
    kv: KeyedVectors,
) -> None:
    queries = make_queries(kv, asked(kv))
    assert queries.units.dtype == np.float32
    assert queries.units.flags.c_contiguous
    mixed = kv.get_vector("w2", norm=True) - 0.5 * kv.get_vector("w3", norm=True) + 2 * kv["w4"]
    for row, direction in zip(queries.units, [kv["w1"], mixed, kv["w5"]], strict=True):
        np.testing.assert_allclose(row, direction / np.linalg.norm(direction), atol=TOLERANCE)
    assert queries.excluded == [[1], [2, 3], []]


@pytest.mark.parametrize(
    ("items", "message"),
    [([], "query 1 is empty"), ([("w29", 1.0)], "query 1 is zero")],
)
def test_of_several_queries_the_wrong_one_is_named(
    kv: KeyedVectors, items: list[Item], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_queries(kv, [[("w1", 1.0)], items])


def test_no_queries_have_no_neighbours(kv: KeyedVectors) -> None:
    queries = make_queries(kv, [])
    assert queries.units.shape == (0, 4)
    ids, cosines = nearest(kv.vectors, None, kv.norms, queries.units, queries.excluded, 3)
    assert ids.shape == cosines.shape == (0, 3)


@pytest.mark.parametrize("topn", [0, 1, 7, 30, 99])
def test_several_queries_find_what_each_finds_alone(kv: KeyedVectors, topn: int) -> None:
    queries = make_queries(kv, asked(kv))
    ids, cosines = nearest(kv.vectors, None, kv.norms, queries.units, queries.excluded, topn)
    assert ids.shape == cosines.shape == (3, min(topn, 30))
    for items, row, values in zip(asked(kv), ids, cosines, strict=True):
        n_found = int(np.count_nonzero(row >= 0))
        assert np.all(row[n_found:] == -1)
        found = [(f"w{i}", c) for i, c in zip(row[:n_found], values.tolist(), strict=False)]
        assert found == kv.most_similar(items, topn=topn)
