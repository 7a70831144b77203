# SPDX-License-Identifier: Apache-2.0
"""Real signals to real processes, at any moment: nothing hangs, and nothing trained is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from training_support import model_of, topic_sentences

from fastw2v import Callback, Word2Vec, signals
from fastw2v.signals import HeldSignals, termination_as_exit
from fastw2v.training.checkpoints import load_newest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals to a process need POSIX")

#: Seconds: far more than a busy machine needs, far less than the runs would take.
PATIENCE = 60

MANY_INTERRUPTS = """
import os, random, signal, sys, threading, time
import numpy as np
import numpy.random  # imported when it is first used, and Cython modules swallow a Ctrl-C meanwhile
from fastw2v import Callback, Word2Vec, encode_corpus

signal.signal(signal.SIGINT, signal.default_int_handler)
corpus = encode_corpus([["a", "b", "c", "d"] * 50] * 100, min_count=1)
moments = random.Random(int(sys.argv[1]))
n_interrupted = n_trained = 0

class Listener(Callback):
    def on_epoch_end(self, model):
        time.sleep(0.001)

def send(model, n_epochs, n_signals):
    while len(model.history) < n_epochs:
        time.sleep(0)
    for _ in range(n_signals):
        time.sleep(moments.random() * 0.03)
        os.kill(os.getpid(), signal.SIGINT)

for i in range(int(sys.argv[2])):
    callbacks = [Listener()] if moments.random() < 0.5 else []
    model = Word2Vec(corpus, epochs=10**6, workers=moments.choice([1, 3]), vector_size=8)
    sender = threading.Thread(target=send, args=[model, i % 3, moments.choice([1, 1, 2])])
    was_interrupted = False
    try:
        try:
            sender.start()
            model.train(progress=False, callbacks=callbacks)
        except KeyboardInterrupt:
            was_interrupted = True
        sender.join()
        time.sleep(0)
    except KeyboardInterrupt:  # the second, which may come anywhere above
        was_interrupted = True
    sender.join()
    n_interrupted += was_interrupted
    assert not [t for t in threading.enumerate() if t.name.startswith("fastw2v")]
    if model.is_trained:
        n_trained += 1
        assert np.isfinite(model.wv.vectors).all()
        model.wv.most_similar("a")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
print(n_interrupted, n_trained)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_ctrl_c_at_any_moment_is_a_keyboard_interrupt_and_nothing_else(seed: int) -> None:
    n = 90
    process = subprocess.run(
        [sys.executable, "-c", MANY_INTERRUPTS, str(seed), str(n)],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    n_interrupted, n_trained = map(int, process.stdout.split())
    assert n_interrupted == n
    assert n_trained >= n * 2 / 3  # the others may be interrupted before


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A background job of a shell ignores SIGINT, and nohup has SIGHUP ignored."""
    usual = {signal.SIGINT: signal.default_int_handler}
    usual |= dict.fromkeys([signal.SIGTERM, signal.SIGHUP], signal.SIG_DFL)
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Killer(Callback):
    """Sends signals to this process while a model trains."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)

    def on_epoch_end(self, model: Word2Vec) -> None:
        while self.numbers:
            os.kill(os.getpid(), self.numbers.pop(0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_an_exit_that_loses_nothing(
    number: signal.Signals, tmp_path: Path
) -> None:
    model = Word2Vec(topic_sentences(), epochs=10**6, workers=2)
    with pytest.raises(SystemExit) as caught:
        model.train(progress=False, callbacks=[Killer(number)], checkpoint=tmp_path)
    assert caught.value.code == 128 + number
    assert signal.getsignal(number) is signal.SIG_DFL
    assert len(model.wv.most_similar("0.1")) == 10
    newest = load_newest(tmp_path)
    assert newest.state.position > 0
    np.testing.assert_array_equal(newest.parameters().input_vectors, model.wv.vectors)
    assert {path.suffix for path in tmp_path.iterdir()} == {".fastw2v"}


def test_a_handler_of_the_users_runs_and_training_goes_on() -> None:
    received = []
    signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    model = Word2Vec(topic_sentences(), workers=2, epochs=20)
    model.train(progress=False, callbacks=[Killer(signal.SIGTERM)])
    assert received == [signal.SIGTERM]
    assert len(model.history) == 20


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    model = Word2Vec(topic_sentences(), workers=1, epochs=3)
    model.train(progress=False, callbacks=[Killer(signal.SIGHUP)])
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert len(model.history) == 3


def test_who_presses_ctrl_c_again_does_not_wait_for_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastw2v.training.checkpoints import folder

    save, saved = folder.save_checkpoint, []

    def save_slowly(path: Path, **parts: object) -> None:
        saved.append(path)
        if len(saved) > 1:  # the first is that of the beginning
            time.sleep(signals.ONE_SIGNAL)
            os.kill(os.getpid(), signal.SIGINT)
            while time.monotonic() - began < PATIENCE:
                time.sleep(0.01)  # a signal that comes just before a sleep does not end it
        save(path, **parts)  # type: ignore[arg-type]

    monkeypatch.setattr(folder, "save_checkpoint", save_slowly)
    model = Word2Vec(topic_sentences(), epochs=10**6, workers=1)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model.train(progress=False, callbacks=[Killer(signal.SIGINT)], checkpoint=tmp_path)
    assert time.monotonic() - began < PATIENCE
    assert len(saved) == 2
    assert model.is_trained
    assert load_newest(tmp_path).state.position == 0


def test_one_press_that_arrives_twice_is_one(tmp_path: Path) -> None:
    model = Word2Vec(topic_sentences(), epochs=10**6, workers=2)
    with pytest.raises(KeyboardInterrupt):
        model.train(
            progress=False, callbacks=[Killer(signal.SIGINT, signal.SIGINT)], checkpoint=tmp_path
        )
    assert load_newest(tmp_path).state.position > 0


# ---- Holding -------------------------------------------------------------------------------------


def send(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)
        time.sleep(0.01)  # Python runs handlers between two instructions


def test_what_is_held_comes_at_the_check_once() -> None:
    steps = []

    def run() -> None:
        with HeldSignals() as held:
            send(signal.SIGINT, signal.SIGINT)
            steps.append("held")
            held.check()
            steps.append("not reached")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert steps == ["held"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_was_never_asked_for_comes_at_the_end() -> None:
    steps = []

    def run() -> None:
        with HeldSignals():
            send(signal.SIGINT)
            steps.append("end")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert steps == ["end"]


def test_released_signals_come_at_once_and_are_held_again_afterwards() -> None:
    steps = []

    def run() -> None:
        with termination_as_exit(), HeldSignals() as held:
            try:
                with held.released():
                    send(signal.SIGINT)
                    steps.append("not reached")
            except KeyboardInterrupt:
                steps.append("released")
            send(signal.SIGTERM)
            steps.append("held")

    with pytest.raises(SystemExit):
        run()
    assert steps == ["released", "held"]


def test_another_thread_has_nothing_to_hold() -> None:
    models: list[Word2Vec] = []
    handlers = []

    def train() -> None:
        with HeldSignals(), termination_as_exit():
            handlers.append(signal.getsignal(signal.SIGINT))
            handlers.append(signal.getsignal(signal.SIGTERM))
        models.append(model_of([["a", "b"] * 10], min_count=1, epochs=1))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler, signal.SIG_DFL]
    assert models[0].is_trained
