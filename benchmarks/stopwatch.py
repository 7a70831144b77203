# SPDX-License-Identifier: Apache-2.0
"""Time on the wall and time on the CPU."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class Stopwatch:
    """Measure the body of a ``with`` statement.

    Attributes
    ----------
    seconds, cpu_seconds : float
        On the wall, and on all CPUs together, by all threads of the process.
    """

    def __enter__(self) -> Self:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = time.perf_counter() - self._began[0]
        self.cpu_seconds = time.process_time() - self._began[1]


def saving_seconds(save: Callable[[str], object]) -> float:
    """Return how long it takes to write a new file, which is then thrown away."""
    with tempfile.TemporaryDirectory() as folder, Stopwatch() as saving:
        save(str(Path(folder) / "saved"))
    return saving.seconds
