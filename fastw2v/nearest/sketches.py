# SPDX-License-Identifier: Apache-2.0
"""Rows in a quarter of the memory, to be searched first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.memory import page_aligned
from fastw2v.nearest.matrix import Floats, Matrix, Rows, in_blocks, isa_name
from fastw2v.nearest.stretches import Stretches, share


@dataclass(frozen=True)
class Sketch:
    """Rows in a quarter of the memory, with the error of each, to search first: see `make_sketch`.

    Attributes
    ----------
    coarse, fine : ndarray of shape (n_blocks, bytes of a block), uint8
        Of `_core.SKETCH_ROWS` rows a block: csrc/nearest.h has the layout, and the formula.
    n_rows : int
    """

    coarse: NDArray[np.uint8]
    fine: NDArray[np.uint8]
    n_rows: int

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.coarse.nbytes + self.fine.nbytes

    def first(self, n_rows: int) -> Sketch:
        """Return the sketch of the first rows alone, a view."""
        blocks = in_blocks(0, n_rows)
        return Sketch(self.coarse[blocks], self.fine[blocks], n_rows)


def make_sketch(
    rows: Rows,
    inverse_norms: Floats,
    *,
    scales: Floats | None = None,
    threads: int | None = 1,
    isa: str | None = None,
) -> Sketch:
    """Make what `nearest` searches first: a byte for each element, and the error that this makes.

    It takes about as long as two searches for one query each. The vectors of a query and of a row
    tell how far their product can lie from that of their bytes, so that only rows that may be among
    the best are read in full. Of word vectors these are two or three times as many as are found,
    and those met before the best were; of a million copies of one row, all.

    Raises
    ------
    ValueError
        Rows are longer than 65,536.
    """
    matrix = Matrix(rows, inverse_norms, scales)
    n_blocks = in_blocks(0, len(rows)).stop
    coarse, fine = (
        page_aligned(n_blocks * size).reshape(n_blocks, size)
        for size in _core.sketch_bytes(matrix.vector_size)
    )
    if coarse.shape[1] == 0:
        raise ValueError(f"rows of {matrix.vector_size} elements have no sketch")
    name = isa_name(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, (norms, scales) = matrix.elements(first, last), matrix.beside(first, last)[:2]
            to = in_blocks(first, last)
            _core.sketch_rows(name, elements, matrix.dtype, coarse[to], fine[to], norms, scales)

    share(0, len(rows), matrix.step(), threads, work)
    return Sketch(coarse, fine, len(rows))


def searches_sketches(isa: str | None = None) -> bool:
    """Return whether `nearest` reads a sketch: without vectors of bytes it would take longer."""
    return isa_name(isa) != "portable"
