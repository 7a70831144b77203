# SPDX-License-Identifier: Apache-2.0
"""Every instruction set computes the block step that the header says."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_support import (
    FLUSHED,
    TOLERANCE,
    Case,
    distinct,
    each_dim,
    each_isa,
    each_m,
    in_place_or_not,
)
from support import UNIT, aligned

from fastw2v import _core, reference
from fastw2v.reference import Floats

INPUTS = range(1, 11)


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
    inputs, targets, scratch = aligned((n, 16)), aligned((1, 16)), aligned(32 * n)
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
    case.inputs, case.targets = aligned((4, stride)), aligned((4, stride))
    case.scratch = aligned(99)
    with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
        case.step()
    to, source, rows = aligned((4, stride)), aligned((4, stride)), np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="not aligned or padded to 64 bytes"):
        _core.combine_rows("portable", to, rows, source, rows, np.ones(1, np.float32), False)
