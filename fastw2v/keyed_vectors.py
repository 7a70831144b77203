# SPDX-License-Identifier: Apache-2.0
"""Words and their vectors: look-up, similarity, analogy. The names are those of gensim 4."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable
from numbers import Real
from typing import Any, Self, SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.word2vec_format import read_word2vec_format, write_word2vec_format
from fastw2v.vocabulary import Vocabulary

Vector = NDArray[np.float32]
Key = str | NDArray[Any]
Weighted = Key | tuple[Key, float]
Neighbours = list[tuple[str, float]]


class KeyedVectors:
    """A vocabulary and one vector for each of its words.

    Parameters
    ----------
    vocabulary : Vocabulary
    vectors : ndarray of shape (vocab_size, vector_size), float32
        Kept as a view, never copied. Rows may have padding between them and may be read-only or
        mapped from a file; the numbers of a row should be adjacent, or every search copies them.

    Notes
    -----
    Lengths of the vectors are computed at the first search and kept: after changing `vectors`
    in place, call ``fill_norms(force=True)``.

    DIFFERS: from gensim. A word whose vector is zero has similarity 0 to everything (there: NaN),
    a word whose vector is not finite is never a neighbour, neighbours of equal similarity come in
    the order of the vocabulary, and a query without direction or a negative `topn` is an error.
    Keys are words; a word's number is not a key.
    """

    def __init__(self, vocabulary: Vocabulary, vectors: Vector) -> None:
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
            found = getattr(vectors, "dtype", type(vectors).__name__)
            raise TypeError(f"vectors must be a float32 ndarray, not {found}")
        if vectors.ndim != 2 or len(vectors) != len(vocabulary):
            raise ValueError(
                f"vectors must have the shape (vocab_size, vector_size) with vocab_size = "
                f"{len(vocabulary)}, not {vectors.shape}"
            )
        self.vocabulary = vocabulary
        self.vectors = vectors
        self._norms: Vector | None = None

    # ---- Look-up -------------------------------------------------------------------------------

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
            with np.errstate(over="ignore", invalid="ignore"):
                self._norms = np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors))

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __repr__(self) -> str:
        return f"KeyedVectors<vector_size={self.vector_size}, {len(self)} keys>"

    def __getitem__(self, key_or_keys: str | Iterable[str]) -> Vector:
        """Return the vector of a word (a read-only view), or those of several (a new array).

        Raises
        ------
        KeyError
            A word is not in the vocabulary; the message says why.
        """
        if isinstance(key_or_keys, str):
            return self.get_vector(key_or_keys)
        if not isinstance(key_or_keys, Iterable):
            raise TypeError(f"a key must be a word or several words, not {key_or_keys!r}")
        return self.vectors[np.array([self.get_index(key) for key in key_or_keys], dtype=np.intp)]

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
            Return a new array of length 1 (or 0, for a vector of zeros) rather than a read-only
            view of the word's row.

        Returns
        -------
        ndarray of shape (vector_size,), float32

        Raises
        ------
        KeyError
            The word is not in the vocabulary; the message says why.
        """
        word_id = self.get_index(key)
        row: Vector = self.vectors[word_id]
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

    # ---- Similarity ----------------------------------------------------------------------------

    def similarity(self, w1: str, w2: str) -> float:
        """Return the cosine of the angle between the vectors of two words; 0 if one is zero."""
        return float(np.dot(self.get_vector(w1, norm=True), self.get_vector(w2, norm=True)))

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
        n_found = None if topn is None else _checked_int("topn", topn, 0)
        n_rows = len(self)
        if restrict_vocab is not None:
            n_rows = min(n_rows, _checked_int("restrict_vocab", restrict_vocab, 1))
        items = _as_items("positive", positive, 1.0) + _as_items("negative", negative, -1.0)
        cosines = self._cosines(self._mean(items), n_rows)
        if n_found is None:
            return cosines
        for key, _ in items:
            if isinstance(key, str) and (word_id := self.get_index(key)) < n_rows:
                cosines[word_id] = -np.inf
        nearest = _largest(cosines, n_found)
        return [(self.index_to_key[i], float(cosines[i])) for i in nearest.tolist()]

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
        self, key: Key, topn: int | None, restrict_vocab: int | None
    ) -> Neighbours | Vector:
        if topn is None:
            return self.most_similar([key], topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    def _mean(self, items: list[tuple[Key, float]]) -> Vector:
        """Return the direction of the weighted mean, a unit vector of shape (vector_size,)."""
        if not items:
            raise ValueError("the query is empty: give at least one word or vector")
        mean = np.zeros(self.vector_size)
        for key, weight in items:
            vector = self.get_vector(key, norm=True) if isinstance(key, str) else key
            if vector.shape != mean.shape:
                raise ValueError(
                    f"a vector must have the shape ({self.vector_size},), not {vector.shape}"
                )
            with np.errstate(invalid="ignore"):  # infinite - infinite
                mean += weight * vector.astype(np.float64)
        length = np.linalg.norm(mean)
        if not 0 < length < np.inf:
            state = "zero" if length == 0 else "not finite"
            raise ValueError(f"the query is {state}: it has no direction to compare with")
        return (mean / length).astype(np.float32)

    def _cosines(self, query: Vector, n_rows: int) -> Vector:
        """Compare the first rows with a unit vector: one product, no copy of the matrix."""
        norms = self.norms[:n_rows]
        with np.errstate(over="ignore", invalid="ignore"):
            cosines: Vector = self.vectors[:n_rows] @ query
            np.divide(cosines, norms, out=cosines, where=norms > 0)
        return cosines

    # ---- Files ---------------------------------------------------------------------------------

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write the vectors for word2vec.c, gensim and others: see `write_word2vec_format`."""
        write_word2vec_format(path, self.index_to_key, self.vectors, binary=binary)

    @classmethod
    def load_word2vec_format(
        cls, path: str | os.PathLike[str], binary: bool | None = None, limit: int | None = None
    ) -> Self:
        """Read vectors of word2vec.c, gensim and others: see `read_word2vec_format`.

        The formats store no counts; `counts` then holds the placeholders vocab_size, ..., 2, 1.
        """
        words, vectors = read_word2vec_format(path, binary=binary, limit=limit)
        counts = np.arange(len(words), 0, -1, dtype=np.int64)
        return cls(Vocabulary(words, counts), vectors)


def _as_items(name: str, value: Any, weight: float) -> list[tuple[Key, float]]:
    """Return what the user gave as a list of (word or vector, weight)."""
    if value is None:
        return []
    if _is_key(value) or _is_weighted(value):
        value = [value]
    if not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a word, a vector or several of them, not {value!r}")
    items = [item if _is_weighted(item) else (item, weight) for item in value]
    for key, _ in items:
        if not _is_key(key):
            raise TypeError(
                f"{name} must be made of words (str) and vectors (1-D ndarrays), not {key!r}"
            )
    return items


def _is_key(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _is_weighted(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Real)


def _checked_int(name: str, value: SupportsIndex, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer or None, not {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    return operator.index(value)


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
