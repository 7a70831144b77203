# SPDX-License-Identifier: Apache-2.0
"""Tables that are changed: keys that come, vectors and attributes that are replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastw2v.keyed_vectors.growing import Growing
from fastw2v.keyed_vectors.keys import Key, as_attribute, as_attributes, as_key, as_keys, is_key
from fastw2v.keyed_vectors.queries import checked_int
from fastw2v.keyed_vectors.rows import Vector, converted
from fastw2v.keyed_vectors.table import VectorTable
from fastw2v.nearest import row_norms
from fastw2v.vocabulary import Vocabulary, most_frequent_first


class EditableTable(VectorTable):
    """Changes, each of which keeps `norms` right; see `KeyedVectors`.

    Before the first change of a vector all rows are copied, as float32, and before the first
    change of keys or counts those: whoever shares them, a model or a map of a file, sees nothing.
    """

    @classmethod
    def empty(cls, vector_size: int) -> Self:
        """Return vectors of this size without any key yet."""
        n_numbers = checked_int("vector_size", vector_size, 0)
        vocabulary = Vocabulary([], np.empty(0, np.int64))
        return cls(vocabulary, np.empty((0, n_numbers), np.float32))

    @property
    def changed(self) -> bool:
        """Whether keys, counts or vectors are no longer those that it was made of.

        Changes in place of `vectors` do not count.
        """
        return self._rows.owned or self._keys.changed

    def allocate(self, n_keys: int) -> None:
        """Make room for so many keys in all; adding works without, and then makes room twofold."""
        n_keys = checked_int("n_keys", n_keys, 0)
        self._own_rows().reserve(n_keys)
        self._keys.reserve(n_keys)

    def add_vector(self, key: Key, vector: ArrayLike) -> int:
        """Add a key and its vector, and return its position.

        DIFFERS: from gensim, which ignores the vector of a key that it has and returns a position
        that is not its.

        Raises
        ------
        ValueError
            The key is there already, or the vector is of another size.
        """
        key = as_key(key)
        if key in self:
            raise ValueError(f"{key!r} has a vector already: to replace it, kv[{key!r}] = vector")
        self.add_vectors(key, vector)
        return len(self) - 1

    def add_vectors(
        self,
        keys: Key | Sequence[Key],
        weights: ArrayLike,
        extras: Mapping[str, ArrayLike] | None = None,
        replace: bool = False,
    ) -> None:
        """Add keys and their vectors behind those that are there.

        Parameters
        ----------
        keys : str, int, or several of them
        weights : array of shape (n_keys, vector_size), or (vector_size,) for one key
            The vectors; a list of vectors will do.
        extras : mapping of str to array of shape (n_keys,), optional
            Attributes by name: see `set_vecattr`.
        replace : bool
            Replace vectors and extras of keys that are there already; else these stay as they
            are. Of a key that is given twice the last counts with `replace`, else the first.

        Raises
        ------
        ValueError
            The number of keys, vectors and extras is not the same, or a vector is of another
            size. Nothing is changed then.
        """
        named = as_keys(keys)
        rows = self._as_rows(weights, len(named), single=is_key(keys))
        attributes = as_attributes(extras, len(named))
        for name, values in attributes.items():
            self._keys.check_attribute(name, values)
        old, new = self._chosen(named, replace)
        if old:
            self._replace([self.get_index(named[i]) for i in old], rows[old])
        if new:
            self._own_rows().extend(rows if len(new) == len(rows) else rows[new])
            if self._norms is not None:
                self._norms.extend(row_norms(self.vectors[-len(new) :]))
            self._keys.append([named[i] for i in new])
        written = old + new
        places = [self.key_to_index[named[i]] for i in written]
        for name, values in attributes.items():
            self._keys.set_attribute(name, places, values[written])

    def __setitem__(self, keys: Key | Sequence[Key], weights: ArrayLike) -> None:
        """Give a key its vector, or several keys theirs, whether they are there or not."""
        self.add_vectors(keys, weights, replace=True)

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Give a key an attribute.

        Parameters
        ----------
        key : str or int
        attr : str
            Any name; "count" is how often a word was read, see `counts`.
        val : object
            The first value fixes the type of the attribute: int64, float64, bool, the type of a
            NumPy number, else object. Keys that were not given one have 0 (False, None).

        Raises
        ------
        KeyError
            The key is not there.
        TypeError, OverflowError
            The attribute has another type, or one that cannot hold the value.
        """
        self._keys.set_attribute(attr, [self.get_index(key)], as_attribute(val))

    def unit_normalize_all(self) -> None:
        """Divide every vector by its length; vectors of zeros stay as they are."""
        norms = self.norms
        rows = self._own_rows().writable()
        with np.errstate(invalid="ignore"):  # infinite / infinite
            np.divide(rows, norms[:, np.newaxis], out=rows, where=norms[:, np.newaxis] > 0)
        self._norms = None

    def sort_by_descending_frequency(self) -> None:
        """Put keys in order of falling count.

        DIFFERS: from gensim. Of equal counts the order stays; there it is reversed.
        """
        order = most_frequent_first(self.counts)
        vectors = self._own_rows().rows[order]
        self._rows = Growing(vectors, owned=True)
        if self._norms is not None:
            self._norms = Growing(self._norms.rows[order], owned=True)
        self._keys.reorder(order)

    def vectors_for_all(
        self, keys: Iterable[Key], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> Self:
        """Return a table of its own of those of the keys that are there, in this order.

        Parameters
        ----------
        keys : iterable of str or int
            Repeated ones count once.
        allow_inference : bool
            For gensim's sake; vectors of unknown words are not inferred here.
        copy_vecattrs : bool
            Take attributes along; else the new table has none, and all counts are 0.
        """
        chosen = [key for key in dict.fromkeys(as_keys(keys)) if key in self]
        places = np.array([self.key_to_index[key] for key in chosen], dtype=np.intp)
        table = type(self).empty(self.vector_size)
        attributes = self._keys.attributes() if copy_vecattrs else {}
        extras = {name: values[places] for name, values in attributes.items()}
        table.add_vectors(chosen, self.rows(places), extras)
        return table

    def get_normed_vectors(self) -> Vector:
        """Return all vectors divided by their lengths, a new array; zero vectors stay zero."""
        units = self.rows(np.arange(len(self)))
        lengths = self.norms[:, np.newaxis]
        with np.errstate(invalid="ignore"):  # infinite / infinite
            np.divide(units, lengths, out=units, where=lengths > 0)
        return units

    def _own_rows(self) -> Growing:
        """Return the rows, ours to change and float32 whatever they were.

        What a search keeps of them is dropped: whoever asks for them is about to change them.
        """
        self._search = None
        if not self._rows.owned:
            vectors, _ = converted(self.vectors, self.scales, np.float32)
            self._rows, self._scales = Growing(vectors, owned=True), None
        return self._rows

    def _replace(self, places: list[int], rows: Vector) -> None:
        self._own_rows().writable()[places] = rows
        if self._norms is not None:
            self._norms.writable()[places] = row_norms(rows)

    def _as_rows(self, weights: ArrayLike, n_keys: int, single: bool) -> Vector:
        """Return vectors that the user gave as float32, shape (n_keys, vector_size)."""
        rows: NDArray[Any] = np.asarray(weights)
        if single and rows.ndim == 1:
            rows = rows[np.newaxis]
        elif n_keys == rows.size == 0:
            rows = rows.reshape(0, self.vector_size)
        if rows.shape != (n_keys, self.vector_size):
            raise ValueError(
                f"vectors must have the shape ({n_keys}, {self.vector_size}), not {rows.shape}"
            )
        return rows.astype(np.float32, copy=False)

    def _chosen(self, keys: list[Key], replace: bool) -> tuple[list[int], list[int]]:
        """Return which of the keys to write over those that are there, and which to append."""
        writers: dict[Key, int] = {}
        for i, key in enumerate(keys):
            if replace or (key not in self.key_to_index and key not in writers):
                writers[key] = i
        known = self.key_to_index
        old = [i for key, i in writers.items() if key in known]
        return old, [i for key, i in writers.items() if key not in known]
