# SPDX-License-Identifier: Apache-2.0
"""Modules of benchmarks/, a folder of scripts, for the tests of them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def module(name: str) -> ModuleType:
    """Import a module as a script beside it does; its folder stays on the path no longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module(name)
