# SPDX-License-Identifier: Apache-2.0
"""A run says what it does, can be stopped, keeps to a time, and measures what it has not seen."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import model_of, same_bits, topic_sentences

from fastw2v import (
    Callback,
    TrainingStatus,
    Word2Vec,
)
from fastw2v.training.checkpoints import Checkpoints

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 16, "epochs": 3, "workers": 1}
SHORT = topic_sentences(100)  # an epoch of them is far shorter than a second on any machine


@contextlib.contextmanager
def no_hang(seconds: float = 120) -> Iterator[None]:
    """End the process, with a trace, if what is within does not end."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


class Recorder(Callback):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.statuses: list[TrainingStatus] = []

    def on_train_begin(self, model: Word2Vec) -> None:
        self.told.append(f"train begins, {len(model.history)}")

    def on_epoch_begin(self, model: Word2Vec) -> None:
        self.told.append(f"epoch begins, {len(model.history)}")

    def on_progress(self, model: Word2Vec, status: TrainingStatus) -> None:
        self.statuses.append(status)

    def on_epoch_end(self, model: Word2Vec) -> None:
        self.told.append(f"epoch ends, {len(model.history)}")

    def on_train_end(self, model: Word2Vec) -> None:
        self.told.append(f"train ends, {len(model.history)}")


def trained(*callbacks: Any, **hyper: Any) -> Word2Vec:
    return Word2Vec(topic_sentences(), **HYPER | hyper).train(progress=False, callbacks=callbacks)


# ---- Callbacks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
def test_callbacks_are_told_in_order(workers: int) -> None:
    recorder = Recorder()
    trained(recorder, workers=workers)
    epochs = [(f"epoch begins, {i}", f"epoch ends, {i + 1}") for i in range(3)]
    assert recorder.told == [
        "train begins, 0", *(told for epoch in epochs for told in epoch), "train ends, 3",
    ]  # fmt: skip


def test_callbacks_do_not_change_the_vectors() -> None:
    assert same_bits(trained(Recorder()), trained())


def test_progress_says_where_the_run_stands() -> None:
    recorder = Recorder()
    trained(recorder, epochs=300)
    words = [status.words for status in recorder.statuses]
    assert len(words) >= 2
    assert words == sorted(words)
    for status in recorder.statuses:
        assert status.total_words == 300 * 24_000
        assert 0 <= status.words <= status.total_words
        assert 1 <= status.epoch <= 301
        assert 0 < status.learning_rate < 0.0225
        assert status.words_per_second > 0


def test_nothing_derived_from_the_vectors_outlives_a_call() -> None:
    seen: list[object] = []

    class Look(Callback):
        def on_progress(self, model: Word2Vec, status: TrainingStatus) -> None:
            assert model.wv._norms is None
            assert model.wv._search is None
            model.wv.most_similar(model.wv.index_to_key[0])
            seen.append(status)

    trained(Look(), epochs=300)
    assert len(seen) >= 2


def test_the_vectors_stand_still_at_the_end_of_an_epoch_and_have_fresh_norms() -> None:
    seen: list[np.ndarray] = []

    class Look(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            before = model.wv.vectors.copy()
            time.sleep(0.05)
            assert np.array_equal(before, model.wv.vectors)
            np.testing.assert_allclose(model.wv.norms, np.linalg.norm(before, axis=1), rtol=1e-5)
            seen.append(before)

    model = trained(Look(), workers=2)
    assert len(seen) == 3
    assert not np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[2], model.wv.vectors)


