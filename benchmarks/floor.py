# SPDX-License-Identifier: Apache-2.0
"""The fewest seconds that a run could take: its multiply-adds over the most that a core can do.

A multiply-add is one of a single float. Every product of rows below is `vector_size` of them:

- Skip-gram, a pair against its 1 + K targets: a logit, a step of the input row and a step of the
  target row for each, 3 (1 + K).
- CBOW, a center whose window has n words: as many for its hidden row, n to gather that row and n to
  give its gradient back, 3 (1 + K) + 2 n.

That is what the examples *need*. What the kernels *do* differs in two ways: they visit rows in
whole vectors of the instruction set, and they train CBOW's centers in groups of g whose windows
cover P words together, with products for every pair of a hidden row and a target, 3 (g + K) + 2 P.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from fma_peak import FmaPeak

from fastw2v import EncodedCorpus, TrainingConfig, _core
from fastw2v.replay import Centers, WalkSettings, find_centers
from fastw2v.system import resolve_isa
from fastw2v.training import sampling
from fastw2v.training.schedule import Schedule

#: Floats of a vector, of which the kernels visit a whole number.
VECTOR_FLOATS = {"avx512": 16, "avx2": 8, "neon": 4, "portable": 4}
#: Chunks, spread over the first epoch, whose windows stand for all.
SAMPLED_CHUNKS = 20
#: Seconds in which the most multiply-adds are looked for.
SECONDS = 0.3


class Products(NamedTuple):
    """Products of rows for an example, on average."""

    needed: float
    done: float


def multiply_adds(config: TrainingConfig, corpus: EncodedCorpus, examples: int) -> dict[str, float]:
    """Return how many multiply-adds a run of so many examples needed and how many it did."""
    products = per_example(config, sampled_centers(config, corpus))
    vector = VECTOR_FLOATS[resolve_isa(config.isa)]
    visited = -(-config.vector_size // vector) * vector
    return {
        "needed": examples * products.needed * config.vector_size,
        "done": examples * products.done * visited,
    }


def per_example(config: TrainingConfig, chunks: Iterable[Centers]) -> Products:
    """Return the products of an example: a pair of skip-gram, a window of CBOW."""
    negatives = config.set_size
    if config.sg:
        return Products(3 * (1 + negatives), 3 * (1 + negatives))
    size = walk_settings(config).group
    n_centers, context_words, block, covered = 0, 0, 0, 0
    for centers in chunks:
        begins = np.arange(0, len(centers.ids), size)
        if not len(begins):
            continue
        counts = np.diff(begins, append=len(centers.ids))
        positions = np.maximum.reduceat(centers.last, begins)
        positions -= np.minimum.reduceat(centers.first, begins)
        n_centers += len(centers.ids)
        context_words += int((centers.last - centers.first - 1).sum())
        block += int((counts * (counts + negatives)).sum())
        covered += int((counts * positions).sum())
    if not n_centers:
        return Products(0.0, 0.0)
    return Products(
        3 * (1 + negatives) + 2 * context_words / n_centers,
        (3 * block + 2 * covered) / n_centers,
    )


def walk_settings(config: TrainingConfig) -> WalkSettings:
    """Return a configuration as the specification of the walk has it."""
    return WalkSettings(**config.engine_settings(), loss_interval=0)


def sampled_centers(
    config: TrainingConfig, corpus: EncodedCorpus, n_chunks: int = SAMPLED_CHUNKS
) -> Iterable[Centers]:
    """Yield the centers of chunks of the first epoch, drawn as the engine draws them."""
    settings = walk_settings(config)
    threshold = sampling.keep_threshold(corpus.vocabulary.counts, config.sample)
    schedule = Schedule(corpus.sentence_ends, config)
    n_chunks = min(n_chunks, schedule.chunks_per_epoch)
    for index in np.linspace(0, schedule.chunks_per_epoch - 1, n_chunks).astype(int).tolist():
        stretch = schedule.stretch(index, 1)
        begin, end = stretch.borders.tolist()
        yield find_centers(
            settings,
            threshold,
            corpus.ids,
            begin,
            end,
            stretch.sentence_ends,
            _core.stream(config.seed, 0, index),
        )


def measure(isa: str) -> float | None:
    """Return the most multiply-adds a second of one core, in 10^9, or None without a compiler."""
    return FmaPeak().gfma_per_second(isa, SECONDS)


def share(multiply_adds: float, seconds: float, gfma_per_second: float, workers: int) -> float:
    """Return the share of the most that so many cores could have done in these seconds."""
    return multiply_adds / (seconds * gfma_per_second * 1e9 * workers)
