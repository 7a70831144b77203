# SPDX-License-Identifier: Apache-2.0
"""Cosines of keys and vectors, and ranks by them, where gensim has no answer to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

TOLERANCE = 2e-6


@pytest.fixture
def kv() -> KeyedVectors:
    words = ["east", "north", "north-east", "far east", "zero", "nan"]
    rows = np.array([[1, 0], [0, 1], [1, 1], [9, 1], [0, 0], [np.nan, 1]], np.float32)
    return KeyedVectors(Vocabulary(words, np.ones(6, np.int64)), rows)


def test_a_zero_vector_is_similar_to_nothing(kv: KeyedVectors) -> None:
    assert kv.distance("east", "zero") == 1
    assert kv.distances("zero", ["east", "zero"]).tolist() == [1, 1]
    assert kv.distances("zero").tolist()[:5] == [1] * 5
    assert kv.n_similarity(["zero"], ["east"]) == 0
    assert kv.cosine_similarities(np.zeros(2), kv.vectors[:3]).tolist() == [0, 0, 0]
    assert kv.rank_by_centrality(["east", "zero"])[1] == (0, "zero")


def test_distances_to_all_and_to_each_are_the_same(kv: KeyedVectors) -> None:
    words = kv.index_to_key[:5]
    for word in words:
        each = [kv.distance(word, other) for other in words]
        np.testing.assert_allclose(kv.distances(word)[:5], each, atol=TOLERANCE)
        np.testing.assert_allclose(kv.distances(word, words), each, atol=TOLERANCE)
        np.testing.assert_allclose(kv.distances(kv[word])[:5], each, atol=TOLERANCE)
        tiny = kv[word] * np.float32(1e-25)  # whose squares are 0 in float32
        np.testing.assert_allclose(kv.distances(tiny)[:5], each, atol=TOLERANCE)


def test_what_is_not_finite_is_further_than_anything(kv: KeyedVectors) -> None:
    assert kv.rank("east", "nan") == 5
    assert kv.closer_than("east", "zero") == ["north-east", "far east"]
    assert kv.rank("east", "north") == 3
    assert kv.rank("east", "far east") == kv.rank("east", "east") == 1


def test_equal_keys_keep_their_order_by_centrality(kv: KeyedVectors) -> None:
    kv[5] = kv["north"]
    ranked = kv.rank_by_centrality([5, "north", "east"])
    assert [key for _, key in ranked] == [5, "north", "east"]


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_every_type_of_rows_is_compared(kv: KeyedVectors, dtype: str) -> None:
    converted = kv.astype(dtype)
    assert converted.distances("east")[:2] == pytest.approx([0, 1])
    assert converted.closer_than("east", "north-east") == ["far east"]
    assert converted.get_normed_vectors()[2] == pytest.approx([0.5**0.5] * 2)
    assert converted.most_similar_cosmul("east", topn=1)[0][0] == "far east"


def test_the_mean_takes_weights_and_single_keys(kv: KeyedVectors) -> None:
    assert kv.get_mean_vector("north").tolist() == [0, 1]
    assert kv.get_mean_vector(["east", "north"], [1, -3]).tolist() == [0.25, -0.75]
    assert kv.get_mean_vector(["east", "far east"], pre_normalize=False).tolist() == [5, 0.5]
    cancelled = kv.get_mean_vector(["east", "east"], [1, -1], post_normalize=True)
    assert cancelled.tolist() == [0, 0]
    assert cancelled.dtype == np.float32


def test_cosmul_is_equation_4_of_levy_and_goldberg(kv: KeyedVectors) -> None:
    def shifted(word: str) -> Any:
        return (2 - kv.distances(word)) / 2

    found = kv.most_similar_cosmul(["far east", "north"], ["east"], topn=None)
    expected = shifted("far east") * shifted("north") / (shifted("east") + 1e-6)
    np.testing.assert_allclose(found[:5], expected[:5], rtol=1e-5)
    best = kv.most_similar_cosmul(["far east", "north"], ["east"])
    assert [word for word, _ in best] == ["north-east", "zero"]
    assert kv.most_similar_cosmul(["far east", "north"], ["east"], restrict_vocab=2) == []
    assert kv.most_similar_cosmul("east", restrict_vocab=2)[0][0] == "north"


def test_cosmul_heeds_the_direction_of_a_vector_alone(kv: KeyedVectors) -> None:
    np.testing.assert_allclose(
        kv.most_similar_cosmul(7 * kv["north-east"], topn=None),
        kv.most_similar_cosmul("north-east", topn=None),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda kv: kv.get_mean_vector([]), "keys is empty"),
        (lambda kv: kv.get_mean_vector(["east"], [1, 2]), r"weights must be 1.* not of \(2,\)"),
        (lambda kv: kv.get_mean_vector([np.ones(3)]), r"shape \(2,\), not \(3,\)"),
        (lambda kv: kv.n_similarity([], ["east"]), "keys is empty"),
        (lambda kv: kv.distances(np.ones(3)), r"shape \(2,\), not \(3,\)"),
        (lambda kv: kv.most_similar_to_given("east", []), "keys_list is empty"),
        (lambda kv: kv.doesnt_match([]), "no key with a vector"),
        (lambda kv: kv.relative_cosine_similarity("east", "north", 0), "topn must be at least 1"),
        (lambda kv: kv.most_similar_cosmul(negative="east"), "at least one positive"),
        (lambda kv: kv.most_similar_cosmul("zero"), "is zero"),
        (lambda kv: kv.most_similar_cosmul([("east", 2.0)]), "knows no weights"),
    ],
)
def test_what_has_no_answer_is_refused_with_the_reason(
    kv: KeyedVectors, call: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call(kv)
