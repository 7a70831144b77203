# SPDX-License-Identifier: Apache-2.0
"""Derivatives by differences, for the tests of the specification."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastw2v.reference import Floats

STEP = 1e-5
VOCAB_SIZE, VECTOR_SIZE = 7, 5


def slope(function: Callable[[], float], variable: Floats) -> Floats:
    """Differentiate `function` by each element of an array that it reads."""
    result = np.zeros_like(variable)
    for at in np.ndindex(variable.shape):
        old = variable[at]
        variable[at] = old + STEP
        above = function()
        variable[at] = old - STEP
        below = function()
        variable[at] = old
        result[at] = (above - below) / (2 * STEP)
    return result
