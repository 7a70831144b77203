# SPDX-License-Identifier: Apache-2.0
"""How similar keys, vectors and sets of them are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastw2v.keyed_vectors.keys import Key, as_keys, is_key
from fastw2v.keyed_vectors.queries import Term, check_size
from fastw2v.keyed_vectors.rows import Vector
from fastw2v.keyed_vectors.search import VectorSearch

logger = logging.getLogger(__name__)


class VectorSimilarity(VectorSearch):
    """Cosines between keys and vectors, and ranks by them; see `KeyedVectors`."""

    def similarity(self, w1: Key, w2: Key) -> float:
        """Return the cosine of the angle between the vectors of two keys; 0 if one is zero."""
        return float(np.dot(self.get_vector(w1, norm=True), self.get_vector(w2, norm=True)))

    def distance(self, w1: Key, w2: Key) -> float:
        """Return 1 - `similarity`."""
        return 1 - self.similarity(w1, w2)

    def n_similarity(self, ws1: Iterable[Key], ws2: Iterable[Key]) -> float:
        """Return the cosine between the means of two sets of keys; unknown ones are left out.

        Raises
        ------
        ValueError
            A set is empty.
        KeyError
            No key of a set is there.
        """
        means = [self.get_mean_vector(as_keys(ws), pre_normalize=False) for ws in (ws1, ws2)]
        return float(np.dot(_unit(means[0]), _unit(means[1])))

    @staticmethod
    def cosine_similarities(vector_1: NDArray[Any], vectors_all: NDArray[Any]) -> NDArray[Any]:
        """Return the cosines between a vector and each row of a matrix; 0 where one is zero.

        Parameters
        ----------
        vector_1 : ndarray of shape (d,)
        vectors_all : ndarray of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        lengths = np.linalg.norm(vectors_all, axis=1) * np.linalg.norm(vector_1)
        cosines: NDArray[Any] = np.dot(vectors_all, vector_1) / np.where(lengths > 0, lengths, 1)
        return cosines

    def distances(self, word_or_vector: Term, other_words: Iterable[Key] = ()) -> Vector:
        """Return 1 - cosine of a key or vector with other keys, or with all if none are given.

        Raises
        ------
        KeyError
            A key is not there; the message says why.
        ValueError
            The vector is of another size.
        """
        vector = self._as_vector(word_or_vector)
        others = as_keys(other_words)
        if others:
            return 1 - self.cosine_similarities(vector, self[others])
        return 1 - self._cosines(_unit(vector), slice(0, len(self)))

    def get_mean_vector(
        self,
        keys: Key | Iterable[Term],
        weights: ArrayLike | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> Vector:
        """Return the weighted mean of the vectors of keys, and of given vectors.

        Parameters
        ----------
        keys : list of keys and vectors, or ndarray of shape (n, vector_size)
        weights : array of shape (n,), optional
            The sum is divided by that of their absolute values.
        pre_normalize : bool
            Take the vectors of keys at length 1. Given vectors are taken as they are.
        post_normalize : bool
            Return the mean at length 1.
        ignore_missing : bool
            Leave out keys that are not there.

        Returns
        -------
        ndarray of shape (vector_size,), float32

        Raises
        ------
        KeyError
            A key is not there and `ignore_missing` is False, or none is there. DIFFERS: from
            gensim, where the mean of nothing known is a vector of zeros.
        ValueError
            There are no keys, or not as many weights.
        """
        terms: list[Any] = [keys] if isinstance(keys, (str, int)) else [*keys]
        if not terms:
            raise ValueError("keys is empty: give at least one key or vector")
        shares = np.ones(len(terms)) if weights is None else np.asarray(weights, np.float64)
        if shares.shape != (len(terms),):
            raise ValueError(f"weights must be {len(terms)}, one a key, not of {shares.shape}")
        known = [
            (term, share)
            for term, share in zip(terms, shares.tolist(), strict=True)
            if not (ignore_missing and is_key(term) and term not in self)
        ]
        if not known:
            self.get_index(terms[0])  # raises
        mean = np.zeros(self.vector_size)
        for term, share in known:
            mean += share * self._as_vector(term, norm=pre_normalize)
        total = sum(abs(share) for _, share in known)
        mean = mean / (total or 1)
        return _unit(mean) if post_normalize else mean.astype(np.float32)

    def rank_by_centrality(
        self, words: Iterable[Key], use_norm: bool = True
    ) -> list[tuple[float, Any]]:
        """Order keys by their cosine with the direction of their mean, the nearest first.

        Keys that are not there are left out, with a warning in the log; equal ones stay in order.

        Parameters
        ----------
        words : iterable of str or int
        use_norm : bool
            Take vectors at length 1; else the similarity is a dot product.

        Raises
        ------
        ValueError
            No key is there.
        """
        found = self.lookup(words, oov="skip")
        if found.missing:
            logger.warning(
                "left out keys without a vector: %s", ", ".join(map(repr, found.missing))
            )
        if not found.keys:
            raise ValueError("there is no key with a vector to rank")
        vectors = found.vectors
        if use_norm:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(lengths > 0, lengths, 1)
        scores = np.dot(vectors, self.get_mean_vector(vectors, post_normalize=True))
        ranked = zip(scores.tolist(), found.keys, strict=True)
        return sorted(ranked, key=lambda pair: -pair[0])

    def doesnt_match(self, words: Iterable[Key]) -> Any:
        """Return the key that is furthest from the mean of all: see `rank_by_centrality`."""
        return self.rank_by_centrality(words)[-1][1]

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Any:
        """Return which of some keys is the most similar to another."""
        others = as_keys(keys_list)
        if not others:
            raise ValueError("keys_list is empty")
        return others[int(np.argmax([self.similarity(key1, key) for key in others]))]

    def closer_than(self, key1: Key, key2: Key) -> list[Any]:
        """Return all keys that are more similar to `key1` than `key2` is, by position."""
        return [self.index_to_key[i] for i in self._closer_than(key1, key2).tolist()]

    def words_closer_than(self, word1: Key, word2: Key) -> list[Any]:
        """Return `closer_than`."""
        return self.closer_than(word1, word2)

    def rank(self, key1: Key, key2: Key) -> int:
        """Return the place of `key2`, from 1 on, among all keys by similarity to `key1`."""
        return len(self._closer_than(key1, key2)) + 1

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """Return the similarity of two keys, divided by the sum of those of `wa`'s nearest keys.

        References
        ----------
        Leeuwenberg et al., "A Minimally Supervised Approach for Synonym Extraction with Word
        Embeddings", 2016, equation 1: with topn = 10, above 0.1 for synonyms.
        """
        nearest = self.similar_by_key(wa, topn)
        if not nearest:
            raise ValueError("topn must be at least 1, and there must be another key")
        return self.similarity(wa, wb) / sum(similarity for _, similarity in nearest)

    def _closer_than(self, key1: Key, key2: Key) -> NDArray[np.intp]:
        """Return the positions of the keys that are more similar to `key1` than `key2` is."""
        first, second = self.get_index(key1), self.get_index(key2)
        cosines = self._cosines(self.get_vector(key1, norm=True), slice(0, len(self)))
        cosines[np.isnan(cosines)] = -np.inf  # what is not finite is further than anything
        limit = cosines[second]
        cosines[first] = -np.inf
        return np.flatnonzero(cosines > limit)

    def _as_vector(self, term: Term, norm: bool = False) -> NDArray[Any]:
        """Return the vector of a key, or a given one as it is if it fits."""
        if is_key(term):
            return self.get_vector(term, norm=norm)
        vector: NDArray[Any] = np.asarray(term)
        check_size(self, vector)
        return vector


def _unit(vector: NDArray[Any]) -> Vector:
    """Return a vector at length 1, float32; a vector of zeros as it is."""
    length = np.linalg.norm(vector.astype(np.float64))  # float32 squares of 1e-23 are 0
    unit: Vector = (vector / (length or 1)).astype(np.float32)
    return unit
