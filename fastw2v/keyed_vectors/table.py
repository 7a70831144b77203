# SPDX-License-Identifier: Apache-2.0
"""Keys, their rows and what is known of them: look-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.growing import Growing
from fastw2v.keyed_vectors.keys import Key, Keys, as_key, as_keys, is_key
from fastw2v.keyed_vectors.row_search import RowSearch
from fastw2v.keyed_vectors.rows import Vector, Which, check_rows, float32_rows
from fastw2v.keyed_vectors.unknown import Found, Oov, check_oov, count_missing
from fastw2v.nearest import Sketch, row_norms
from fastw2v.vocabulary import Vocabulary

T = TypeVar("T")


class VectorTable:
    """Keys and one vector for each of them; see `KeyedVectors`."""

    def __init__(
        self, vocabulary: Vocabulary, vectors: NDArray[Any], *, scales: Vector | None = None
    ) -> None:
        if not isinstance(vocabulary, Vocabulary):
            hint = ": KeyedVectors.empty(vector_size) is one without keys"
            raise TypeError(
                f"vocabulary must be a Vocabulary, not {vocabulary!r}"
                f"{hint if isinstance(vocabulary, int) else ''}"
            )
        self._assemble(Keys(vocabulary), vectors, scales)

    def _assemble(self, keys: Keys, vectors: NDArray[Any], scales: Vector | None) -> None:
        check_rows(vectors, scales, len(keys))
        self._keys = keys
        self._rows = Growing(vectors)
        self._scales = scales
        self._norms: Growing | None = None
        self._search: RowSearch | None = None
        self._sketching: bool | None = None

    def _with(self, vectors: NDArray[Any], scales: Vector | None) -> Self:
        """Return another table of the same keys, which goes its own way from here."""
        table = type(self).__new__(type(self))
        table._assemble(self._keys.copy(), vectors, scales)
        return table

    @property
    def vocabulary(self) -> Vocabulary:
        """The keys and their counts as they are now; a TypeError if a key is an int."""
        return self._keys.vocabulary

    @property
    def vectors(self) -> NDArray[Any]:
        """The rows, one a key, as they are kept: float32, float16 or int8."""
        return self._rows.rows

    @property
    def scales(self) -> Vector | None:
        """With int8 rows what each is multiplied by, else None."""
        return self._scales

    @property
    def index_to_key(self) -> list[Any]:
        """Keys by position, of a trained model in order of falling frequency."""
        return self._keys.index_to_key

    @property
    def key_to_index(self) -> dict[Any, int]:
        """Key to position."""
        return self._keys.key_to_index

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word was read, by position.

        word2vec's formats store no counts: vectors loaded from them have the placeholders
        vocab_size, ..., 2, 1, as in gensim.
        """
        return self._keys.attribute("count")

    @property
    def vector_size(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors.shape[1])

    @property
    def norms(self) -> Vector:
        """Euclidean lengths of the vectors, shape (vocab_size,), float32; kept once computed."""
        self.fill_norms()
        assert self._norms is not None
        return self._norms.rows

    def fill_norms(self, force: bool = False) -> None:
        """Compute `norms`; with `force` anew, after `vectors` were changed in place."""
        if self._norms is None or force:
            self._norms = Growing(row_norms(self.vectors, scales=self.scales), owned=True)
            self._search = None

    def use_sketch(self, wanted: bool | None = True, *, threads: int = 1) -> None:
        """Choose whether searches use a sketch of the rows: the same results, faster, for memory.

        A sketch is a byte of each number in two halves, with bounds of the error. A search reads
        the first half, then the other where that does not decide, and then only those rows that
        may be among the nearest. The cosines of a batch can differ in their last digit.

        Parameters
        ----------
        wanted : bool, optional
            True to make it now, and again at the first search after vectors have changed; False
            to drop it and make none; None, as it is from the start, to make it when it pays: from
            2**24 numbers on, before the ninth search since vectors have changed (of all rows; in
            a part of them a search counts as that part) or for a batch of 64 queries.
        threads : int
            To make it with.

        Raises
        ------
        ValueError
            True, with vectors of no or more than 65,536 numbers.

        Notes
        -----
        It takes ``len(self) * (vector_size + 16)`` bytes, with `vector_size` rounded up to 8: 27 %
        of float32 rows of 300. It is this process's own, also where rows are a map of a file that
        processes share. Portable kernels have no use for it, and make none of themselves.
        """
        search = RowSearch(self.vectors, self.scales, self.norms, wanted)
        if wanted:
            search.make_sketch(threads)
        self._search, self._sketching = search, wanted

    @property
    def sketch(self) -> Sketch | None:
        """The sketch that searches use now, if any: see `use_sketch`."""
        return None if self._search is None else self._search.sketch

    def _row_search(self) -> RowSearch:
        """Return the search in the rows as they are now."""
        if self._search is None:
            self._search = RowSearch(self.vectors, self.scales, self.norms, self._sketching)
        return self._search

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_search": None}  # it can be made again

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return is_key(key) and key in self.key_to_index

    def __repr__(self) -> str:
        return f"KeyedVectors<vector_size={self.vector_size}, {len(self)} keys>"

    def __getitem__(self, key_or_keys: Key | Iterable[Key]) -> Vector:
        """Return the vector of a key (read-only), or those of several (a new array).

        Raises
        ------
        KeyError
            A key is not there; the message says why.
        """
        if is_key(key_or_keys):
            return self.get_vector(as_key(key_or_keys))
        return self.lookup(key_or_keys).vectors

    def rows(self, which: Which) -> Vector:
        """Return vectors by position.

        Parameters
        ----------
        which : slice, or ndarray of int
            Positions of keys.

        Returns
        -------
        ndarray of shape (n, vector_size), float32
            A view if `vectors` is float32 and `which` a slice, else a new array.
        """
        return float32_rows(self.vectors, self.scales, which)

    def get_index(self, key: Key, default: int | None = None) -> int:
        """Return the position of a key, or `default` if unknown; KeyError without a default.

        DIFFERS: from gensim, where a position stands for itself if it is no key. Here an int is a
        key like any other.
        """
        key = as_key(key)
        place = self.key_to_index.get(key, default)
        if place is None:
            raise KeyError(f"{key!r} has no vector: {self._keys.missing_reason(key)}")
        return place

    def has_index_for(self, key: Key) -> bool:
        """Whether there is a vector for a key."""
        return key in self

    def get_vector(self, key: Key, norm: bool = False) -> Vector:
        """Return the vector of a key.

        Parameters
        ----------
        key : str or int
        norm : bool
            Return a new array of length 1 (or 0, for a vector of zeros) rather than the vector as
            it is, which is read-only: a view of the key's row where rows are float32.

        Returns
        -------
        ndarray of shape (vector_size,), float32

        Raises
        ------
        KeyError
            The key is not there; the message says why.
        """
        place = self.get_index(key)
        row: Vector = self.rows(slice(place, place + 1))[0]
        if norm:
            with np.errstate(invalid="ignore"):  # infinite / infinite
                unit: Vector = row / (self.norms[place] or np.float32(1))
            return unit
        row.flags.writeable = False
        return row

    @overload
    def get(self, key: Key) -> Vector | None: ...
    @overload
    def get(self, key: Key, default: T) -> Vector | T: ...
    def get(self, key: Key, default: Any = None) -> Any:
        """Return the vector of a key, read-only, or `default` if it has none."""
        return self.get_vector(key) if key in self else default

    def lookup(self, keys: Key | Iterable[Key], oov: Oov = "raise") -> Found:
        """Return the vectors of several words and say which are unknown.

        Parameters
        ----------
        keys : iterable of str or int
        oov : "raise", "skip" or "zero"
            What to do with an unknown one: raise, leave it out, or give it a vector of zeros.

        Returns
        -------
        Found
            The vectors, the keys they belong to, and how often each unknown one was asked for.

        Raises
        ------
        KeyError
            With "raise": a key is not there; the message says why.
        """
        check_oov(oov)
        asked = as_keys(keys)
        index = self.key_to_index
        places = np.array([index.get(key, -1) for key in asked], dtype=np.intp)
        known = places >= 0
        if known.all():
            return Found(self.rows(places), asked, {}, len(asked))
        missing = count_missing(asked, known.tolist())
        if oov == "raise":
            self.get_index(next(iter(missing)))
        vectors = self.rows(places[known])
        if oov == "skip":
            keys = [key for key, is_known in zip(asked, known, strict=True) if is_known]
            return Found(vectors, keys, missing, len(asked))
        padded = np.zeros((len(asked), self.vector_size), np.float32)
        padded[known] = vectors
        return Found(padded, asked, missing, len(asked))

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """Return an attribute of a key, such as its "count"; KeyError if there is none."""
        value = self._keys.attribute(attr)[self.get_index(key)]
        return value.item() if isinstance(value, np.generic) else value
