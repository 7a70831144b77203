# SPDX-License-Identifier: Apache-2.0
"""The lengths of rows."""

from __future__ import annotations

import numpy as np

from fastw2v import _core
from fastw2v.nearest.matrix import Floats, Matrix, Rows, isa_name
from fastw2v.nearest.stretches import Stretches, share

# Between these the sum of squares is a float32 of full precision.
LEAST_NORM, GREATEST_NORM = 2.0**-60, 2.0**63


def row_norms(
    rows: Rows, *, scales: Floats | None = None, threads: int | None = 1, isa: str | None = None
) -> Floats:
    """Return the Euclidean length of each row, shape (n_rows,), float32."""
    if rows.size == 0:  # as without a vector_size
        return np.zeros(len(rows), np.float32)
    matrix = Matrix(rows, None, scales)
    norms = np.empty(len(rows), np.float32)
    name = isa_name(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, scales = matrix.elements(first, last), matrix.beside(first, last)[1]
            found = norms[first:last]
            _core.measure_rows(name, elements, matrix.dtype, found, scales)
            extreme = np.flatnonzero(~((found >= LEAST_NORM) & (found <= GREATEST_NORM)))
            found[extreme] = _precise_norms(rows[first + extreme])
            if scales is not None:
                found[extreme] *= scales[extreme]

    share(0, len(rows), matrix.step(), threads, work)
    return norms


def _precise_norms(rows: Rows) -> Floats:
    with np.errstate(over="ignore"):  # beyond float32, it is infinite
        lengths: Floats = np.linalg.norm(rows.astype(np.float64), axis=1).astype(np.float32)
    return lengths


def invert(norms: Floats) -> Floats:
    """Return 1 / norms, and 0 where that is not finite."""
    with np.errstate(all="ignore"):
        inverse: Floats = np.reciprocal(norms, dtype=np.float32)
    inverse[~np.isfinite(inverse)] = 0
    return inverse
