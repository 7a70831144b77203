# SPDX-License-Identifier: Apache-2.0
"""What becomes of words without a vector, and the report of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fastw2v.keyed_vectors.keys import Key
from fastw2v.keyed_vectors.rows import Vector

Oov = Literal["raise", "skip", "zero"]


@dataclass(frozen=True, eq=False)
class Found:
    """Vectors of some words, and which of them have none.

    Attributes
    ----------
    vectors : ndarray of shape (n, vector_size), float32
        A new array: row i belongs to ``keys[i]``.
    keys : list of str or int
        Those that were known, in the order they were asked for, repetitions included; all that
        were asked for if unknown ones have rows of zeros.
    missing : dict of key to int
        How often each unknown one was asked for, the most frequent first.
    n_asked : int
    """

    vectors: Vector
    keys: list[Any]
    missing: dict[Any, int]
    n_asked: int

    @property
    def n_missing(self) -> int:
        """How many of those asked for are unknown, repetitions included."""
        return sum(self.missing.values())

    @property
    def coverage(self) -> float:
        """Share of those asked for that is known; 1 if nothing was asked for."""
        return 1 - self.n_missing / self.n_asked if self.n_asked else 1.0

    def __repr__(self) -> str:
        known = f"{self.n_asked - self.n_missing:,} of {self.n_asked:,} known"
        if not self.missing:
            return f"Found({known})"
        shown = ", ".join(f"{key!r} ({n:,})" for key, n in list(self.missing.items())[:5])
        dots = ", ..." if len(self.missing) > 5 else ""
        return f"Found({known}, {self.coverage:.1%}; missing: {shown}{dots})"


def check_oov(oov: str) -> None:
    """Refuse a name that is none of "raise", "skip" and "zero"."""
    if oov not in get_args(Oov):
        raise ValueError(f"oov must be 'raise', 'skip' or 'zero', not {oov!r}")


def count_missing(keys: Sequence[Key], known: Sequence[bool]) -> dict[Key, int]:
    """Count the keys that are not known, the most frequent first."""
    missing = (key for key, is_known in zip(keys, known, strict=True) if not is_known)
    return dict(Counter(missing).most_common())
