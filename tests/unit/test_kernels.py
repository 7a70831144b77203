# SPDX-License-Identifier: Apache-2.0
"""Every instruction set computes the block step and the weighted sums of rows that the header says.

The judge is the float64 reference. Where all results are exact in float32 the kernels must give its
bits; elsewhere each number must lie within the rounding error that its own computation can have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from support import ISAS, UNIT, Guards, aligned, padded

from fastw2v import _core, reference
from fastw2v.reference import Floats

# Rounding errors in units of 2^-24, to first order; magnitudes are sums of absolute values.
TOLERANCE = {
    # An element passes through stride / lanes additions, up to twice as many roundings where the
    # multiplication is rounded by itself, and log2(lanes) + 1 additions of lanes; 4 lanes at least.
    "dot product": lambda stride: 2 * stride / 4 + 4,
    # A running sum of n products, then its addition to what was there.
    "sum": lambda n: 2 * n + 2,
    # Of 1. The argument -s log2 e is rounded once and log2 e by 0.2: 1.2 s sigma'(s) < 0.4. Then
    # polynomial 1 * sigma (1 - sigma) < 0.3, addition 1, division 0.5, label - sigma 0.5.
    "sigmoid": 3,
    # Of sigma(s), s < 0: the argument, polynomial 1, addition 1, division 1.
    "sigmoid, relative": lambda s: 1.2 * s + 3,
    # The two products of a residual, relative.
    "residual": 2,
}
FLUSHED = 1e-37  # smaller numbers may be subnormal somewhere on the way; sigmoid never goes below

DIMS = [1, 2, 15, 16, 17, 31, 100, 300]
TARGETS = [1, 2, 5, 6, 9, 12, 13, 21]
INPUTS = range(1, 11)
SPARE = 3  # rows of each matrix that are in no block

each_isa = pytest.mark.parametrize("isa", ISAS)
each_dim = pytest.mark.parametrize("dim", DIMS)
each_m = pytest.mark.parametrize("m", TARGETS)
in_place_or_not = pytest.mark.parametrize("write_gradients", [False, True], ids=["inplace", "D"])


@dataclass
class Case:
    """One block step in buffers between guards, and what to say of it when it fails."""

    isa: str
    seed: int
    dim: int
    input_rows: np.ndarray  # (n,)
    target_rows: np.ndarray  # (m,)
    write_gradients: bool = False
    learning_rate: float = 0.05
    guards: Guards = field(default_factory=Guards)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.n, self.m = len(self.input_rows), len(self.target_rows)
        self.stride = padded(self.dim)
        floats = _core.block_floats(self.n, self.m)
        take = self.guards.take
        self.inputs = take("inputs", (max(self.input_rows) + SPARE, self.stride))
        self.targets = take("targets", (max(self.target_rows) + SPARE, self.stride))
        self.labels, self.weights = take("labels", floats), take("weights", floats)
        self.logits, self.residuals = take("logits", floats), take("residuals", floats)
        self.scratch = take("scratch", self.m * self.stride)
        self.gradients = take("gradients", (self.n, self.stride)) if self.write_gradients else None
        # What is not theirs to read must not matter either.
        for array in (self.labels, self.weights, self.logits, self.residuals, self.scratch):
            array[:] = np.nan
        if self.gradients is not None:
            self.gradients[:] = np.nan
        self.fill(self.rng.normal(scale=0.6, size=(len(self.inputs), self.dim)),
                  self.rng.normal(scale=0.6, size=(len(self.targets), self.dim)),
                  self.rng.random((self.n, self.m)),
                  self.rng.choice([0, 1, 1, 5 / 3], (self.n, self.m)))  # fmt: skip

    def fill(self, inputs: Floats, targets: Floats, labels: Floats, weights: Floats) -> None:
        self.inputs[:, : self.dim], self.targets[:, : self.dim] = inputs, targets
        self.pairs(self.labels)[:] = labels
        self.pairs(self.weights)[:] = weights

    def pairs(self, buffer: np.ndarray) -> np.ndarray:
        return buffer[: self.n * self.m].reshape(self.n, self.m)

    def __str__(self) -> str:
        return (
            f"seed={self.seed} isa={self.isa} dim={self.dim} n={self.n} m={self.m} "
            f"input_rows={list(self.input_rows)} target_rows={list(self.target_rows)}"
        )

    def step(self) -> None:
        """Run the kernel, and the reference on copies."""
        self.old_inputs, self.old_targets = self.inputs.copy(), self.targets.copy()
        self.expected_inputs, self.expected_targets = (
            matrix.astype(np.float64) for matrix in (self.inputs, self.targets)
        )
        self.expected = reference.block_step(
            self.expected_inputs, self.expected_targets, self.input_rows, self.target_rows,
            self.pairs(self.labels).astype(np.float64), self.pairs(self.weights).astype(np.float64),
            float(np.float32(self.learning_rate)), self.write_gradients,
        )  # fmt: skip
        _core.block_step(
            self.isa, self.inputs, self.targets, self.input_rows, self.target_rows, self.labels,
            self.weights, self.learning_rate, self.logits, self.residuals, self.scratch,
            self.gradients,
        )  # fmt: skip

    def results(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return (name, actual, expected) of everything that a step writes."""
        found = [
            ("logits", self.pairs(self.logits), self.expected.logits),
            ("residuals", self.pairs(self.residuals), self.expected.residuals),
            ("inputs", self.inputs, self.expected_inputs),
            ("targets", self.targets, self.expected_targets),
        ]
        if self.gradients is not None:
            assert self.expected.gradients is not None
            found.append(("gradients", self.gradients, self.expected.gradients))
        return found

    def bounds(self) -> dict[str, Floats]:
        """Return how far each number may be from the reference, by what went into it."""
        x, y = (np.abs(m.astype(np.float64)) for m in (self.old_inputs, self.old_targets))
        e_x, e_y = np.zeros_like(x), np.zeros_like(y)  # errors of the updated matrices
        s, g = np.abs(self.expected.logits), np.abs(self.expected.residuals)
        y_block = y[self.target_rows]
        e_s = TOLERANCE["dot product"](self.stride) * UNIT * (x[self.input_rows] @ y_block.T)
        nearest = reference.sigmoid(np.maximum(s - e_s, 0.0))
        e_sigmoid = e_s * nearest * (1 - nearest) + TOLERANCE["sigmoid"] * UNIT
        weight = np.float32(self.learning_rate) * self.pairs(self.weights).astype(np.float64)
        e_g = weight * e_sigmoid + TOLERANCE["residual"] * UNIT * g + FLUSHED
        e_d = e_g @ y_block + TOLERANCE["sum"](self.m) * UNIT * (g @ y_block)
        e_update = np.zeros_like(y_block)
        size = np.zeros_like(y_block)
        for i, row in enumerate(self.input_rows):
            e_update += np.outer(e_g[i], x[row]) + np.outer(g[i] + e_g[i], e_x[row])
            size += np.outer(g[i], x[row])
            if not self.write_gradients:
                x[row] += g[i] @ y_block
                e_x[row] += e_d[i] + UNIT * x[row]
        e_update += TOLERANCE["sum"](self.n) * UNIT * size
        np.add.at(y, self.target_rows, size)
        np.add.at(e_y, self.target_rows, e_update + UNIT * y[self.target_rows])
        return {"logits": e_s, "residuals": e_g, "inputs": e_x, "targets": e_y, "gradients": e_d}

    def assert_close(self) -> None:
        bounds = self.bounds()
        for name, actual, expected in self.results():
            error = np.abs(actual - expected)
            worst = np.unravel_index(np.argmax(error - bounds[name]), error.shape)
            assert (error <= bounds[name]).all(), (
                f"{name}{list(map(int, worst))}: {actual[worst]!r}, not {expected[worst]!r} "
                f"within {bounds[name][worst]:.3g}; {self}"
            )

    def assert_exact(self) -> None:
        for name, actual, expected in self.results():
            np.testing.assert_array_equal(actual, expected, err_msg=f"{name}; {self}")

    def assert_nothing_else_is_touched(self) -> None:
        self.guards.check()
        for name, now, old, rows in (
            ("inputs", self.inputs, self.old_inputs, self.input_rows),
            ("targets", self.targets, self.old_targets, self.target_rows),
        ):
            others = np.setdiff1d(np.arange(len(now)), rows)
            np.testing.assert_array_equal(now[others], old[others], f"{name} outside; {self}")
            assert not now[:, self.dim :].any(), f"padding of {name}; {self}"
        if self.gradients is not None:
            np.testing.assert_array_equal(self.inputs, self.old_inputs, f"inputs; {self}")
            assert not self.gradients[:, self.dim :].any(), f"padding of gradients; {self}"


