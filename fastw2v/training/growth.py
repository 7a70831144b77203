# SPDX-License-Identifier: Apache-2.0
"""A model meets a new corpus: words are counted on, and new ones get in."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.training.start import ids_in
from fastw2v.vocabulary import Vocabulary, WordCounts


@dataclass(frozen=True)
class UpdateReport:
    """What an update has done to the vocabulary.

    Attributes
    ----------
    added : list of str
        Words that the model did not know, by falling frequency.
    words_before, words_after : int
        Sizes of the vocabulary.
    coverage : float
        Share of the new corpus's words that have a vector now, and were trained on.
    mean_cosine : float
        Of the vectors of the words before with what they were; NaN until they are trained.
    """

    added: list[str]
    words_before: int
    words_after: int
    coverage: float
    mean_cosine: float = math.nan

    def __str__(self) -> str:
        few = ", ".join(self.added[:5]) + (", ..." if len(self.added) > 5 else "")
        return (
            f"{self.words_before:,} words before, {self.words_after:,} now"
            f"{f' ({len(self.added):,} new: {few})' if self.added else ''}; "
            f"{self.coverage:.1%} of the new corpus has vectors; "
            f"mean cosine of known words with what they were: {self.mean_cosine:.4f}"
        )


def grow(
    known: Vocabulary, corpus: EncodedCorpus, *, min_count: int, max_final_vocab: int | None
) -> tuple[EncodedCorpus, UpdateReport]:
    """Take in the words of a corpus; return it in ids of the grown vocabulary."""
    vocabulary = grown_vocabulary(
        known, corpus.vocabulary, min_count=min_count, max_final_vocab=max_final_vocab
    )
    encoded = encoded_by(corpus, vocabulary)
    report = UpdateReport(
        added=[word for word in vocabulary.words if word not in known],
        words_before=len(known),
        words_after=len(vocabulary),
        coverage=encoded.n_tokens / corpus.n_raw_words,
    )
    return encoded, report


def grown_vocabulary(
    known: Vocabulary, new: Vocabulary, *, min_count: int, max_final_vocab: int | None
) -> Vocabulary:
    """Count the words of both together, and choose again; what was known stays.

    Parameters
    ----------
    known : Vocabulary
        Its dropped words count too: one that was read twice, and now again twice, gets in under
        ``min_count=3``.
    new : Vocabulary
        Of the new corpus, its dropped words included.
    max_final_vocab : int, optional
        No word gets in beyond so many.
    """
    counts: Counter[str] = Counter()
    for vocabulary in (known, new):
        for word, count in _all_counts(vocabulary):
            counts[word] += count
    # Known words first, then the others in the order in which they were first counted: a stable
    # sort keeps that order among equals.
    candidates = [
        word for word, count in counts.items() if count >= min_count and word not in known
    ]
    candidates.sort(key=lambda word: -counts[word])
    if max_final_vocab is not None:
        candidates = candidates[: max(0, max_final_vocab - len(known))]
    words = sorted([*known.words, *candidates], key=lambda word: -counts[word])
    chosen = set(words)
    rest = [word for word in counts if word not in chosen]
    return Vocabulary(
        words,
        np.array([counts[word] for word in words], dtype=np.int64),
        dropped=WordCounts.from_words(rest, np.array([counts[w] for w in rest], dtype=np.int64)),
        min_count=min_count,
        max_final_vocab=max_final_vocab,
    )


def _all_counts(vocabulary: Vocabulary) -> list[tuple[str, int]]:
    pairs = list(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
    if vocabulary.dropped is not None:
        dropped = vocabulary.dropped
        pairs += zip(dropped.words(), dropped.counts.tolist(), strict=True)
    return pairs


def encoded_by(corpus: EncodedCorpus, vocabulary: Vocabulary) -> EncodedCorpus:
    """Return a corpus in the ids of another vocabulary, without the words that it lacks.

    Raises
    ------
    ValueError
        If it has none of the corpus's words.
    """
    encoded = corpus.through(ids_in(vocabulary, corpus.vocabulary.words), vocabulary)
    if encoded.n_tokens == 0:
        raise ValueError("the model knows no word of the corpus")
    return encoded
