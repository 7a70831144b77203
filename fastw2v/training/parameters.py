# SPDX-License-Identifier: Apache-2.0
"""The two matrices that are learnt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fastw2v.memory import page_aligned
from fastw2v.threads import run_all

#: Floats to which rows are padded: 64 bytes, a cache line and the widest vector register.
ROW_FLOATS = 16
#: Floats that a thread fills at a time: 2 MB, Linux's huge page.
PIECE_FLOATS = 2**19


@dataclass(frozen=True)
class Anchor:
    """Vectors as they were, and how strongly words are held there.

    Parameters
    ----------
    input_vectors : ndarray of shape (n_held, vector_size), float32
        Read only; rows may have padding between them.
    output_vectors : ndarray of the same shape, float32, or None
        None: input vectors alone are held.
    rows : ndarray of shape (vocab_size,), int32
        Which of them belongs to a word; -1: the word is not held.
    strength : ndarray of shape (vocab_size,), float32
        A kept token of a word takes it back by ``learning_rate * strength`` of the way.
    """

    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32] | None
    rows: NDArray[np.int32]
    strength: NDArray[np.float32]

    @classmethod
    def at(
        cls,
        input_vectors: NDArray[np.float32],
        output_vectors: NDArray[np.float32] | None,
        ids: NDArray[np.int32],
        vocab_size: int,
        strength: float | NDArray[np.float64],
    ) -> Anchor:
        """Hold the words `ids` at one row each."""
        rows = np.full(vocab_size, -1, dtype=np.int32)
        rows[ids] = np.arange(len(ids))
        strengths = np.zeros(vocab_size, dtype=np.float32)
        strengths[ids] = strength
        return cls(input_vectors, output_vectors, rows, strengths)


@dataclass(frozen=True)
class Parameters:
    """Input and output vectors of every word, in padded rows.

    Parameters
    ----------
    input_rows, output_rows : ndarray of shape (vocab_size, stride), float32, 64-byte aligned
        v_w and v'_w of the paper; word2vec.c's syn0 and syn1neg. The columns from ``vector_size``
        on are zero and stay zero.
    vector_size : int
    frozen : ndarray of shape (vocab_size,), bool, optional
        Words whose input vectors are not trained.
    anchor : Anchor, optional
        Where rows are held.
    """

    input_rows: NDArray[np.float32]
    output_rows: NDArray[np.float32]
    vector_size: int
    frozen: NDArray[np.bool_] | None = None
    anchor: Anchor | None = None

    @classmethod
    def initial(
        cls, vocab_size: int, vector_size: int, seed: int, n_threads: int = 1, *, width: float
    ) -> Parameters:
        """Return input ~ U(-width, width) / vector_size and output 0.

        The values are the same for any number of threads. Each of them is the first to touch every
        n-th piece of both matrices, and Linux puts a page into the memory of the socket that
        touches it first: so one socket's memory does not have to serve all workers.
        """
        input_rows = zero_rows(vocab_size, vector_size)
        output_rows = zero_rows(vocab_size, vector_size)
        # An even number of rows, because a step of the generator makes two floats.
        piece_rows = max(2, PIECE_FLOATS // vector_size // 2 * 2)

        def fill_pieces(thread: int) -> None:
            for begin in range(thread * piece_rows, vocab_size, n_threads * piece_rows):
                generator = np.random.PCG64(seed)
                generator.advance(begin * vector_size // 2)
                rows = input_rows[begin : begin + piece_rows, :vector_size]
                values = np.random.Generator(generator).random(rows.shape, dtype=np.float32)
                values -= 0.5
                values *= 2 * width / vector_size
                rows[:] = values
                output_rows[begin : begin + piece_rows] = 0

        run_all([partial(fill_pieces, thread) for thread in range(n_threads)])
        return cls(input_rows, output_rows, vector_size)

    @property
    def are_finite(self) -> bool:
        """Whether every number is one: no NaN and no infinity."""
        # Extremes rather than np.isfinite of all, which would take a quarter more memory.
        extremes = [(rows.min(), rows.max()) for rows in (self.input_rows, self.output_rows)]
        return bool(np.isfinite(extremes).all())

    @property
    def input_vectors(self) -> NDArray[np.float32]:
        """View of shape (vocab_size, vector_size)."""
        return self.input_rows[:, : self.vector_size]

    @property
    def output_vectors(self) -> NDArray[np.float32]:
        """View of shape (vocab_size, vector_size)."""
        return self.output_rows[:, : self.vector_size]


def zero_rows(vocab_size: int, vector_size: int) -> NDArray[np.float32]:
    """Return zeros of shape (vocab_size, stride), float32, page-aligned."""
    stride = -(-vector_size // ROW_FLOATS) * ROW_FLOATS
    return page_aligned(vocab_size * stride * 4).view(np.float32).reshape(vocab_size, stride)
