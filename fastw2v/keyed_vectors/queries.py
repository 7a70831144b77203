# SPDX-License-Identifier: Apache-2.0
"""Queries: words, vectors and weights as the user gave them become unit vectors to search with."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.rows import Vector
from fastw2v.keyed_vectors.table import VectorTable

Key = str | NDArray[Any]
Weighted = Key | tuple[Key, float]
Item = tuple[Key, float]


@dataclass(frozen=True, eq=False)
class Queries:
    """What a search needs to know.

    Attributes
    ----------
    units : ndarray of shape (n_queries, vector_size), float32, C-contiguous
        Each row of length 1.
    excluded : list of list of int
        For each query the ids of its own words, which are not to be found.
    """

    units: Vector
    excluded: list[list[int]]


def make_queries(table: VectorTable, asked: Sequence[Sequence[Item]]) -> Queries:
    """Make each list of (word or vector, weight) one query: the direction of its weighted mean.

    Raises
    ------
    KeyError
        A word is not in the vocabulary; the message says why.
    ValueError
        A query is empty, zero, not finite or of another size; of several, the message says which.
    """
    units = np.empty((len(asked), table.vector_size), np.float32)
    excluded = []
    for i, items in enumerate(asked):
        units[i] = _direction(table, items, "the query" if len(asked) == 1 else f"query {i}")
        excluded.append([table.get_index(key) for key, _ in items if isinstance(key, str)])
    return Queries(units, excluded)


def _direction(table: VectorTable, items: Sequence[Item], name: str) -> NDArray[np.float64]:
    """Return the direction of the weighted mean, a unit vector of shape (vector_size,).

    Words count with unit vectors, vectors as they are.
    """
    if not items:
        raise ValueError(f"{name} is empty: give at least one word or vector")
    mean = np.zeros(table.vector_size)
    for key, weight in items:
        vector = table.get_vector(key, norm=True) if isinstance(key, str) else key
        if vector.shape != mean.shape:
            raise ValueError(
                f"a vector must have the shape ({table.vector_size},), not {vector.shape}"
            )
        with np.errstate(invalid="ignore"):  # infinite - infinite
            mean += weight * vector.astype(np.float64)
    length = np.linalg.norm(mean)
    if not 0 < length < np.inf:
        state = "zero" if length == 0 else "not finite"
        raise ValueError(f"{name} is {state}: it has no direction to compare with")
    return mean / length


def as_items(name: str, value: Any, weight: float) -> list[Item]:
    """Return what the user gave as a list of (word or vector, weight)."""
    if value is None:
        return []
    if _is_key(value) or _is_weighted(value):
        value = [value]
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a word, a vector or several of them, not {value!r}")
    items = [item if _is_weighted(item) else (item, weight) for item in value]
    for key, _ in items:
        if not _is_key(key):
            raise TypeError(
                f"{name} must be made of words (str) and vectors (1-D ndarrays), not {key!r}"
            )
    return items


def _is_key(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _is_weighted(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Real)


def checked_int(name: str, value: SupportsIndex, least: int) -> int:
    """Return an integer that the user gave, or say that it is none or too small."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer or None, not {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    return operator.index(value)
