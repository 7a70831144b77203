# SPDX-License-Identifier: Apache-2.0
"""The one table of how far two numbers of one meaning may be apart, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers of one meaning may be apart."""

    rtol: float
    atol: float


TOLERANCE = {
    # Central differences with step 1e-5: truncation about step^2 = 1e-10, rounding about
    # 2^-52 * loss / step = 2e-16 * 50 / 1e-5 = 1e-9.
    "finite differences": Tolerance(rtol=0, atol=1e-8),
    # The same sums of some tens of float64 terms of order 1, in another order.
    "reordered float64": Tolerance(rtol=1e-12, atol=1e-13),
    # The same of some hundreds: all the updates of a chunk.
    "reordered chunk": Tolerance(rtol=1e-11, atol=1e-12),
    # Some tens of terms in float32, whose unit is 6e-8.
    "reordered float32": Tolerance(rtol=1e-5, atol=1e-6),
    # A threshold of 32 bits rounds each of at most 40 columns by 2^-32, relative to 1 / 40.
    "alias table": Tolerance(rtol=0, atol=2.0**-31),
}


def assert_close(actual: object, expected: object, tolerance: str) -> None:
    """Fail if numbers are farther apart than the row `tolerance` of the table allows."""
    t = TOLERANCE[tolerance]
    np.testing.assert_allclose(actual, expected, rtol=t.rtol, atol=t.atol)
