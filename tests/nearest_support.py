# SPDX-License-Identifier: Apache-2.0
"""Rows to search, and what is to be found in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from support import UNIT

DTYPES = ["float32", "float16", "int8"]
# Around the numbers of lanes (4, 8, 16), of few queries (8) and of the queries of a panel (48).
SIZES = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 64, 100, 300]


def tolerance(size: int) -> float:
    """Return how far a cosine may be off: a rounding for each product and each sum."""
    return (size + 8) * UNIT


def make_rows(
    dtype: str, n_rows: int, size: int, seed: int = 0
) -> tuple[NDArray[Any], NDArray[np.float32] | None, NDArray[np.float64]]:
    """Return rows, their scales, and what they mean."""
    exact = np.random.default_rng(seed).normal(size=(n_rows, size))
    if dtype != "int8":
        rows = exact.astype(dtype)
        return rows, None, rows.astype(np.float64)
    scales = (np.abs(exact).max(axis=1) / 127).astype(np.float32)
    rows = np.round(exact / scales[:, np.newaxis]).astype(np.int8)
    return rows, scales, rows * scales[:, np.newaxis].astype(np.float64)


def exact_cosines(exact: NDArray[np.float64], queries: NDArray[Any]) -> NDArray[np.float64]:
    """Return cosines of shape (n_queries, n_rows); 0 for zeros."""

    def units(x: NDArray[Any]) -> NDArray[np.float64]:
        lengths = np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
        return x / np.where(lengths == 0, 1, lengths)

    return units(queries) @ units(exact).T


def check(ids: NDArray[np.intp], found: NDArray[np.float32], expected: NDArray[np.float64]) -> None:
    """Check what was found against all cosines, -inf for rows that must not be found.

    Rows that are closer to one another than a rounding may stand in either order.
    """
    atol = tolerance(300)
    best = -np.sort(-expected, axis=1)[:, : ids.shape[1]]
    missing = best == -np.inf
    np.testing.assert_array_equal(ids < 0, missing)
    assert np.isnan(found[missing]).all()
    np.testing.assert_allclose(found[~missing], best[~missing], atol=atol, rtol=0)
    of_ids = np.take_along_axis(expected, np.maximum(ids, 0), 1)
    np.testing.assert_allclose(of_ids[~missing], found[~missing], atol=atol, rtol=0)
    for row in ids:
        assert len(set(row[row >= 0])) == np.count_nonzero(row >= 0)
