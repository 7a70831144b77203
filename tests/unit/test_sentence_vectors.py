# SPDX-License-Identifier: Apache-2.0
"""Vectors of sentences are the sums, means and SIF vectors that the papers define."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import UNIT

from fastw2v import KeyedVectors, _core
from fastw2v.sentence_vectors import BATCH_SENTENCES, sif_weights, sum_sentences
from fastw2v.vocabulary import Vocabulary

WORDS = [f"w{i}" for i in range(40)]
COUNTS = np.array([1000 // (i + 1) for i in range(40)], np.int64)

each_type = pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
Floats = NDArray[np.float64]


def make(vector_size: int = 17) -> KeyedVectors:
    rows = np.random.default_rng(5).normal(size=(len(WORDS), vector_size)).astype(np.float32)
    return KeyedVectors(Vocabulary(WORDS, COUNTS), rows)


def random_sentences(n: int, seed: int = 1) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    known_and_not = [*WORDS, "unknown", "Unknown"]
    return [rng.choice(known_and_not, rng.integers(0, 30)).tolist() for _ in range(n)]


def expected_sum(kv: KeyedVectors, sentence: list[str], weights: Any) -> tuple[Floats, Floats]:
    """Return the weighted sum in float64, and that of the absolute values of its terms."""
    known = [word for word in sentence if word in kv]
    rows = np.array([kv[word] for word in known], np.float64).reshape(-1, kv.vector_size)
    terms = np.array([weights[word] for word in known], np.float64)[:, np.newaxis] * rows
    return terms.sum(axis=0), np.abs(terms).sum(axis=0)


def assert_sums(found: NDArray[np.float32], kv: KeyedVectors, sentences: Any, weights: Any) -> None:
    for i, sentence in enumerate(sentences):
        expected, size = expected_sum(kv, sentence, weights)
        # A term is rounded at most three times (scale, weight, product), each addition once.
        bound = (len(sentence) + 3) * UNIT * size
        assert (np.abs(found[i] - expected) <= bound).all(), f"sentence {i}: {sentence}"


# ---- Sums and means --------------------------------------------------------------------------


@each_type
@pytest.mark.parametrize("vector_size", [1, 3, 17, 64, 100])
def test_the_sum_is_that_of_the_rows_of_the_known_words(dtype: str, vector_size: int) -> None:
    kv, sentences = make(vector_size).astype(dtype), random_sentences(50)
    found = kv.sentence_vectors(sentences, combine="sum")
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (50, vector_size)
    assert_sums(found.vectors, kv, sentences, dict.fromkeys(WORDS, 1.0))


@each_type
def test_each_word_counts_as_much_as_its_weight(dtype: str) -> None:
    kv, sentences = make().astype(dtype), random_sentences(50)
    values = np.random.default_rng(2).normal(size=len(WORDS)).astype(np.float32)
    weights = dict(zip(WORDS, values.tolist(), strict=True))
    by_word = kv.sentence_vectors(sentences, weights, combine="sum").vectors
    assert_sums(by_word, kv, sentences, weights)
    by_id = kv.sentence_vectors(sentences, values, combine="sum").vectors
    np.testing.assert_array_equal(by_id, by_word)


def test_the_mean_is_the_sum_divided_by_the_absolute_weights() -> None:
    kv, sentences = make(), [["w1", "w2", "?"], ["w3"]]
    weights = {"w1": 2.0, "w2": -1.0, "w3": 0.5}
    plain = kv.sentence_vectors(sentences).vectors
    np.testing.assert_allclose(plain[0], (kv["w1"] + kv["w2"]) / 2, rtol=1e-6)
    weighted = kv.sentence_vectors(sentences, weights).vectors
    np.testing.assert_allclose(weighted[0], (2 * kv["w1"] - kv["w2"]) / 3, rtol=1e-6)
    np.testing.assert_allclose(weighted[1], kv["w3"], rtol=1e-6)


def test_a_word_without_a_weight_is_unknown() -> None:
    found = make().sentence_vectors([["w1", "w2", "w2", "x"]], {"w1": 1.0, "elsewhere": 9.0})
    np.testing.assert_array_equal(found.vectors[0], make()["w1"])
    assert found.coverage.tolist() == [0.25]
    assert found.unknown == {"w2": 2, "x": 1}


def test_weights_of_zero_give_a_zero_vector_of_known_words() -> None:
    found = make().sentence_vectors([["w1"]], {"w1": 0.0})
    assert not found.vectors.any()
    assert found.coverage.tolist() == [1.0]


def test_normalized_vectors_have_length_1_and_zero_stays() -> None:
    found = make().sentence_vectors([["w1", "w2"], ["?"]], normalize=True).vectors
    np.testing.assert_allclose(np.linalg.norm(found[0]), 1, rtol=1e-6)
    assert not found[1].any()


@pytest.mark.parametrize("n", [0, 1, BATCH_SENTENCES - 1, BATCH_SENTENCES + 1])
def test_a_generator_of_any_length_will_do(n: int) -> None:
    kv = make()
    found = kv.sentence_vectors((word,) for word in (WORDS * 100)[:n])
    assert found.vectors.shape == (n, kv.vector_size)
    assert found.coverage.tolist() == [1.0] * n
    np.testing.assert_array_equal(found.vectors, kv[(WORDS * 100)[:n]].reshape(n, kv.vector_size))


@each_type
def test_rows_with_gaps_or_in_reverse_are_read_where_they_lie(dtype: str) -> None:
    plain = make().astype(dtype)
    sentences, expected = random_sentences(9), None
    wide = np.zeros((len(WORDS), 32), plain.vectors.dtype)
    wide[:, :17] = plain.vectors
    columns = np.asfortranarray(plain.vectors)
    for rows in (plain.vectors, wide[:, :17], plain.vectors[::-1].copy()[::-1], columns):
        kv = KeyedVectors(plain.vocabulary, rows, scales=plain.scales)
        found = kv.sentence_vectors(sentences).vectors
        expected = found if expected is None else expected
        np.testing.assert_array_equal(found, expected)


@given(st.integers(0, 2**16 - 1))
def test_every_float16_is_read_exactly(bits: int) -> None:
    rows = np.array([[bits]], np.uint16).view(np.float16)
    sums, *_ = sum_sentences(rows, None, np.zeros(1, np.int32), np.ones(1, np.int64))
    np.testing.assert_array_equal(sums, rows.astype(np.float32) + np.float32(0))


# ---- What is unknown -------------------------------------------------------------------------


def test_coverage_is_the_share_of_known_tokens() -> None:
    found = make().sentence_vectors([["w1", "?", "w1", "w2"], ["?", "!"], [], ["w3"]])
    assert found.coverage.tolist() == [0.75, 0, 0, 1]
    assert not found.vectors[1:3].any()
    assert found.unknown == {"?": 2, "!": 1}
    assert found.without_words.tolist() == [1, 2]


def test_sentences_without_a_known_word_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    make().sentence_vectors([["w1"], ["w2", "?"]])
    assert caplog.text == ""
    make().sentence_vectors([["w1"], ["?"]])
    assert "1 sentence without a known word" in caplog.text


def test_the_result_prints_what_is_missing_and_unpacks() -> None:
    found = make().sentence_vectors([["w1", "?"], ["?"]])
    assert repr(found) == (
        "SentenceVectors(2 sentences; 33.3% of 3 tokens known; "
        "1 sentence without a known word; unknown: '?' 2)"
    )
    vectors, coverage = found
    assert vectors is found.vectors
    assert coverage is found.coverage
    assert len(found) == 2


def test_unknown_words_may_be_refused() -> None:
    kv = make()
    assert kv.sentence_vectors([["w1"]], oov="raise").coverage.tolist() == [1]
    with pytest.raises(KeyError, match="'w99' has no vector"):
        kv.sentence_vectors([["w1"], ["w99"]], oov="raise")
    with pytest.raises(KeyError, match="'w2' has no weight"):
        kv.sentence_vectors([["w1"], ["w2"]], {"w1": 1.0}, oov="raise")


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        (["w1 w2"], "sentence 0: a sentence must be a list of words, got the str 'w1 w2'"),
        ([["w1"], 3], "sentence 1: a sentence must be a list of words, got int"),
        ([["w1"]] * BATCH_SENTENCES + [["w1", 7]], "sentence 1024: token 1 must be a str, got int"),
        ([["w1", None]], "sentence 0: token 1 must be a str, got NoneType"),
    ],
)
def test_what_is_no_list_of_words_is_refused(sentences: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make().sentence_vectors(sentences)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "idf"}, "weights must be 'sif', not 'idf'"),
        ({"weights": np.ones(3)}, r"weights must have the shape \(40,\), not \(3,\)"),
        ({"weights": {"w1": float("nan")}}, "weights must be finite"),
        ({"combine": "max"}, "combine must be 'mean' or 'sum', not 'max'"),
        ({"oov": "zero"}, "oov must be 'skip' or 'raise', not 'zero'"),
        ({"component": np.ones(3)}, r"component must have the shape \(17,\), not \(3,\)"),
        ({"component": np.zeros(17)}, "component is zero or not finite"),
        ({"component": True}, "the principal component of one sentence is its own vector"),
        ({"weights": "sif"}, "the principal component of one sentence is its own vector"),
    ],
)
def test_wrong_arguments_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make().sentence_vectors([["w1"]], **arguments)


# ---- Smooth inverse frequency ----------------------------------------------------------------


def arora(kv: KeyedVectors, sentences: list[list[str]]) -> tuple[Floats, Floats]:
    """Return the vectors of algorithm 1 of Arora et al. 2017 in float64, and the component."""
    p = dict(zip(WORDS, COUNTS / COUNTS.sum(), strict=True))
    vectors = np.zeros((len(sentences), kv.vector_size))
    for i, sentence in enumerate(sentences):
        known = [word for word in sentence if word in kv]
        for word in known:
            vectors[i] += 1e-3 / (1e-3 + p[word]) * kv[word].astype(np.float64) / len(known)
    u = np.linalg.svd(vectors, full_matrices=False)[2][0]
    return vectors - np.outer(vectors @ u, u), u


def test_sif_is_algorithm_1_of_the_paper() -> None:
    kv, sentences = make(), random_sentences(200)
    found = kv.sentence_vectors(sentences, "sif")
    expected, u = arora(kv, sentences)
    assert found.component is not None
    # float32 sums of a few tens of numbers; the gap below the largest eigenvalue is of its order.
    np.testing.assert_allclose(abs(u @ found.component), 1, rtol=1e-6)
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)


def test_new_sentences_are_treated_as_the_old_ones_with_their_component() -> None:
    kv, sentences = make(), random_sentences(200)
    fitted = kv.sentence_vectors(sentences, "sif")
    again = kv.sentence_vectors(sentences[7:9], "sif", component=fitted.component)
    np.testing.assert_allclose(again.vectors, fitted.vectors[7:9], atol=1e-6)
    np.testing.assert_allclose(again.component, fitted.component, rtol=1e-6)


def test_the_component_is_removed_only_if_wanted() -> None:
    kv, sentences = make(), random_sentences(50)
    kept = kv.sentence_vectors(sentences, "sif", component=False)
    removed = kv.sentence_vectors(sentences, component=True)
    assert kept.component is None
    assert removed.component is not None
    np.testing.assert_allclose(removed.vectors @ removed.component, 0, atol=1e-5)
    assert np.abs(kept.vectors @ removed.component).max() > 0.01


def test_sif_of_unknown_words_alone_is_zero() -> None:
    found = make().sentence_vectors([["?"], ["!"]], "sif")
    assert not found.vectors.any()
    assert found.component is None


def test_sif_weights_are_those_of_the_formula() -> None:
    weights = sif_weights(np.array([3, 1]), a=0.25)
    assert weights.tolist() == [0.25, 0.5]
    with pytest.raises(ValueError, match="a must be > 0"):
        sif_weights(COUNTS, a=0)


def test_sif_refuses_the_placeholders_of_files_without_counts() -> None:
    words = [f"w{i}" for i in range(100)]
    rows = np.ones((100, 3), np.float32)
    kv = KeyedVectors(Vocabulary(words, np.arange(100, 0, -1)), rows)
    with pytest.raises(ValueError, match="a file without counts"):
        kv.sentence_vectors([["w1"]], "sif")


def test_a_vector_that_is_not_finite_has_no_principal_component() -> None:
    kv = make()
    kv.vectors[3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        kv.sentence_vectors([["w1"], ["w3"]], "sif")


# ---- The door --------------------------------------------------------------------------------


def call_sum(ids: list[int], ends: list[int], **changes: Any) -> None:
    rows = np.ones((4, 3), np.float32)
    arguments: dict[str, Any] = {
        "elements": rows.view(np.uint8),
        "element_bytes": 4,
        "ids": np.array(ids, np.int32),
        "ends": np.array(ends, np.int64),
        "sums": np.empty((len(ends), 3), np.float32),
        "totals": np.empty(len(ends)),
        "known": np.empty(len(ends), np.int64),
    }
    _core.sum_sentences(**(arguments | changes))


@pytest.mark.parametrize(
    ("ids", "ends", "error"),
    [
        ([0, 4], [2], IndexError),
        ([0, 1], [3], ValueError),
        ([0, 1], [2, 1], ValueError),
        ([0, 1], [-1], ValueError),
    ],
)
def test_ids_and_ends_outside_are_refused(
    ids: list[int], ends: list[int], error: type[Exception]
) -> None:
    call_sum([0, -1, -(2**31)], [0, 3])
    with pytest.raises(error):
        call_sum(ids, ends)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"element_bytes": 3}, "elements must have 9 adjacent bytes"),
        ({"elements": np.ones((4, 9), np.uint8), "element_bytes": 3}, "argument"),
        ({"elements": np.ones((4, 24), np.uint8)[:, ::2]}, "adjacent bytes"),
        ({"sums": np.empty((3, 3), np.float32)}, "must have 2 rows, got 3, 2 and 2"),
        ({"weights": np.ones(3, np.float32)}, r"weights must have shape \(4,\), got \(3,\)"),
        ({"scales": np.ones(5, np.float32)}, r"scales must have shape \(4,\), got \(5,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call_sum([0, 1], [1, 2], **changes)


@pytest.mark.parametrize("n", [1, 3])
def test_room_for_other_than_all_tokens_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="ids must have room for"):
        _core.find_words({"a": 0}, [["a", "a"]], np.empty(n, np.int32), [], 0)
