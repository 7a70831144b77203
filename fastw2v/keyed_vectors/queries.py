# SPDX-License-Identifier: Apache-2.0
"""Queries: keys, vectors and weights as the user gave them become unit vectors to search with."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.keys import Key, as_key, is_key
from fastw2v.keyed_vectors.rows import Vector
from fastw2v.keyed_vectors.table import VectorTable

Term = Key | NDArray[Any]  # what a query is made of
Weighted = Term | tuple[Term, float]
Item = tuple[Term, float]


@dataclass(frozen=True, eq=False)
class Queries:
    """What a search needs to know.

    Attributes
    ----------
    units : ndarray of shape (n_queries, vector_size), float32, C-contiguous
        Each row of length 1.
    excluded : list of list of int
        For each query the positions of its own keys, which are not to be found.
    """

    units: Vector
    excluded: list[list[int]]


def make_queries(table: VectorTable, asked: Sequence[Sequence[Item]]) -> Queries:
    """Make each list of (key or vector, weight) one query: the direction of its weighted mean.

    Raises
    ------
    KeyError
        A key is not there; the message says why.
    ValueError
        A query is empty, zero, not finite or of another size; of several, the message says which.
    """
    names = ["the query"] if len(asked) == 1 else [f"query {i}" for i in range(len(asked))]
    sums = np.zeros((len(asked), table.vector_size))
    excluded: list[list[int]] = []
    weights: list[float] = []
    for name, items, mean in zip(names, asked, sums, strict=True):
        if not items:
            raise ValueError(f"{name} is empty: give at least one key or vector")
        excluded.append([])
        for term, weight in items:
            if isinstance(term, np.ndarray):
                check_size(table, term)
                with np.errstate(invalid="ignore"):  # infinite - infinite
                    mean += weight * term.astype(np.float64)
            else:
                excluded[-1].append(table.get_index(term))
                weights.append(weight)
    _add_unit_rows(table, sums, excluded, weights)
    lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))
    for i in np.flatnonzero(~((lengths > 0) & (lengths < np.inf)))[:1].tolist():
        state = "zero" if lengths[i] == 0 else "not finite"
        raise ValueError(f"{names[i]} is {state}: it has no direction to compare with")
    return Queries((sums / lengths[:, np.newaxis]).astype(np.float32), excluded)


def _add_unit_rows(
    table: VectorTable,
    sums: NDArray[np.float64],
    places: Sequence[Sequence[int]],
    weights: Sequence[float],
) -> None:
    """Add to each sum the rows at its places, at length 1 and times the weights, in that order."""
    which = np.array([place for some in places for place in some], np.intp)
    if len(which) == 0:
        return
    lengths = table.norms[which]
    with np.errstate(invalid="ignore"):  # infinite / infinite
        units = table.rows(which) / np.where(lengths > 0, lengths, np.float32(1))[:, np.newaxis]
        weighted = units * np.array(weights, np.float64)[:, np.newaxis]
        counts = np.array([len(some) for some in places])
        ends = np.cumsum(counts)
        has_keys = counts > 0
        sums[has_keys] += np.add.reduceat(weighted, (ends - counts)[has_keys])


def check_size(table: VectorTable, vector: NDArray[Any]) -> None:
    """Refuse a vector that the vectors of a table cannot be compared with."""
    if vector.shape != (table.vector_size,):
        raise ValueError(f"a vector must have the shape ({table.vector_size},), not {vector.shape}")


def as_items(name: str, value: Any, weight: float) -> list[Item]:
    """Return what the user gave as a list of (key or vector, weight)."""
    if value is None:
        return []
    if _is_term(value) or _is_weighted(value):
        value = [value]
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a key, a vector or several of them, not {value!r}")
    items = [item if _is_weighted(item) else (item, weight) for item in value]
    for term, _ in items:
        if not _is_term(term):
            raise TypeError(
                f"{name} must be made of keys (str or int) and vectors (1-D ndarrays), not {term!r}"
            )
    return [(term if isinstance(term, np.ndarray) else as_key(term), w) for term, w in items]


def as_batch(queries: Any) -> list[list[Item]]:
    """Return each query of a batch as a list of (key or vector, weight).

    A query is what `most_similar` takes as `positive`, or a tuple (positive, negative).
    """
    if is_key(queries) or not isinstance(queries, Iterable):
        raise TypeError(f"queries must be a list of queries or a 2-D ndarray, not {queries!r}")
    if isinstance(queries, np.ndarray) and queries.ndim != 2 and queries.dtype.kind in "fiub":
        raise ValueError(f"queries must be an ndarray of two dimensions, not {queries.ndim}")
    return [_as_query(f"query {i}", query) for i, query in enumerate(queries)]


def _as_query(name: str, query: Any) -> list[Item]:
    if not isinstance(query, tuple):
        return as_items(name, query, 1.0)
    if len(query) != 2:
        raise ValueError(f"{name} must be a pair (positive, negative), not {query!r}")
    return as_items(name, query[0], 1.0) + as_items(name, query[1], -1.0)


def _is_term(value: object) -> bool:
    vector = isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fiub"
    return vector or is_key(value)


def _is_weighted(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Real)


def checked_int(name: str, value: SupportsIndex, least: int) -> int:
    """Return an integer that the user gave, or say that it is none or too small."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer or None, not {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    return operator.index(value)
