# SPDX-License-Identifier: Apache-2.0
"""A comparison finds what moved, whatever way the two spaces are turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastw2v import KeyedVectors
from fastw2v.comparison import BLOCK_ROWS, Comparison
from fastw2v.vocabulary import Vocabulary

SIZE = 6
# A row of `SIZE` float32 numbers is rotated, scaled and multiplied with another.
TOLERANCE = 1e-5


def make(words: list[str], rows: NDArray[np.floating]) -> KeyedVectors:
    counts = np.arange(len(words), 0, -1)
    return KeyedVectors(Vocabulary(words, counts), rows.astype(np.float32))


def orthogonal(rng: np.random.Generator, size: int = SIZE) -> NDArray[np.float64]:
    return np.linalg.qr(rng.normal(size=(size, size)))[0]


def words_of(n: int) -> list[str]:
    return [f"w{i}" for i in range(n)]


def turned(n: int = 60, seed: int = 4) -> tuple[KeyedVectors, NDArray[np.float64], KeyedVectors]:
    """Return vectors, a rotation, and the vectors before it, in other lengths and another order."""
    rng = np.random.default_rng(seed)
    rows, rotation, order = rng.normal(size=(n, SIZE)), orthogonal(rng), rng.permutation(n)
    earlier = rows @ rotation.T * rng.uniform(0.5, 2, (n, 1))
    return make(words_of(n), rows), rotation, make([f"w{i}" for i in order], earlier[order])


@given(st.integers(0, 1000))
def test_a_rotation_and_other_lengths_change_nothing(seed: int) -> None:
    first, rotation, second = turned(seed=seed)
    found = first.compare(second)
    assert found.words == first.index_to_key
    np.testing.assert_allclose(found.cosines, 1, atol=TOLERANCE)
    np.testing.assert_allclose(found.rotation, rotation, atol=TOLERANCE)


def test_the_rotation_is_orthogonal_and_no_other_fits_better() -> None:
    rng = np.random.default_rng(8)
    first, second = (make(words_of(40), rng.normal(size=(40, SIZE))) for _ in range(2))
    found = first.compare(second)
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(SIZE), atol=TOLERANCE)
    a, b = (kv.vectors / kv.norms[:, np.newaxis] for kv in (first, second))
    best = np.square(a - b @ found.rotation).sum()
    for _ in range(200):  # near ones and far ones
        step = rng.normal(size=(SIZE, SIZE)) * rng.choice([1e-2, 1])
        other = np.linalg.qr(found.rotation + step)
        nearby = other.Q * np.sign(np.diag(other.R))
        assert np.square(a - b @ nearby).sum() > best
    np.testing.assert_allclose(found.cosines, (a * (b @ found.rotation)).sum(1), atol=TOLERANCE)


def test_the_words_that_moved_come_first_and_the_stable_ones_first_too() -> None:
    first, _, second = turned()
    rows = second.vectors.copy()
    for word in ("w7", "w21"):
        rows[second.key_to_index[word]] *= -1
    found = first.compare(make(second.index_to_key, rows))
    assert {word for word, _ in found.moved(2)} == {"w7", "w21"}
    assert len(found.moved(None)) == 60
    assert [c for _, c in found.stable(None)] == [c for _, c in found.moved(None)][::-1]
    assert found.moved(1)[0][1] < 0 < found.stable(1)[0][1]


def test_words_of_one_side_appeared_or_vanished() -> None:
    rng = np.random.default_rng(3)
    first = make(["both", "old", "older", "also"], rng.normal(size=(4, 2)))
    second = make(["new", "also", "newer", "both"], rng.normal(size=(4, 2)))
    found = first.compare(second)
    assert found.words == ["both", "also"]
    assert (found.vanished, found.appeared) == (["old", "older"], ["new", "newer"])


def test_a_restriction_is_to_the_first_words_of_each() -> None:
    rng = np.random.default_rng(3)
    first = make(["a", "b", "c", "old"], rng.normal(size=(4, 2)))
    second = make(["b", "a", "new", "c"], rng.normal(size=(4, 2)))
    found = first.compare(second, restrict_vocab=3)
    assert found.words == ["a", "b"]
    assert (found.vanished, found.appeared) == ([], ["new"])  # c is in both


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_word_without_direction_neither_moves_nor_spoils_the_rest(value: float) -> None:
    first, _, second = turned()
    second.vectors[second.key_to_index["w5"]] = value
    found = first.compare(second)
    assert np.flatnonzero(np.isnan(found.cosines)).tolist() == [5]
    np.testing.assert_allclose(np.delete(found.cosines, 5), 1, atol=TOLERANCE)
    assert "w5" not in dict(found.moved(None)) | dict(found.stable(None))


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_rows_of_every_type_in_several_blocks_compare_alike(dtype: str) -> None:
    first, _, second = turned(BLOCK_ROWS + 5)
    found = first.compare(second.astype(dtype))
    # int8 rounds each number by half a step, 1/254 of the largest.
    np.testing.assert_allclose(found.cosines, 1, atol=1e-3)


def test_a_comparison_prints_what_happened() -> None:
    found = Comparison(
        ["a", "b"], np.array([0.5, 0.25], np.float32), [], words_of(12), np.eye(2, dtype=np.float32)
    )
    assert repr(found).splitlines() == [
        "Comparison: 2 words in both, median cosine 0.375",
        "  moved: b 0.250, a 0.500",
        "  stable: a 0.500, b 0.250",
        "  vanished (0): none",
        "  appeared (12): w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, ...",
    ]


def test_too_few_words_in_common_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    first, _, second = turned(SIZE + 1)
    first.compare(second)
    assert caplog.text == ""
    first, _, second = turned(SIZE)
    first.compare(second)
    assert "6 words in common can be made to fit" in caplog.text


def test_what_cannot_be_compared_is_refused() -> None:
    first = make(["a"], np.ones((1, 3)))
    with pytest.raises(ValueError, match="no word in common"):
        first.compare(make(["b"], np.ones((1, 3))))
    with pytest.raises(ValueError, match="vectors of 3 and of 2 numbers cannot be aligned"):
        first.compare(make(["a"], np.ones((1, 2))))
    with pytest.raises(ValueError, match="restrict_vocab must be at least 1, not 0"):
        first.compare(first, restrict_vocab=0)
