# SPDX-License-Identifier: Apache-2.0
"""A share of the corpus is kept out of training, and says when to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import same_bits, topic_sentences

from fastw2v import (
    Callback,
    EarlyStopping,
    EpochRecord,
    TrainingConfig,
    Word2Vec,
    encode_corpus,
)
from fastw2v.training.history import EpochSum
from fastw2v.training.schedule import Schedule, held_out_chunks

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 16, "epochs": 3, "workers": 1}


def trained(callbacks: Any = (), **hyper: Any) -> Word2Vec:
    return Word2Vec(topic_sentences(), **HYPER | hyper).train(progress=False, callbacks=callbacks)


def test_what_is_held_out_is_not_trained_on() -> None:
    """Words of chunks that are held out, and of no other, keep their initial vectors."""
    sentences = [[f"{i}.{j}" for j in range(100)] * 5 for i in range(60)]  # a chunk each
    corpus = encode_corpus(sentences, min_count=1)
    model = Word2Vec(corpus, **HYPER | {"held_out": 0.1, "min_count": 1}).train(progress=False)
    held_out = held_out_chunks(60, 0.1, model.config.seed).tolist()
    assert len(held_out) == 6
    outputs = model._output_vectors
    assert outputs is not None
    inputs = {i: model.wv[[f"{i}.{j}" for j in range(100)]] for i in range(60)}
    for i in range(60):
        assert np.abs(inputs[i]).max() <= 1 / 16 or i not in held_out
        assert np.abs(inputs[i]).max() > 1 / 16 or i in held_out


@pytest.mark.parametrize("workers", [1, 3])
def test_the_held_out_loss_falls_while_there_is_something_to_learn(workers: int) -> None:
    # So many sentences, because the loss of an epoch is that of a sample of its words: with a tenth
    # of them it is up to 30 % off with one seed or another, with these 9 %.
    model = Word2Vec(
        topic_sentences(20_000), **HYPER | {"held_out": 0.1, "epochs": 5, "workers": workers}
    ).train(progress=False)
    losses = [record.held_out_loss for record in model.history]
    assert None not in losses
    assert losses[-1] < losses[0]
    assert losses[-1] == pytest.approx(model.history[-1].loss, rel=0.1)
    assert model.history[0].words == pytest.approx(0.9 * 240_000, rel=0.05)


def test_taking_the_held_out_loss_changes_no_vector() -> None:
    """Epochs in one go, and epochs with a look at the loss in between, come to the same bits."""
    first = trained(held_out=0.1)
    corpus = encode_corpus(topic_sentences(), min_count=5)
    second = Word2Vec(corpus, **HYPER | {"held_out": 0.1})
    losses = []

    class Look(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            losses.append(model.history[-1].held_out_loss)

    second.train(progress=False, callbacks=[Look()])
    assert same_bits(first, second)
    assert losses == [record.held_out_loss for record in first.history]


def test_without_held_out_there_is_no_held_out_loss() -> None:
    assert [record.held_out_loss for record in trained().history] == [None] * 3


@pytest.mark.parametrize(
    ("n_chunks", "share", "expected"), [(100, 0.1, 10), (100, 1e-9, 1), (1, 0.5, 0), (3, 0.9, 2)]
)
def test_how_many_chunks_are_held_out(n_chunks: int, share: float, expected: int) -> None:
    chosen = held_out_chunks(n_chunks, share, seed=1)
    assert len(set(chosen.tolist())) == expected
    assert set(chosen.tolist()) <= set(range(n_chunks))


def test_the_chunks_of_a_run_and_the_held_out_ones_are_all() -> None:
    ends = np.cumsum(np.full(3000, 20))
    schedule = Schedule(ends, TrainingConfig(held_out=0.2, epochs=2, min_alpha=0.0))
    position, seen = 0, []
    while position < len(schedule):
        stretch = schedule.stretch(position, 7)
        seen += stretch.borders[:-1].tolist()
        position += len(stretch)
    held_out = [stretch.borders[0] for stretch in schedule.held_out()]
    assert sorted(seen[: len(seen) // 2] + held_out) == sorted(set(seen) | set(held_out))
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert len(held_out) == 20
    assert schedule.learning_rate(2, 0) == 0


def test_early_stopping_waits_for_its_patience() -> None:
    stopping = EarlyStopping(patience=2, min_delta=0.1)

    class Model:
        config = TrainingConfig(held_out=0.1)
        history: list[EpochRecord] = []  # noqa: RUF012
        epochs_trained = 0.0
        stopped = False

        def stop(self) -> None:
            self.stopped = True

    model = Model()
    stopping.on_train_begin(model)
    for epoch, (loss, stops) in enumerate(
        [(2.0, False), (1.95, False), (1.8, False), (1.75, False), (1.79, True)], 1
    ):
        model.history.append(EpochRecord(epoch, 1.0, 1, 1.0, 1, 2.0, 0.1, 0.0, 0.0, loss))
        stopping.on_epoch_end(model)
        assert model.stopped == stops


def test_early_stopping_ends_a_run_that_learns_nothing_more() -> None:
    generator = np.random.default_rng(0)
    noise = [[str(word) for word in line] for line in generator.integers(300, size=(2000, 12))]
    model = Word2Vec(noise, **HYPER | {"epochs": 1000, "held_out": 0.1, "alpha": 0.2})
    model.train(progress=False, callbacks=[EarlyStopping(patience=2)])
    losses = [record.held_out_loss or 0.0 for record in model.history]
    assert len(losses) < 1000
    assert min(losses) not in losses[-2:] or len(losses) == 2


def test_patience_survives_a_break_of_the_run(tmp_path: Path) -> None:
    """Epochs before the break count, those of an earlier run do not."""

    class Break(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            if len(model.history) == 3 + 2:
                raise KeyboardInterrupt

    model = trained(held_out=0.1)
    with pytest.raises(KeyboardInterrupt):
        model.train(
            topic_sentences(), epochs=20, checkpoint=tmp_path, callbacks=[Break()], progress=False
        )
    # No loss is so much less than the first, so the run ends three epochs after that.
    stopping = EarlyStopping(patience=3, min_delta=100.0)
    resumed = Word2Vec.resume(tmp_path, callbacks=[stopping], progress=False)
    assert len(resumed.history) == 3 + 1 + 3


def test_early_stopping_wants_a_held_out_loss() -> None:
    with pytest.raises(ValueError, match=r"held_out=0\.01"):
        trained(callbacks=[EarlyStopping()])
    with pytest.raises(ValueError, match="patience must be >= 1, got 0"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="min_delta must be >= 0"):
        EarlyStopping(min_delta=float("nan"))


def test_the_margin_of_the_loss_covers_the_truth_nineteen_times_of_twenty() -> None:
    """Chunks of known mean: how often is it within the margin?"""
    generator = np.random.default_rng(3)
    inside = 0
    for _ in range(1000):
        total = EpochSum()
        for n in generator.integers(20, 60, size=100).tolist():
            total.add(n, n, float(generator.normal(2.0, 0.5, size=n).sum()))
        inside += abs(total.loss - 2.0) <= total.loss_margin
    assert 920 <= inside <= 975
    assert np.isnan(EpochSum().loss_margin)
