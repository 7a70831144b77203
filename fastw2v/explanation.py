# SPDX-License-Identifier: Apache-2.0
"""Why two words are close: the contexts that a corpus shows them both in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.corpus.encoded import EncodedCorpus

Floats = NDArray[np.float64]

NS_EXPONENT = 0.75  # of the noise distribution: Mikolov et al. 2013
SCAN_TOKENS = 1 << 22  # compared at a time: 16 MiB, whatever the corpus weighs
N_PRINTED = 10


class SharedContext(NamedTuple):
    """A word that stands near both, and how much.

    Attributes
    ----------
    word : str
    share : float
        Its part of the cosine of the two words' associations.
    associations : tuple of two float
        With each of the two words.
    counts : tuple of two int
        How often it stands in the window of each.
    """

    word: str
    share: float
    associations: tuple[float, float]
    counts: tuple[int, int]


@dataclass(frozen=True, repr=False)
class Explanation:
    """What two words have in common, the greatest share first.

    Attributes
    ----------
    words : tuple of two str
    similarity : float
        Cosine of their vectors.
    cosine : float
        Cosine of their associations with all words: the sum of all shares.
    contexts : list of SharedContext
        The first of those that have a part in it.
    """

    words: tuple[str, str]
    similarity: float
    cosine: float
    contexts: list[SharedContext]

    def __repr__(self) -> str:
        a, b = self.words
        header = ("context", "share", f"with {a} (times)", f"with {b} (times)")
        rows: list[tuple[str, ...]] = [header]
        for word, share, associations, counts in self.contexts[:N_PRINTED]:
            cells = (f"{x:.2f} ({n:,})" for x, n in zip(associations, counts, strict=True))
            rows.append((word, f"{share:.4f}", *cells))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            f"Explanation: {a!r} and {b!r}, cosine of vectors {self.similarity:.3f}, "
            f"of contexts {self.cosine:.3f}"
        ]
        for name, *numbers in rows:
            cells = (x.rjust(width) for x, width in zip(numbers, widths[1:], strict=True))
            lines.append("  ".join(("", name.ljust(widths[0]), *cells)))
        return "\n".join(lines)


def explain(
    words: tuple[str, str],
    similarity: float,
    corpus: EncodedCorpus,
    *,
    window: int = 5,
    min_count: int = 5,
    topn: int = 10,
) -> Explanation:
    """Find the contexts that two words share; see `KeyedVectors.explain`."""
    for name, value, least in (
        ("window", window, 1),
        ("min_count", min_count, 1),
        ("topn", topn, 0),
    ):
        if value < least:
            raise ValueError(f"{name} must be >= {least}, got {value}")
    vocabulary = corpus.vocabulary
    for word in words:
        if word not in vocabulary:
            raise KeyError(f"{word!r} is not in the corpus: {vocabulary.missing_reason(word)}")
    noise = vocabulary.counts.astype(np.float64) ** NS_EXPONENT
    noise /= noise.sum()
    counts, associations = [], []
    for word in words:
        seen, weighted = context_counts(corpus, vocabulary.index[word], window)
        association = positive_association(weighted, noise)
        association[seen < min_count] = 0
        counts.append(seen)
        associations.append(association)
    a, b = associations
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    shares = a * b / (lengths or 1)
    shared = np.flatnonzero(shares > 0)
    best = shared[np.argsort(-shares[shared], kind="stable")][:topn]
    contexts = [
        SharedContext(
            vocabulary.words[i],
            float(shares[i]),
            (float(a[i]), float(b[i])),
            (int(counts[0][i]), int(counts[1][i])),
        )
        for i in best
    ]
    return Explanation(words, similarity, float(shares.sum()), contexts)


def positive_association(weighted: Floats, noise: Floats) -> Floats:
    """Return max(0, log(P(c | w) / P_n(c))) for every word c, 0 where it was not seen.

    P(c | w) is the share of c in the contexts of w and P_n the noise distribution. Without the
    maximum, and less a constant, this is the product of vectors at which skip-gram with negative
    sampling would arrive if vectors had numbers enough.

    Parameters
    ----------
    weighted : ndarray of shape (vocab_size,), float64
        How often each word stands in the context of w.
    noise : ndarray of shape (vocab_size,), float64
        Probabilities.

    References
    ----------
    Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", NIPS 2014, for
    the product; Levy, Goldberg and Dagan, "Improving Distributional Similarity with Lessons
    Learned from Word Embeddings", TACL 2015, equation 3, for counts to the power of 3/4.
    """
    result = np.zeros(len(weighted))
    seen = np.flatnonzero((weighted > 0) & (noise > 0))
    result[seen] = np.maximum(0, np.log(weighted[seen] / weighted.sum() / noise[seen]))
    return result


def context_counts(
    corpus: EncodedCorpus, word_id: int, window: int
) -> tuple[NDArray[np.int64], Floats]:
    """Count the words around all occurrences of a word, within its sentence.

    Returns
    -------
    seen : ndarray of shape (vocab_size,), int64
        How often each word stands at most `window` tokens away.
    weighted : ndarray of the same shape, float64
        The same, with (window + 1 - distance) / window for each: how often training with windows
        drawn from 1 .. window sees them, apart from subsampling.
    """
    ids, vocab_size = corpus.ids, len(corpus.vocabulary)
    places = occurrences(ids, word_id)
    sentences = np.searchsorted(corpus.sentence_ends, places, side="right")
    ends = corpus.sentence_ends[sentences]
    begins = np.where(sentences > 0, corpus.sentence_ends[sentences - 1], 0)
    seen, weighted = np.zeros(vocab_size, np.int64), np.zeros(vocab_size)
    for distance in range(1, window + 1):
        before, after = places - distance, places + distance
        around = np.concatenate([before[before >= begins], after[after < ends]])
        found = np.bincount(ids[around], minlength=vocab_size)
        seen += found
        weighted += found * ((window + 1 - distance) / window)
    return seen, weighted


def occurrences(ids: NDArray[np.int32], word_id: int) -> NDArray[np.intp]:
    """Return the positions of a word, read a piece at a time."""
    found = [
        begin + np.flatnonzero(ids[begin : begin + SCAN_TOKENS] == word_id)
        for begin in range(0, len(ids), SCAN_TOKENS)
    ]
    return np.concatenate([np.empty(0, np.intp), *found])
