# SPDX-License-Identifier: Apache-2.0
"""A small corpus, a small model and the modes of the walk, for the tests of the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from support import ISAS, Guards, padded, train_one_chunk

from fastw2v import _core, draws
from fastw2v.draws import AliasTable
from fastw2v.replay import Stats, WalkSettings, train_chunk

SETTINGS = WalkSettings(
    architecture="skip_gram",
    negative_scope="window",
    window=5,
    shrink_windows=True,
    negatives=5,
    negative_weight=1.0,
    pool_size=64,
    pool_refresh=65536,
    cbow_mean=True,
    cbow_exact_gradient=True,
    loss_interval=1,
)
MODES = {
    f"{architecture}-{scope}": replace(SETTINGS, architecture=architecture, negative_scope=scope)
    for architecture in ("skip_gram", "cbow")
    for scope in ("example", "window", "pool")
}
all_modes = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
each_isa = pytest.mark.parametrize("isa", ISAS)
BEST = ISAS[-1]


def noise_table(weights: np.ndarray) -> np.ndarray:
    """Return the engine's alias table, of shape (size, 2)."""
    table = np.zeros((len(weights), 2), np.uint32)
    weights = np.asarray(weights, np.float64)
    _core.build_noise_table(
        weights, table, np.empty(len(weights)), np.empty(len(weights), np.int32)
    )
    return table


@dataclass
class Corpus:
    """A chunk of `n_tokens` Zipf-like tokens amid others, in sentences of the lengths given."""

    vocab_size: int = 40
    lengths: tuple[int, ...] = (1, 2, 3, 40, 7, 1, 90, 17)
    before: int = 13  # tokens of the corpus before the chunk
    keep: float = 0.8  # least keep probability

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.vocab_size, *self.lengths])
        self.begin, self.end = self.before, self.before + sum(self.lengths)
        p = 1 / np.arange(1, self.vocab_size + 1)
        size = self.end + 10
        self.ids = rng.choice(self.vocab_size, size, p=p / p.sum()).astype(np.int32)
        self.sentence_ends = self.before + np.cumsum(self.lengths, dtype=np.int64)
        keep = np.linspace(self.keep, 1, self.vocab_size)
        self.keep_threshold = np.minimum(keep * 2.0**32, 2.0**32 - 1).astype(np.uint32)
        self.noise = noise_table(p**0.75)


class Model:
    """Two matrices and a workspace between guards, and the engine's trainer of them."""

    def __init__(
        self,
        settings: WalkSettings,
        corpus: Corpus,
        isa: str = BEST,
        dim: int = 20,
        seed: int = 0,
        **changed: Any,
    ) -> None:
        self.settings, self.corpus, self.dim = settings, corpus, dim
        self.stream = int(draws.stream(seed, 1, 2))
        rng = np.random.default_rng(seed)
        self.guards = Guards()
        shape = corpus.vocab_size, padded(dim)
        self.input = self.guards.take("input", shape)
        self.output = self.guards.take("output", shape)
        for matrix in (self.input, self.output):
            matrix[:, :dim] = rng.normal(scale=0.3, size=(corpus.vocab_size, dim))
        fields = {name: getattr(settings, name) for name in WalkSettings.__annotations__}
        fields |= {
            "vector_size": dim,
            "isa": isa,
            "chunk_tokens": corpus.end - corpus.begin,
            **changed,
        }
        self.trainer = _core.Trainer(
            self.input, self.output, corpus.keep_threshold, corpus.noise, **fields
        )
        self.workspace = self.guards.take("workspace", self.trainer.workspace_size, np.uint8)
        self.workspace[:] = 0xFF  # what the last chunk left there must not matter

    def train(self, learning_rate: float = 0.05, **changed: Any) -> Stats:
        corpus = self.corpus
        arguments = {
            "ids": corpus.ids,
            "begin": corpus.begin,
            "end": corpus.end,
            "sentence_ends": corpus.sentence_ends,
            "stream": self.stream,
            "learning_rate": learning_rate,
            "workspace": self.workspace,
        }
        stats = Stats(*train_one_chunk(self.trainer, **(arguments | changed)))
        self.guards.check()
        return stats

    def replay(self, learning_rate: float = 0.05) -> tuple[np.ndarray, np.ndarray, Stats]:
        """Return what the matrices ought to become, and the statistics."""
        corpus = self.corpus
        vectors = self.input.astype(np.float64), self.output.astype(np.float64)
        noise = AliasTable(corpus.noise[:, 0], corpus.noise[:, 1].view(np.int32))
        stats = train_chunk(
            self.settings, *vectors, corpus.keep_threshold, noise, corpus.ids, corpus.begin,
            corpus.end, corpus.sentence_ends, self.stream, float(np.float32(learning_rate)),
        )  # fmt: skip
        return *vectors, stats
