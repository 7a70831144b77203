# SPDX-License-Identifier: Apache-2.0
"""What a run has done so far: a record of each epoch, and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EpochRecord:
    """What one pass over the corpus did.

    Attributes
    ----------
    epoch : int
        From 1; counted on when a model is trained again.
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
    loss_margin : float
        Half the width of the 95 % confidence interval of `loss`, from the spread between chunks.
    learning_rate : float
        At the end of the epoch.
    idle_share : float
        Of the workers' time, what they did not spend in the engine: waiting for input, for each
        other at the end, for a checkpoint.
    held_out_loss : float or None
        Mean loss over the examples of the sentences that were held out, by the vectors at the end
        of the epoch. None without ``held_out``.
    """

    epoch: int
    seconds: float
    words: int
    words_per_second: float
    examples: int
    loss: float
    loss_margin: float
    learning_rate: float
    idle_share: float
    held_out_loss: float | None = None


class History(list[EpochRecord]):
    """A record of each epoch, in their order: a list that can draw itself."""

    def plot(self, ax: Any = None) -> Any:
        """Draw loss, with its margin, and speed by epoch; and the held-out loss, if there is one.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw, else in a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            That of the loss; speed has one of its own on the right.

        Raises
        ------
        ValueError
            No epoch has ended.
        ModuleNotFoundError
            matplotlib is not installed.
        """
        if not self:
            raise ValueError("there is nothing to draw yet: no epoch has ended")
        held_out = {r.epoch: r.held_out_loss for r in self if r.held_out_loss is not None}
        from fastw2v.drawing.plotting import plot_epochs

        return plot_epochs(
            [record.epoch for record in self],
            [record.loss for record in self],
            [record.loss_margin for record in self],
            [record.words_per_second for record in self],
            held_out,
            ax,
        )


@dataclass
class EpochSum:
    """Statistics of an epoch's chunks, which may end out of order."""

    tokens: int = 0
    busy_seconds: float = 0.0  # in the engine, of all workers
    examples: int = 0
    chunks: int = 0
    loss_examples: int = 0
    loss_sum: float = 0.0
    # Of the chunks' (examples n, sums s): what the spread of their means is made of.
    n_squares: float = 0.0
    s_squares: float = 0.0
    products: float = 0.0

    def add(self, examples: int, loss_examples: int, loss_sum: float) -> None:
        """Add what the engine says of a chunk."""
        self.examples += examples
        self.chunks += 1
        self.loss_examples += loss_examples
        self.loss_sum += loss_sum
        self.n_squares += float(loss_examples) ** 2
        self.s_squares += loss_sum**2
        self.products += loss_examples * loss_sum

    @property
    def loss(self) -> float:
        """Mean over the sampled examples; NaN if there is none."""
        return self.loss_sum / self.loss_examples if self.loss_examples else float("nan")

    @property
    def loss_margin(self) -> float:
        """Half the 95 % confidence interval of `loss`; NaN with fewer than two chunks.

        `loss` is a ratio of sums over chunks, sum s / sum n. Its variance is about
        C / (C - 1) * sum (s - loss * n)^2 / (sum n)^2 over C chunks (Cochran 1977, Sampling
        Techniques, section 6.4).
        """
        if self.chunks < 2 or self.loss_examples == 0:
            return float("nan")
        squares = self.s_squares - 2 * self.loss * self.products + self.loss**2 * self.n_squares
        variance = max(squares, 0.0) * self.chunks / (self.chunks - 1) / self.loss_examples**2
        return 1.96 * math.sqrt(variance)


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