def distinct(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.permutation(n + SPARE)[:n].astype(np.int32)


def shapes(seed: int, m: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (input_rows, target_rows) of every n: distinct rows, then rows that repeat."""
    rng = np.random.default_rng(seed)
    found = [(distinct(rng, n), distinct(rng, m)) for n in INPUTS]
    for n in (2, 4, 10):
        found.append((rng.integers(0, 1 + n // 2, n, np.int32), distinct(rng, m)))
        found.append((distinct(rng, n), rng.integers(0, 1 + m // 2, m, np.int32)))
        found.append((np.zeros(n, np.int32), np.zeros(m, np.int32)))
    return found


# ---- The block step -----------------------------------------------------------------------------


@each_isa
@each_dim
@each_m
@in_place_or_not
def test_block_step_is_the_reference_to_rounding(
    isa: str, dim: int, m: int, write_gradients: bool
) -> None:
    seed = 1000 * dim + m
    for input_rows, target_rows in shapes(seed, m):
        case = Case(isa, seed, dim, input_rows, target_rows, write_gradients)
        case.step()
        case.assert_close()
        case.assert_nothing_else_is_touched()


def saturated(case: Case, magnitude: float) -> None:
    """Make all numbers whole and every logit far beyond +-100, with the label that it misses.

    Then sigmoid is 0 or 1, the residuals are +- learning_rate * weight, and every sum is exact.
    """
    rng, shape = case.rng, (case.n, case.m)
    inputs, targets = (
        rng.integers(-2, 3, (len(matrix), case.dim)) for matrix in (case.inputs, case.targets)
    )
    inputs[:, 0] = rng.choice([-1, 1], len(inputs)) * magnitude
    targets[:, 0] = rng.choice([-1, 1], len(targets)) * 64
    logits = inputs[case.input_rows] @ targets[case.target_rows].T
    case.fill(inputs, targets, logits < 0, rng.integers(0, 3, shape))
    case.learning_rate = 0.5


@each_isa
@each_dim
@each_m
@in_place_or_not
def test_saturated_block_steps_of_whole_numbers_are_exact(
    isa: str, dim: int, m: int, write_gradients: bool
) -> None:
    seed = 2000 * dim + m
    for input_rows, target_rows in shapes(seed, m):
        case = Case(isa, seed, dim, input_rows, target_rows, write_gradients)
        saturated(case, magnitude=64)
        case.step()
        assert np.abs(case.expected.logits).min() > 100
        case.assert_exact()
        case.assert_nothing_else_is_touched()


@each_isa
def test_logits_of_ten_thousand_are_exact_and_finite(isa: str) -> None:
    case = Case(isa, 3, 31, np.arange(4, dtype=np.int32), np.arange(6, dtype=np.int32))
    saturated(case, magnitude=160)
    case.step()
    assert np.abs(case.expected.logits).min() > 9000
    case.assert_exact()


@each_isa
@pytest.mark.parametrize("seed", range(5))
def test_a_cbow_group_has_a_positive_for_each_of_its_four_rows(isa: str, seed: int) -> None:
    case = Case(isa, seed, 100, np.arange(4, dtype=np.int32), np.arange(9, dtype=np.int32), True)
    own = np.hstack([np.eye(4), np.zeros((4, 5))])
    case.pairs(case.labels)[:] = own
    case.pairs(case.weights)[:] = own + np.hstack([np.zeros((4, 4)), np.ones((4, 5))])
    case.step()
    case.assert_close()
    assert np.abs(case.targets - case.old_targets)[:9].max() > 0


@each_isa
@each_m
def test_gradients_come_from_old_targets_however_far_apart_one_repeats(isa: str, m: int) -> None:
    target_rows = np.arange(m, dtype=np.int32)
    target_rows[-1] = 0
    case = Case(isa, m, 100, np.arange(4, dtype=np.int32), target_rows, True)
    saturated(case, magnitude=64)
    case.step()
    case.assert_exact()


@each_isa
@each_m
def test_a_pair_of_weight_zero_has_residual_zero(isa: str, m: int) -> None:
    case = Case(isa, m, 100, np.arange(5, dtype=np.int32), np.arange(m, dtype=np.int32))
    case.pairs(case.weights)[:, ::2] = 0
    case.step()
    assert not case.pairs(case.residuals)[:, ::2].any()
    np.testing.assert_array_equal(case.targets[:m:2], case.old_targets[:m:2])
    case.assert_close()


@each_isa
@in_place_or_not
def test_a_step_of_learning_rate_zero_changes_nothing(isa: str, write_gradients: bool) -> None:
    rows = np.arange(4, dtype=np.int32)
    case = Case(isa, 5, 100, rows, rows, write_gradients, learning_rate=0.0)
    case.step()
    np.testing.assert_array_equal(case.inputs, case.old_inputs)
    np.testing.assert_array_equal(case.targets, case.old_targets)


@each_isa
@each_m
@in_place_or_not
@pytest.mark.parametrize("dim", [1, 17], ids="dim={}".format)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_stays_visible_and_within_its_row(
    isa: str, m: int, write_gradients: bool, dim: int, poison: float
) -> None:
    case = Case(isa, 6, dim, np.arange(3, dtype=np.int32), np.arange(m, dtype=np.int32),
                write_gradients)  # fmt: skip
    case.inputs[1, :dim] = poison
    with np.errstate(all="ignore"):
        case.step()
    case.guards.check()
    logits, residuals = case.pairs(case.logits), case.pairs(case.residuals)
    np.testing.assert_array_equal(logits[1], case.expected.logits[1], str(case))
    np.testing.assert_array_equal(np.isnan(residuals), np.isnan(logits), str(case))
    assert not np.isfinite(logits[1]).any(), str(case)
    assert not np.isfinite(case.targets[:m, :dim]).any(), str(case)
    assert np.isfinite(logits[[0, 2]]).all(), str(case)
    assert np.isfinite(case.inputs[[0, 2, 3]]).all(), str(case)
    np.testing.assert_array_equal(case.targets[m:], case.old_targets[m:], str(case))


@each_isa
@each_m
def test_block_step_gives_the_same_bits_every_time(isa: str, m: int) -> None:
    seen = []
    for _ in range(2):
        case = Case(isa, 7, 100, np.arange(5, dtype=np.int32), np.arange(m, dtype=np.int32))
        case.step()
        seen.append((case.inputs.tobytes(), case.targets.tobytes()))
    assert seen[0] == seen[1]


# ---- The logistic function ----------------------------------------------------------------------


def sigmoid_of(isa: str, logits: Floats) -> Floats:
    """Read the kernel's sigmoid off its residuals: x = s, y = 1, label 0, weight and rate 1."""
    n = len(logits)
    inputs, targets, scratch = aligned((n, 16)), aligned((1, 16)), aligned(16)
    inputs[:, 0], targets[0, 0] = logits, 1
    labels, weights, found, residuals = (aligned(_core.block_floats(n, 1)) for _ in range(4))
    weights[:] = 1
    _core.block_step(isa, inputs, targets, np.arange(n, dtype=np.int32), np.zeros(1, np.int32),
                     labels, weights, 1.0, found, residuals, scratch)  # fmt: skip
    np.testing.assert_array_equal(found[:n], logits)
    return -residuals[:n].astype(np.float64)


GRID = np.linspace(-100, 100, 400_001, dtype=np.float32)


@each_isa
def test_sigmoid_is_within_three_units_of_2_to_the_minus_24(isa: str) -> None:
    error = np.abs(sigmoid_of(isa, GRID) - reference.sigmoid(GRID.astype(np.float64)))
    worst = np.argmax(error)
    assert error[worst] <= TOLERANCE["sigmoid"] * UNIT, f"isa={isa} s={GRID[worst]}"


@each_isa
def test_sigmoid_of_negative_logits_has_the_relative_error_of_its_argument(isa: str) -> None:
    logits = GRID[(GRID < 0) & (GRID >= -87)]
    error = sigmoid_of(isa, logits) / reference.sigmoid(logits.astype(np.float64)) - 1
    bound = TOLERANCE["sigmoid, relative"](-logits) * UNIT
    worst = np.argmax(np.abs(error) - bound)
    assert (np.abs(error) <= bound).all(), f"isa={isa} s={logits[worst]} error={error[worst]}"


@each_isa
def test_sigmoid_is_exact_where_it_can_be_and_bounded_at_both_ends(isa: str) -> None:
    ends = sigmoid_of(isa, np.array([0, 20, 100, 1e4, np.inf, -100, -1e4, -np.inf], np.float32))
    np.testing.assert_array_equal(ends[:5], [0.5, 1, 1, 1, 1])
    assert (ends[5:] >= 0).all()
    assert (ends[5:] < FLUSHED).all()


@each_isa
def test_sigmoid_never_falls_by_more_than_its_rounding(isa: str) -> None:
    steps = np.diff(sigmoid_of(isa, GRID))
    assert steps.min() >= -2 * TOLERANCE["sigmoid"] * UNIT


# ---- Weighted sums of rows ----------------------------------------------------------------------


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


# ---- What the door refuses ----------------------------------------------------------------------


def test_rows_that_are_not_on_a_64_byte_border_are_refused() -> None:
    case = Case("portable", 1, 16, np.zeros(1, np.int32), np.zeros(1, np.int32))
    shifted = aligned(16 * 3 + 1)[1:].reshape(3, 16)
    for name in ("inputs", "targets"):
        right = getattr(case, name)
        setattr(case, name, shifted)
        with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
            case.step()
        setattr(case, name, right)


@pytest.mark.parametrize("name", ["labels", "weights", "logits", "residuals", "scratch"])
def test_buffers_that_are_not_on_a_64_byte_border_are_refused(name: str) -> None:
    case = Case("portable", 1, 16, np.zeros(1, np.int32), np.zeros(1, np.int32))
    setattr(case, name, aligned(99)[1:])
    with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
        case.step()


@pytest.mark.parametrize("name", ["labels", "weights", "logits", "residuals", "scratch"])
def test_buffers_that_are_too_short_are_refused_by_name(name: str) -> None:
    case = Case("portable", 1, 16, np.zeros(2, np.int32), np.zeros(3, np.int32))
    setattr(case, name, getattr(case, name)[:-1])
    with pytest.raises(ValueError, match=f"{name} must have room for"):
        case.step()


@pytest.mark.parametrize("stride", [1, 15, 17])
def test_strides_that_are_not_multiples_of_16_are_refused(stride: int) -> None:
    case = Case("portable", 1, 16, np.zeros(1, np.int32), np.zeros(1, np.int32))
    case.inputs, case.targets, case.scratch = (
        aligned((4, stride)),
        aligned((4, stride)),
        aligned(99),
    )
    with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
        case.step()
    to, source, rows = aligned((4, stride)), aligned((4, stride)), np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
        _core.combine_rows("portable", to, rows, source, rows, np.ones(1, np.float32), False)


@pytest.mark.parametrize("row", [-1, 4, 2**31 - 1])
def test_rows_outside_a_matrix_are_refused_by_name(row: int) -> None:
    matrix, good, bad = aligned((4, 16)), np.zeros(1, np.int32), np.array([row], np.int32)
    one = np.ones(1, np.float32)
    with pytest.raises(IndexError, match=rf"to_rows\[0\] = {row} is outside the 4 rows"):
        _core.combine_rows("portable", matrix, bad, matrix, good, one, False)
    with pytest.raises(IndexError, match=rf"source_rows\[0\] = {row} is outside the 4 rows"):
        _core.combine_rows("portable", matrix, good, matrix, bad, one, False)
