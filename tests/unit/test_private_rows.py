# SPDX-License-Identifier: Apache-2.0
"""Rows that a worker trains in copies of its own: what it learns and gives back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from walk_support import BEST, MODES, Corpus, Model, all_modes

from fastw2v import encode_corpus
from fastw2v.config import TrainingConfig
from fastw2v.training import engine
from fastw2v.training.parameters import Parameters

CORPUS = Corpus()
LEARNING_RATE = 0.05


class Trained:
    """A model after a chunk."""

    def __init__(self, mode: Any, private_rows: int) -> None:
        model = Model(mode, CORPUS, BEST, private_rows=private_rows)
        self.stats = model.train(LEARNING_RATE)
        self.end = model.input, model.output


@all_modes
@pytest.mark.parametrize("n_rows", [1, 7, CORPUS.vocab_size])
def test_a_lone_worker_gives_all_of_its_moves(mode: Any, n_rows: int) -> None:
    expected, model = Trained(mode, 0), Trained(mode, n_rows)
    assert model.stats == expected.stats
    for actual, desired in zip(model.end, expected.end, strict=True):
        # start + (copy - start) is rounded twice.
        np.testing.assert_allclose(actual, desired, rtol=0, atol=2**-22 * np.abs(desired).max())


@pytest.mark.parametrize("private_rows", [-1, CORPUS.vocab_size + 1])
def test_private_rows_that_cannot_be_are_refused(private_rows: int) -> None:
    with pytest.raises(ValueError, match=r"private_rows must be in 0\.\."):
        Trained(MODES["cbow-pool"], private_rows)


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
