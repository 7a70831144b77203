# SPDX-License-Identifier: Apache-2.0
"""Two sets of vectors, such as of two centuries: which words moved, appeared, vanished."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]
Ids = NDArray[np.intp]

BLOCK_ROWS = 4096  # rows that are copied and scaled at a time
N_PRINTED = 10


class Vectors(Protocol):
    """What is needed of a `KeyedVectors`."""

    @property
    def index_to_key(self) -> list[str]:
        """Words by id, the most frequent first."""

    @property
    def key_to_index(self) -> dict[str, int]:
        """Word to id."""

    @property
    def vector_size(self) -> int:
        """Numbers in a vector."""

    def rows(self, which: Ids, /) -> Vector:
        """Return vectors by id, as float32."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """What became of the words of one set of vectors in another.

    Attributes
    ----------
    words : list of str
        Those that have a vector in both, in the order of the first.
    cosines : ndarray of shape (n_words,), float32
        Of each word's two vectors after the alignment; NaN if one is zero or not finite.
    vanished, appeared : list of str
        Words of the first alone and of the second alone, the most frequent first.
    rotation : ndarray of shape (vector_size, vector_size), float32
        Orthogonal: ``vector_of_the_second @ rotation`` may be compared with vectors of the first.
    """

    words: list[str]
    cosines: Vector
    vanished: list[str]
    appeared: list[str]
    rotation: Vector

    def moved(self, topn: int | None = 10) -> list[tuple[str, float]]:
        """Return words and their cosines, the one that moved most first."""
        return self._ordered(self.cosines, topn)

    def stable(self, topn: int | None = 10) -> list[tuple[str, float]]:
        """Return words and their cosines, the one that moved least first."""
        return self._ordered(-self.cosines, topn)

    def _ordered(self, values: Vector, topn: int | None) -> list[tuple[str, float]]:
        known = np.flatnonzero(~np.isnan(values))
        places = known[np.argsort(values[known], kind="stable")][:topn]
        return [(self.words[i], float(self.cosines[i])) for i in places]

    def __repr__(self) -> str:
        finite = self.cosines[~np.isnan(self.cosines)]
        middle = f", median cosine {np.median(finite):.3f}" if len(finite) else ""
        lines = [f"Comparison: {len(self.words):,} words in both{middle}"]
        for name, pairs in (("moved", self.moved(N_PRINTED)), ("stable", self.stable(N_PRINTED))):
            lines.append(f"  {name}: " + ", ".join(f"{word} {c:.3f}" for word, c in pairs))
        for name, words in (("vanished", self.vanished), ("appeared", self.appeared)):
            dots = ", ..." if len(words) > N_PRINTED else ""
            listed = ", ".join(words[:N_PRINTED]) or "none"
            lines.append(f"  {name} ({len(words):,}): {listed}{dots}")
        return "\n".join(lines)


def compare(first: Vectors, second: Vectors, restrict_vocab: int | None = None) -> Comparison:
    """Rotate the second vectors onto the first and compare word by word.

    See `KeyedVectors.compare`.
    """
    if first.vector_size != second.vector_size:
        raise ValueError(
            f"vectors of {first.vector_size} and of {second.vector_size} numbers cannot be aligned"
        )
    own, others = (v.index_to_key[:restrict_vocab] for v in (first, second))
    among_others = set(others)
    words = [word for word in own if word in among_others]
    if not words:
        raise ValueError("the two vocabularies have no word in common: nothing can be aligned")
    if len(words) <= first.vector_size:
        logger.warning(
            "%d words in common can be made to fit whatever they mean: a rotation of %d numbers "
            "needs several times as many",
            *(len(words), first.vector_size),
        )
    ids = tuple(
        np.array([v.key_to_index[word] for word in words], np.intp) for v in (first, second)
    )
    rotation = orthogonal_alignment(first, second, *ids)
    cosines = np.empty(len(words), np.float32)
    for block, a, b in _unit_blocks(first, second, *ids):
        cosines[block] = np.einsum("ij,ij->i", a, b @ rotation)
        cosines[block][~(a.any(axis=1) & b.any(axis=1))] = np.nan
    vanished = [word for word in own if word not in second.key_to_index]
    appeared = [word for word in others if word not in first.key_to_index]
    return Comparison(words, cosines, vanished, appeared, rotation)


def orthogonal_alignment(first: Vectors, second: Vectors, ids: Ids, second_ids: Ids) -> Vector:
    """Return the orthogonal Q that makes the sum of abs(a_i - b_i Q)^2 over unit rows smallest.

    Q = U V', if U S V' is the singular value decomposition of B' A.

    Parameters
    ----------
    first, second : Vectors
    ids, second_ids : ndarray of shape (n_words,), intp
        Rows of the same words in the two.

    References
    ----------
    Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966;
    for word vectors: Hamilton, Leskovec and Jurafsky, "Diachronic Word Embeddings Reveal
    Statistical Laws of Semantic Change", ACL 2016, equation 4.
    """
    products = np.zeros((first.vector_size, first.vector_size))
    for _, a, b in _unit_blocks(first, second, ids, second_ids):
        products += b.T @ a
    u, _, v = np.linalg.svd(products)
    rotation: Vector = (u @ v).astype(np.float32)
    return rotation


def _unit_blocks(
    first: Vectors, second: Vectors, ids: Ids, second_ids: Ids
) -> Iterator[tuple[slice, Vector, Vector]]:
    """Yield the rows of some words at a time, scaled to length 1."""
    for begin in range(0, len(ids), BLOCK_ROWS):
        block = slice(begin, begin + BLOCK_ROWS)
        yield block, _unit(first.rows(ids[block])), _unit(second.rows(second_ids[block]))


def _unit(rows: Vector) -> Vector:
    """Scale rows to length 1; one that is zero or not finite becomes zero."""
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = (lengths > 0) & np.isfinite(lengths)
    units: Vector = np.divide(rows, lengths, out=np.zeros_like(rows), where=usable)
    return units
