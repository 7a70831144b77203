# SPDX-License-Identifier: Apache-2.0
"""Batches of queries, parts of the keys, and searches that are left to an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.keyed_vectors.search import Neighbours
from fastw2v.vocabulary import Vocabulary

VOCAB_SIZE, SIZE = 40, 5
# Cosines are sums of a few float32 products, added in another order for many queries than for one.
TOLERANCE = 2e-6


def make() -> KeyedVectors:
    rows = np.random.default_rng(5).normal(size=(VOCAB_SIZE, SIZE)).astype(np.float32)
    words = [f"w{i}" for i in range(VOCAB_SIZE)]
    return KeyedVectors(Vocabulary(words, np.ones(VOCAB_SIZE, np.int64)), rows)


@pytest.fixture
def kv() -> KeyedVectors:
    return make()


def check_same(found: list[Neighbours], expected: list[Neighbours]) -> None:
    """Compare the neighbours of several queries."""
    assert [[key for key, _ in one] for one in found] == [
        [key for key, _ in one] for one in expected
    ]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose([c for _, c in one], [c for _, c in other], atol=TOLERANCE)


# ---- Batches -------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("topn", [0, 1, 6, 99])
def test_each_query_of_a_batch_finds_what_it_finds_alone(
    kv: KeyedVectors, topn: int, threads: int
) -> None:
    kv[7] = kv["w7"]
    vector = np.arange(SIZE)
    batch: list[Any] = ["w1", 7, vector, ("w1", "w2"), (["w1", vector], [("w2", 0.5), 7])]
    alone = [
        kv.most_similar("w1", topn=topn),
        kv.most_similar(7, topn=topn),
        kv.most_similar(vector, topn=topn),
        kv.most_similar("w1", "w2", topn),
        kv.most_similar(["w1", vector], [("w2", 0.5), 7], topn),
    ]
    check_same(kv.most_similar_batch(batch, topn, threads=threads), alone)


def test_a_matrix_is_a_query_a_row_in_a_batch_and_one_query_alone(kv: KeyedVectors) -> None:
    rows = kv.vectors[[3, 8]]
    check_same(kv.most_similar_batch(rows), [kv.most_similar(row) for row in rows])
    assert kv.most_similar_batch(rows.astype(np.float64)) == kv.most_similar_batch(list(rows))
    assert kv.most_similar(rows) == kv.most_similar(list(rows))


def test_a_list_of_words_is_several_queries_in_a_batch_and_one_alone(kv: KeyedVectors) -> None:
    words = ["w1", "w2"]
    several = [kv.most_similar("w1"), kv.most_similar("w2")]
    found = kv.most_similar_batch(words)
    check_same(found, several)
    assert kv.most_similar_batch(np.array(words)) == kv.most_similar_batch(iter(words)) == found
    assert kv.most_similar_batch([words]) == [kv.most_similar(words)]


def test_a_pair_of_ints_is_two_keys_in_a_batch(kv: KeyedVectors) -> None:
    kv[[1, 2]] = kv[["w1", "w2"]]
    assert kv.most_similar_batch([(1, 2)]) == [kv.most_similar([1], [2])]


def test_no_queries_have_no_answers(kv: KeyedVectors) -> None:
    assert kv.most_similar_batch([]) == []
    assert kv.most_similar_batch(np.empty((0, SIZE))) == []


@pytest.mark.parametrize(
    ("queries", "error", "message"),
    [
        ("w1", TypeError, "queries must be a list of queries"),
        (1, TypeError, "queries must be a list of queries"),
        (None, TypeError, "queries must be a list of queries"),
        (np.ones(SIZE), ValueError, "ndarray of two dimensions, not 1"),
        (np.ones((1, 2, SIZE)), ValueError, "ndarray of two dimensions, not 3"),
        (np.ones((2, SIZE + 1)), ValueError, r"shape \(5,\), not \(6,\)"),
        (["w1", 0.5], TypeError, "query 1 must be a key, a vector or several of them"),
        (["w1", [0.5, 1.0]], TypeError, "query 1 must be made of keys"),
        (["w1", ("w1", "w2", "w3")], ValueError, r"query 1 must be a pair \(positive, negative\)"),
        (["w1", ("w1", 0.5)], TypeError, "query 1 must be a key"),
        (["w1", np.zeros(SIZE)], ValueError, "query 1 is zero"),
        (["w1", []], ValueError, "query 1 is empty"),
        (["w1", "unknown"], KeyError, "'unknown' has no vector"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_with_the_reason(
    kv: KeyedVectors, queries: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kv.most_similar_batch(queries)


# ---- Parts of the keys ---------------------------------------------------------------------


@given(
    clip_start=st.integers(0, VOCAB_SIZE + 3),
    clip_end=st.none() | st.integers(1, VOCAB_SIZE + 3),
    topn=st.integers(0, VOCAB_SIZE + 3),
)
def test_clipping_is_leaving_out_all_other_keys(
    clip_start: int, clip_end: int | None, topn: int
) -> None:
    kv = make()
    part = kv.index_to_key[clip_start:clip_end]
    everything = kv.most_similar(["w3", "w20"], ["w33"], topn=VOCAB_SIZE)
    options: Any = {"clip_start": clip_start, "clip_end": clip_end}
    found = kv.most_similar(["w3", "w20"], ["w33"], topn=topn, **options)
    expected = [(word, cosine) for word, cosine in everything if word in part][:topn]
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=TOLERANCE)
    assert kv.most_similar_batch([(["w3", "w20"], "w33")], topn, **options) == [found]
    assert kv.most_similar("w3", topn=None, **options).shape == (len(part),)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"clip_start": -1}, ValueError, "clip_start must be at least 0"),
        ({"clip_start": None}, TypeError, "clip_start must be an integer"),
        ({"clip_end": 0}, ValueError, "clip_end must be at least 1"),
        ({"clip_end": 2.5}, TypeError, "clip_end must be an integer"),
        ({"restrict_vocab": 0}, ValueError, "restrict_vocab must be at least 1"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"topn": -1}, ValueError, "topn must be at least 0"),
    ],
)
def test_numbers_out_of_range_are_refused(
    kv: KeyedVectors, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kv.most_similar("w1", **options)
    with pytest.raises(error, match=message):
        kv.most_similar_batch(["w1"], **options)


def test_restrict_vocab_takes_the_place_of_clipping(kv: KeyedVectors) -> None:
    found = kv.most_similar("w1", clip_start=20, clip_end=30, restrict_vocab=10)
    assert found == kv.most_similar("w1", restrict_vocab=10)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_result(kv: KeyedVectors, threads: int) -> None:
    for search in (kv.similar_by_key, kv.similar_by_word, kv.most_similar_cosmul, kv.most_similar):
        assert search("w1", threads=threads) == search("w1")  # type: ignore[operator]
        alone, shared = search("w1", topn=None), search("w1", topn=None, threads=threads)  # type: ignore[operator]
        np.testing.assert_array_equal(alone, shared)
        with pytest.raises(ValueError, match="threads must be at least 1, not 0"):
            search("w1", threads=0)  # type: ignore[operator]
    assert kv.similar_by_vector(kv["w1"], threads=threads) == kv.similar_by_vector(kv["w1"])


# ---- An index ------------------------------------------------------------------------------


class Index:
    """Records what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def most_similar(self, vector: Any, topn: int) -> list[tuple[str, float]]:
        self.asked.append((vector, topn))
        return [("found", 1.0)]


def test_an_index_is_asked_for_the_neighbours_of_the_unit_query(kv: KeyedVectors) -> None:
    index = Index()
    assert kv.most_similar(["w1"], ["w2"], topn=3, indexer=index) == [("found", 1.0)]
    ((vector, topn),) = index.asked
    mean = kv.get_vector("w1", norm=True) - kv.get_vector("w2", norm=True)
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=TOLERANCE)
    assert (vector.shape, vector.dtype, topn) == ((SIZE,), np.float32, 3)


def test_an_index_is_not_asked_for_all_similarities(kv: KeyedVectors) -> None:
    index = Index()
    found = kv.most_similar("w1", topn=None, indexer=index)
    np.testing.assert_array_equal(found, kv.most_similar("w1", topn=None))
    assert index.asked == []
