# SPDX-License-Identifier: Apache-2.0
"""Run jobs in threads: the first error wins, Ctrl-C stops all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

POLL_SECONDS = 0.1  # Windows delivers Ctrl-C to a waiting thread only when it wakes


class StoppedError(Exception):
    """Another thread failed, so this one gave up; never reaches the user."""


def run_all(
    jobs: Sequence[Callable[[], None]], stop: threading.Event, threads: int | None = None
) -> None:
    """Run every job, each in a thread of its own; a single one in the calling thread.

    Parameters
    ----------
    jobs : sequence of callables
        They look at `stop` often and raise `StoppedError` when it is set.
    stop : threading.Event
        Set here after the first error and after Ctrl-C.
    threads : int, optional
        Run at most so many at a time.

    Raises
    ------
    BaseException
        What the first job to fail raised, once all others have ended.
    """
    if len(jobs) == 1:
        jobs[0]()
        return
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # also MemoryError and whatever else ends a thread
            errors.append(error)
            stop.set()

    with ThreadPoolExecutor(
        min(threads or len(jobs), len(jobs)), thread_name_prefix="fastw2v-read"
    ) as pool:
        try:
            pending = {pool.submit(guarded, job) for job in jobs}
            while pending:
                pending = wait(pending, timeout=POLL_SECONDS).not_done
        except BaseException:  # Ctrl-C
            stop.set()
            raise
    if errors:
        raise errors[0]
