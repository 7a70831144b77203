# SPDX-License-Identifier: Apache-2.0
"""The specification of the walk: what the engine does with a chunk of tokens, draw for draw.

``fw_train_chunk`` in ``csrc/fastw2v.h`` says it in words; this page says it in NumPy, in the same
order: centers and their windows, negatives, steps. Given the same matrices, the same alias table
and the same stream, :func:`train_chunk` makes the same decisions as the engine and differs from it
by rounding only. The maths of a step is in :mod:`fastw2v.reference`, the random numbers are in
:mod:`fastw2v.draws`.

References
----------
.. [1] Mikolov, Chen, Corrado, Dean (2013), "Efficient Estimation of Word Representations in Vector
   Space", section 3.2: the reduced window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastw2v.draws import (
    AliasTable,
    Purpose,
    below,
    noise_draw,
    picks,
    substream,
    token_draws,
)
from fastw2v.reference import Block, Floats, Ids, block_step, combine_rows, cross_entropy

# ---- Settings and results -----------------------------------------------------------------------


@dataclass(frozen=True)
class WalkSettings:
    """The hyper-parameters of the walk, by the names of ``fw_settings``, which explains them."""

    architecture: Literal["cbow", "skip_gram"]
    negative_scope: Literal["example", "window", "pool"]
    window: int
    shrink_windows: bool
    negatives: int
    negative_weight: float
    pool_size: int
    pool_refresh: int  # pool entries renewed per center, in units of 1/65536
    cbow_mean: bool
    cbow_exact_gradient: bool
    loss_interval: int  # 0: never

    @property
    def group(self) -> int:
        """How many successive centers one step takes (FW_CBOW_GROUP)."""
        return 4 if self.architecture == "cbow" and self.negative_scope == "pool" else 1


@dataclass(frozen=True)
class Stats:
    """What one chunk came to; see ``fw_stats``."""

    kept_tokens: int
    examples: int
    loss_examples: int
    loss_sum: float


# ---- Step 1 of the walk: which tokens are centers, and how far each of them sees ----------------


class Centers(NamedTuple):
    """The kept words of a chunk, closed up, in order; c below is a place in these arrays."""

    ids: Ids  # (n,)
    first: Ids  # (n,): the window of c is first[c] <= c < last[c]
    last: Ids  # (n,)

    def context(self, c: int) -> Ids:
        """Return the places of the context of c from left to right: its window without c."""
        return np.delete(np.arange(self.first[c], self.last[c]), c - self.first[c])


def kept_tokens_and_windows(
    settings: WalkSettings, keep_threshold: Ids, ids: Ids, stream: ArrayLike
) -> tuple[NDArray[np.bool_], Ids]:
    """Say of each token of a chunk whether it is kept and what its reduced window would be.

    Two draws a token, see :func:`token_draws`: neither depends on the fate of the tokens before,
    and both are evenly spread over the epochs. A reduced window uniform in 1..c weights a context
    word at distance d by (c - d + 1) / c on average [1]_.

    Parameters
    ----------
    settings : WalkSettings
    keep_threshold : ndarray of shape (vocab_size,), uint32
        A word is kept with probability (keep_threshold + 1) / 2^32.
    ids : ndarray of shape (n_tokens,), integer
        The tokens of the chunk and no others.
    stream : uint64
        The stream of the chunk.

    Returns
    -------
    kept : ndarray of shape (n_tokens,), bool
    reduced_windows : ndarray of shape (n_tokens,), integer
    """
    keep_draws, window_draws = token_draws(stream, np.arange(len(ids)))
    kept = keep_draws <= keep_threshold[ids]
    if settings.shrink_windows:
        return kept, 1 + below(settings.window, window_draws)
    return kept, np.full(len(ids), settings.window)


def find_centers(
    settings: WalkSettings,
    keep_threshold: Ids,
    ids: Ids,
    begin: int,
    end: int,
    sentence_ends: Ids,
    stream: ArrayLike,
) -> Centers:
    """Return the centers of the chunk ``ids[begin:end]``; parameters as in :func:`train_chunk`."""
    chunk_ids = ids[begin:end]
    kept, reduced = kept_tokens_and_windows(settings, keep_threshold, chunk_ids, stream)
    nothing = np.empty(0, dtype=np.int64)
    sentences = [Centers(nothing, nothing, nothing)]
    n_centers = 0
    borders = np.minimum(np.concatenate([[begin], sentence_ends]), end) - begin
    for sentence_begin, sentence_end in pairwise(borders):
        tokens = sentence_begin + np.flatnonzero(kept[sentence_begin:sentence_end])
        if len(tokens) < 2:  # a word alone has no context
            continue
        c = n_centers + np.arange(len(tokens))
        first = np.maximum(c - reduced[tokens], n_centers)
        last = np.minimum(c + reduced[tokens] + 1, n_centers + len(tokens))
        sentences.append(Centers(chunk_ids[tokens], first, last))
        n_centers += len(tokens)
    return Centers(*(np.concatenate(parts) for parts in zip(*sentences, strict=True)))


# ---- Step 2: negatives --------------------------------------------------------------------------


class NoiseDraws:
    """The draws of the NOISE substream, one after another."""

    def __init__(self, noise: AliasTable, stream: ArrayLike) -> None:
        self.noise = noise
        self.substream = substream(stream, Purpose.NOISE)
        self.counter = 0

    def take(self, n: int) -> Ids:
        """Return the next `n` ids."""
        counters = np.arange(self.counter, self.counter + n)
        self.counter += n
        return noise_draw(self.noise, self.substream, counters)


class Negatives(Protocol):
    """Where a step gets its negatives from."""

    def next_set(self, n_centers: int) -> Ids:
        """Return the ids of one set, of shape (k,), for a step that takes `n_centers` centers."""


class FreshNegatives:
    """Sets drawn from the noise distribution: one an example or one a window, as they are asked."""

    def __init__(self, settings: WalkSettings, draws: NoiseDraws) -> None:
        self.negatives = settings.negatives
        self.draws = draws

    def next_set(self, n_centers: int) -> Ids:
        """Return the next draws."""
        return self.draws.take(self.negatives)


class PooledNegatives:
    """Sets picked all over a ring of ids, of which each center renews a few.

    The distribution of one pick is the noise distribution. What changes is that a drawn id serves
    about k / refresh times within pool_size / refresh centers, so that its row is still in cache.
    """

    def __init__(self, settings: WalkSettings, draws: NoiseDraws, stream: ArrayLike) -> None:
        self.settings = settings
        self.draws = draws
        self.pool = draws.take(settings.pool_size)
        self.head = 0
        self.accumulator = 0  # in units of 1/65536 of an entry
        self.picks = substream(stream, Purpose.PICKS)
        self.n_picks = 0

    def next_set(self, n_centers: int) -> Ids:
        """Renew the share of `n_centers` centers, then pick a set."""
        self.renew(n_centers)
        numbers = np.arange(self.n_picks, self.n_picks + self.settings.negatives)
        self.n_picks += len(numbers)
        return self.pool[picks(len(self.pool), self.picks, numbers)]

    def renew(self, n_centers: int) -> None:
        """Overwrite the oldest entries."""
        self.accumulator += n_centers * self.settings.pool_refresh
        n_entries, self.accumulator = divmod(self.accumulator, 65536)
        for negative in self.draws.take(n_entries):
            self.pool[self.head] = negative
            self.head = (self.head + 1) % len(self.pool)


# ---- Step 3: blocks -----------------------------------------------------------------------------


class Targets(NamedTuple):
    """What the n input rows of a block are scored against."""

    ids: Ids  # (m,)
    labels: Floats  # (n, m)
    weights: Floats  # (n, m)


class Trained(NamedTuple):
    """The examples of one step."""

    centers: Ids  # (n,): the center c that each belongs to
    losses: Floats  # (n,): before the update


def label_targets(positives: Ids, own: Ids, negatives: Ids, negative_weight: float) -> Targets:
    """Put positives and negatives side by side: row i has weight for its own positive only.

    Parameters
    ----------
    positives : ndarray of shape (p,), integer
    own : ndarray of shape (n,), integer
        Which of the positives is that of input row i.
    negatives : ndarray of shape (k,), integer
        Shared by all rows; one that equals the positive of a row has weight 0 there.
    negative_weight : float
    """
    is_own = (own[:, np.newaxis] == np.arange(len(positives))).astype(np.float64)  # (n, p)
    is_noise = negatives != positives[own][:, np.newaxis]  # (n, k)
    return Targets(
        ids=np.concatenate([positives, negatives]),
        labels=np.hstack([is_own, np.zeros(is_noise.shape)]),
        weights=np.hstack([is_own, negative_weight * is_noise]),
    )


def example_losses(block: Block, targets: Targets) -> Floats:
    """Return the loss of each input row of a block, of shape (n,)."""
    losses: Floats = cross_entropy(block.logits, targets.labels, targets.weights).sum(axis=1)
    return losses


def skip_gram_steps(
    settings: WalkSettings,
    input_vectors: Floats,
    output_vectors: Floats,
    centers: Centers,
    negatives: Negatives,
    learning_rate: float,
) -> Iterator[Trained]:
    """Train center by center: the rows of its context against the center and the negatives."""
    for c in range(len(centers.ids)):
        contexts = centers.ids[centers.context(c)]
        n_blocks = len(contexts) if settings.negative_scope == "example" else 1
        for inputs in np.split(contexts, n_blocks):
            targets = label_targets(
                positives=centers.ids[c : c + 1],
                own=np.zeros(len(inputs), dtype=np.int64),
                negatives=negatives.next_set(1),
                negative_weight=settings.negative_weight,
            )
            block = block_step(input_vectors, output_vectors, inputs, *targets, learning_rate)
            yield Trained(np.full(len(inputs), c), example_losses(block, targets))


def cbow_steps(
    settings: WalkSettings,
    input_vectors: Floats,
    output_vectors: Floats,
    centers: Centers,
    negatives: Negatives,
    learning_rate: float,
) -> Iterator[Trained]:
    """Train group by group: gather a hidden row for each center, step, scatter the gradients.

    The places from the first window's begin to the last window's end are one dense table of
    coefficients, 0 outside a center's own window, so a group reads its rows once. Windows of one
    group see each other's updates only after it.
    """
    for c in range(0, len(centers.ids), settings.group):
        group = np.arange(c, min(c + settings.group, len(centers.ids)))
        rows = np.arange(len(group))  # the hidden rows
        first, last = centers.first[group][:, np.newaxis], centers.last[group][:, np.newaxis]
        places = np.arange(first.min(), last.max())
        contexts = centers.ids[places]
        support = (first <= places) & (places < last) & (places != group[:, np.newaxis])
        mean = support / support.sum(axis=1, keepdims=True)
        gather = mean if settings.cbow_mean else support  # (group, places)
        scatter = gather if settings.cbow_exact_gradient else support

        hidden = np.zeros((len(group), input_vectors.shape[1]), input_vectors.dtype)
        combine_rows(hidden, rows, input_vectors, contexts, gather)
        targets = label_targets(
            positives=centers.ids[group],
            own=rows,
            negatives=negatives.next_set(len(group)),
            negative_weight=settings.negative_weight,
        )
        block = block_step(
            hidden, output_vectors, rows, *targets, learning_rate, write_gradients=True
        )
        assert block.gradients is not None
        context_ids = centers.ids[places]
        combine_rows(input_vectors, context_ids, block.gradients, rows, scatter.T, accumulate=True)
        yield Trained(group, example_losses(block, targets))


# ---- The walk -----------------------------------------------------------------------------------


def train_chunk(
    settings: WalkSettings,
    input_vectors: Floats,
    output_vectors: Floats,
    keep_threshold: Ids,
    noise: AliasTable,
    ids: Ids,
    begin: int,
    end: int,
    sentence_ends: Ids,
    stream: ArrayLike,
    learning_rate: float,
) -> Stats:
    """Train on one chunk, in place; the twin of ``fw_train_chunk``.

    Parameters
    ----------
    settings : WalkSettings
    input_vectors, output_vectors : ndarray of shape (vocab_size, vector_size), float
        Written in place.
    keep_threshold : ndarray of shape (vocab_size,), uint32
        See :func:`kept_tokens_and_windows`.
    noise : AliasTable, or any (threshold, other)
        The noise distribution.
    ids : ndarray of shape (n_tokens,), integer
        The whole corpus; the chunk is ``ids[begin:end]``.
    begin, end : int
    sentence_ends : ndarray of shape (n_sentences,), integer
        Rising; the first is > begin and the last >= end. Windows cross neither an end nor the
        borders of the chunk.
    stream : uint64
        The :func:`stream` of the chunk.
    learning_rate : float

    Returns
    -------
    Stats
        The loss is sampled at every center c with ``c % loss_interval == 0``.
    """
    centers = find_centers(settings, keep_threshold, ids, begin, end, sentence_ends, stream)
    draws = NoiseDraws(noise, stream)
    pooled = settings.negative_scope == "pool"
    negatives: Negatives = (
        PooledNegatives(settings, draws, stream) if pooled else FreshNegatives(settings, draws)
    )
    train = cbow_steps if settings.architecture == "cbow" else skip_gram_steps
    steps = train(settings, input_vectors, output_vectors, centers, negatives, learning_rate)

    examples, sampled_losses = 0, [np.empty(0)]
    for step in steps:
        examples += len(step.losses)
        if settings.loss_interval > 0:
            sampled_losses.append(step.losses[step.centers % settings.loss_interval == 0])
    losses = np.concatenate(sampled_losses)
    return Stats(len(centers.ids), examples, len(losses), float(losses.sum(dtype=np.float64)))
