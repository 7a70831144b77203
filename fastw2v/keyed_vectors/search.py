# SPDX-License-Identifier: Apache-2.0
"""The keys nearest to keys and vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.editing import EditableTable
from fastw2v.keyed_vectors.keys import Key, as_key
from fastw2v.keyed_vectors.queries import (
    Item,
    Queries,
    Term,
    Weighted,
    as_batch,
    as_items,
    checked_int,
    make_queries,
)
from fastw2v.keyed_vectors.rows import Vector

Neighbours = list[tuple[Any, float]]
Terms = Weighted | Iterable[Weighted]

COSMUL_EPSILON = 1e-6  # keeps the quotient finite, as in gensim


class Indexer(Protocol):
    """An index for `most_similar`, such as gensim's of Annoy and NMSLIB."""

    def most_similar(self, vector: Vector, num_neighbors: int, /) -> Any:
        """Return (key, similarity) of the nearest keys."""


class VectorSearch(EditableTable):
    """Neighbours of keys and vectors; see `KeyedVectors`."""

    @overload
    def most_similar(
        self,
        positive: Terms | None = ...,
        negative: Terms | None = ...,
        topn: int = ...,
        *,
        clip_start: int = ...,
        clip_end: int | None = ...,
        restrict_vocab: int | None = ...,
        indexer: Indexer | None = ...,
        threads: int = ...,
    ) -> Neighbours: ...
    @overload
    def most_similar(
        self,
        positive: Terms | None = ...,
        negative: Terms | None = ...,
        *,
        topn: None,
        clip_start: int = ...,
        clip_end: int | None = ...,
        restrict_vocab: int | None = ...,
        indexer: Indexer | None = ...,
        threads: int = ...,
    ) -> Vector: ...
    def most_similar(
        self,
        positive: Terms | None = None,
        negative: Terms | None = None,
        topn: int | None = 10,
        *,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Indexer | None = None,
        threads: int = 1,
    ) -> Neighbours | Vector:
        """Find the keys nearest to some keys and far from others.

        The query is the weighted mean of unit vectors of keys and of given vectors as they are
        ("3CosAdd"): ``most_similar(["king", "woman"], ["man"])`` should find "queen". Several
        keys are one query; `most_similar_batch` answers several.

        Parameters
        ----------
        positive, negative : key, vector, or several of them
            A vector is an ndarray of shape (vector_size,). Each counts 1 among the positive and
            -1 among the negative; a tuple (key or vector, weight) replaces that number, its sign
            included.
        topn : int, optional
            How many neighbours to return. None returns all similarities instead.
        clip_start, clip_end : int, optional
            Search among the keys from this position on, and before that one, only.
        restrict_vocab : int, optional
            Search among this many first, that is most frequent, words only; instead of
            `clip_start` and `clip_end`.
        indexer : object with a method most_similar(vector, topn), optional
            Return what it finds for the query, a unit vector. It is not told which keys to leave
            out. Not asked when `topn` is None.
        threads : int

        Returns
        -------
        list of (str or int, float)
            Keys and cosines, the nearest first, without the keys of the query. Or, with topn
            None, an ndarray, float32, of the cosines of all keys, or of those searched among.

        Raises
        ------
        KeyError
            A key is not there; the message says why.
        ValueError
            The query is empty, zero, not finite or of another size, or a number is out of range.
        TypeError
            Something is neither a key nor a vector, or a number not an integer.

        References
        ----------
        Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations",
        CoNLL 2014, equation 1.
        """
        n_found = None if topn is None else checked_int("topn", topn, 0)
        part = self._part(clip_start, clip_end, restrict_vocab)
        threads = checked_int("threads", threads, 1)
        items = as_items("positive", positive, 1.0) + as_items("negative", negative, -1.0)
        queries = make_queries(self, [items])
        if n_found is None:
            return self._cosines(queries.units[0], part, threads)
        if indexer is not None:
            found: Neighbours = indexer.most_similar(queries.units[0], n_found)
            return found
        return self._neighbours(queries, n_found, part, threads)[0]

    def most_similar_batch(
        self,
        queries: Iterable[Any] | NDArray[Any],
        topn: int = 10,
        *,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        threads: int = 1,
    ) -> list[Neighbours]:
        """Answer many queries at once: a list of neighbours for each.

        Parameters
        ----------
        queries : list, or ndarray of shape (n_queries, vector_size)
            Each a key, a vector, a tuple (positive, negative), or whatever else `most_similar`
            takes as `positive`.
        topn, clip_start, clip_end, restrict_vocab, threads
            As for `most_similar`.

        Raises
        ------
        KeyError, ValueError, TypeError
            As `most_similar`; of a query without direction the message says which it is.
        """
        n_found = checked_int("topn", topn, 0)
        part = self._part(clip_start, clip_end, restrict_vocab)
        threads = checked_int("threads", threads, 1)
        return self._neighbours(make_queries(self, as_batch(queries)), n_found, part, threads)

    @overload
    def similar_by_key(
        self, key: Key, topn: int = ..., restrict_vocab: int | None = ..., *, threads: int = ...
    ) -> Neighbours: ...
    @overload
    def similar_by_key(
        self, key: Key, topn: None, restrict_vocab: int | None = ..., *, threads: int = ...
    ) -> Vector: ...
    def similar_by_key(
        self,
        key: Key,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        threads: int = 1,
    ) -> Neighbours | Vector:
        """Find the keys nearest to a key: `most_similar` of one key."""
        return self._most_similar_to(as_key(key), topn, restrict_vocab, threads)

    @overload
    def similar_by_word(
        self, word: Key, topn: int = ..., restrict_vocab: int | None = ..., *, threads: int = ...
    ) -> Neighbours: ...
    @overload
    def similar_by_word(
        self, word: Key, topn: None, restrict_vocab: int | None = ..., *, threads: int = ...
    ) -> Vector: ...
    def similar_by_word(
        self,
        word: Key,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        threads: int = 1,
    ) -> Neighbours | Vector:
        """Find the words nearest to a word: `most_similar` of one word."""
        return self._most_similar_to(as_key(word), topn, restrict_vocab, threads)

    @overload
    def similar_by_vector(
        self,
        vector: NDArray[Any],
        topn: int = ...,
        restrict_vocab: int | None = ...,
        *,
        threads: int = ...,
    ) -> Neighbours: ...
    @overload
    def similar_by_vector(
        self,
        vector: NDArray[Any],
        topn: None,
        restrict_vocab: int | None = ...,
        *,
        threads: int = ...,
    ) -> Vector: ...
    def similar_by_vector(
        self,
        vector: NDArray[Any],
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        threads: int = 1,
    ) -> Neighbours | Vector:
        """Find the keys nearest to a vector: `most_similar` of one vector of this size."""
        return self._most_similar_to(np.asarray(vector), topn, restrict_vocab, threads)

    @overload
    def most_similar_cosmul(
        self,
        positive: Term | Iterable[Term] | None = ...,
        negative: Term | Iterable[Term] | None = ...,
        topn: int = ...,
        restrict_vocab: int | None = ...,
        *,
        threads: int = ...,
    ) -> Neighbours: ...
    @overload
    def most_similar_cosmul(
        self,
        positive: Term | Iterable[Term] | None = ...,
        negative: Term | Iterable[Term] | None = ...,
        *,
        topn: None,
        restrict_vocab: int | None = ...,
        threads: int = ...,
    ) -> Vector: ...
    def most_similar_cosmul(
        self,
        positive: Term | Iterable[Term] | None = None,
        negative: Term | Iterable[Term] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
        *,
        threads: int = 1,
    ) -> Neighbours | Vector:
        """Find the keys nearest to some keys and far from others, by products ("3CosMul").

        The similarity is the product of the cosines with the positive, each shifted to 0 .. 1,
        divided by that of the negative: no single one of them decides.

        DIFFERS: from gensim, which does not heed `restrict_vocab`, and which multiplies with the
        lengths of given vectors.

        Parameters
        ----------
        positive, negative : key, vector, or several of them
            Without weights.
        topn, restrict_vocab, threads
            As for `most_similar`.

        References
        ----------
        Levy and Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations",
        CoNLL 2014, equation 4 and footnote 7.
        """
        n_found = None if topn is None else checked_int("topn", topn, 0)
        part = self._part(0, None, restrict_vocab)
        threads = checked_int("threads", threads, 1)
        above, below = as_items("positive", positive, 1.0), as_items("negative", negative, 1.0)
        if not above:
            raise ValueError("the query is empty: give at least one positive key or vector")
        if any(weight != 1 for _, weight in above + below):
            raise ValueError("most_similar_cosmul knows no weights")
        queries = make_queries(self, [[item] for item in above + below])
        shifted = ((1 + self._cosines(unit, part, threads)) / 2 for unit in queries.units)
        scores = np.ones(part.stop, np.float32)
        divisors = np.ones(part.stop, np.float32)
        for i, similarity in enumerate(shifted):
            product = scores if i < len(above) else divisors
            product *= similarity
        scores /= divisors + np.float32(COSMUL_EPSILON)
        if n_found is None:
            return scores
        own = [place for places in queries.excluded for place in places if place < part.stop]
        candidates = scores.copy()
        candidates[own] = -np.inf
        return [(self.index_to_key[i], float(scores[i])) for i in _largest(candidates, n_found)]

    # ---- The only callers of the search

    def _most_similar_to(
        self, term: Term, topn: int | None, restrict_vocab: int | None, threads: int
    ) -> Neighbours | Vector:
        items: list[Item] = [(term, 1.0)]
        options: dict[str, Any] = {"restrict_vocab": restrict_vocab, "threads": threads}
        if topn is None:
            return self.most_similar(items, topn=None, **options)
        return self.most_similar(items, topn=topn, **options)

    def _part(self, clip_start: int, clip_end: int | None, restrict_vocab: int | None) -> slice:
        """Return which rows to search."""
        if restrict_vocab is not None:
            clip_start, clip_end = 0, checked_int("restrict_vocab", restrict_vocab, 1)
        begin = min(checked_int("clip_start", clip_start, 0), len(self))
        end = len(self) if clip_end is None else checked_int("clip_end", clip_end, 1)
        return slice(begin, max(begin, min(end, len(self))))

    def _neighbours(
        self, queries: Queries, topn: int, part: slice, threads: int
    ) -> list[Neighbours]:
        """Search some rows for the keys nearest to each of the queries."""
        ids, cosines = self._row_search().nearest(
            queries.units, queries.excluded, topn, part, threads
        )
        keys = self.index_to_key
        return [
            [(keys[i], cosine) for i, cosine in zip(*pair, strict=True) if i >= 0]
            for pair in zip(ids.tolist(), cosines.tolist(), strict=True)
        ]

    def _cosines(self, unit: Vector, part: slice, threads: int = 1) -> Vector:
        """Return the cosines of some rows with a unit vector; 0 for a row of zeros."""
        return self._row_search().cosines(unit, part, threads)


def _largest(values: Vector, n: int) -> NDArray[np.intp]:
    """Return the places of the n largest values, the largest first and ties in order of place.

    NaN and -inf are never among them. A partition finds the n-th largest value, so that only the
    values from there on are sorted.
    """
    falling = -values  # the best first, and a partition puts NaN last
    threshold = np.inf
    if 0 < n < len(falling):
        threshold = np.partition(falling, n - 1)[n - 1]
    if threshold < np.inf:
        places = np.flatnonzero(falling <= threshold)
    else:
        places = np.flatnonzero(falling < np.inf)
    return places[np.argsort(falling[places], kind="stable")][:n]
