# SPDX-License-Identifier: Apache-2.0
"""Several queries at once: unit vectors, and what each leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.keyed_vectors.queries import Item, make_queries
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
