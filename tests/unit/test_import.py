# SPDX-License-Identifier: Apache-2.0
"""What ``import fastw2v`` brings with it, and what it says when it cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastw2v

PACKAGE = Path(fastw2v.__file__).parent

# Optional packages, the float64 specification that is never a fallback, and slow imports.
NOT_IMPORTED = [
    *("gensim", "scipy", "tqdm", "safetensors", "pandas"),
    *("matplotlib", "plotly", "umap", "usearch", "faiss"),
    *("fastw2v.reference", "fastw2v.draws", "fastw2v.replay", "fastw2v.cli"),
    *("fastw2v.agreement", "fastw2v.doctor", "fastw2v.evaluation", "fastw2v.comparison"),
    *("fastw2v.drawing", "fastw2v.explanation", "fastw2v.explorer", "fastw2v.vector_index"),
    *("multiprocessing", "importlib.metadata", "asyncio", "unittest", "email", "zipfile"),
]


def run(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def modules_after(imports: str, folder: Path) -> set[str]:
    result = run(f"import sys, {imports}; print(*sys.modules)", folder)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_nothing_heavy_is_imported_with_the_package(tmp_path: Path) -> None:
    ours = modules_after("numpy, fastw2v", tmp_path) - modules_after("numpy", tmp_path)
    assert "fastw2v._core" in ours
    assert ours.isdisjoint(NOT_IMPORTED), ours.intersection(NOT_IMPORTED)


def test_public_names_are_there_before_they_are_imported(tmp_path: Path) -> None:
    code = """
import fastw2v
assert set(fastw2v.__all__) <= set(dir(fastw2v))
for name in fastw2v.__all__:
    assert getattr(fastw2v, name) is getattr(fastw2v, name)
    assert getattr(fastw2v, name).__name__ == name
from fastw2v import *
assert evaluate is fastw2v.evaluate
"""
    result = run(code, tmp_path)
    assert result.returncode == 0, result.stderr


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(fastw2v, "nothing")
    with pytest.raises(AttributeError, match="module 'fastw2v' has no attribute 'evalute'"):
        fastw2v.evalute  # noqa: B018


def test_a_missing_core_is_said_together_with_the_way_to_mend_it(tmp_path: Path) -> None:
    without_core = shutil.ignore_patterns("_core.*so", "_core.*pyd", "__pycache__", "data")
    shutil.copytree(PACKAGE, tmp_path / "fastw2v", ignore=without_core)
    # -S: nor can an editable installation lend its own.
    result = run("import fastw2v", tmp_path, "-S")
    message = result.stderr.splitlines()[-1]
    assert result.returncode == 1
    assert message.startswith("ImportError: the compiled core of fastw2v cannot be imported")
    assert "pip install" in message


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib.metadata import version

    assert version("fastw2v") == fastw2v.__version__
