# SPDX-License-Identifier: Apache-2.0
"""Word similarity as people rate it, with the numbers of gensim 4."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from fastw2v.evaluation.correlation import p_value, pearson, ranks
from fastw2v.evaluation.known_words import KnownWords
from fastw2v.evaluation.sets import read_word_pairs
from fastw2v.keyed_vectors import KeyedVectors


@dataclass(frozen=True)
class WordPairsResult:
    """How the similarities of vectors agree with those that people gave; ``str()`` is a line.

    Attributes
    ----------
    spearman, pearson : float
        Correlation of ranks (ties share their mean rank) and of values; NaN if fewer than two
        different values are left on one of the sides.
    spearman_p, pearson_p : float
        How likely a correlation so far from 0 is if there is none, two-sided.
    known, pairs : int
        Of how many pairs both words are known, of how many in the set.
    """

    spearman: float
    pearson: float
    spearman_p: float
    pearson_p: float
    known: int
    pairs: int

    @property
    def coverage(self) -> float:
        """Share of the pairs whose words are both known."""
        return self.known / self.pairs

    def __str__(self) -> str:
        return (
            f"Spearman {self.spearman:.4f} (p = {self.spearman_p:.1e}), "
            f"Pearson {self.pearson:.4f} (p = {self.pearson_p:.1e}), "
            f"{self.known}/{self.pairs} pairs known ({self.coverage:.1%})"
        )


def evaluate_word_pairs(
    kv: KeyedVectors,
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    score_column: int | str = 2,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> WordPairsResult:
    """Compare the cosines of word pairs with the similarities that people gave.

    Parameters
    ----------
    kv : KeyedVectors
    path : path-like or name
        A file, or "wordsim353", which is in the package.
    delimiter, score_column
        What separates columns, and which has the scores: see `sets.read_word_pairs`.
    restrict_vocab, case_insensitive
        As in `evaluate_word_analogies`.
    dummy4unknown : bool
        Count pairs with an unknown word as of similarity 0 rather than leave them out.

    Returns
    -------
    WordPairsResult

    Raises
    ------
    ValueError
        The file is not as it should be; the message names it and the line.
    """
    pairs = read_word_pairs(path, delimiter=delimiter, score_column=score_column)
    lexicon = KnownWords(kv, restrict_vocab, case_insensitive)
    ids = [lexicon.ids(pair[:2]) for pair in pairs]
    known = np.array([pair is not None for pair in ids])
    first, second = np.array([pair for pair in ids if pair], np.intp).reshape(-1, 2).T
    cosines = np.zeros(len(pairs))
    cosines[known] = np.sum(lexicon.unit_rows(first) * lexicon.unit_rows(second), axis=1)
    scores = np.array([pair[2] for pair in pairs])
    counted = known | dummy4unknown
    scores, cosines, n = scores[counted], cosines[counted], int(np.count_nonzero(counted))
    by_rank, by_value = pearson(ranks(scores), ranks(cosines)), pearson(scores, cosines)
    return WordPairsResult(
        spearman=by_rank,
        pearson=by_value,
        spearman_p=p_value(by_rank, n),
        pearson_p=p_value(by_value, n),
        known=int(np.count_nonzero(known)),
        pairs=len(pairs),
    )
