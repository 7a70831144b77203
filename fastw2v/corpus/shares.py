# SPDX-License-Identifier: Apache-2.0
"""Deal the slices of a corpus to threads, so that all of them end at about the same time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

WORTH_SHARING = 4  # slices; who is through would take two

T = TypeVar("T")


@dataclass(frozen=True)
class Taken(Generic[T]):
    """A slice to read, and whether it follows the one that the same thread took before."""

    position: int
    slice: T
    follows: bool


class Shares(Generic[T]):
    """Contiguous shares of slices, one a thread, of which the fast take from the slow.

    A thread reads its share from the front. When it is through, it takes the second half of what is
    left of the largest share, which then is its own. So each thread reads few runs of slices, each
    run contiguous: every run costs learning and merging its words, so a share of less than
    `WORTH_SHARING` slices is left to its owner.

    Parameters
    ----------
    shares : sequence of sequences
        Slices in order, those of the first thread first.
    """

    def __init__(self, shares: Sequence[Sequence[T]]) -> None:
        numbered = enumerate(part for share in shares for part in share)
        self._left = [deque(next(numbered) for _ in share) for share in shares]
        self._last: list[int | None] = [None] * len(shares)
        self._lock = threading.Lock()

    @property
    def n_threads(self) -> int:
        """How many threads there is something for."""
        return len(self._left)

    def take(self, thread: int) -> Taken[T] | None:
        """Return the next slice for a thread; None if there is nothing left that is worth it."""
        with self._lock:
            if not self._left[thread]:
                victim = max(self._left, key=len)
                if len(victim) < WORTH_SHARING:
                    return None
                stolen = [victim.pop() for _ in range(len(victim) // 2)]
                self._left[thread] = deque(reversed(stolen))
            position, part = self._left[thread].popleft()
            follows = self._last[thread] == position - 1
            self._last[thread] = position
            return Taken(position, part, follows)
