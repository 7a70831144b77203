# SPDX-License-Identifier: Apache-2.0
"""Every instruction set computes the weighted sums of rows that the header says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from kernel_support import SPARE, TOLERANCE, distinct, each_dim, each_isa
from support import UNIT, Guards, aligned, padded

from fastw2v import _core, reference


@dataclass
class Combination:
    """One weighted sum of rows between guards, with whole numbers so that every sum is exact."""

    isa: str
    dim: int
    to_rows: np.ndarray
    source_rows: np.ndarray
    accumulate: bool

    def __post_init__(self) -> None:
        self.guards = Guards()
        rng = np.random.default_rng(self.dim)
        stride = padded(self.dim)
        shape = len(self.to_rows), len(self.source_rows)
        self.to = self.guards.take("to", (max(self.to_rows) + SPARE, stride))
        self.source = self.guards.take("source", (max(self.source_rows) + SPARE, stride))
        self.coefficients = self.guards.take("coefficients", shape)
        self.coefficients[:] = rng.integers(-4, 5, shape)
        for matrix in (self.to, self.source):
            matrix[:, : self.dim] = rng.integers(-9, 10, (len(matrix), self.dim))

    def run(self) -> None:
        self.old_to, self.old_source = self.to.copy(), self.source.copy()
        self.expected = self.to.astype(np.float64)
        reference.combine_rows(self.expected, self.to_rows, self.source.astype(np.float64),
                               self.source_rows, self.coefficients, self.accumulate)  # fmt: skip
        _core.combine_rows(self.isa, self.to, self.to_rows, self.source, self.source_rows,
                           self.coefficients.ravel(), self.accumulate)  # fmt: skip


@each_isa
@each_dim
@pytest.mark.parametrize("accumulate", [False, True], ids=["write", "accumulate"])
def test_combine_rows_of_whole_numbers_is_the_reference(
    isa: str, dim: int, accumulate: bool
) -> None:
    rng = np.random.default_rng(dim)
    for n_to in (1, 2, 3, 4, 5, 8, 11):
        for n_from in (1, 4, 10):
            case = Combination(isa, dim, distinct(rng, n_to), distinct(rng, n_from), accumulate)
            case.run()
            where = f"isa={isa} dim={dim} n_to={n_to} n_from={n_from}"
            np.testing.assert_array_equal(case.to, case.expected, where)
            np.testing.assert_array_equal(case.source, case.old_source, where)
            assert not case.to[:, dim:].any(), where
            case.guards.check()


@each_isa
@each_dim
def test_combine_rows_adds_up_rows_that_repeat(isa: str, dim: int) -> None:
    rows = np.array([2, 0, 2, 2, 1, 0, 2], np.int32)
    case = Combination(isa, dim, rows, rows, True)
    case.run()
    np.testing.assert_array_equal(case.to, case.expected)


@each_isa
@each_dim
def test_combine_rows_of_real_numbers_is_the_reference_to_rounding(isa: str, dim: int) -> None:
    rng, rows = np.random.default_rng(dim), np.arange(10, dtype=np.int32)
    case = Combination(isa, dim, rows, rows, True)
    for array in (case.coefficients, case.to[:, :dim], case.source[:, :dim]):
        array[:] = rng.normal(size=array.shape)
    case.run()
    size = np.abs(case.coefficients.astype(np.float64)) @ np.abs(case.source[rows])
    size += np.abs(case.old_to[rows])
    error = np.abs(case.to - case.expected)[rows]
    assert (error <= TOLERANCE["sum"](10) * UNIT * size).all()


@each_isa
def test_a_gather_does_not_read_the_rows_that_it_overwrites(isa: str) -> None:
    rows = np.arange(4, dtype=np.int32)
    case = Combination(isa, 100, rows, rows, False)
    case.to[:4] = np.nan
    case.run()
    np.testing.assert_array_equal(case.to, case.expected)


@pytest.mark.parametrize("row", [-1, 4, 2**31 - 1])
def test_rows_outside_a_matrix_are_refused_by_name(row: int) -> None:
    matrix, good, bad = aligned((4, 16)), np.zeros(1, np.int32), np.array([row], np.int32)
    one = np.ones(1, np.float32)
    with pytest.raises(IndexError, match=rf"to_rows\[0\] = {row} is outside the 4 rows"):
        _core.combine_rows("portable", matrix, bad, matrix, good, one, False)
    with pytest.raises(IndexError, match=rf"source_rows\[0\] = {row} is outside the 4 rows"):
        _core.combine_rows("portable", matrix, good, matrix, bad, one, False)
