# SPDX-License-Identifier: Apache-2.0
"""Exact search: one pass over the rows, for one query or for many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.nearest.matrix import Floats, Matrix, Rows, isa_name
from fastw2v.nearest.sketches import Sketch
from fastw2v.nearest.stretches import Stretches, share

#: Queries of a group: their 300 floats each are half of a second-level cache of 1 MB.
GROUP = 256


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
    matrix = Matrix(rows, inverse_norms, scales, sketch)
    units = _units(queries, matrix.vector_size)
    excluded = _excluded(exclude, len(units))
    begin, end = matrix.clip(clip_start, clip_end)
    if topn < 0:
        raise ValueError(f"topn must be at least 0, not {topn}")
    n_found = min(topn, end - begin)
    if n_found == 0 or len(units) == 0:
        shape = (len(units), n_found)
        return np.empty(shape, np.intp), np.empty(shape, np.float32)
    name = isa_name(isa)
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
    matrix = Matrix(rows, inverse_norms, scales)
    unit = _units(np.asarray(query)[np.newaxis], matrix.vector_size)[0]
    begin, end = matrix.clip(clip_start, clip_end)
    found = np.empty(end - begin, np.float32)
    name = isa_name(isa)

    def work(stretches: Stretches) -> None:
        for first, last in stretches:
            elements, to = matrix.elements(first, last), found[first - begin : last - begin]
            norms, scales = matrix.beside(first, last)[:2]
            _core.score_rows(name, elements, matrix.dtype, unit, to, norms, scales)

    share(begin, end, matrix.step(), threads, work)
    return found


# ---- What the caller gave ------------------------------------------------------------------------


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
