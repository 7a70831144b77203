# SPDX-License-Identifier: Apache-2.0
"""Tables in plain text."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

MISSING = "-"


def render(header: Sequence[str], rows: Sequence[Sequence[str]], n_names: int = 1) -> str:
    """Return an aligned table: the first `n_names` columns to the left, numbers to the right.

    Header cells may have several lines, which stand at the bottom of their columns.
    """
    titles = [title.split("\n") for title in header]
    height = max(map(len, titles))
    titles = [[""] * (height - len(lines)) + lines for lines in titles]
    head = [[lines[i] for lines in titles] for i in range(height)]
    widths = [max(map(len, column)) for column in zip(*head, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    lines = [
        "  ".join(
            cell.ljust(width) if i < n_names else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [*head, rule, *rows]
    ]
    return "\n".join(lines)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]], n_names: int = 1) -> str:
    """Return the table in Markdown: the first `n_names` columns to the left, the rest right."""
    titles = [title.replace("\n", " ") for title in header]
    rule = ["---" if i < n_names else "---:" for i in range(len(titles))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [titles, rule, *rows])


def mean(values: Sequence[float | None], show: Callable[[float], str]) -> str:
    """Return the mean, and if there are several values their extremes: "2.31 (2.25..2.40)"."""
    return spread(values, show, statistics.fmean)


def spread(
    values: Sequence[float | None],
    show: Callable[[float], str],
    middle_of: Callable[[Sequence[float]], float] = statistics.median,
) -> str:
    """Return the median, and if there are several values their extremes: "2.31 (2.25..2.40)"."""
    known = [value for value in values if value is not None]
    if not known:
        return MISSING
    middle = show(middle_of(known))
    if len(known) == 1:
        return middle
    return f"{middle} ({show(min(known))}..{show(max(known))})"


def median(values: Sequence[float | None], show: Callable[[float], str]) -> str:
    """Return the median alone."""
    known = [value for value in values if value is not None]
    return show(statistics.median(known)) if known else MISSING


def thousands(value: float) -> str:
    """Words per second, in thousands: "2,310"."""
    return f"{value / 1e3:,.0f}"


def decimals(digits: int) -> Callable[[float], str]:
    """Return what shows a number with so many digits after the point."""
    return lambda value: f"{value:,.{digits}f}"


def percent(value: float) -> str:
    """A share without the sign, which stands in the header: "98"."""
    return f"{100 * value:.0f}"


def times(value: float) -> str:
    """A ratio: "4.2x"."""
    return f"{value:.2f}x" if value < 9.95 else f"{value:.1f}x"
