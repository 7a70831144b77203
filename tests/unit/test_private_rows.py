# SPDX-License-Identifier: Apache-2.0
"""Rows that a worker trains in copies of its own: what it learns and gives back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from walk_support import BEST, MODES, Corpus, Model, all_modes

from fastw2v import encode_corpus
from fastw2v.config import TrainingConfig
from fastw2v.training import engine, sampling
from fastw2v.training.parameters import Parameters

CORPUS = Corpus()
LEARNING_RATE = 0.05


def pairs_of(n_rows: int) -> np.ndarray:
    """Return pairs per token from hardly any to very many."""
    column = np.geomspace(1e-4, 1e4, n_rows, dtype=np.float32)
    return np.column_stack([column, column[::-1]])


class Trained:
    """A model before and after a chunk."""

    def __init__(self, mode: Any, pairs: np.ndarray | None, workers: int = 1) -> None:
        model = Model(mode, CORPUS, BEST, private_pairs=pairs, workers=workers)
        self.start = model.input.copy(), model.output.copy()
        self.stats = model.train(LEARNING_RATE)
        self.end = model.input, model.output


@all_modes
@pytest.mark.parametrize("n_rows", [1, 7, CORPUS.vocab_size])
def test_a_lone_worker_gives_all_of_its_moves(mode: Any, n_rows: int) -> None:
    expected, model = Trained(mode, None), Trained(mode, pairs_of(n_rows))
    assert model.stats == expected.stats
    for actual, desired in zip(model.end, expected.end, strict=True):
        # start + (copy - start) is rounded twice.
        np.testing.assert_allclose(actual, desired, rtol=0, atol=2**-22 * np.abs(desired).max())


@pytest.mark.parametrize("workers", [2, 64])
def test_one_of_many_workers_gives_the_share_that_the_pairs_ask_for(workers: int) -> None:
    mode, pairs = MODES["skip_gram-pool"], pairs_of(CORPUS.vocab_size)
    alone, model = Trained(mode, pairs), Trained(mode, pairs, workers)
    shares = []
    for column in (0, 1):
        n = 0.3 * LEARNING_RATE * pairs[:, column] * model.stats.kept_tokens * workers
        share = [-math.expm1(-x) / (workers * -math.expm1(-x / workers)) for x in n]
        start = model.start[column]
        expected = start + np.array(share)[:, None] * (alone.end[column] - start)
        np.testing.assert_allclose(model.end[column], expected, rtol=0, atol=1e-6)
        shares += share
    assert min(shares) == pytest.approx(1 / workers)
    assert max(shares) > 0.9


def test_workers_that_pull_together_go_as_far_as_one_after_the_other() -> None:
    """The meaning of the share, if each goes 1 - e^(-N / workers) of the way to one place."""
    workers, n = 8, 2.5
    each = -math.expm1(-n / workers)
    share = -math.expm1(-n) / (workers * each)
    assert workers * share * each == pytest.approx(1 - (1 - each) ** workers)


@pytest.mark.parametrize(
    ("pairs", "workers", "message"),
    [
        (np.ones((CORPUS.vocab_size + 1, 2), np.float32), 2, "private_pairs must have shape"),
        (np.ones((3, 3), np.float32), 2, "private_pairs must have shape"),
        (np.ones((3, 2), np.float32), 0, "a training setting is out of its range"),
    ],
)
def test_private_rows_that_cannot_be_are_refused(
    pairs: np.ndarray, workers: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Trained(MODES["cbow-pool"], pairs, workers)


def test_pairs_per_token_are_those_of_a_walk() -> None:
    """Of two words, one of which is subsampled by half."""
    counts = np.array([9000, 1000])
    kept = np.array([9000 * 0.5, 1000])
    root = (math.sqrt(1 + 4 * 0.5) - 1) / 2  # sqrt(t / f) + t / f = 1/2
    sample = 0.9 * root**2
    share = kept / kept.sum()
    noise = counts**0.75 / (counts**0.75).sum()
    found = sampling.pairs_per_token(counts, sample, 0.75, contexts=6.0, negative=5)
    np.testing.assert_allclose(found[:, 0], share * 6 * 6)
    np.testing.assert_allclose(found[:, 1], 6 * (share + 5 * noise))
    # Every pair has one input and one target.
    np.testing.assert_allclose(found.sum(axis=0), 6 * 6)


@pytest.mark.parametrize(
    ("n_workers", "has_copies"), [(1, False), (2, True), (3, True), (4, False)]
)
def test_workers_have_copies_if_each_merges_often_enough(
    n_workers: int, has_copies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PRIVATE_CHUNKS", 10)
    corpus = encode_corpus([["a", "b", "c", "d"]] * 75, min_count=1)
    config = TrainingConfig(min_count=1)
    parameters = Parameters.initial(len(corpus.vocabulary), config.vector_size, seed=1, width=1)
    size, size_alone = (
        engine.build_trainer(corpus, parameters, config, 10, n).workspace_size
        for n in (n_workers, 1)
    )
    assert (size > size_alone) == has_copies
