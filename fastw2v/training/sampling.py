# SPDX-License-Identifier: Apache-2.0
"""Which words are kept and which are drawn as negatives: the formulas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig

#: Pull of each context word, by measurement: analogies after an update with a tenth of a text were
#: best with .03 to .05 in skip-gram, with windows of 2, 5 and 10, and in CBOW (docs/training.md).
PULL = 0.05


def noise_distribution(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.float64]:
    """Return the probability of each word as a negative, P_n(w).

    Parameters
    ----------
    counts : ndarray of shape (vocab_size,), int64
    ns_exponent : float
        1 draws words as often as they stand in the text, 0 all alike; the paper's choice is 3/4.

    Returns
    -------
    ndarray of shape (vocab_size,), float64
        ``counts ** ns_exponent``, normalised.

    References
    ----------
    Mikolov et al. (2013), Distributed representations of words and phrases, section 2.2.
    """
    # Relative to the largest count, so that no power overflows.
    weights = (counts / counts.max()) ** ns_exponent
    distribution: NDArray[np.float64] = weights / weights.sum()
    return distribution


def keep_probability(counts: NDArray[np.int64], sample: float) -> NDArray[np.float64]:
    """Return the probability with which subsampling keeps a token of each word.

    ``min(1, sqrt(t / f) + t / f)`` with f the word's share of the tokens.

    DIFFERS: the paper's equation 5 has ``sqrt(t / f)`` alone; word2vec.c and gensim train with the
    sum, and so do we.

    Parameters
    ----------
    counts : ndarray of shape (vocab_size,), int64
    sample : float
        The threshold t; 0 keeps everything.

    Returns
    -------
    ndarray of shape (vocab_size,), float64, in [0, 1]
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * (counts.sum() / counts)
    kept: NDArray[np.float64] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return kept


def keep_threshold(counts: NDArray[np.int64], sample: float) -> NDArray[np.uint32]:
    """Return `keep_probability` as the engine wants it: keep if 32 random bits are <= threshold."""
    scaled = np.ceil(keep_probability(counts, sample) * 2.0**32) - 1.0
    return np.clip(scaled, 0, 2**32 - 1).astype(np.uint32)


def pairs_per_token(
    counts: NDArray[np.int64], sample: float, ns_exponent: float, contexts: float, negative: int
) -> NDArray[np.float64]:
    """Return in how many pairs of an input and a target the rows of each word stand.

    Parameters
    ----------
    counts : ndarray of shape (vocab_size,), int64
    sample, ns_exponent
        As above.
    contexts : float
        Mean number of context words of a center.
    negative : int
        Negatives for each positive.

    Returns
    -------
    ndarray of shape (vocab_size, 2), float64
        Expected pairs per kept token, of the input row and of the output row.
    """
    kept = counts * keep_probability(counts, sample)
    share = kept / kept.sum()
    targets = share + negative * noise_distribution(counts, ns_exponent)
    return contexts * np.column_stack([share * (1 + negative), targets])


def pull_per_token(config: TrainingConfig) -> float:
    """Return how strongly, for each kept token, an anchor of 1 holds a word where it was.

    It stands for the curvature of the loss along the word's vector, which the token adds up: over n
    windows in skip-gram, and with CBOW's sum; where the hidden vector is a mean of n, a move of the
    vector moves that by an n-th, and an exact gradient comes back as an n-th again.
    """
    contexts = config.mean_contexts
    if config.sg or not config.cbow_mean:
        return PULL * contexts
    return PULL if config.cbow_gradient == "undivided" else PULL / contexts
