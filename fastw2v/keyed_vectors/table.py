# SPDX-License-Identifier: Apache-2.0
"""Words, their rows and what is known of them: look-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.rows import Vector, Which, check_rows, float32_rows, row_norms
from fastw2v.vocabulary import Vocabulary


class VectorTable:
    """A vocabulary and one vector for each of its words; see `KeyedVectors`."""

    def __init__(
        self, vocabulary: Vocabulary, vectors: NDArray[Any], *, scales: Vector | None = None
    ) -> None:
        check_rows(vectors, scales, len(vocabulary))
        self.vocabulary = vocabulary
        self.vectors = vectors
        self.scales = scales
        self._norms: Vector | None = None

    @property
    def index_to_key(self) -> list[str]:
        """Words by id, in order of falling frequency."""
        return self.vocabulary.words

    @property
    def key_to_index(self) -> dict[str, int]:
        """Word to id."""
        return self.vocabulary.index

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word was read, by id.

        word2vec's formats store no counts: vectors loaded from them have the placeholders
        vocab_size, ..., 2, 1, as in gensim.
        """
        return self.vocabulary.counts

    @property
    def vector_size(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors.shape[1])

    @property
    def norms(self) -> Vector:
        """Euclidean lengths of the vectors, shape (vocab_size,), float32; kept once computed."""
        self.fill_norms()
        assert self._norms is not None
        return self._norms

    def fill_norms(self, force: bool = False) -> None:
        """Compute `norms`, again with `force`: needed after `vectors` were changed in place."""
        if self._norms is None or force:
            self._norms = row_norms(self.vectors, self.scales)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __repr__(self) -> str:
        return f"KeyedVectors<vector_size={self.vector_size}, {len(self)} keys>"

    def __getitem__(self, key_or_keys: str | Iterable[str]) -> Vector:
        """Return the vector of a word (read-only), or those of several (a new array).

        Raises
        ------
        KeyError
            A word is not in the vocabulary; the message says why.
        """
        if isinstance(key_or_keys, str):
            return self.get_vector(key_or_keys)
        if not isinstance(key_or_keys, Iterable):
            raise TypeError(f"a key must be a word or several words, not {key_or_keys!r}")
        return self.rows(np.array([self.get_index(key) for key in key_or_keys], dtype=np.intp))

    def rows(self, which: Which) -> Vector:
        """Return vectors by id.

        Parameters
        ----------
        which : slice, or ndarray of int
            Ids of words.

        Returns
        -------
        ndarray of shape (n, vector_size), float32
            A view if `vectors` is float32 and `which` a slice, else a new array.
        """
        return float32_rows(self.vectors, self.scales, which)

    def get_index(self, key: str, default: int | None = None) -> int:
        """Return the id of a word, or `default` for an unknown one; KeyError without a default."""
        if not isinstance(key, str):
            raise TypeError(f"a key must be a word (str), not {key!r}")
        word_id = self.key_to_index.get(key, default)
        if word_id is None:
            raise KeyError(f"{key!r} has no vector: {self.vocabulary.missing_reason(key)}")
        return word_id

    def get_vector(self, key: str, norm: bool = False) -> Vector:
        """Return the vector of a word.

        Parameters
        ----------
        key : str
        norm : bool
            Return a new array of length 1 (or 0, for a vector of zeros) rather than the vector as
            it is, which is read-only: a view of the word's row where rows are float32.

        Returns
        -------
        ndarray of shape (vector_size,), float32

        Raises
        ------
        KeyError
            The word is not in the vocabulary; the message says why.
        """
        word_id = self.get_index(key)
        row: Vector = self.rows(slice(word_id, word_id + 1))[0]
        if norm:
            with np.errstate(invalid="ignore"):  # infinite / infinite
                unit: Vector = row / (self.norms[word_id] or np.float32(1))
            return unit
        row.flags.writeable = False
        return row

    def get_vecattr(self, key: str, attr: str) -> int:
        """Return what is known of a word beside its vector: its "count"."""
        if attr != "count":
            raise KeyError(f"attr must be 'count', not {attr!r}")
        return int(self.counts[self.get_index(key)])
