# SPDX-License-Identifier: Apache-2.0
"""Sentences as vectors: sums and means of their words' rows, and smooth inverse frequency."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import find_words
from fastw2v._core import sum_sentences as sum_sentences_in_c
from fastw2v.corpus.tokens import unpack

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]

SIF_A = 1e-3  # of Arora et al. 2017, section 4.1: results hardly change between 1e-4 and 1e-3
BATCH_SENTENCES = 1024  # looked up at a time
BLOCK_ROWS = 4096  # whose products are summed in float32; the blocks are added up in float64


@dataclass(frozen=True, eq=False, repr=False)
class SentenceVectors:
    """Vectors of sentences, and how much of each sentence stands behind its vector.

    ``vectors, coverage = ...`` unpacks the first two.

    Attributes
    ----------
    vectors : ndarray of shape (n_sentences, vector_size), float32
        Zero for a sentence without a known word.
    coverage : ndarray of shape (n_sentences,), float64
        Share of the tokens that are known; 0 for a sentence without tokens.
    unknown : Counter of str
        The words that were left out, and how often each occurred.
    n_tokens : int
        Tokens of all sentences together.
    component : ndarray of shape (vector_size,), float32, or None
        The direction that was removed from all vectors, of length 1.
    """

    vectors: Vector
    coverage: NDArray[np.float64]
    unknown: Counter[str]
    n_tokens: int
    component: Vector | None = None

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.vectors, self.coverage))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def without_words(self) -> NDArray[np.intp]:
        """Positions of the sentences without a known word, whose vectors are zero."""
        return np.flatnonzero(self.coverage == 0)

    def __repr__(self) -> str:
        n_unknown = self.unknown.total()
        known = 1 - n_unknown / max(self.n_tokens, 1)
        parts = [_sentences(len(self)), f"{known:.1%} of {self.n_tokens:,} tokens known"]
        if len(self.without_words) > 0:
            parts.append(f"{_sentences(len(self.without_words))} without a known word")
        if n_unknown > 0:
            frequent = (f"{word!r} {n:,}" for word, n in self.unknown.most_common(5))
            parts.append("unknown: " + ", ".join(frequent))
        return f"SentenceVectors({'; '.join(parts)})"


def _sentences(n: int) -> str:
    return f"{n:,} sentence" + ("" if n == 1 else "s")


@dataclass(frozen=True, eq=False)
class SentenceIds:
    """Sentences in ids of words; sentence i is ``ids[ends[i - 1]:ends[i]]``.

    Attributes
    ----------
    ids : ndarray of shape (n_tokens,), int32
        -1 for an unknown word.
    ends : ndarray of shape (n_sentences,), int64
    unknown : Counter of str
        Unknown words, and how often each occurred.
    """

    ids: NDArray[np.int32]
    ends: NDArray[np.int64]
    unknown: Counter[str]


def find_ids(index: dict[str, int], sentences: Iterable[Sequence[str]]) -> SentenceIds:
    """Look up the words of sentences, each a list of words; iterated over once."""
    iterator = iter(sentences)
    pieces, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    unknown: Counter[str] = Counter()
    n_read = 0
    while given := list(islice(iterator, BATCH_SENTENCES)):
        batch = [
            sentence if isinstance(sentence, (list, tuple)) else unpack(sentence, i)
            for i, sentence in enumerate(given, n_read)
        ]
        lengths.append(np.fromiter(map(len, batch), np.int64, len(batch)))
        pieces.append(np.empty(lengths[-1].sum(), np.int32))
        missed: list[str] = []
        find_words(index, batch, pieces[-1], missed, n_read)
        unknown.update(missed)
        n_read += len(batch)
    return SentenceIds(np.concatenate(pieces), np.cumsum(np.concatenate(lengths)), unknown)


def sum_sentences(
    vectors: NDArray[Any],
    scales: Vector | None,
    ids: NDArray[np.int32],
    ends: NDArray[np.int64],
    weights: Vector | None = None,
) -> tuple[Vector, NDArray[np.float64], NDArray[np.int64]]:
    """Add up the rows of the words of sentences, in one pass over the ids.

    Parameters
    ----------
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
    scales : ndarray of shape (vocab_size,), float32, or None
        Of int8 rows.
    ids : ndarray of shape (n_tokens,), int32
        Rows; those below 0 are left out.
    ends : ndarray of shape (n_sentences,), int64
        Sentence i is ``ids[ends[i - 1]:ends[i]]``; the first begins at 0.
    weights : ndarray of shape (vocab_size,), float32, optional
        How much each word counts, else 1.

    Returns
    -------
    sums : ndarray of shape (n_sentences, vector_size), float32
    totals : ndarray of shape (n_sentences,), float64
        Of the absolute weights.
    known : ndarray of shape (n_sentences,), int64
        How many tokens were added.
    """
    if vectors.strides[1] != vectors.itemsize or not vectors.flags.aligned:
        vectors = np.ascontiguousarray(vectors)
    sums = np.empty((len(ends), vectors.shape[1]), np.float32)
    totals, known = np.empty(len(ends)), np.empty(len(ends), np.int64)
    elements = vectors.view(np.ndarray).view(np.uint8)
    sum_sentences_in_c(
        elements, vectors.itemsize, ids, ends, sums, totals, known, scales=scales, weights=weights
    )
    return sums, totals, known


def sif_weights(counts: NDArray[np.int64], a: float = SIF_A) -> Vector:
    """Return smooth inverse frequencies, a / (a + p(w)) with p(w) = count / sum of the counts.

    Parameters
    ----------
    counts : ndarray of shape (vocab_size,), int64
        How often each word was read.
    a : float
        Above 0. Words much rarer than it count 1, much more frequent ones hardly.

    References
    ----------
    Arora, Liang and Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017,
    algorithm 1.
    """
    if not a > 0:
        raise ValueError(f"a must be > 0, got {a}")
    weights: Vector = (a / (a + counts / max(counts.sum(), 1))).astype(np.float32)
    return weights


def principal_component(rows: Vector) -> Vector:
    """Return the first right singular vector of some rows, shape (vector_size,): not centered.

    Its largest element is positive, so that the result is the same everywhere; the sign does not
    matter to `remove_component`.
    """
    products = np.zeros((rows.shape[1], rows.shape[1]))
    for begin in range(0, len(rows), BLOCK_ROWS):
        block = rows[begin : begin + BLOCK_ROWS]
        with np.errstate(over="ignore", invalid="ignore"):
            products += block.T @ block
    if not np.isfinite(products).all():
        raise ValueError("a sentence is not finite or too large: there is no principal component")
    component = np.linalg.eigh(products)[1][:, -1]
    component *= np.copysign(1, component[np.argmax(np.abs(component))])
    return component.astype(np.float32)


def remove_component(rows: Vector, component: Vector) -> None:
    """Subtract from each row, in place, its projection on a direction of length 1."""
    for begin in range(0, len(rows), BLOCK_ROWS):
        block = rows[begin : begin + BLOCK_ROWS]
        block -= np.outer(block @ component, component)


def scale_to_length_1(rows: Vector) -> None:
    """Divide each row, in place, by its length; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    np.divide(rows, lengths, out=rows, where=lengths > 0)
