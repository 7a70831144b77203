# SPDX-License-Identifier: Apache-2.0
"""Stretches of rows, shared by threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from fastw2v._core import SKETCH_ROWS
from fastw2v.system import usable_cpus
from fastw2v.threads import run_all

T = TypeVar("T")

#: Stretches for each of several threads, at least: the last to finish keeps the others waiting.
SHARES = 8


class Stretches:
    """Stretches of rows in rising order; each goes to the thread that asks first."""

    def __init__(self, begin: int, end: int, step: int) -> None:
        self._next, self._end, self._step = begin, end, step
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._next = self._end

    def __iter__(self) -> Iterator[tuple[int, int]]:
        while True:
            with self._lock:
                first = self._next
                self._next = last = min(first + self._step, self._end)
            if first >= last:
                return
            yield first, last


def share(
    begin: int, end: int, step: int, threads: int | None, work: Callable[[Stretches], T]
) -> list[T]:
    """Have threads work through the rows, and return what each of them returns."""
    wanted = usable_cpus() if threads is None else threads
    if wanted < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    if wanted > 1:
        step = min(step, -(-(end - begin) // (SHARES * wanted)))
    step = max(1, -(-step // SKETCH_ROWS)) * SKETCH_ROWS  # whole blocks of a sketch
    stretches = Stretches(begin, end, step)
    n_threads = max(1, min(wanted, -(-(end - begin) // step)))
    return run_all([lambda: work(stretches)] * n_threads, stop=stretches.stop)
