# SPDX-License-Identifier: Apache-2.0
"""The words nearest to words and vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.queries import (
    Term,
    Queries,
    Weighted,
    as_items,
    checked_int,
    make_queries,
)
from fastw2v.keyed_vectors.rows import Vector
from fastw2v.keyed_vectors.scan import cosines_with, nearest
from fastw2v.keyed_vectors.editing import EditableTable

Neighbours = list[tuple[str, float]]


class VectorSearch(EditableTable):
    """Neighbours of words and vectors; see `KeyedVectors`."""

    @overload
    def most_similar(
        self,
        positive: Weighted | Iterable[Weighted] | None = ...,
        negative: Weighted | Iterable[Weighted] | None = ...,
        topn: int = ...,
        *,
        restrict_vocab: int | None = ...,
    ) -> Neighbours: ...
    @overload
    def most_similar(
        self,
        positive: Weighted | Iterable[Weighted] | None = ...,
        negative: Weighted | Iterable[Weighted] | None = ...,
        *,
        topn: None,
        restrict_vocab: int | None = ...,
    ) -> Vector: ...
    def most_similar(
        self,
        positive: Weighted | Iterable[Weighted] | None = None,
        negative: Weighted | Iterable[Weighted] | None = None,
        topn: int | None = 10,
        *,
        restrict_vocab: int | None = None,
    ) -> Neighbours | Vector:
        """Find the words nearest to some words and far from others.

        The query is the weighted mean of unit vectors of words and of given vectors as they are
        ("3CosAdd"): ``most_similar(["king", "woman"], ["man"])`` should find "queen".

        Parameters
        ----------
        positive, negative : word, vector, or several of them
            A vector is an ndarray of shape (vector_size,). Each counts 1 among the positive and
            -1 among the negative; a tuple (word or vector, weight) replaces that number, its sign
            included.
        topn : int, optional
            How many neighbours to return. None returns all similarities instead.
        restrict_vocab : int, optional
            Search among this many first, that is most frequent, words only.

        Returns
        -------
        list of (str, float)
            Words and cosines, the nearest first, without the words of the query. Or, with topn
            None, an ndarray of shape (vocab_size or restrict_vocab,), float32, of all of them.

        Raises
        ------
        KeyError
            A word is not in the vocabulary; the message says why.
        ValueError
            The query is empty, zero, not finite or of another size, or a number is out of range.
        TypeError
            A key is neither a word nor a vector, or a number not an integer.

        References
        ----------
        Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations",
        CoNLL 2014, equation 1.
        """
        n_found = None if topn is None else checked_int("topn", topn, 0)
        n_rows = len(self)
        if restrict_vocab is not None:
            n_rows = min(n_rows, checked_int("restrict_vocab", restrict_vocab, 1))
        items = as_items("positive", positive, 1.0) + as_items("negative", negative, -1.0)
        queries = make_queries(self, [items])
        if n_found is None:
            return cosines_with(*self._first_rows(n_rows), queries.units[0])
        return self._neighbours(queries, n_found, n_rows)[0]

    @overload
    def similar_by_word(
        self, word: str, topn: int = ..., restrict_vocab: int | None = ...
    ) -> Neighbours: ...
    @overload
    def similar_by_word(
        self, word: str, topn: None, restrict_vocab: int | None = ...
    ) -> Vector: ...
    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Vector:
        """Find the words nearest to a word: `most_similar` of one word."""
        if not isinstance(word, str):
            raise TypeError(f"word must be a str, not {word!r}")
        return self._most_similar_to(word, topn, restrict_vocab)

    @overload
    def similar_by_vector(
        self, vector: NDArray[Any], topn: int = ..., restrict_vocab: int | None = ...
    ) -> Neighbours: ...
    @overload
    def similar_by_vector(
        self, vector: NDArray[Any], topn: None, restrict_vocab: int | None = ...
    ) -> Vector: ...
    def similar_by_vector(
        self, vector: NDArray[Any], topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Neighbours | Vector:
        """Find the words nearest to a vector: `most_similar` of one vector of this size."""
        return self._most_similar_to(np.asarray(vector), topn, restrict_vocab)

    def _most_similar_to(
        self, key: Term, topn: int | None, restrict_vocab: int | None
    ) -> Neighbours | Vector:
        if topn is None:
            return self.most_similar([key], topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    def _neighbours(self, queries: Queries, topn: int, n_rows: int) -> list[Neighbours]:
        """Search the first rows for the words nearest to each of the queries."""
        ids, cosines = nearest(*self._first_rows(n_rows), queries.units, queries.excluded, topn)
        return [
            [(self.index_to_key[i], c) for i, c in zip(*pair, strict=True) if i >= 0]
            for pair in zip(ids.tolist(), cosines.tolist(), strict=True)
        ]

    def _first_rows(self, n_rows: int) -> tuple[NDArray[Any], Vector | None, Vector]:
        """Return the vectors, scales and norms of the first words."""
        scales = None if self.scales is None else self.scales[:n_rows]
        return self.vectors[:n_rows], scales, self.norms[:n_rows]
