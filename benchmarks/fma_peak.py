# SPDX-License-Identifier: Apache-2.0
"""Compile fma_peak.c and measure the most multiply-adds a second that this core does."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from timing import best_seconds

SOURCE = Path(__file__).with_name("fma_peak.c")
#: Multiply-adds of one round: chains of fma_peak.c x floats in a vector.
ROUND = {"avx512": 16 * 16, "avx2": 14 * 8, "neon": 16 * 4}


class FmaPeak:
    """The compiled functions; without a C compiler there are none, and no floor is known."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._library: ctypes.CDLL | None = None
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            self.reason = "there is no C compiler (set CC)"
            return
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "fma_peak.so"
            flags = ["-O3", "-ffp-contract=off", "-shared", "-fPIC"]
            command = [*compiler.split(), *flags, str(SOURCE), "-o", str(library)]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
                self._library = ctypes.CDLL(str(library))  # stays mapped when the file is gone
            except subprocess.CalledProcessError as error:
                self.reason = f"{compiler} failed: {error.stderr.strip()}"
            except OSError as error:
                self.reason = str(error)

    def gfma_per_second(self, isa: str, seconds: float) -> float | None:
        """Return thousands of millions of multiply-adds a second, or None if not known.

        Parameters
        ----------
        isa : str
            One that this CPU can run: any other is an illegal instruction.
        seconds : float
            About how long to measure.
        """
        if self._library is None or not hasattr(self._library, f"fma_{isa}"):
            return None
        function = getattr(self._library, f"fma_{isa}")
        function.restype = ctypes.c_float
        function.argtypes = [ctypes.c_int64, ctypes.c_float, ctypes.c_float]
        # The chains tend to y / (1 - x): no overflow, no denormal, whatever the number of rounds.
        each = best_seconds(lambda rounds: function(rounds, 0.5, 1.0), seconds)
        return _multiply_adds(isa) / each / 1e9


def _multiply_adds(isa: str) -> int:
    if isa == "portable":
        return (14 if platform.machine() == "x86_64" else 16) * 4
    return ROUND[isa]
