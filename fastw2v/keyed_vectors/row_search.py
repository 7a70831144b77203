# SPDX-License-Identifier: Apache-2.0
"""Searches in the same rows, and what is kept from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.rows import Vector
from fastw2v.nearest import (
    Sketch,
    cosines,
    invert,
    make_sketch,
    nearest,
    searches_sketches,
)

#: A sketch takes as long as 4 to 14 searches for one query each save with it (float32 and float16
#: rows of 300). So it is made before the ninth: with it or without, no number of searches takes
#: much more than twice as long as it could.
SKETCH_PASSES = 8
#: Beyond the first, a sketch saves an eighth to a twelfth as much on each query of a batch.
BATCH_QUERIES = 8
#: Rows of fewer numbers than this are searched in 2 ms anyway.
SKETCH_NUMBERS = 1 << 24
#: Longer rows have no sketch.
LONGEST_ROW = 1 << 16


class RowSearch:
    """Exact search in rows that do not change.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, vector_size), float32, float16 or int8
    scales : ndarray of shape (n_rows,), float32, or None
        Of int8 rows.
    norms : ndarray of shape (n_rows,), float32
        Lengths of the rows.
    sketching : bool, optional
        Whether to make a sketch; None to make one when it pays.
    """

    def __init__(
        self, rows: NDArray[Any], scales: Vector | None, norms: Vector, sketching: bool | None
    ) -> None:
        self._rows, self._scales = rows, scales
        self._inverse_norms = invert(norms)
        self._sketching = sketching
        self._passes = 0.0
        self.sketch: Sketch | None = None

    def nearest(
        self,
        queries: Vector,
        excluded: Sequence[Sequence[int]],
        topn: int,
        part: slice,
        threads: int,
    ) -> tuple[NDArray[np.intp], Vector]:
        """Find the rows of a part that are nearest to each query: see `fastw2v.nearest.nearest`.

        `excluded` has for each query the rows to leave out.
        """
        self._count(len(queries), part, threads)
        return nearest(
            self._rows,
            self._inverse_norms,
            queries,
            topn,
            scales=self._scales,
            sketch=self.sketch,
            exclude=_padded(excluded),
            clip_start=part.start,
            clip_end=part.stop,
            threads=threads,
        )

    def cosines(self, query: Vector, part: slice, threads: int) -> Vector:
        """Return the cosines of the rows of a part with one query; 0 for a row of zeros."""
        return cosines(
            self._rows,
            self._inverse_norms,
            query,
            scales=self._scales,
            clip_start=part.start,
            clip_end=part.stop,
            threads=threads,
        )

    def make_sketch(self, threads: int = 1) -> None:
        """Make the sketch, if it is not there."""
        if self.sketch is None:
            self.sketch = make_sketch(
                self._rows, self._inverse_norms, scales=self._scales, threads=threads
            )

    def _count(self, n_queries: int, part: slice, threads: int) -> None:
        """Count a search, and make a sketch if it pays by now."""
        if self.sketch is not None or self._sketching is False:
            return
        share = (part.stop - part.start) / max(len(self._rows), 1)
        self._passes += share * (1 + n_queries // BATCH_QUERIES)
        pays = (
            self._passes > SKETCH_PASSES
            and self._rows.size >= SKETCH_NUMBERS
            and self._rows.shape[1] <= LONGEST_ROW
            and searches_sketches()
        )
        if self._sketching or pays:
            self.make_sketch(threads)


def _padded(lists: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Return lists of row numbers as an array, with -1 where a list has come to its end."""
    padded = np.full((len(lists), max(map(len, lists), default=0)), -1, np.intp)
    for row, numbers in zip(padded, lists, strict=True):
        row[: len(numbers)] = numbers
    return padded
