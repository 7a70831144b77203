# SPDX-License-Identifier: Apache-2.0
"""The matrices begin as word2vec.c's, in rows that the engine can work on."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import numpy as np
import pytest

from fastw2v.training.parameters import ROW_FLOATS, Parameters, page_aligned, zero_rows

SHAPES = [(1, 1), (3, 15), (7, 16), (50, 17), (11, 100), (2, 1000)]


@pytest.mark.parametrize(("vocab_size", "vector_size"), SHAPES)
def test_rows_are_aligned_and_padded_with_zeros(vocab_size: int, vector_size: int) -> None:
    parameters = Parameters.initial(vocab_size, vector_size, seed=1, width=1)
    for rows in (parameters.input_rows, parameters.output_rows):
        stride = rows.shape[1]
        assert rows.shape[0] == vocab_size
        assert stride % ROW_FLOATS == 0
        assert vector_size <= stride < vector_size + ROW_FLOATS
        assert rows.dtype == np.float32
        assert rows.flags.c_contiguous
        assert rows.flags.writeable
        assert rows.ctypes.data % 64 == 0
        assert not rows[:, vector_size:].any()


@pytest.mark.parametrize(("vocab_size", "vector_size"), SHAPES)
def test_vectors_are_views_without_the_padding(vocab_size: int, vector_size: int) -> None:
    parameters = Parameters.initial(vocab_size, vector_size, seed=1, width=1)
    assert parameters.input_vectors.shape == (vocab_size, vector_size)
    assert parameters.output_vectors.shape == (vocab_size, vector_size)
    assert np.shares_memory(parameters.input_vectors, parameters.input_rows)
    assert np.shares_memory(parameters.output_vectors, parameters.output_rows)


@pytest.mark.parametrize("vector_size", [1, 7, 100])
@pytest.mark.parametrize("width", [1.0, 2.0])
def test_input_vectors_begin_uniform_in_plus_minus_width_over_n(
    vector_size: int, width: float
) -> None:
    vectors = Parameters.initial(2000, vector_size, seed=5, width=width).input_vectors
    # Uniform in [-1/2, 1/2): mean 0, variance 1/12.
    scaled = vectors.astype(np.float64) * vector_size / (2 * width)
    n = scaled.size
    assert scaled.min() >= -0.5
    assert scaled.max() <= 0.5
    assert scaled.min() < -0.49
    assert scaled.max() > 0.49
    assert abs(scaled.mean()) < 4 * np.sqrt(1 / 12 / n)
    # The variance of the squares is E[x^4] - E[x^2]^2 = 1/80 - 1/144.
    assert abs(np.mean(scaled**2) - 1 / 12) < 4 * np.sqrt((1 / 80 - 1 / 144) / n)


def test_output_vectors_begin_at_zero() -> None:
    assert not Parameters.initial(50, 20, seed=1, width=1).output_rows.any()


def test_the_same_seed_gives_the_same_matrix_and_another_seed_another() -> None:
    first, again, other = (
        Parameters.initial(50, 20, seed, width=1).input_vectors for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("vocab_size", "vector_size"), [(5, 3), (70_001, 37), (9, 2**19 - 1)])
def test_any_number_of_threads_makes_the_same_matrix(vocab_size: int, vector_size: int) -> None:
    vectors = Parameters.initial(
        vocab_size, vector_size, seed=3, n_threads=1, width=1
    ).input_vectors
    # What NumPy draws in one go.
    drawn = np.random.default_rng(3).random((vocab_size, vector_size), dtype=np.float32)
    np.testing.assert_array_equal(vectors, (drawn - np.float32(0.5)) * np.float32(2 / vector_size))
    for n_threads in (2, 3, 16):
        again = Parameters.initial(vocab_size, vector_size, 3, n_threads, width=1)
        np.testing.assert_array_equal(again.input_vectors, vectors)
        assert not again.output_rows.any()


def test_no_two_words_begin_alike_in_a_matrix_filled_in_pieces() -> None:
    vectors = Parameters.initial(3, 2**20, seed=1, width=1).input_vectors  # two rows are a piece
    assert not np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[1], vectors[2])


def test_the_largest_seed_is_a_seed() -> None:
    assert Parameters.initial(2, 3, seed=2**64 - 1, width=1).input_vectors.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["input_rows", "output_rows"])
def test_one_number_that_is_not_finite_is_noticed(which: str, value: float) -> None:
    parameters = Parameters.initial(50, 20, seed=1, width=1)
    assert parameters.are_finite
    getattr(parameters, which)[31, 7] = value
    assert not parameters.are_finite


# ---- Memory --------------------------------------------------------------------------------------


def test_a_matrix_beyond_all_memory_is_a_memory_error() -> None:
    with pytest.raises(MemoryError, match="no memory for an array of 9,007,199,254,740,992 bytes"):
        page_aligned(2**53)
    with pytest.raises(MemoryError, match="no memory for an array of"):
        zero_rows(2**62, 2**20)


def test_a_kernel_without_huge_pages_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class SmallPages(mmap.mmap):
        def madvise(self, *arguments: int) -> None:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(mmap, "mmap", SmallPages)
    assert not page_aligned(4 << 20).any()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="reads Linux's map of memory")
def test_rows_are_memory_to_which_linux_gives_huge_pages() -> None:
    rows = zero_rows(1 << 16, 16)
    rows[:] = 1
    address = rows.ctypes.data
    with Path("/proc/self/smaps").open() as file:
        flags: list[str] = []
        inside = False
        for line in file:
            first = line.split()[0]
            if not first.endswith(":"):
                begin, end = (int(part, 16) for part in first.split("-"))
                inside = begin <= address < end
            elif inside and first == "VmFlags:":
                flags = line.split()[1:]
    assert "sh" not in flags, "shared memory hardly ever gets huge pages"
    if Path("/sys/kernel/mm/transparent_hugepage").exists():
        assert "hg" in flags


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_forked_process_writes_stays_there() -> None:
    rows = zero_rows(4, 16)
    child = os.fork()
    if child == 0:
        rows[:] = 1
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert not rows.any()
