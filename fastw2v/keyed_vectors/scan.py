# SPDX-License-Identifier: Apache-2.0
"""The search itself, over all rows in turn: it knows arrays only, no words."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.rows import Vector, blocks, float32_rows


def cosines_with(
    vectors: NDArray[Any], scales: Vector | None, norms: Vector, query: Vector
) -> Vector:
    """Compare all rows with a unit vector, without a copy of the matrix; 0 for a row of zeros."""
    cosines = np.empty(len(vectors), np.float32)
    whole = [slice(0, len(vectors))]
    with np.errstate(over="ignore", invalid="ignore"):
        for block in whole if vectors.dtype == np.float32 else blocks(len(vectors)):
            np.matmul(float32_rows(vectors, scales, block), query, out=cosines[block])
        np.divide(cosines, norms, out=cosines, where=norms > 0)
    return cosines


def nearest(
    vectors: NDArray[Any],
    scales: Vector | None,
    norms: Vector,
    queries: Vector,
    excluded: Sequence[Sequence[int]],
    topn: int,
    threads: int = 1,
) -> tuple[NDArray[np.intp], Vector]:
    """Find the rows of the largest cosines with each query.

    Parameters
    ----------
    vectors : ndarray of shape (n_rows, vector_size), float32, float16 or int8
    scales : ndarray of shape (n_rows,), float32, or None
        Of int8 rows.
    norms : ndarray of shape (n_rows,), float32
        Lengths of the rows.
    queries : ndarray of shape (n_queries, vector_size), float32
        Of length 1.
    excluded : sequence of sequences of int
        For each query the rows to leave out; those from n_rows on do not count.
    topn : int
    threads : int
        They share the queries.

    Returns
    -------
    ids : ndarray of shape (n_queries, min(topn, n_rows)), intp
        The nearest first, ties in order of the rows; -1 where there is none left. A row that is
        not finite is not found.
    cosines : ndarray of the same shape, float32
    """
    shape = len(queries), min(topn, len(vectors))
    ids, found = np.full(shape, -1, np.intp), np.full(shape, -np.inf, np.float32)

    def answer(i: int) -> None:
        cosines = cosines_with(vectors, scales, norms, queries[i])
        cosines[[row for row in excluded[i] if row < len(vectors)]] = -np.inf
        places = largest(cosines, topn)
        ids[i, : len(places)] = places
        found[i, : len(places)] = cosines[places]

    if threads == 1 or len(queries) < 2:
        for i in range(len(queries)):
            answer(i)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(answer, range(len(queries))))
    return ids, found


def largest(values: Vector, n: int) -> NDArray[np.intp]:
    """Return the places of the n largest values, the largest first and ties in order of place.

    NaN and -inf are never among them. A partition finds the n-th largest value, so that only the
    values from there on are sorted.
    """
    falling = -values  # the best first, and a partition puts NaN last
    threshold = np.inf
    if 0 < n < len(falling):
        threshold = np.partition(falling, n - 1)[n - 1]
    if threshold < np.inf:
        places = np.flatnonzero(falling <= threshold)
    else:
        places = np.flatnonzero(falling < np.inf)
    return places[np.argsort(falling[places], kind="stable")][:n]
