# SPDX-License-Identifier: Apache-2.0
"""The words of vectors as an evaluation looks them up: the first ones alone, and in any case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastw2v.evaluation.answers import unit_rows
from fastw2v.keyed_vectors import KeyedVectors

Ids = NDArray[np.intp]


class KnownWords:
    """The words that an evaluation knows, and which of them are spellings of one another.

    Attributes
    ----------
    n_words : int
        Words 0 .. n_words - 1 of the vocabulary are known.
    spelling_of : ndarray of shape (n_words,), intp
        The first word that differs from this one in case only: the one that stands for it.
    """

    def __init__(
        self, kv: KeyedVectors, restrict_vocab: int | None, case_insensitive: bool
    ) -> None:
        if restrict_vocab is not None and restrict_vocab < 1:
            raise ValueError(f"restrict_vocab must be None or at least 1, not {restrict_vocab}")
        self.kv = kv
        self.n_words = min(len(kv), restrict_vocab or len(kv))
        self._fold = str.upper if case_insensitive else str
        self._ids: dict[str, int] = {}
        self.spelling_of = np.array(
            [
                self._ids.setdefault(self._fold(word), word_id)
                for word_id, word in enumerate(kv.index_to_key[: self.n_words])
            ],
            np.intp,
        )
        self._spellings: dict[int, list[int]] = {}
        for word_id in np.flatnonzero(self.spelling_of != np.arange(self.n_words)).tolist():
            first = int(self.spelling_of[word_id])
            self._spellings.setdefault(first, [first]).append(word_id)

    def ids(self, words: Sequence[str]) -> list[int] | None:
        """Return the ids of words, or None if one is unknown."""
        ids = [self._ids.get(self._fold(word), -1) for word in words]
        return None if min(ids) < 0 else ids

    def unit_rows(self, which: slice | Ids) -> NDArray[np.float32]:
        """Return a copy of some vectors at length 1, or 0 if they are zero or not finite."""
        scales = None if self.kv.scales is None else self.kv.scales[which]
        return unit_rows(self.kv.vectors[which], scales, self.kv.norms[which])

    def excluded(self, questions: Ids) -> Ids:
        """Return the words that do not answer each question, all spellings of its own; -1 pads."""
        if not self._spellings:
            return questions
        lists = [
            [id_ for word_id in question for id_ in self._spellings.get(word_id, (word_id,))]
            for question in questions.tolist()
        ]
        padded = np.full((len(lists), max(map(len, lists), default=0)), -1, np.intp)
        for row, ids in zip(padded, lists, strict=True):
            row[: len(ids)] = ids
        return padded
