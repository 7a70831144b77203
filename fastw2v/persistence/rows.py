# SPDX-License-Identifier: Apache-2.0
"""Rows of vectors of any width: float32, float16, or int8 times a scale for each row.

row i = scales[i] * int8 row i,    scales[i] = max(abs(row i)) / 127

Every conversion is `Rows.astype`, and this is its rule for what a type cannot hold: a vector that
is not finite stays so, in int8 as one of NaN (its scale is NaN), for one vector that was spoiled
must not keep all the others from being saved. A finite number that float16 would make infinite is
an error, since it would be lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = ("float32", "float16", "int8")
BLOCK_BYTES = 1 << 20  # so much is converted at a time: in the L2 cache
INT8_MOST = 127  # -128 is not used: the range is symmetric


@dataclass(frozen=True)
class Rows:
    """A matrix of vectors as it is kept.

    Parameters
    ----------
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
    scales : ndarray of shape (vocab_size,), float32, or None
        With int8, and with nothing else.
    """

    vectors: NDArray[Any]
    scales: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        vectors, scales = self.vectors, self.scales
        if vectors.ndim != 2 or vectors.dtype.name not in DTYPES:
            raise ValueError(
                f"vectors must be a matrix of {', '.join(DTYPES)}, not {vectors.dtype} of shape "
                f"{vectors.shape}"
            )
        if (scales is not None) != (vectors.dtype == np.int8):
            raise ValueError(f"scales belong to int8 vectors, these are {vectors.dtype}")
        if scales is not None and (scales.dtype != np.float32 or len(scales) != len(vectors)):
            raise ValueError(
                f"scales must be float32 of shape ({len(vectors)},), not {scales.dtype} of shape "
                f"{scales.shape}"
            )

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def vector_size(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors.shape[1])

    def block_rows(self, n_bytes: int = BLOCK_BYTES) -> int:
        """Return how many rows a block of about n_bytes of float32 has."""
        return max(1, n_bytes // (4 * max(1, self.vector_size)))

    def blocks(self, n_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (number of the first row, rows as float32), block after block."""
        step = self.block_rows(n_bytes)
        for begin in range(0, len(self), step):
            yield begin, self.float32(begin, begin + step)

    def float32(self, begin: int = 0, end: int | None = None) -> NDArray[np.float32]:
        """Return some rows as float32: a view if that is what they are."""
        part: NDArray[np.float32] = self.vectors[begin:end].astype(np.float32, copy=False)
        if self.scales is not None:
            with np.errstate(over="ignore"):
                part = part * self.scales[begin:end, None]
        return part if part.strides[-1] == part.itemsize else np.ascontiguousarray(part)

    def astype(self, dtype: str) -> Rows:
        """Return the same vectors, as nearly as another width allows.

        Raises
        ------
        ValueError
            No such dtype, or a number is beyond float16.
        """
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
        if dtype == self.vectors.dtype.name:
            return self
        vectors = np.empty(self.vectors.shape, dtype)
        scales = np.empty(len(self), np.float32) if dtype == "int8" else None
        for begin, block in self.blocks():
            end = begin + len(block)
            if scales is not None:
                vectors[begin:end], scales[begin:end] = _as_int8(block)
            else:
                vectors[begin:end] = _as_float16(block) if dtype == "float16" else block
        return Rows(vectors, scales)


def _as_float16(rows: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        halves = rows.astype(np.float16)
    if np.any(np.isinf(halves) & np.isfinite(rows)):
        raise ValueError("vectors with numbers beyond 65504 have no float16 form: scale them first")
    return halves


def _as_int8(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Divide each row by its scale and round."""
    with np.errstate(invalid="ignore"):
        largest = np.max(np.abs(rows), axis=1, initial=0)
    finite = np.isfinite(largest)
    scales = np.where(finite, largest / INT8_MOST, np.nan).astype(np.float32)
    usable = finite & (scales > 0)
    divided = np.zeros(rows.shape, np.float32)
    np.divide(rows, scales[:, np.newaxis], out=divided, where=usable[:, np.newaxis])
    # A scale among the smallest floats is rounded so much that a quotient can be beyond 127.
    steps = np.clip(np.rint(divided), -INT8_MOST, INT8_MOST)
    return steps.astype(np.int8), scales
