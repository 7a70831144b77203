# SPDX-License-Identifier: Apache-2.0
"""Gather words and rows from the blocks of a file into one matrix."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

FIRST_ROOM_BYTES = 1 << 24  # of a matrix whose number of rows is not known


class Gatherer:
    """The words and rows that were read so far; of a word that comes again the first stays.

    Parameters
    ----------
    vector_size : int
    n_rows : int or None
        How many rows there will be at most, if the size of the file vouches for it: memory for
        all of them is reserved at once. Otherwise it grows with what has really been read.
    wanted : collection of str, optional
        Keep these words alone.
    """

    def __init__(
        self, vector_size: int, n_rows: int | None, wanted: Collection[str] | None = None
    ) -> None:
        self.vector_size = vector_size
        self.wanted = None if wanted is None else frozenset(wanted)
        if n_rows is None or self.wanted is not None:
            most = FIRST_ROOM_BYTES // (4 * vector_size)  # 0 for rows which are longer
            n_rows = most if n_rows is None else min(n_rows, most)
        self._vectors: Vectors = np.empty((n_rows, vector_size), np.float32)
        self._index: dict[str, int] = {}
        self._repeated: list[str] = []

    @property
    def is_complete(self) -> bool:
        """Whether no more words are wanted."""
        return self.wanted is not None and len(self._index) == len(self.wanted)

    def wanted_among(self, words: Sequence[str]) -> NDArray[np.intp] | None:
        """Return the places of the wanted words, or None if all of them are."""
        if self.wanted is None:
            return None
        wanted = self.wanted
        return np.array([i for i, word in enumerate(words) if word in wanted], np.intp)

    def room(self, n: int) -> Vectors:
        """Return the next n rows, to be written before `keep`."""
        begin = len(self._index)
        if begin + n > len(self._vectors):
            grown = np.empty((max(begin + n, 3 * begin // 2), self.vector_size), np.float32)
            grown[:begin] = self._vectors[:begin]
            self._vectors = grown
        return self._vectors[begin : begin + n]

    def keep(self, words: Sequence[str]) -> None:
        """Take the rows that were written to the `room` for the vectors of these words."""
        begin = len(self._index)
        if len(set(words)) == len(words) and self._index.keys().isdisjoint(words):
            self._index.update(zip(words, count(begin)))
            return
        for row, word in enumerate(words, begin):
            if word in self._index:
                self._repeated.append(word)
            else:
                self._vectors[len(self._index)] = self._vectors[row]
                self._index[word] = len(self._index)

    def result(self, path: str | os.PathLike[str], stacklevel: int) -> tuple[list[str], Vectors]:
        """Return the words and their rows; warn of words that came more than once."""
        if self._repeated:
            warnings.warn(
                f"{os.fspath(path)!r}: {len(self._repeated)} words stand more than once, all but "
                f"the first of each are left out: {self._repeated[:5]}",
                stacklevel=stacklevel + 1,
            )
        words = list(self._index)
        vectors = self._vectors[: len(words)]
        if 2 * len(vectors) < len(self._vectors):
            vectors = vectors.copy()  # rather than keep the room that was not needed
        return words, vectors


def check_selection(limit: int | None, words: Collection[str] | None) -> None:
    """Refuse a negative limit, and a word in the place of a collection of words."""
    if limit is not None and limit < 0:
        raise ValueError(f"limit must be None or at least 0, not {limit}")
    if isinstance(words, str):
        raise TypeError(f"words must be a collection of words, not the word {words!r}")