def test_a_callback_can_stop_the_run() -> None:
    class Stop(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            if len(model.history) == 2:
                model.stop()

    recorder = Recorder()
    model = trained(Stop(), recorder, epochs=1000)
    assert 2 <= model.epochs_trained < 1000
    assert len(model.history) >= 2
    assert recorder.told[-1].startswith("train ends")
    assert model.wv.most_similar("0.0", topn=1)


@pytest.mark.parametrize("callbacks", [[], [Recorder()]])
def test_another_thread_can_stop_the_run(callbacks: list[Callback]) -> None:
    model = Word2Vec(topic_sentences(), **HYPER | {"epochs": 10**6})
    timer = threading.Timer(0.3, model.stop)
    timer.start()
    model.train(progress=False, callbacks=callbacks)
    assert 0 < model.epochs_trained < 10**6


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("method", ["on_epoch_begin", "on_epoch_end", "on_progress"])
def test_an_error_of_a_callback_ends_the_run_and_leaves_the_vectors(
    method: str, workers: int
) -> None:
    class Fail(Callback):
        pass

    def fail(self: Callback, model: Word2Vec, *status: TrainingStatus) -> None:
        if model.history:
            raise LookupError("of the callback")

    setattr(Fail, method, fail)
    model = Word2Vec(topic_sentences(), **HYPER | {"epochs": 10**5, "workers": workers})
    with pytest.raises(LookupError, match="of the callback"):
        model.train(progress=False, callbacks=[Fail()])
    assert not [t for t in threading.enumerate() if t.name.startswith("fastw2v")]
    assert model.epochs_trained >= 1
    assert model.wv.most_similar("0.0", topn=1)


def test_an_error_before_anything_is_trained_leaves_the_model_as_it_was() -> None:
    class Fail(Callback):
        def on_train_begin(self, model: Word2Vec) -> None:
            raise LookupError

    model = Word2Vec(iter(topic_sentences()), **HYPER)
    with pytest.raises(LookupError):
        model.train(progress=False, callbacks=[Fail()])
    assert not model.is_trained
    assert same_bits(model.train(progress=False), trained())


def test_what_is_no_callback_is_refused_before_anything_is_read() -> None:
    def corpus() -> Any:
        raise AssertionError("it was read")
        yield

    with pytest.raises(TypeError, match="callbacks must have a method of"):
        Word2Vec(corpus()).train(callbacks=["on_epoch_end"])


# ---- Metrics -------------------------------------------------------------------------------------


def test_metrics_are_lines_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastw2v.training.callbacks.METRICS_SECONDS", 0.0)
    path = tmp_path / "run.jsonl"
    model = Word2Vec(topic_sentences(), **HYPER | {"epochs": 100})
    model.train(progress=False, metrics=path)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "begin"
    assert events[-1] == "end"
    assert events.count("epoch") == 100
    assert events.count("progress") >= 1
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [line["loss"] for line in epochs] == [record.loss for record in model.history]
    assert lines[0]["hyper_parameters"]["epochs"] == 100


def test_metrics_that_cannot_be_written_are_refused_at_once_or_warned_of(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        Word2Vec(topic_sentences(), **HYPER).train(metrics=tmp_path / "missing" / "run.jsonl")
    folder = tmp_path / "folder"
    folder.mkdir()

    class Remove(Callback):
        def on_epoch_begin(self, model: Word2Vec) -> None:
            shutil.rmtree(folder, ignore_errors=True)

    model = Word2Vec(topic_sentences(), **HYPER)
    with pytest.warns(RuntimeWarning, match="metrics are no longer written"):
        model.train(progress=False, callbacks=[Remove()], metrics=folder / "run.jsonl")
    assert len(model.history) == 3


# ---- Deadline ------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("callbacks", [[], [Recorder()]])
def test_a_run_ends_on_time_fully_decayed(workers: int, callbacks: list[Callback]) -> None:
    model = Word2Vec(SHORT, **HYPER | {"workers": workers, "epochs": 1})
    began = time.monotonic()
    with no_hang():
        model.train(progress=False, max_time="2 s", callbacks=callbacks)
    assert time.monotonic() - began > 1.9
    assert model.epochs_trained > 2
    assert len(model.history) == int(model.epochs_trained)
    rates = [record.learning_rate for record in model.history]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * 0.0225


def test_a_run_ends_if_its_time_passes_between_epochs() -> None:
    class Slow(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            time.sleep(1.1)  # while the workers wait for the next epoch

    model = Word2Vec(SHORT, **HYPER)
    with no_hang():
        model.train(progress=False, max_time="1 s", callbacks=[Slow()])
    assert model.epochs_trained == 1


def test_an_epoch_that_ends_before_a_checkpoint_is_followed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait_for_the_epoch(self: Checkpoints, words_done: int) -> bool:
        time.sleep(0.2)
        return True

    monkeypatch.setattr(Checkpoints, "are_due", wait_for_the_epoch)
    recorder = Recorder()
    model = Word2Vec(topic_sentences(), **HYPER)
    with no_hang():
        model.train(progress=False, callbacks=[recorder], checkpoint=tmp_path)
    assert model.epochs_trained == 3


def test_a_time_that_reading_uses_up_trains_nothing_but_ends() -> None:
    def slow() -> Any:
        time.sleep(0.2)
        yield from topic_sentences()

    model = Word2Vec(slow(), **HYPER).train(progress=False, max_time="0.1 s")
    assert model.epochs_trained == 0
    assert model.is_trained


@pytest.mark.parametrize("max_time", ["", "10", "0 s", "1 epoch", "1000 words"])
def test_bad_times_are_refused(max_time: str) -> None:
    with pytest.raises(ValueError, match="max_time must be a time such as"):
        Word2Vec(topic_sentences()).train(max_time=max_time)


def test_a_time_is_a_string_and_goes_with_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="max_time must be a string"):
        Word2Vec(topic_sentences()).train(max_time=10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leave one out"):
        Word2Vec(topic_sentences()).train(max_time="1 s", checkpoint=tmp_path / "run")


def test_a_stopped_run_with_checkpoints_goes_on_with_its_callbacks(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            if len(model.history) == 2:
                model.stop()

    hyper = HYPER | {"epochs": 5, "held_out": 0.1}
    model = Word2Vec(topic_sentences(), **hyper)
    model.train(progress=False, callbacks=[Stop()], checkpoint=tmp_path / "run")
    assert len(model.history) < 5
    recorder = Recorder()
    resumed = Word2Vec.resume(tmp_path / "run", progress=False, callbacks=[recorder])
    whole = model_of(topic_sentences(), **hyper)
    assert same_bits(resumed, whole)
    assert [r.held_out_loss for r in resumed.history] == [r.held_out_loss for r in whole.history]
    assert recorder.told[-1] == "train ends, 5"
