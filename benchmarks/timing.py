# SPDX-License-Identifier: Apache-2.0
"""Time something so short that it must be repeated where no Python is in between."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds of a trial: a thousand times what reading the clock and the call take, and shorter than
#: a scheduler's time slice, so that of many trials some are undisturbed even on a busy machine.
TRIAL = 1e-3


def best_seconds(run: Callable[[int], object], seconds: float) -> float:
    """Return the seconds of one repeat, in the best of many trials.

    The best counts because other programs only ever add time.

    Parameters
    ----------
    run : callable
        Takes how many repeats to do.
    seconds : float
        About how long to measure.
    """
    repeats = 1
    while (elapsed := min(_elapsed(run, repeats) for _ in range(5))) < TRIAL / 4:
        repeats *= 4
    repeats = max(1, round(repeats * TRIAL / elapsed))
    trials = max(5, round(seconds / TRIAL))
    return min(_elapsed(run, repeats) for _ in range(trials)) / repeats


def _elapsed(run: Callable[[int], object], repeats: int) -> float:
    began = time.perf_counter()
    run(repeats)
    return time.perf_counter() - began
