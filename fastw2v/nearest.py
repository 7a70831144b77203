# SPDX-License-Identifier: Apache-2.0
"""Exact search: the rows of a matrix that are nearest to some vectors. Arrays only, no words."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.stretches import Stretches, share
from fastw2v.system import resolve_isa

Floats = NDArray[np.float32]
Rows = NDArray[Any]  # of shape (n_rows, vector_size), float32, float16 or int8

#: Bytes of rows or of their sketch that a call into C reads: so few that Ctrl-C is heard within
#: some 20 ms, so many that the calls cost nothing.
STRETCH_BYTES = 32 << 20
#: If there are several groups of queries: then the rows stay in the cache from one to the next.
CACHED_BYTES = 4 << 20
#: Queries of a group: their 300 floats each are half of a second-level cache of 1 MB.
GROUP = 256


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
        blocks = _in_blocks(0, n_rows)
        return Sketch(self.coarse[blocks], self.fine[blocks], n_rows)


def nearest(
    rows: Rows,
    inverse_norms: Floats,
    queries: Floats,
    topn: int,
    *,
    scales: Floats | None = None,
    sketch: Sketch | None = None,
    exclude: NDArray[np.integer[Any]] | None = None,
    clip_start: int = 0,
    clip_end: int | None = None,
    threads: int | None = 1,
    isa: str | None = None,
) -> tuple[NDArray[np.intp], Floats]:
    """Find the rows of largest cosine with each query, in one pass over the rows for all of them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, vector_size), float32, float16 or int8
        Read where they lie, which may be a map of a file. Rows whose elements are not adjacent or
        not of this machine's byte order are copied, a few megabytes at a time.
    inverse_norms : ndarray of shape (n_rows,), float32
        1 / length of each row, and 0 for a row of zeros: see `invert`.
    queries : ndarray of shape (n_queries, vector_size)
        Vectors of any length.
    topn : int
        How many rows to find for each query, at least 0.
    scales : ndarray of shape (n_rows,), float32, optional
        Row i is ``scales[i]`` times its elements.
    sketch : Sketch, optional
        Of these rows. The same is found, several times as fast.
    exclude : ndarray of shape (n_queries, n), of integers, optional
        Rows that are no answer to a query. Numbers below 0 say nothing.
    clip_start, clip_end : int
        Search rows clip_start .. clip_end - 1 only, by default all.
    threads : int, optional
        How many to use; None for all CPUs that there are.
    isa : str, optional
        Instruction set; the best one by default.

    Returns
    -------
    ids : ndarray of shape (n_queries, n), intp
        The best first, with n = min(topn, rows searched). Of equal cosines the first row is the
        better. Where fewer rows are found, because they are excluded or not finite, -1.
    cosines : ndarray of shape (n_queries, n), float32
        NaN where ids are -1.

    Notes
    -----
    The cosine with a row or a query of zeros is 0. One that is not finite is never found or finds
    nothing.
    """
    matrix = _Matrix(rows, inverse_norms, scales, sketch)
    units = _units(queries, matrix.vector_size)
    excluded = _excluded(exclude, len(units))
    begin, end = matrix.clip(clip_start, clip_end)
    if topn < 0:
        raise ValueError(f"topn must be at least 0, not {topn}")
    n_found = min(topn, end - begin)
    if n_found == 0 or len(units) == 0:
        shape = (len(units), n_found)
        return np.empty(shape, np.intp), np.empty(shape, np.float32)
    name = _isa(isa)
    step = matrix.step(-(-len(units) // GROUP))

    def work(stretches: Stretches) -> tuple[NDArray[np.int32], Floats]:
        searches = [
            _core.Search(
                name,
                units[first : first + GROUP],
                n_found,
                None if excluded is None else excluded[first : first + GROUP],
                sketch is not None,
            )
            for first in range(0, len(units), GROUP)
        ]
        for first, last in stretches:
            elements = matrix.elements(first, last)
            for search in searches:
                search.search_rows(elements, matrix.dtype, first, *matrix.beside(first, last))
        ids, cosines = zip(*(search.end() for search in searches), strict=True)
        return np.concatenate(ids), np.concatenate(cosines)

    return _merge(share(begin, end, step, threads, work), n_found)


def cosines(
    rows: Rows,
    inverse_norms: Floats,
    query: Floats,
    *,
    scales: Floats | None = None,
    clip_start: int = 0,
    clip_end: int | None = None,
    threads: int | None = 1,
    isa: str | None = None,
) -> Floats:
    """Return the cosines of rows clip_start .. clip_end - 1 with one query, as in `nearest`."""
    matrix = _Matrix(rows, inverse_norms, scales)
    unit = _units(np.asarray(query)[np.newaxis], matrix.vector_size)[0]
    begin, end = matrix.clip(clip_start, clip_end)
    found = np.empty(end - begin, np.float32)
    name = _isa(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, to = matrix.elements(first, last), found[first - begin : last - begin]
            norms, scales = matrix.beside(first, last)[:2]
            _core.score_rows(name, elements, matrix.dtype, unit, to, norms, scales)

    share(begin, end, matrix.step(), threads, work)
    return found


def row_norms(
    rows: Rows, *, scales: Floats | None = None, threads: int | None = 1, isa: str | None = None
) -> Floats:
    """Return the Euclidean length of each row, shape (n_rows,), float32."""
    if rows.size == 0:  # as without a vector_size
        return np.zeros(len(rows), np.float32)
    matrix = _Matrix(rows, None, scales)
    norms = np.empty(len(rows), np.float32)
    name = _isa(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, scales = matrix.elements(first, last), matrix.beside(first, last)[1]
            _core.measure_rows(name, elements, matrix.dtype, norms[first:last], scales)

    share(0, len(rows), matrix.step(), threads, work)
    return norms


def invert(norms: Floats) -> Floats:
    """Return 1 / norms, and 0 where that is not finite."""
    with np.errstate(all="ignore"):
        inverse: Floats = np.reciprocal(norms, dtype=np.float32)
    inverse[~np.isfinite(inverse)] = 0
    return inverse


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
    matrix = _Matrix(rows, inverse_norms, scales)
    n_blocks = _in_blocks(0, len(rows)).stop
    coarse, fine = (_aligned(n_blocks, size) for size in _core.sketch_bytes(matrix.vector_size))
    if coarse.shape[1] == 0:
        raise ValueError(f"rows of {matrix.vector_size} elements have no sketch")
    name = _isa(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, (norms, scales) = matrix.elements(first, last), matrix.beside(first, last)[:2]
            to = _in_blocks(first, last)
            _core.sketch_rows(name, elements, matrix.dtype, coarse[to], fine[to], norms, scales)

    share(0, len(rows), matrix.step(), threads, work)
    return Sketch(coarse, fine, len(rows))


def searches_sketches(isa: str | None = None) -> bool:
    """Return whether `nearest` reads a sketch: without vectors of bytes it would take longer."""
    return _isa(isa) != "portable"


# ---- What the caller gave ------------------------------------------------------------------------


class _Matrix:
    """Rows with what belongs to each, checked once and handed to C in stretches."""

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
        blocks = _in_blocks(first, last)
        return norms, scales, self._sketch.coarse[blocks], self._sketch.fine[blocks]


def _aligned(n: int, size: int) -> NDArray[np.uint8]:
    """Return new bytes of shape (n, size) that begin at a cache line."""
    memory = np.empty(n * size + 64, np.uint8)
    return memory[-memory.ctypes.data % 64 :][: n * size].reshape(n, size)


def _in_blocks(first: int, last: int) -> slice:
    """Return which blocks of a sketch have the rows first .. last - 1."""
    return slice(first // _core.SKETCH_ROWS, -(-last // _core.SKETCH_ROWS))


def _per_row(name: str, values: Floats | None, n_rows: int) -> Floats | None:
    if values is None:
        return None
    if values.shape != (n_rows,):
        raise ValueError(f"{name} must have the shape ({n_rows},), not {values.shape}")
    return np.ascontiguousarray(values, np.float32)


def _units(queries: Floats, vector_size: int) -> Floats:
    """Return queries at length 1; those of zeros stay, those that are not finite become NaN."""
    queries = np.asarray(queries)
    if queries.ndim != 2 or queries.shape[1] != vector_size:
        raise ValueError(
            f"queries must have the shape (n_queries, {vector_size}), not {queries.shape}"
        )
    exact = queries.astype(np.float64)
    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
        lengths[lengths == 0] = 1
        return np.ascontiguousarray(exact / lengths[:, np.newaxis], np.float32)


def _excluded(exclude: NDArray[np.integer[Any]] | None, n_queries: int) -> NDArray[np.int32] | None:
    if exclude is None:
        return None
    exclude = np.asarray(exclude)
    if exclude.ndim != 2 or len(exclude) != n_queries:
        raise ValueError(f"exclude must have the shape ({n_queries}, n), not {exclude.shape}")
    if exclude.size == 0:
        return None
    if exclude.dtype.kind not in "iu":
        raise TypeError(f"exclude must be row numbers, not {exclude.dtype}")
    return np.ascontiguousarray(np.where(exclude < 2**31, exclude, -1), np.int32)


def _isa(isa: str | None) -> str:
    return _resolved(isa, os.environ.get("FASTW2V_ISA"))


@functools.cache  # asking the CPU takes longer than a small search
def _resolved(isa: str | None, _forced: str | None) -> str:
    return resolve_isa(isa)


def _merge(
    found: list[tuple[NDArray[np.int32], Floats]], n_found: int
) -> tuple[NDArray[np.intp], Floats]:
    """Return the best of what several threads found, each in rows of its own."""
    ids = np.concatenate([part[0] for part in found], axis=1).astype(np.intp)
    cosines = np.concatenate([part[1] for part in found], axis=1)
    if len(found) == 1:
        return ids, cosines
    order = np.lexsort((ids, -cosines))[:, :n_found]  # NaN, which is nobody's, comes last
    return np.take_along_axis(ids, order, 1), np.take_along_axis(cosines, order, 1)
