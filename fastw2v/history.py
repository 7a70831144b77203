# SPDX-License-Identifier: Apache-2.0
"""What a run has done so far: a record of each epoch, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the corpus did.

    Attributes
    ----------
    epoch : int
        From 1.
    seconds : float
        From the end of the epoch before; without the time between a stop and its resumption.
    words : int
        Corpus words, those that were dropped included.
    words_per_second : float
    examples : int
        (center, context) pairs of skip-gram, or windows of CBOW.
    loss : float
        Mean over sampled examples of -log s(positive) - sum of weight * log s(-negative), each
        taken just before the example was learnt. NaN if no example was sampled.
    learning_rate : float
        At the end of the epoch.
    """

    epoch: int
    seconds: float
    words: int
    words_per_second: float
    examples: int
    loss: float
    learning_rate: float


@dataclass
class EpochSum:
    """Statistics of an epoch's chunks, which may end out of order."""

    tokens: int = 0
    examples: int = 0
    loss_examples: int = 0
    loss_sum: float = 0.0

    @property
    def loss(self) -> float:
        """Mean over the sampled examples; NaN if there is none."""
        return self.loss_sum / self.loss_examples if self.loss_examples else float("nan")


@dataclass(frozen=True)
class RunState:
    """A run between two chunks: with the matrices, all that it takes to go on.

    Attributes
    ----------
    position : int
        So many chunks are done, of all epochs: those before it, and none after.
    epoch_sum : EpochSum
        Of the epoch that has begun.
    epoch_seconds : float
        Since it has.
    history : list of EpochRecord
        Of the epochs that have ended.
    """

    position: int = 0
    epoch_sum: EpochSum = field(default_factory=EpochSum)
    epoch_seconds: float = 0.0
    history: list[EpochRecord] = field(default_factory=list)
