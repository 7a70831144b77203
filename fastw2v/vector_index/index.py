# SPDX-License-Identifier: Apache-2.0
"""Neighbours at scale: an approximate index, which says itself how approximate it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.atomic import atomic_file
from fastw2v.vector_index.backends import BACKENDS, Backend, Units

_MAGIC = b"fastw2v index 1\n"
_MOST_HEADER_BYTES = 4096
_MOST_LINKS = 1024  # far beyond any use; a file must not have gigabytes reserved
_MOST_CANDIDATES = 1_000_000
_BLOCK_ROWS = 65_536  # added at a time: their unit vectors are a copy


class Vectors(Protocol):
    """What an index needs of `KeyedVectors`."""

    @property
    def vectors(self) -> NDArray[Any]: ...
    @property
    def scales(self) -> NDArray[np.float32] | None: ...
    @property
    def index_to_key(self) -> Sequence[Any]: ...
    @property
    def norms(self) -> NDArray[np.float32]: ...
    @property
    def vector_size(self) -> int: ...
    def rows(self, which: Any, /) -> NDArray[np.float32]: ...
    def similar_by_vector(self, vector: NDArray[Any], topn: int = ..., /) -> Any: ...


@dataclass(frozen=True)
class Settings:
    """How a graph is built: `backend` and HNSW's `m` and `ef_construction`."""

    backend: str = "usearch"
    m: int = 16
    ef_construction: int = 128

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            known = " or ".join(map(repr, BACKENDS))
            raise ValueError(f"backend must be {known}, not {self.backend!r}")
        _check_int("m", self.m, 2, _MOST_LINKS)
        _check_int("ef_construction", self.ef_construction, 1, _MOST_CANDIDATES)

    def graph_arguments(self, vector_size: int) -> tuple[int, int, int]:
        """Return what a backend is made with."""
        return vector_size, self.m, self.ef_construction


