# SPDX-License-Identifier: Apache-2.0
"""What several test modules share: aligned arrays, and arrays between guard bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastw2v import _core

ALIGNMENT = 64  # bytes, FW_ALIGNMENT
ROW_FLOATS = 16  # FW_ROW_FLOATS
UNIT = 2.0**-24  # unit roundoff of float32
ISAS = _core.available_isas()


def aligned(shape: int | tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """Return zeros whose first element lies on a 64-byte border, C-contiguous and writeable."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    begin = -memory.ctypes.data % ALIGNMENT
    return memory[begin : begin + size].view(dtype).reshape(shape)


def padded(vector_size: int) -> int:
    """Return the stride of rows of `vector_size` floats."""
    return -(-vector_size // ROW_FLOATS) * ROW_FLOATS


class Guards:
    """Aligned arrays, each with a pattern right before its first and right after its last byte."""

    PATTERN = np.uint8(0xA5)

    def __init__(self) -> None:
        self.fences: list[tuple[str, NDArray[np.uint8]]] = []

    def take(
        self, name: str, shape: int | tuple[int, ...], dtype: DTypeLike = np.float32
    ) -> NDArray[Any]:
        """Return zeros between two guards of 64 bytes."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = aligned(size + 2 * ALIGNMENT, np.uint8)
        before, array, after = np.split(memory, [ALIGNMENT, ALIGNMENT + size])
        before[:] = after[:] = self.PATTERN
        self.fences += [(f"before {name}", before), (f"after {name}", after)]
        return array.view(dtype).reshape(shape)

    def check(self) -> None:
        """Fail if a byte beside any of the arrays was written."""
        written = [name for name, fence in self.fences if (fence != self.PATTERN).any()]
        assert not written, f"wrote {', '.join(written)}"


def train_one_chunk(
    trainer: _core.Trainer,
    ids: NDArray[np.int32],
    begin: int,
    end: int,
    sentence_ends: NDArray[np.int64],
    stream: int,
    learning_rate: float,
    workspace: NDArray[np.uint8],
) -> tuple[int, int, int, float]:
    """Train on a stretch of one chunk."""
    (stats,) = trainer.train_chunks(
        ids,
        np.array([begin, end]),
        sentence_ends,
        np.array([stream], dtype=np.uint64),
        np.array([learning_rate], dtype=np.float64),
        workspace,
    )
    return stats
