# SPDX-License-Identifier: Apache-2.0
"""The engine of a run, set up: sampling tables from the counts, settings by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.system import resolve_isa
from fastw2v.training import sampling
from fastw2v.training.parameters import Parameters
from fastw2v.training.schedule import most_chunk_tokens

#: One center in so many has its loss taken: 40,000 centers of 10 M tokens, for .3 % of the time.
LOSS_INTERVAL = 256
#: Words whose rows each of several workers trains in copies. On cores that are far apart, where two
#: workers without copies were no faster than one, 64 to 512 were alike.
PRIVATE_ROWS = 128
#: They do so if each has at least as many chunks an epoch, for copies are merged after each: eight
#: workers with 17 chunks each came to a loss of 2.27, without copies to 2.25.
PRIVATE_CHUNKS = 100


def build_trainer(
    corpus: EncodedCorpus,
    parameters: Parameters,
    config: TrainingConfig,
    chunk_tokens: int,
    n_workers: int,
    loss_interval: int | None = None,
) -> _core.Trainer:
    """Return the engine set up for `config`: sampling tables from the counts, settings by name."""
    counts = corpus.vocabulary.counts
    anchor = parameters.anchor
    chunks_an_epoch = corpus.n_tokens // chunk_tokens
    has_private_rows = (
        n_workers > 1 and chunks_an_epoch >= PRIVATE_CHUNKS * n_workers and not config.deterministic
    )
    return _core.Trainer(
        parameters.input_rows,
        parameters.output_rows,
        sampling.keep_threshold(counts, config.sample),
        build_noise_table(counts, config.ns_exponent),
        vector_size=config.vector_size,
        isa=resolve_isa(config.isa),
        **config.engine_settings() | {"pool_refresh": round(65536 * pool_refresh(counts, config))},
        chunk_tokens=chunk_tokens,
        loss_interval=LOSS_INTERVAL if loss_interval is None else loss_interval,
        private_rows=min(PRIVATE_ROWS, len(counts)) if has_private_rows else 0,
        frozen=None if parameters.frozen is None else parameters.frozen.view(np.uint8),
        anchor=None
        if anchor is None
        else (anchor.input_vectors, anchor.output_vectors, anchor.rows, anchor.strength),
    )


def pool_refresh(counts: NDArray[np.int64], config: TrainingConfig) -> float:
    """Return how many entries of the pool are renewed for each center.

    A pool is filled anew for each chunk. The short chunks of a deterministic run renew less after
    that, so that each draw serves as many centers as in the default: it gains almost one point of
    analogies in CBOW, half a point in skip-gram, and in both the rare words.
    """
    if not config.deterministic:
        return config.pool_renewal
    n_tokens = int(counts.sum())
    kept = float((counts * sampling.keep_probability(counts, config.sample)).sum()) / n_tokens
    fills = [config.pool_size / (kept * most_chunk_tokens(n_tokens, d)) for d in (True, False)]
    return max(0.0, config.pool_renewal - (fills[0] - fills[1]))


def pairs_of_rows(counts: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.float32]:
    """Return how busy the rows are, of which the shards of a deterministic run train copies."""
    pairs = sampling.pairs_per_token(
        counts, config.sample, config.ns_exponent, config.mean_contexts, config.negative
    )
    return np.ascontiguousarray(pairs, dtype=np.float32)


def build_noise_table(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.uint32]:
    """Return the alias table, of shape (vocab_size, 2), from which the engine draws negatives."""
    table = np.empty((len(counts), 2), dtype=np.uint32)
    _core.build_noise_table(
        sampling.noise_distribution(counts, ns_exponent),
        table,
        np.empty(len(counts)),
        np.empty(len(counts), dtype=np.int32),
    )
    return table
