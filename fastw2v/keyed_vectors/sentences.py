# SPDX-License-Identifier: Apache-2.0
"""Vectors of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.rows import Vector
from fastw2v.keyed_vectors.similarity import VectorSimilarity
from fastw2v.sentence_vectors import (
    SentenceIds,
    SentenceVectors,
    find_ids,
    logger,
    principal_component,
    remove_component,
    scale_to_length_1,
    sif_weights,
    sum_sentences,
)

Weights = Literal["sif"] | Mapping[str, float] | NDArray[Any] | None

# Counts of vocab_size, ..., 2, 1 may be true in a toy; no text has a hundred words of such counts.
PLACEHOLDERS_FROM = 100


class VectorSentences(VectorSimilarity):
    """Sums and means of the words of sentences; see `KeyedVectors`."""

    def sentence_vectors(
        self,
        sentences: Iterable[Sequence[str]],
        weights: Weights = None,
        *,
        combine: Literal["mean", "sum"] = "mean",
        component: NDArray[Any] | bool | None = None,
        normalize: bool = False,
        oov: Literal["skip", "raise"] = "skip",
    ) -> SentenceVectors:
        """Make each sentence one vector: a bag of words, as features for something else.

        Parameters
        ----------
        sentences : iterable of lists of str
            Each sentence a list of words; read once.
        weights : "sif", mapping of str to float, or ndarray of shape (vocab_size,), optional
            How much each word counts. "sif" is smooth inverse frequency, ``a / (a + p(w))`` with
            a = 0.001 and p(w) from `counts`. A word that is not in a mapping is left out, as an
            unknown one is. By default every word counts 1.
        combine : "mean" or "sum"
            The mean is the sum divided by the sum of the absolute weights of the known words or,
            with "sif", as published, by their number.
        component : bool or ndarray of shape (vector_size,), optional
            True: remove the first principal component of these vectors from them. An array:
            remove this direction, the `component` of an earlier result, so that new sentences are
            treated as those were. By default that is True with "sif" and else False.
        normalize : bool
            Scale the vectors to length 1 in the end; vectors of zeros stay.
        oov : "skip" or "raise"
            Leave unknown words out and report them, or raise KeyError.

        Returns
        -------
        SentenceVectors
            `vectors`, float32 of shape (n_sentences, vector_size), the `coverage` of each sentence
            (share of its tokens that are known), `unknown` words and the `component` removed. A
            sentence without a known word has a vector of zeros and coverage 0.

        Raises
        ------
        KeyError
            A word is unknown, with oov "raise".
        TypeError
            A sentence is no list of words, such as a string, or a word is no string.
        ValueError
            An argument is none of these; "sif" and the vectors have no counts; or a component is
            to be found and only one sentence has known words.

        References
        ----------
        Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR
        2017.
        """
        _check_choice("combine", combine, ("mean", "sum"))
        _check_choice("oov", oov, ("skip", "raise"))
        is_sif = isinstance(weights, str)
        index, row_weights = self._index_and_weights(weights)
        found = find_ids(index, sentences)
        if oov == "raise":
            self._refuse_unknown(found)
        sums, totals, known = sum_sentences(
            self.vectors, self.scales, found.ids, found.ends, row_weights
        )
        if combine == "mean":
            divisors = (known if is_sif else totals).astype(np.float32)[:, np.newaxis]
            np.divide(sums, divisors, out=sums, where=divisors > 0)
        removed = self._component(sums, known, is_sif if component is None else component)
        if removed is not None:
            remove_component(sums, removed)
        if normalize:
            scale_to_length_1(sums)
        coverage = known / np.maximum(np.diff(found.ends, prepend=0), 1)
        result = SentenceVectors(sums, coverage, found.unknown, len(found.ids), removed)
        if len(result.without_words) > 0:
            logger.warning("vectors of sentences without a known word are zero: %r", result)
        return result

    def _index_and_weights(self, weights: Weights) -> tuple[dict[str, int], Vector | None]:
        """Return the ids of the words that count, and by id how much each does."""
        index = self.key_to_index
        if weights is None:
            return index, None
        if isinstance(weights, str):
            _check_choice("weights", weights, ("sif",))
            return index, self._sif_weights()
        if isinstance(weights, Mapping):
            index = {word: index[word] for word in weights if word in index}
            values = np.zeros(len(self), np.float32)
            values[list(index.values())] = [weights[word] for word in index]
        else:
            values = np.ascontiguousarray(weights, np.float32)
            if values.shape != (len(self),):
                raise ValueError(f"weights must have the shape ({len(self)},), not {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("weights must be finite")
        return index, values

    def _sif_weights(self) -> Vector:
        n_words = len(self)
        if n_words >= PLACEHOLDERS_FROM and np.array_equal(self.counts, np.arange(n_words, 0, -1)):
            raise ValueError(
                "weights 'sif' need to know how often words occur, and these vectors come from a "
                "file without counts: give weights=fastw2v.sentence_vectors.sif_weights(counts)"
            )
        return sif_weights(self.counts)

    def _refuse_unknown(self, found: SentenceIds) -> None:
        for word in found.unknown:
            self.get_index(word)  # KeyError, if it has no vector
            raise KeyError(f"{word!r} has no weight")

    def _component(
        self, rows: Vector, known: NDArray[np.int64], wanted: NDArray[Any] | bool
    ) -> Vector | None:
        """Return the direction of length 1 that is to be removed, if any."""
        if isinstance(wanted, bool):
            if not wanted or not known.any():
                return None
            if np.count_nonzero(known) == 1:
                raise ValueError(
                    "the principal component of one sentence is its own vector, which would become "
                    "zero: give component=, that of an earlier result, or component=False"
                )
            return principal_component(rows)
        component = np.asarray(wanted, np.float32)
        if component.shape != (self.vector_size,):
            raise ValueError(
                f"component must have the shape ({self.vector_size},), not {component.shape}"
            )
        length = np.linalg.norm(component)
        if not 0 < length < np.inf:
            raise ValueError("component is zero or not finite: it has no direction")
        return component / length


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, not {value!r}")
