# SPDX-License-Identifier: Apache-2.0
"""The libraries behind `VectorIndex`, in one shape: a graph of unit vectors (HNSW).

References
----------
Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
Navigable Small World graphs", IEEE TPAMI 42, 2020. M, efConstruction and ef are their names.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.float32]
Found = tuple[NDArray[np.int64], NDArray[np.float32]]  # positions and cosines, (n_queries, topn)


class Backend(Protocol):
    """A graph of vectors of length 1, which are known by their positions: 0, 1, ..."""

    @property
    def shape(self) -> tuple[int, int]:
        """How many vectors there are, and how many numbers each has."""

    def add(self, units: Units, threads: int) -> None:
        """Add vectors behind those that are there."""

    def search(self, units: Units, topn: int, ef_search: int) -> Found:
        """Find about the nearest of each, the nearest first; -1 where there is none left."""

    def to_bytes(self) -> bytes:
        """Return all of it in the library's own format."""


class Usearch:
    """A graph of the package usearch."""

    def __init__(self, vector_size: int, m: int, ef_construction: int) -> None:
        index = _package("usearch.index", "usearch").Index
        self._index = index(
            ndim=vector_size, metric="cos", dtype="f32", connectivity=m,
            expansion_add=ef_construction,
        )  # fmt: skip

    @classmethod
    def from_bytes(cls, data: bytes, vector_size: int, m: int, ef_construction: int) -> Usearch:
        graph = cls(vector_size, m, ef_construction)
        graph._index.load(data)
        return graph

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._index), int(self._index.ndim)

    def add(self, units: Units, threads: int) -> None:
        first = len(self._index)
        self._index.add(np.arange(first, first + len(units)), units, threads=threads)

    def search(self, units: Units, topn: int, ef_search: int) -> Found:
        self._index.expansion_search = ef_search
        found = self._index.search(units, topn, threads=1)
        positions = np.atleast_2d(found.keys.astype(np.int64))
        cosines = np.atleast_2d(1 - found.distances.astype(np.float32))
        counts = getattr(found, "counts", None)  # of a batch: how many it found of each
        if counts is not None:
            positions[np.arange(positions.shape[1]) >= np.asarray(counts)[:, np.newaxis]] = -1
        return positions, cosines

    def to_bytes(self) -> bytes:
        return bytes(self._index.save())


class Faiss:
    """A graph of the package faiss."""

    def __init__(self, vector_size: int, m: int, ef_construction: int) -> None:
        self._faiss = _package("faiss", "faiss")
        self._index = self._faiss.IndexHNSWFlat(
            vector_size, m, self._faiss.METRIC_INNER_PRODUCT
        )  # fmt: skip
        self._index.hnsw.efConstruction = ef_construction

    @classmethod
    def from_bytes(cls, data: bytes, vector_size: int, m: int, ef_construction: int) -> Faiss:
        graph = cls(vector_size, m, ef_construction)
        graph._index = graph._faiss.deserialize_index(np.frombuffer(data, np.uint8))
        return graph

    @property
    def shape(self) -> tuple[int, int]:
        return int(self._index.ntotal), int(self._index.d)

    def add(self, units: Units, threads: int) -> None:
        with self._threads(threads):
            self._index.add(units)

    def search(self, units: Units, topn: int, ef_search: int) -> Found:
        self._index.hnsw.efSearch = ef_search
        with self._threads(1):
            cosines, positions = self._index.search(units, topn)
        return positions, cosines

    def to_bytes(self) -> bytes:
        return bytes(self._faiss.serialize_index(self._index).tobytes())

    @contextlib.contextmanager
    def _threads(self, threads: int) -> Iterator[None]:
        """Set the number of threads for a while: faiss has one for the whole process."""
        before = self._faiss.omp_get_max_threads()
        self._faiss.omp_set_num_threads(threads)
        try:
            yield
        finally:
            self._faiss.omp_set_num_threads(before)


BACKENDS: dict[str, type[Usearch] | type[Faiss]] = {"usearch": Usearch, "faiss": Faiss}


def _package(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"backend {extra!r} needs the package of this name: pip install 'fastw2v[{extra}]'"
        ) from error
