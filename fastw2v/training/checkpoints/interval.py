# SPDX-License-Identifier: Apache-2.0
"""How often a checkpoint is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

_INTERVAL = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*([a-z]+)")
_UNITS = {
    "s": ("seconds", 1), "sec": ("seconds", 1), "second": ("seconds", 1), "seconds": ("seconds", 1),
    "min": ("seconds", 60), "minute": ("seconds", 60), "minutes": ("seconds", 60),
    "h": ("seconds", 3600), "hour": ("seconds", 3600), "hours": ("seconds", 3600),
    "epoch": ("epochs", 1), "epochs": ("epochs", 1), "word": ("words", 1), "words": ("words", 1),
}  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """How often: so many seconds, epochs or words."""

    amount: float
    unit: str

    @classmethod
    def parse(cls, every: str) -> Interval:
        """Read "30 s", "10min", "2 h", "1 epoch", "50_000_000 words"."""
        if not isinstance(every, str):
            raise TypeError(f'every must be a string such as "10min" or "1 epoch", got {every!r}')
        match = _INTERVAL.fullmatch(every.strip().lower())
        unit, factor = _UNITS.get(match[2], ("", 0)) if match else ("", 0)
        amount = float(match[1]) * factor if match else 0.0
        if amount <= 0:
            raise ValueError(
                'every must be a number above 0 and a unit, such as "30 s", "10min", "1 epoch" or '
                f'"50_000_000 words", got {every!r}'
            )
        return cls(amount, unit)


def seconds_of(max_time: str) -> float:
    """Read a time: "45 s", "10 min", "2 h"."""
    if not isinstance(max_time, str):
        raise TypeError(f'max_time must be a string such as "10 min", got {max_time!r}')
    try:
        interval = Interval.parse(max_time)
    except ValueError:
        interval = Interval(0, "")
    if interval.unit != "seconds":
        raise ValueError(
            f'max_time must be a time such as "45 s", "10 min", "2 h", got {max_time!r}'
        )
    return interval.amount
