# SPDX-License-Identifier: Apache-2.0
"""Rows of float32, float16 and int8 behave alike, and whatever comes out of them is float32."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from fastw2v.evaluation import evaluate_word_analogies
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.keyed_vectors.rows import BLOCK_ROWS
from fastw2v.vocabulary import Vocabulary

# Cosines are sums of a few float32 products; the order of adding depends on the size of a block.
TOLERANCE = 2e-6
VOCAB_SIZE, VECTOR_SIZE = BLOCK_ROWS + 3, 6  # the last block is not full

each_type = pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])


def make(rows: Any) -> KeyedVectors:
    rows = np.asarray(rows)
    counts = np.ones(len(rows), np.int64)
    return KeyedVectors(Vocabulary([f"w{i}" for i in range(len(rows))], counts), rows)


@pytest.fixture(scope="module")
def kv() -> KeyedVectors:
    rows = np.random.default_rng(3).normal(size=(VOCAB_SIZE, VECTOR_SIZE)).astype(np.float32)
    rows[-2] = 0
    return make(rows)


def as_float32(kv: KeyedVectors) -> NDArray[np.float32]:
    rows = kv.vectors.astype(np.float32)
    return rows if kv.scales is None else rows * kv.scales[:, np.newaxis]


def expanded(kv: KeyedVectors) -> KeyedVectors:
    """Return the same vectors in float32 rows, made without the package's conversion."""
    return KeyedVectors(kv.vocabulary, as_float32(kv))


# ---- Look-up and search --------------------------------------------------------------------


@each_type
def test_every_look_up_gives_float32(kv: KeyedVectors, dtype: str) -> None:
    converted = kv.astype(dtype)
    rows, last = as_float32(converted), f"w{VOCAB_SIZE - 1}"
    for found, expected in [
        (converted[last], rows[-1]),
        (converted[[last, "w0"]], rows[[-1, 0]]),
        (converted.rows(slice(5, 9)), rows[5:9]),
        (converted.rows(np.array([9, 5])), rows[[9, 5]]),
    ]:
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)
    unit = converted.get_vector(last, norm=True)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, rows[-1] / np.linalg.norm(rows[-1]), rtol=TOLERANCE)


