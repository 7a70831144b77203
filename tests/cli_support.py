# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line share: ways to run it, and a folder with a model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from training_support import real_text

from fastw2v.cli import main


def fill(folder: Path) -> Path:
    """Put 1 MB of real text into a folder, and a model of it; return the folder."""
    (folder / "text.txt").write_bytes(real_text()[:1_000_000])
    options = ["--quiet", "--vector-size", "20", "--epochs", "2", "--workers", "1"]
    assert main(["train", str(folder / "text.txt"), "-o", str(folder / "model"), *options]) == 0
    return folder


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``python -m fastw2v`` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "fastw2v", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def fails(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Assert that a command fails with one line on standard error; return the line."""
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("fastw2v: ")
    return lines[0]
