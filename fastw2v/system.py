# SPDX-License-Identifier: Apache-2.0
"""What this machine and this build offer."""

from __future__ import annotations

import os
import platform

import numpy as np

from fastw2v import _core
from fastw2v._version import __version__


def usable_cpus() -> int:
    """Return how many CPUs this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resolve_isa(isa: str | None) -> str:
    """Return the instruction set to train with: `isa`, else FASTW2V_ISA, else the best there is.

    Raises
    ------
    ValueError
        If the name is unknown or not available here; the message lists what is.
    """
    if isa is not None:
        return _core.check_isa(isa)
    forced = os.environ.get("FASTW2V_ISA")
    if forced:
        try:
            return _core.check_isa(forced)
        except ValueError as error:
            raise ValueError(f"environment variable FASTW2V_ISA: {error}") from None
    return _core.available_isas()[-1]


def show_config() -> None:
    """Print version, instruction sets, threads and build: what a bug report wants to know."""
    lines = {
        "fastw2v": __version__,
        "instruction set": f"{resolve_isa(None)} (available: {', '.join(_core.available_isas())})",
        "usable CPUs": str(usable_cpus()),
        "compiler": _core.compiler(),
        "Python": f"{platform.python_version()} {platform.machine()} {platform.system()}",
        "NumPy": np.__version__,
    }
    for name, value in lines.items():
        print(f"{name:16} {value}")