class VectorIndex:
    """An approximate index of word vectors; made by ``KeyedVectors.index``.

    It is a snapshot: vectors that change later are found as they were. Words whose vectors are zero
    or not finite are not in it.

    Attributes
    ----------
    settings : Settings
    ef_search : int
        How many candidates a search keeps: more find more of the true neighbours and take longer.
        May be changed at any time.
    """

    def __init__(
        self, vectors: Vectors, graph: Backend, settings: Settings, fingerprint: str, ef_search: int
    ) -> None:
        _check_int("ef_search", ef_search, 1, _MOST_CANDIDATES)
        self.settings = settings
        self.ef_search = ef_search
        self._vectors = vectors
        self._fingerprint = fingerprint
        self._graph = graph
        self._ids = _usable_ids(vectors)
        self._keys = [vectors.index_to_key[i] for i in self._ids.tolist()]

    @classmethod
    def build(
        cls, vectors: Vectors, settings: Settings, *, ef_search: int, threads: int
    ) -> VectorIndex:
        """Put all vectors into a new graph."""
        _check_int("threads", threads, 1)
        arguments = settings.graph_arguments(vectors.vector_size)
        graph = BACKENDS[settings.backend](*arguments)
        index = cls(vectors, graph, settings, fingerprint(vectors), ef_search)
        for begin in range(0, len(index), _BLOCK_ROWS):
            graph.add(index._units(index._ids[begin : begin + _BLOCK_ROWS]), threads)
        return index

    def _units(self, ids: NDArray[np.intp]) -> Units:
        return self._vectors.rows(ids) / self._vectors.norms[ids][:, np.newaxis]

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"VectorIndex<{self.settings.backend}, {len(self)} keys>"

    def most_similar(self, vector: NDArray[Any], topn: int = 10) -> list[tuple[Any, float]]:
        """Find about the words nearest to a vector.

        Parameters
        ----------
        vector : ndarray of shape (vector_size,)
        topn : int

        Returns
        -------
        list of (str, float)
            Words and cosines, the nearest first; a word of exactly this vector, too.

        Raises
        ------
        ValueError
            The vector is zero, not finite or of another size, or `topn` is negative.
        """
        _check_int("topn", topn, 0)
        query = np.asarray(vector, np.float64)
        if query.shape != (self._vectors.vector_size,):
            raise ValueError(
                f"a vector must have the shape ({self._vectors.vector_size},), not {query.shape}"
            )
        length = np.linalg.norm(query)
        if not 0 < length < np.inf:
            raise ValueError("the vector is zero or not finite: it has no direction")
        n_found = min(topn, len(self))
        if n_found == 0:
            return []
        unit = (query / length).astype(np.float32)[np.newaxis]
        positions, cosines = self._graph.search(unit, n_found, self.ef_search)
        return [
            (self._keys[place], cosine)
            for place, cosine in zip(positions[0].tolist(), cosines[0].tolist(), strict=True)
            if place >= 0
        ]

    def recall(self, n_queries: int = 200, topn: int = 10, seed: int = 1) -> float:
        """Measure which share of the true neighbours it finds.

        Parameters
        ----------
        n_queries : int
            So many words, drawn at random, are searched for here and exactly.
        topn : int
            Neighbours of each, without the word itself.
        seed : int

        Returns
        -------
        float
            The mean share, from 0 to 1.

        Raises
        ------
        ValueError
            A number is out of range, the index has fewer than two words, or the vectors have
            changed since it was built.
        """
        _check_int("n_queries", n_queries, 1)
        _check_int("topn", topn, 1)
        if len(self) < 2:
            raise ValueError("an index of fewer than two words has no neighbours to find")
        _check_fingerprint(self._vectors, self._fingerprint)
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self), min(n_queries, len(self)), replace=False)
        shares = []
        for place in chosen.tolist():
            unit = self._units(self._ids[[place]])[0]
            exact = self._vectors.similar_by_vector(unit, topn + 1)
            found = self.most_similar(unit, topn + 1)
            others, too = (
                [key for key, _ in pairs if key != self._keys[place]][:topn]
                for pairs in (exact, found)
            )
            shares.append(len(set(others) & set(too)) / len(others))
        return float(np.mean(shares))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, atomically, to be used again by ``KeyedVectors.load_index``."""
        payload = self._graph.to_bytes()
        header = {
            **asdict(self.settings),
            "ef_search": self.ef_search,
            "fingerprint": self._fingerprint,
        }
        line = json.dumps(header).encode("ascii")
        with atomic_file(path) as file:
            file.write(_MAGIC + _checksum(line, payload) + b" " + line + b"\n")
            file.write(payload)

    @classmethod
    def load(cls, path: str | os.PathLike[str], vectors: Vectors) -> VectorIndex:
        """Read an index of these vectors; see ``KeyedVectors.load_index``."""
        name = os.fspath(path)
        with Path(path).open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ValueError(f"{name!r} is not an index of fastw2v")
            checksum, _, line = (
                file.readline(_MOST_HEADER_BYTES).removesuffix(b"\n").partition(b" ")
            )
            payload = file.read()
        if checksum != _checksum(line, payload):
            raise ValueError(f"{name!r} is damaged: its checksum is wrong")
        try:
            header = json.loads(line)
            saved, ef_search = header.pop("fingerprint"), header.pop("ef_search")
            settings = Settings(**header)
            _check_int("ef_search", ef_search, 1, _MOST_CANDIDATES)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"{name!r} has a header that cannot be read: {error}") from error
        _check_fingerprint(vectors, saved, name)
        graph_type = BACKENDS[settings.backend]
        arguments = settings.graph_arguments(vectors.vector_size)
        try:
            graph = graph_type.from_bytes(payload, *arguments)
        except (RuntimeError, ValueError) as error:  # of the library
            raise ValueError(f"{name!r} has no graph of {settings.backend}: {error}") from error
        index = cls(vectors, graph, settings, saved, ef_search)
        if graph.shape != (len(index), vectors.vector_size):
            raise ValueError(f"{name!r} has a graph of other vectors, of shape {graph.shape}")
        return index


def fingerprint(vectors: Vectors) -> str:
    """Return a hash of all words and vectors."""
    digest = hashlib.sha256()
    matrix = vectors.vectors
    digest.update(repr((matrix.dtype.str, matrix.shape)).encode())
    for key in vectors.index_to_key:
        digest.update(f"{key!r}\n".encode("utf-8", "surrogatepass"))
    for begin in range(0, len(matrix), _BLOCK_ROWS):
        digest.update(np.ascontiguousarray(matrix[begin : begin + _BLOCK_ROWS]).data)
    if vectors.scales is not None:
        digest.update(np.ascontiguousarray(vectors.scales).data)
    return digest.hexdigest()


def _checksum(line: bytes, payload: bytes) -> bytes:
    digest = hashlib.sha256(line)
    digest.update(payload)
    return digest.hexdigest().encode("ascii")


def _check_fingerprint(vectors: Vectors, expected: str, name: str | None = None) -> None:
    if fingerprint(vectors) != expected:
        what = "the index" if name is None else f"the index {name!r}"
        raise ValueError(f"{what} is of other vectors, or these have changed: build it anew")


def _usable_ids(vectors: Vectors) -> NDArray[np.intp]:
    """Return the ids of vectors that have a direction."""
    norms = vectors.norms
    return np.flatnonzero(np.isfinite(norms) & (norms > 0))


def _check_int(name: str, value: object, least: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    if most is not None and value > most:
        raise ValueError(f"{name} must be at most {most}, not {value!r}")
