# SPDX-License-Identifier: Apache-2.0
"""Keys, their places and what is known of each beside its vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.growing import Growing
from fastw2v.vocabulary import Vocabulary

Key = str | int


def is_key(value: object) -> TypeGuard[Key]:
    """Whether something can be a key: a word or an integer, NumPy's included and bool not."""
    return isinstance(value, (str, int, np.integer)) and not isinstance(value, bool)


def as_key(value: Any) -> Key:
    """Return a key as it is kept, a str or an int, or say that it can be none."""
    if not is_key(value):
        raise TypeError(f"a key must be a word (str) or an int, not {value!r}")
    return value if isinstance(value, str) else int(value)


def as_keys(value: Any) -> list[Key]:
    """Return one key or several as a list."""
    if is_key(value):
        return [as_key(value)]
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        raise TypeError(f"a key must be a word (str) or an int, or several of them, not {value!r}")
    return [key if type(key) is str else as_key(key) for key in value]


class Keys:
    """Keys in order, and named attributes of each, "count" among them.

    They are those of a vocabulary, which may be shared with a model and is read, never changed:
    the first change copies what it needs.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._origin = vocabulary
        self._vocabulary: Vocabulary | None = vocabulary  # of these keys; None after a change
        self._own: tuple[list[Key], dict[Key, int]] | None = None
        self._attributes = {"count": Growing(vocabulary.counts)}

    def __len__(self) -> int:
        return len(self._attributes["count"])

    @property
    def index_to_key(self) -> list[Any]:
        """Keys by place."""
        return self._origin.words if self._own is None else self._own[0]

    @property
    def key_to_index(self) -> dict[Any, int]:
        """Key to place."""
        return self._origin.index if self._own is None else self._own[1]

    @property
    def vocabulary(self) -> Vocabulary:
        """The keys and counts of now; a TypeError if a key is no word."""
        if self._vocabulary is None:
            number = next((key for key in self.index_to_key if not isinstance(key, str)), None)
            if number is not None:
                raise TypeError(
                    f"the key {number!r} is an int: a vocabulary and the formats of files hold "
                    "words; use str keys to save or convert these vectors"
                )
            self._vocabulary = Vocabulary(
                self.index_to_key,
                self.attribute("count").copy(),
                dropped=self._origin.dropped,
                min_count=self._origin.min_count,
                max_final_vocab=self._origin.max_final_vocab,
            )
        return self._vocabulary

    @property
    def changed(self) -> bool:
        """Whether keys or counts are no longer those of the vocabulary it was made of."""
        return self._vocabulary is not self._origin

    def missing_reason(self, key: Key) -> str:
        """Say why a key is not there."""
        if isinstance(key, str):
            return self._origin.missing_reason(key)
        position = f"; a position is no key: for that, index_to_key[{key}]"
        return "not among the keys" + (position if 0 <= key < len(self) else "")

    # ---- Attributes

    def attribute(self, name: str) -> NDArray[Any]:
        """Return an attribute of all keys, by place; KeyError if it was never set."""
        if name not in self._attributes:
            known = ", ".join(map(repr, self._attributes))
            raise KeyError(f"there is no attribute {name!r}: known are {known}")
        return self._attributes[name].rows

    def attributes(self) -> dict[str, NDArray[Any]]:
        """Return all attributes."""
        return {name: column.rows for name, column in self._attributes.items()}

    def check_attribute(self, name: str, values: NDArray[Any]) -> None:
        """Refuse values that do not fit the type that an attribute has."""
        if name not in self._attributes or values.size == 0:
            return
        dtype = self._attributes[name].rows.dtype
        integers = dtype.kind in "iu" and values.dtype.kind in "iub"
        if not integers and not np.can_cast(values.dtype, dtype, "same_kind"):
            raise TypeError(f"the attribute {name!r} is of type {dtype}, not {values.dtype}")
        if integers and np.any(values.astype(dtype) != values):
            raise OverflowError(f"the attribute {name!r} is of type {dtype}: a value is beyond it")

    def set_attribute(self, name: str, places: Any, values: NDArray[Any]) -> None:
        """Give keys an attribute; its type is that of the first values, all others begin empty."""
        self.check_attribute(name, values)
        if values.size == 0:  # and of no type either
            return
        if name not in self._attributes:
            self._attributes[name] = Growing(_blank(len(self), values.dtype), owned=True)
        self._attributes[name].writable()[places] = values
        if name == "count":
            self._vocabulary = None

    # ---- Changes

    def append(self, keys: Sequence[Key]) -> None:
        """Add new keys, with empty attributes."""
        ordered, index = self._owned()
        index.update(zip(keys, range(len(ordered), len(ordered) + len(keys)), strict=True))
        ordered.extend(keys)
        for column in self._attributes.values():
            column.extend(_blank(len(keys), column.rows.dtype))

    def reserve(self, n_keys: int) -> None:
        """Make room for so many keys in all."""
        for column in self._attributes.values():
            column.reserve(n_keys)

    def reorder(self, order: NDArray[np.intp]) -> None:
        """Put the key that was at order[i] at i."""
        ordered, _ = self._owned()
        keys = [ordered[i] for i in order.tolist()]
        self._own = keys, {key: i for i, key in enumerate(keys)}
        for name, column in self._attributes.items():
            self._attributes[name] = Growing(column.rows[order], owned=True)

    def copy(self) -> Keys:
        """Return the same keys and attributes, to be changed apart from these."""
        twin = Keys(self._origin)
        twin._vocabulary = self._vocabulary
        if self._own is not None:
            twin._own = self._own[0].copy(), self._own[1].copy()
        for name, rows in self.attributes().items():
            twin._attributes[name] = Growing(rows.copy(), owned=True)
        return twin

    def _owned(self) -> tuple[list[Key], dict[Key, int]]:
        """Return the list and the index of keys, our own, to be changed."""
        own = self._own
        if own is None:
            index = dict[Key, int](self._origin.index.items())
            own = self._own = [*self._origin.words], index
        self._vocabulary = None
        return own


def as_attributes(extras: Mapping[str, Any] | None, n_keys: int) -> dict[str, NDArray[Any]]:
    """Return attributes of several keys as arrays, one value a key."""
    columns = {name: _as_column(values) for name, values in (extras or {}).items()}
    for name, values in columns.items():
        if values.shape != (n_keys,):
            raise ValueError(f"{name!r} must have one value a key, {n_keys}, not {values.shape}")
    return columns


def as_attribute(value: Any) -> NDArray[Any]:
    """Return one value of an attribute as an array of shape (1,)."""
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return _as_column([value])
    column = np.empty(1, object)
    column[0] = value
    return column


def _as_column(values: Any) -> NDArray[Any]:
    """Return values as an array; strings as objects, because NumPy's have a fixed width."""
    column = np.asarray(values)
    if column.dtype.kind in "US":
        return np.asarray(values, dtype=object)
    return column.astype(np.int64) if column.dtype == np.dtype(int) else column


def _blank(n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros, or None for objects."""
    return np.full(n, None if dtype.kind == "O" else 0, dtype)