@each_type
def test_a_vector_is_read_only_whatever_the_rows_are(kv: KeyedVectors, dtype: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        kv.astype(dtype)["w0"][0] = 1


@each_type
def test_norms_are_float32_and_those_of_every_row(kv: KeyedVectors, dtype: str) -> None:
    converted = kv.astype(dtype)
    assert converted.norms.dtype == np.float32
    expected = np.linalg.norm(as_float32(converted), axis=1)
    np.testing.assert_allclose(converted.norms, expected, rtol=TOLERANCE)


@each_type
@pytest.mark.parametrize("restrict_vocab", [None, 7, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_a_search_finds_what_it_finds_in_the_same_vectors_of_float32(
    kv: KeyedVectors, dtype: str, restrict_vocab: int | None
) -> None:
    converted = kv.astype(dtype)
    query: dict[str, Any] = {"positive": ["w1", "w2"], "restrict_vocab": restrict_vocab}
    found = converted.most_similar(**query, topn=5)
    expected = expanded(converted).most_similar(**query, topn=5)
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose(
        converted.most_similar(**query, topn=None),
        expanded(converted).most_similar(**query, topn=None),
        atol=TOLERANCE,
    )


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_search_in_short_rows_makes_no_matrix_of_long_ones(dtype: str) -> None:
    rows = np.random.default_rng(3).normal(size=(10 * BLOCK_ROWS, 64)).astype(np.float32)
    kv = make(rows).astype(dtype)
    assert "w1" in kv  # builds the index of words, which is not what is measured
    tracemalloc.start()
    try:
        kv.most_similar("w1")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes / 4


@each_type
def test_rows_can_be_a_read_only_map_of_a_file(
    tmp_path: Path, kv: KeyedVectors, dtype: str
) -> None:
    converted = kv.astype(dtype)
    np.save(tmp_path / "rows.npy", converted.vectors)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    found = KeyedVectors(kv.vocabulary, mapped, scales=converted.scales)
    assert found.vectors is mapped
    assert found.most_similar("w1") == converted.most_similar("w1")
    assert type(found["w1"]) is np.ndarray
    np.testing.assert_array_equal(found["w1"], converted["w1"])


@each_type
def test_analogies_are_those_of_the_same_vectors_of_float32(kv: KeyedVectors, dtype: str) -> None:
    converted = kv.astype(dtype)
    rng = np.random.default_rng(4)
    questions = []
    for a, b, c in rng.integers(0, 500, size=(60, 3)).tolist():
        words = [f"w{a}", f"w{b}", f"w{c}"]
        best = expanded(converted).most_similar([words[1], words[2]], [words[0]], topn=1)[0][0]
        questions.append((*words, best))
    assert evaluate_word_analogies(converted, {"all": questions}).accuracy == 1


@each_type
@pytest.mark.parametrize("binary", [False, True])
def test_word2vec_format_has_the_vectors_as_float32(
    tmp_path: Path, kv: KeyedVectors, dtype: str, binary: bool
) -> None:
    converted = kv.astype(dtype)
    converted.save_word2vec_format(tmp_path / "v", binary=binary)
    loaded = KeyedVectors.load_word2vec_format(tmp_path / "v")
    assert loaded.vectors.dtype == np.float32
    np.testing.assert_array_equal(loaded.vectors, as_float32(converted))


# ---- Conversion ----------------------------------------------------------------------------


@each_type
@pytest.mark.parametrize("source", ["float32", "float16", "int8"])
def test_astype_gives_rows_of_its_own_of_that_type(
    kv: KeyedVectors, source: str, dtype: str
) -> None:
    before = kv.astype(source)
    after = before.astype(dtype)
    assert after.vectors.dtype == dtype
    assert (after.scales is not None) == (dtype == "int8")
    assert not np.shares_memory(after.vectors, before.vectors)
    assert after.vocabulary is before.vocabulary
    # Half a step of int8, the coarsest: no number here is beyond 5.
    np.testing.assert_allclose(as_float32(after), as_float32(before), atol=0.5 * 5 / 127)
    if source == dtype:
        np.testing.assert_array_equal(after.vectors, before.vectors)
        assert after.scales is None or not np.shares_memory(after.scales, before.scales)


finite = st.floats(-(2.0**100), 2.0**100, width=32)


@given(arrays(np.float32, (3, 4), elements=finite))
def test_int8_is_off_by_half_a_step_at_most(rows: NDArray[np.float32]) -> None:
    kv = make(rows).astype("int8")
    assert kv.scales is not None
    largest = np.max(np.abs(rows), axis=1)
    np.testing.assert_allclose(kv.scales, largest / 127, rtol=1e-6, atol=1e-44)
    off = np.abs(as_float32(kv).astype(np.float64) - rows)
    # The last term is for scales among the smallest floats: 63.5 times the smallest of all.
    assert np.all(off <= (0.5 + 1e-4) * kv.scales[:, np.newaxis] + 63.5 * 2.0**-149)


def test_steps_of_int8_stay_within_127_where_the_scale_itself_is_rounded() -> None:
    smallest = 2.0**-149
    kv = make(np.array([[180 * smallest, -180 * smallest]], np.float32)).astype("int8")
    assert kv.vectors.tolist() == [[127, -127]]


def test_a_row_that_is_not_finite_stays_so_in_every_type() -> None:
    kv = make(np.array([[1, 2], [np.nan, 1], [1, -np.inf], [2, 1], [0, 0]], np.float32))
    for dtype in ("float16", "int8"):
        converted = kv.astype(dtype)
        assert np.isfinite(converted.rows(slice(None))).all(axis=1).tolist() == [
            True, False, False, True, True,
        ]  # fmt: skip
        assert [word for word, _ in converted.most_similar("w0")] == ["w3", "w4"]
        assert converted["w4"].tolist() == [0, 0]


def test_a_number_that_float16_cannot_hold_is_refused() -> None:
    assert make(np.array([[65504, np.inf]], np.float32)).astype("float16")["w0"][0] == 65504
    with pytest.raises(ValueError, match="beyond 65504 have no float16 form"):
        make(np.array([[1, 2], [65536, 1]], np.float32)).astype("float16")


@pytest.mark.parametrize("dtype", ["float64", "uint8", ">f4"])
def test_another_type_of_rows_is_refused(kv: KeyedVectors, dtype: str) -> None:
    with pytest.raises(ValueError, match=r"dtype must be .*, not"):
        kv.astype(dtype)


ROWS = np.ones((2, 3), np.int8)


@pytest.mark.parametrize(
    ("vectors", "scales", "error", "message"),
    [
        (ROWS, None, ValueError, "scales belong to int8 vectors"),
        (ROWS.astype(np.float32), np.ones(2, np.float32), ValueError, "to no others, not float32"),
        (ROWS, [1.0, 1.0], TypeError, "scales must be a float32 ndarray, not list"),
        (ROWS, np.ones(2), TypeError, "scales must be a float32 ndarray, not float64"),
        (ROWS, np.ones(3, np.float32), ValueError, r"scales must have the shape \(2,\), not \(3,"),
        (ROWS, np.array([1, -1], np.float32), ValueError, "not be negative or infinite"),
        (ROWS, np.array([1, np.inf], np.float32), ValueError, "not be negative or infinite"),
    ],
)
def test_scales_that_do_not_fit_the_rows_are_refused(
    vectors: Any, scales: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        KeyedVectors(Vocabulary(["a", "b"], np.ones(2, np.int64)), vectors, scales=scales)
