# SPDX-License-Identifier: Apache-2.0
"""Correlation of two series of numbers, and how likely it would be by chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRECISION = 1e-15  # relative, of the continued fraction
MOST_TERMS = 10_000  # it needs O(sqrt(n)) terms: enough for millions of pairs
TINY = 1e-300  # in place of a zero to divide by


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def pearson(x: NDArray[Any], y: NDArray[Any]) -> float:
    """Return Pearson's correlation; NaN if a series has less than two different values."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    x, y = x - np.mean(x), y - np.mean(y)
    # The root of the product, not the product of roots: of equal series it is exactly 1.
    return float(np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y)))


def p_value(correlation: float, n: int) -> float:
    """Return how likely a correlation at least as far from 0 is if there is none.

    Two-sided: with n - 2 degrees of freedom, t = r sqrt((n - 2) / (1 - r^2)) has Student's
    distribution, exactly so for normal series and Pearson's r, nearly for ranks. The tails of
    Student's distribution are I_x((n - 2) / 2, 1 / 2) at x = 1 - r^2.

    Returns
    -------
    float
        NaN if the correlation is, or n < 3.
    """
    if n < 3 or math.isnan(correlation):
        return math.nan
    r = min(1.0, abs(correlation))
    return _incomplete_beta((n - 2) / 2, 0.5, (1 - r) * (1 + r), r * r)


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Return I_x(a, b), the regularized incomplete beta function; rest = 1 - x, in all digits.

    References
    ----------
    Numerical Recipes, third edition, section 6.4, by the continued fraction of Lentz.
    """
    if x == 0 or rest == 0:
        return 0.0 if x == 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - _incomplete_beta(b, a, rest, x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    log_front += a * math.log(x) + b * math.log(rest)
    return math.exp(log_front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or TINY)
    value = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            c, d = (1 + term / c) or TINY, 1 / ((1 + term * d) or TINY)
            value *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return value
