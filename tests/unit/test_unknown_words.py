# SPDX-License-Identifier: Apache-2.0
"""Words without a vector are never passed over in silence, nor silently given zeros."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary


@pytest.fixture
def kv() -> KeyedVectors:
    rows = np.array([[1, 2], [3, 4], [0, 0]], np.float32)
    return KeyedVectors(Vocabulary(["a", "b", "zero"], np.array([3, 2, 1])), rows)


def test_get_gives_the_vector_or_the_default(kv: KeyedVectors) -> None:
    vector = kv.get("a")
    assert vector is not None
    assert vector.tolist() == [1, 2]
    assert not vector.flags.writeable
    assert kv.get("x") is None
    assert kv.get("x", "default") == "default"
    assert kv.get(0) is None


WORDS = ["a", "x", "b", "y", "x", "a"]


def test_skip_leaves_unknown_words_out_and_counts_them(kv: KeyedVectors) -> None:
    found = kv.lookup(WORDS, oov="skip")
    assert found.keys == ["a", "b", "a"]
    assert found.vectors.tolist() == [[1, 2], [3, 4], [1, 2]]
    assert list(found.missing.items()) == [("x", 2), ("y", 1)]
    assert (found.n_asked, found.n_missing, found.coverage) == (6, 3, 0.5)
    assert repr(found) == "Found(3 of 6 known, 50.0%; missing: 'x' (2), 'y' (1))"


def test_zero_gives_unknown_words_zeros_and_counts_them(kv: KeyedVectors) -> None:
    found = kv.lookup(iter(WORDS), oov="zero")
    assert found.keys == WORDS
    assert found.vectors.tolist() == [[1, 2], [0, 0], [3, 4], [0, 0], [0, 0], [1, 2]]
    assert found.missing == {"x": 2, "y": 1}


def test_raise_says_why_a_word_is_unknown(kv: KeyedVectors) -> None:
    with pytest.raises(KeyError, match="'x' has no vector: not in the vocabulary"):
        kv.lookup(WORDS)
    assert kv.lookup(["a"]).vectors.tolist() == [[1, 2]]


@pytest.mark.parametrize("oov", ["raise", "skip", "zero"])
@pytest.mark.parametrize("words", [["a", "b", "a"], []])
def test_what_is_known_is_the_same_whatever_happens_to_the_rest(
    kv: KeyedVectors, oov: Any, words: list[str]
) -> None:
    found = kv.lookup(words, oov)
    assert found.keys == words
    assert found.vectors.shape == (len(words), 2)
    assert found.vectors.dtype == np.float32
    assert (found.missing, found.coverage) == ({}, 1)
    assert repr(found) == f"Found({len(words)} of {len(words)} known)"
    found.vectors[:] = 9  # a new array
    assert kv["a"].tolist() == [1, 2]


def test_many_unknown_words_are_shown_in_part(kv: KeyedVectors) -> None:
    shown = repr(kv.lookup([f"x{i}" for i in range(9)], oov="skip"))
    assert shown.endswith("'x4' (1), ...)")


def test_another_name_for_oov_is_refused(kv: KeyedVectors) -> None:
    with pytest.raises(ValueError, match="oov must be 'raise', 'skip' or 'zero', not 'ignore'"):
        kv.lookup(["a"], oov="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", [None, 1.5, b"ab", [None], ["a", 1.5]])
def test_what_can_be_no_key_is_refused_whatever_happens_to_the_rest(
    kv: KeyedVectors, keys: Any
) -> None:
    with pytest.raises(TypeError, match="a key must be a word"):
        kv.lookup(keys, oov="skip")


@pytest.mark.parametrize(
    "mean_of",
    [
        lambda kv: kv.get_mean_vector(["x", "y"]),
        lambda kv: kv.get_mean_vector("x"),
        lambda kv: kv.get_mean_vector(["a", "x"], ignore_missing=False),
        lambda kv: kv.n_similarity(["a"], ["x"]),
        lambda kv: kv.n_similarity("x", "a"),
        lambda kv: kv.distances("a", ["x"]),
        lambda kv: kv.distances("x"),
        lambda kv: kv.closer_than("a", "x"),
        lambda kv: kv.most_similar_to_given("a", ["b", "x"]),
        lambda kv: kv.most_similar_cosmul("x"),
        lambda kv: kv.most_similar_batch(["a", "x"]),
    ],
)
def test_nothing_is_made_of_unknown_words_alone(kv: KeyedVectors, mean_of: Any) -> None:
    with pytest.raises(KeyError, match="'x' has no vector"):
        mean_of(kv)


def test_ranking_leaves_unknown_words_out_and_says_so(
    kv: KeyedVectors, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert kv.doesnt_match(["a", "b", "x"]) in {"a", "b"}
    assert caplog.messages == ["left out keys without a vector: 'x'"]
    with pytest.raises(ValueError, match="no key with a vector"):
        kv.rank_by_centrality(["x"])
