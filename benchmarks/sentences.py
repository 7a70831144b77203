# SPDX-License-Identifier: Apache-2.0
"""A corpus as those have it who split it in Python."""

from __future__ import annotations

from pathlib import Path


def lists_of_words(path: str) -> list[list[str]]:
    """Return the words of each line; every token is a string of its own."""
    with Path(path).open(encoding="utf-8", newline="\n") as lines:
        return [line.split() for line in lines]
