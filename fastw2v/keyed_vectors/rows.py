# SPDX-License-Identifier: Apache-2.0
"""Matrices of vectors as they are kept, float32, float16 or int8 with scales, and as float32.

A row of int8 with its scale s stands for the float32 row s * row. Everything here knows arrays
only, and whatever it computes it computes in float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v.persistence.rows import Rows

Vector = NDArray[np.float32]
Which = slice | NDArray[np.intp]

ROW_TYPES = tuple(map(np.dtype, (np.float32, np.float16, np.int8)))
BLOCK_ROWS = 4096  # rows that are taken at a time, so that no second matrix is needed


def check_rows(vectors: object, scales: object, vocab_size: int) -> None:
    """Refuse what is not a matrix of `vocab_size` rows, or scales that do not belong to it."""
    if not isinstance(vectors, np.ndarray) or vectors.dtype not in ROW_TYPES:
        found = getattr(vectors, "dtype", type(vectors).__name__)
        raise TypeError(f"vectors must be an int8, float16 or float32 ndarray, not {found}")
    if vectors.ndim != 2 or len(vectors) != vocab_size:
        raise ValueError(
            f"vectors must have the shape (vocab_size, vector_size) with vocab_size = "
            f"{vocab_size}, not {vectors.shape}"
        )
    if (vectors.dtype == np.int8) != (scales is not None):
        raise ValueError(f"scales belong to int8 vectors and to no others, not {vectors.dtype}")
    if scales is None:
        return
    if not isinstance(scales, np.ndarray) or scales.dtype != np.float32:
        found = getattr(scales, "dtype", type(scales).__name__)
        raise TypeError(f"scales must be a float32 ndarray, not {found}")
    if scales.shape != (vocab_size,):
        raise ValueError(f"scales must have the shape ({vocab_size},), not {scales.shape}")
    if np.any((scales < 0) | np.isinf(scales)):
        raise ValueError("scales must not be negative or infinite")


def float32_rows(vectors: NDArray[Any], scales: Vector | None, which: Which) -> Vector:
    """Return some rows as float32: a view for a slice of float32 rows, else a new array."""
    chosen = np.asarray(vectors[which])
    if scales is None:
        return chosen.astype(np.float32, copy=False)
    with np.errstate(over="ignore"):
        scaled: Vector = scales[which][:, np.newaxis] * chosen
    return scaled


def blocks(n_rows: int) -> Iterator[slice]:
    """Cut rows 0 .. n_rows - 1 into blocks of at most `BLOCK_ROWS`."""
    for begin in range(0, n_rows, BLOCK_ROWS):
        yield slice(begin, min(begin + BLOCK_ROWS, n_rows))


def converted(
    vectors: NDArray[Any], scales: Vector | None, dtype: DTypeLike
) -> tuple[NDArray[Any], Vector | None]:
    """Return a copy of the rows in another type, and its scales if that is int8: `Rows.astype`."""
    target = np.dtype(dtype)
    if target not in ROW_TYPES:
        raise ValueError(f"dtype must be 'float32', 'float16' or 'int8', not {str(target)!r}")
    if target == vectors.dtype:
        return np.array(vectors), None if scales is None else np.array(scales)
    rows = Rows(vectors, scales).astype(target.name)
    return rows.vectors, rows.scales
