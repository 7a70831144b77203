# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM to real processes: they arrive soon, and what was trained is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastw2v import Word2Vec
from fastw2v.cli import INTERRUPTED

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGINT to a process needs POSIX")

#: Far more than a busy machine needs, far less than the runs would take.
PATIENCE = 60

TRAINING = """
import signal, sys, threading, time
import numpy as np
from fastw2v import Word2Vec

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
model = Word2Vec([["a", "b", "c", "d"] * 500] * 20, epochs=10**6, workers={workers})

def say_when_training():
    while not model.history:
        time.sleep(0.01)
    print("training", flush=True)

threading.Thread(target=say_when_training, daemon=True).start()
try:
    model.train(progress=False)
except KeyboardInterrupt:
    alive = [t for t in threading.enumerate() if t.name.startswith("fastw2v")]
    assert not alive, alive
    assert 0 < len(model.history) < 10**6
    assert len(model.wv.most_similar("a", topn=2)) == 2
    before = model.wv.vectors.copy()
    time.sleep(0.1)
    assert np.array_equal(before, model.wv.vectors), "something still trains"
    model.save(sys.argv[1])
    print("interrupted")
"""

READING = """
import signal, threading
from fastw2v import Word2Vec

signal.signal(signal.SIGINT, signal.default_int_handler)

def sentences():
    print("reading", flush=True)
    while True:
        yield ["a", "b", "c", "d"]

model = Word2Vec(sentences(), workers={workers})
try:
    model.train()
except KeyboardInterrupt:
    assert not model.is_trained
    assert not [t for t in threading.enumerate() if t.name.startswith("fastw2v")]
    print("interrupted")
"""


def interrupt(process: subprocess.Popen[str], wait_for: str) -> tuple[str, str]:
    """Send SIGINT once the process has said `wait_for`; return all that it says after it."""
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"{wait_for}\n"
        process.send_signal(signal.SIGINT)
        return process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_training_and_leaves_a_usable_model(workers: int, tmp_path: Path) -> None:
    path = tmp_path / "model"
    process = started("-c", TRAINING.format(workers=workers), str(path))
    output, errors = interrupt(process, wait_for="training")
    assert (output, errors) == ("interrupted\n", "")
    assert process.returncode == 0
    assert Word2Vec.load(path).wv.index_to_key == ["a", "b", "c", "d"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_reading(workers: int) -> None:
    process = started("-c", READING.format(workers=workers))
    output, errors = interrupt(process, wait_for="reading")
    assert (output, errors) == ("interrupted\n", "")


def interrupted_command(
    *arguments: str, when: str, by: str = "SIGINT"
) -> subprocess.CompletedProcess[str]:
    """Run the command line, and send it a signal as soon as the expression `when` holds.

    In it, `runs` are the runs of training, and `scans` the streams that have begun to read. With
    ``when="scans"`` reading does not end before the interrupt.
    """
    waits = when == "scans"
    script = f"""
import os, signal, sys, threading, time
from fastw2v import cli
from fastw2v.training import loop, run
from fastw2v.corpus import stream
signal.signal(signal.SIGINT, signal.default_int_handler)
runs, scans = [], []

class Run(run.Run):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        runs.append(self)

class Stream(stream.TokenStream):
    def scan(self, *arguments):
        scans.append(self)
        while {waits} and not self._stop.is_set():
            time.sleep(0.01)  # a signal that comes just before a sleep does not end it
        return super().scan(*arguments)

loop.Run = Run
from fastw2v.corpus import encoding
encoding.TokenStream = Stream

def interrupt():
    while not ({when}):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.{by})

threading.Thread(target=interrupt, daemon=True).start()
sys.exit(cli.entry_point())
"""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("number", "status"), [("SIGINT", INTERRUPTED), ("SIGTERM", 143)])
def test_the_command_line_saves_what_was_trained_and_says_why(
    workers: str, number: str, status: int, tmp_path: Path
) -> None:
    text, path = tmp_path / "text.txt", tmp_path / "model"
    text.write_text("one two three four\n" * 2000)
    began = time.monotonic()
    run = interrupted_command(
        *("train", str(text), "-o", str(path), "--epochs", "1000000", "--workers", workers),
        when="runs and runs[0].words_done > 0",
        by=number,
    )
    assert time.monotonic() - began < PATIENCE
    assert run.returncode == status
    assert run.stderr == ""
    assert f"interrupted; what was trained is in {path}: 4 words" in run.stdout
    assert sorted(Word2Vec.load(path).wv.index_to_key) == ["four", "one", "three", "two"]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_line_saves_nothing_if_it_was_still_reading(
    workers: str, tmp_path: Path
) -> None:
    text, path = tmp_path / "text.txt", tmp_path / "model"
    text.write_text("one two three four\n" * 2000)
    run = interrupted_command(
        "train", str(text), "-o", str(path), "--workers", workers, when="scans"
    )
    assert run.returncode == INTERRUPTED
    assert run.stderr == "fastw2v: interrupted\n"
    assert run.stdout == ""
    assert not path.exists()


def test_an_update_that_is_interrupted_while_it_reads_writes_nothing(tmp_path: Path) -> None:
    text, model, path = tmp_path / "text.txt", tmp_path / "old", tmp_path / "model"
    text.write_text("one two three four\n" * 2000)
    Word2Vec(text, workers=1, epochs=1).train(progress=False).save(model)
    run = interrupted_command(
        "update", str(model), str(text), "-o", str(path), "--workers", "1", when="scans"
    )
    assert (run.returncode, run.stderr, run.stdout) == (
        INTERRUPTED,
        "fastw2v: interrupted\n",
        "",
    )
    assert not path.exists()
