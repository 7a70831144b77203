# SPDX-License-Identifier: Apache-2.0
"""The rows that are searched, with what belongs to each: checked once, handed to C in stretches."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.system import resolve_isa

if TYPE_CHECKING:
    from fastw2v.nearest.sketches import Sketch

Floats = NDArray[np.float32]
Rows = NDArray[Any]  # of shape (n_rows, vector_size), float32, float16 or int8

#: Bytes of rows or of their sketch that a call into C reads: so few that Ctrl-C is heard within
#: some 20 ms, so many that the calls cost nothing.
STRETCH_BYTES = 32 << 20
#: If there are several groups of queries: then the rows stay in the cache from one to the next.
CACHED_BYTES = 4 << 20


class Matrix:
    """Rows, the inverse of the norm of each, its scale, and a sketch of all."""

    def __init__(
        self,
        rows: Rows,
        inverse_norms: Floats | None,
        scales: Floats | None,
        sketch: Sketch | None = None,
    ) -> None:
        rows = np.asarray(rows)
        if rows.ndim != 2 or rows.shape[1] == 0 or len(rows) >= 2**31:
            raise ValueError(f"rows must have the shape (n_rows, vector_size), not {rows.shape}")
        self.dtype = rows.dtype.name
        if self.dtype not in ("float32", "float16", "int8"):
            raise TypeError(f"rows must be float32, float16 or int8, not {self.dtype}")
        self._rows = rows
        self._inverse_norms = _per_row("inverse_norms", inverse_norms, len(rows))
        self._scales = _per_row("scales", scales, len(rows))
        self._sketch = sketch
        if sketch is not None and sketch.n_rows != len(rows):
            raise ValueError(f"the sketch is of {sketch.n_rows} rows, not {len(rows)}")
        item = rows.dtype.itemsize
        self._is_readable = (
            rows.dtype.isnative
            and rows.flags.aligned
            and rows.strides[1] == item
            and rows.strides[0] >= 0
            and rows.strides[0] % item == 0
        )
        self.vector_size = rows.shape[1]
        self._row_bytes: int = rows.shape[1] * item
        if sketch is not None:
            self._row_bytes = -(-sketch.coarse.shape[1] // _core.SKETCH_ROWS)

    def clip(self, clip_start: int, clip_end: int | None) -> tuple[int, int]:
        """Return the rows to search, as begin and end."""
        end = len(self._rows) if clip_end is None else clip_end
        if not 0 <= clip_start <= end <= len(self._rows):
            raise ValueError(
                f"clip_start and clip_end must lie within 0 .. {len(self._rows)}, "
                f"not {clip_start} and {clip_end}"
            )
        return clip_start, end

    def step(self, n_groups: int = 1) -> int:
        """Return how many rows a stretch has."""
        n_bytes = STRETCH_BYTES if n_groups == 1 else CACHED_BYTES
        return max(1, n_bytes // self._row_bytes)

    def elements(self, first: int, last: int) -> NDArray[np.uint8]:
        """Return a stretch of rows as bytes."""
        stretch = self._rows[first:last]
        if not self._is_readable:
            stretch = np.array(stretch, dtype=self.dtype, order="C")
        return stretch.view(np.uint8)

    def beside(self, first: int, last: int) -> tuple[Any, Any, Any, Any]:
        """Return inverse norms, scales, and both parts of the sketch of a stretch."""
        every = self._inverse_norms, self._scales
        norms, scales = (a if a is None else a[first:last] for a in every)
        if self._sketch is None:
            return norms, scales, None, None
        blocks = in_blocks(first, last)
        return norms, scales, self._sketch.coarse[blocks], self._sketch.fine[blocks]


def in_blocks(first: int, last: int) -> slice:
    """Return which blocks of a sketch have the rows first .. last - 1."""
    return slice(first // _core.SKETCH_ROWS, -(-last // _core.SKETCH_ROWS))


def _per_row(name: str, values: Floats | None, n_rows: int) -> Floats | None:
    if values is None:
        return None
    if values.shape != (n_rows,):
        raise ValueError(f"{name} must have the shape ({n_rows},), not {values.shape}")
    return np.ascontiguousarray(values, np.float32)


def isa_name(isa: str | None) -> str:
    """Return the instruction set to use: `isa`, or the best one that the environment allows."""
    return _resolved(isa, os.environ.get("FASTW2V_ISA"))


@functools.cache  # asking the CPU takes longer than a small search
def _resolved(isa: str | None, _forced: str | None) -> str:
    return resolve_isa(isa)
