# SPDX-License-Identifier: Apache-2.0
"""Progress is shown if it is wanted, and never gets in the way."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from training_support import model_of, topic_sentences

from fastw2v import Word2Vec
from fastw2v.training import progress
from fastw2v.training.progress import Progress

SCRIPT = """
import sys
{before}
from fastw2v import Word2Vec
model = Word2Vec([["a", "b", "c"] * 5] * 200, epochs=3, workers=2)
model.train(progress={progress})
print(len(model.history))
"""
WITHOUT_TQDM = "sys.modules['tqdm'] = sys.modules['tqdm.auto'] = None"


def stderr_of(progress: bool | None, before: str = "") -> str:
    """Train in a process of its own; return what it says on standard error, which is a pipe."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(progress=progress, before=before)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "3\n"
    return run.stderr


@pytest.mark.parametrize("progress", [False, None])
def test_nothing_is_shown_unless_it_is_wanted_or_there_is_a_terminal(progress: bool | None) -> None:
    assert stderr_of(progress) == ""


def test_without_tqdm_there_is_a_plain_line() -> None:
    lines = stderr_of(True, WITHOUT_TQDM).splitlines()
    assert lines[-1].startswith("100.0%")
    assert "words/s  loss" in lines[-1]
    assert len([line for line in lines if line.startswith("100.0%")]) == 1


def test_with_tqdm_there_is_a_bar() -> None:
    pytest.importorskip("tqdm")
    shown = stderr_of(True)
    assert "100%|" in shown
    assert "loss=" in shown
    assert "9.00k/9.00k" in shown


def test_training_goes_on_without_standard_error() -> None:
    stderr_of(None, before="sys.stderr = None")
    stderr_of(True, before="sys.stderr = None")
    stderr_of(True, before="sys.stderr.close()")


@pytest.mark.parametrize("before", ["", WITHOUT_TQDM])
@pytest.mark.skipif(
    os.name != "posix", reason="a closed pipe is an error of its own kind elsewhere"
)
def test_training_goes_on_when_nobody_reads_standard_error(before: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(progress=True, before=before)],
        stdout=subprocess.PIPE,
        stderr=writer,
        text=True,
        check=False,
    )
    os.close(writer)
    assert run.stdout == "3\n"


def test_plain_lines_are_some_seconds_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    now = 0.0
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now)
    with Progress(1000, show=True) as shown:
        for tick in range(1, 51):  # five seconds
            now = tick / 10
            shown.show(10 * tick, 1000, 1.5)
        now = 6.0
        shown.show(1000, 1000, 1.25)
        shown.show(1000, 1000, 1.25)
    assert capsys.readouterr().err.splitlines() == [
        " 20.0%  100 words/s  loss 1.5000  0:08 left",
        " 40.0%  100 words/s  loss 1.5000  0:06 left",
        "100.0%  167 words/s  loss 1.2500  0:00 left",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_progress_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    Word2Vec(topic_sentences(50), epochs=1, workers=1, min_count=1).train()
    assert "100.0%" in terminal.getvalue()
    terminal.truncate(0)
    model_of(topic_sentences(50), epochs=1, min_count=1)
    assert terminal.getvalue() == ""
