# SPDX-License-Identifier: Apache-2.0
"""A small vocabulary, settings and draws, for the tests of the specification of the walk.

A bound on chi-square is the value that one seed in 10,000 exceeds.
"""

from __future__ import annotations

import numpy as np

from fastw2v.draws import alias_table, stream
from fastw2v.replay import WalkSettings

CHI_SQUARE_BOUND = {4: 23.5, 7: 29.9}  # degrees of freedom -> bound
G = 0x9E3779B97F4A7C15  # the header's increment of a counter

VOCAB_SIZE = 30
KEEP_ALL = np.full(VOCAB_SIZE, 2**32 - 1, np.uint32)
UNIFORM_NOISE = alias_table(np.ones(VOCAB_SIZE))
STREAM = stream(seed=1, epoch=0, chunk=0)
SETTINGS = WalkSettings(
    architecture="skip_gram",
    negative_scope="window",
    window=3,
    shrink_windows=True,
    negatives=5,
    negative_weight=1.0,
    pool_size=16,
    pool_refresh=65536,
    cbow_mean=True,
    cbow_exact_gradient=True,
    loss_interval=1,
)


def chi_square(ids: np.ndarray, probabilities: np.ndarray) -> float:
    """Return how far a histogram of ids is from what probabilities let expect."""
    expected = len(ids) * probabilities
    histogram = np.bincount(ids, minlength=len(expected))
    return float(((histogram - expected) ** 2 / expected).sum())


def mix_of_int(z: int) -> int:
    """The header's mix in integers without a size, so that nothing can overflow unseen."""
    z ^= z >> 30
    z = z * 0xBF58476D1CE4E5B9 % 2**64
    z ^= z >> 27
    z = z * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31
