# SPDX-License-Identifier: Apache-2.0
"""Words, their ids and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class Vocabulary:
    """The words that are trained, in order of falling frequency; a word's place is its id.

    Parameters
    ----------
    words : sequence of str
        Distinct words.
    counts : ndarray of shape (vocab_size,), int64
        How often each word was read.
    """

    def __init__(self, words: Sequence[str], counts: NDArray[np.int64]) -> None:
        self.words = list(words)
        self.counts = np.asarray(counts, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    @cached_property
    def index(self) -> dict[str, int]:
        """Word to id."""
        return {word: i for i, word in enumerate(self.words)}
