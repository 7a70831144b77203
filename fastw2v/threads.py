# SPDX-License-Identifier: Apache-2.0
"""Run jobs in threads: the first error wins, Ctrl-C stops all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from fastw2v.signals import HeldSignals

POLL_SECONDS = 0.1  # between looks at whether Ctrl-C has come

T = TypeVar("T")


def run_all(
    jobs: Sequence[Callable[[], T]],
    *,
    threads: int | None = None,
    stop: Callable[[], object] = lambda: None,
) -> list[T]:
    """Run every job, each in a thread of its own; a single one in the calling thread.

    Parameters
    ----------
    jobs : sequence of callables
    threads : int, optional
        Run at most so many at a time.
    stop : callable, optional
        Called after the first error and after Ctrl-C; is to make the other jobs end soon, however
        they do.

    Returns
    -------
    list
        What the jobs returned, in their order.

    Raises
    ------
    BaseException
        What the first job to fail raised, once all others have ended.
    """
    if len(jobs) == 1:
        return [jobs[0]()]
    errors: list[BaseException] = []

    def guarded(job: Callable[[], T]) -> T:
        try:
            return job()
        except BaseException as error:  # also MemoryError and whatever else ends a thread
            errors.append(error)
            stop()
            raise

    n_threads = min(threads or len(jobs), len(jobs))
    with HeldSignals() as signals, ThreadPoolExecutor(n_threads, "fastw2v") as pool:
        try:
            futures = [pool.submit(guarded, job) for job in jobs]
            while wait(futures, timeout=POLL_SECONDS).not_done:
                signals.check()
        except BaseException:
            stop()
            raise
    if errors:
        raise errors[0]
    return [future.result() for future in futures]
