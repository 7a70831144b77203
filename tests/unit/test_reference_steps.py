# SPDX-License-Identifier: Apache-2.0
"""The block step and the weighted sums of rows are what the header says they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_support import VECTOR_SIZE, slope
from tolerances import assert_close

from fastw2v.reference import Floats, SkipGram, block_step, combine_rows, cross_entropy, sigmoid

# ---- The block step -----------------------------------------------------------------------------


def block_step_in_words(
    inputs: Floats,
    targets: Floats,
    input_rows: list[int],
    target_rows: list[int],
    labels: Floats,
    weights: Floats,
    learning_rate: float,
) -> None:
    """The header's definition, one number at a time."""
    old = targets.copy()
    s = [[sum(inputs[i] * old[j]) for j in target_rows] for i in input_rows]
    y = [np.zeros(targets.shape[1]) for _ in target_rows]
    for i, input_row in enumerate(input_rows):
        d = np.zeros(targets.shape[1])
        for j, target_row in enumerate(target_rows):
            g = learning_rate * weights[i, j] * (labels[i, j] - 1 / (1 + np.exp(-s[i][j])))
            d += g * old[target_row]
            y[j] += g * inputs[input_row]
        inputs[input_row] += d
    for j, target_row in enumerate(target_rows):
        targets[target_row] += y[j]


@given(
    input_rows=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    target_rows=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_block_step_updates_repeated_rows_in_the_order_of_the_header(
    input_rows: list[int], target_rows: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = len(input_rows), len(target_rows)
    inputs, targets = rng.normal(size=(2, 4, VECTOR_SIZE))
    labels, weights = rng.random(shape), rng.random(shape)
    expected_inputs, expected_targets = inputs.copy(), targets.copy()
    block_step(inputs, targets, input_rows, target_rows, labels, weights, 0.3)
    block_step_in_words(
        expected_inputs, expected_targets, input_rows, target_rows, labels, weights, 0.3
    )
    assert_close(inputs, expected_inputs, "reordered float64")
    assert_close(targets, expected_targets, "reordered float64")


def test_block_step_with_learning_rate_one_is_minus_the_gradient(
    rng: np.random.Generator, input_vectors: Floats, output_vectors: Floats
) -> None:
    input_rows, target_rows = [4, 0, 6], [2, 5, 1, 3]
    labels, weights = rng.random((3, 4)), rng.random((3, 4))

    def loss() -> float:
        logits = input_vectors[input_rows] @ output_vectors[target_rows].T
        return float(cross_entropy(logits, labels, weights).sum())

    expected = (
        input_vectors - slope(loss, input_vectors),
        output_vectors - slope(loss, output_vectors),
    )
    block_step(input_vectors, output_vectors, input_rows, target_rows, labels, weights, 1.0)
    assert_close(input_vectors, expected[0], "finite differences")
    assert_close(output_vectors, expected[1], "finite differences")


def test_block_step_is_one_gradient_step_of_skip_gram(
    input_vectors: Floats, output_vectors: Floats
) -> None:
    contexts, center, negatives = np.array([4, 0, 6]), 2, np.array([5, 1, 5])
    learning_rate = 0.025
    model = SkipGram(input_vectors.copy(), output_vectors.copy())
    model.forward(contexts, center, negatives)
    d_input, d_output = model.backward()
    labels = np.tile([1.0, 0, 0, 0], (3, 1))
    block_step(
        input_vectors, output_vectors, contexts, [center, *negatives], labels,
        np.ones((3, 4)), learning_rate,
    )  # fmt: skip
    expected_input = model.embedding.vectors - learning_rate * d_input
    expected_output = model.loss.dot.embedding.vectors - learning_rate * d_output
    assert_close(input_vectors, expected_input, "reordered float64")
    assert_close(output_vectors, expected_output, "reordered float64")


def test_block_step_returns_old_logits_and_residuals(
    input_vectors: Floats, output_vectors: Floats
) -> None:
    logits = input_vectors[[1, 2]] @ output_vectors[[3, 4]].T
    labels, weights = np.array([[1, 0], [0.5, 0]]), np.array([[1, 2], [1, 0]])
    block = block_step(input_vectors, output_vectors, [1, 2], [3, 4], labels, weights, 0.1)
    assert_close(block.logits, logits, "reordered float64")
    assert_close(block.residuals, 0.1 * weights * (labels - sigmoid(logits)), "reordered float64")
    assert block.gradients is None


def test_rows_outside_the_block_are_untouched(
    input_vectors: Floats, output_vectors: Floats
) -> None:
    old_input, old_output = input_vectors.copy(), output_vectors.copy()
    block_step(input_vectors, output_vectors, [1], [3, 4], [[1, 0]], [[1, 1]], 0.1)
    changed = np.flatnonzero((input_vectors != old_input).any(axis=1))
    np.testing.assert_array_equal(changed, [1])
    changed = np.flatnonzero((output_vectors != old_output).any(axis=1))
    np.testing.assert_array_equal(changed, [3, 4])


def test_weight_zero_takes_a_pair_out_of_the_step(
    input_vectors: Floats, output_vectors: Floats
) -> None:
    without = input_vectors.copy(), output_vectors.copy()
    block_step(*without, [1], [3], [[1]], [[1]], 0.1)
    block_step(input_vectors, output_vectors, [1], [3, 4], [[1, 0]], [[1, 0]], 0.1)
    assert_close(input_vectors, without[0], "reordered float64")
    assert_close(output_vectors, without[1], "reordered float64")


def test_write_gradients_returns_the_update_instead_of_adding_it(
    rng: np.random.Generator, input_vectors: Floats, output_vectors: Floats
) -> None:
    added = input_vectors.copy(), output_vectors.copy()
    old = input_vectors.copy()
    step = [4, 0], [2, 5, 5], rng.random((2, 3)), rng.random((2, 3)), 0.1
    block_step(*added, *step)
    block = block_step(input_vectors, output_vectors, *step, write_gradients=True)
    np.testing.assert_array_equal(input_vectors, old)
    assert_close(old[[4, 0]] + block.gradients, added[0][[4, 0]], "reordered float64")
    assert_close(output_vectors, added[1], "reordered float64")


def test_block_step_keeps_the_dtype(
    rng: np.random.Generator, input_vectors: Floats, output_vectors: Floats
) -> None:
    single = input_vectors.astype(np.float32), output_vectors.astype(np.float32)
    step = [4, 0], [2, 5, 5], rng.random((2, 3)), rng.random((2, 3)), np.float64(0.1)
    block = block_step(*single, *step)
    assert block.logits.dtype == block.residuals.dtype == np.float32
    block_step(input_vectors, output_vectors, *step)
    assert_close(single[0], input_vectors, "reordered float32")
    assert_close(single[1], output_vectors, "reordered float32")


@pytest.mark.parametrize("sign", [-1, 1])
def test_block_step_of_saturated_logits_is_finite_and_bounded(sign: int) -> None:
    inputs, targets = np.full((1, 4), 100.0), np.full((2, 4), sign * 100.0)
    block = block_step(inputs, targets, [0], [0, 1], [[1, 0]], [[1, 1]], 0.1)
    assert np.isfinite(inputs).all()
    assert np.isfinite(targets).all()
    assert np.abs(block.residuals).max() == pytest.approx(0.1)


# ---- Gather and scatter -------------------------------------------------------------------------


def test_combine_rows_writes_weighted_sums(rng: np.random.Generator) -> None:
    source, c = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    destination = rng.normal(size=(3, 3))
    untouched = destination[1].copy()
    combine_rows(destination, [2, 0], source, [3, 3, 1], c)
    for i, row in enumerate([2, 0]):
        expected = (c[i, 0] + c[i, 1]) * source[3] + c[i, 2] * source[1]
        assert_close(destination[row], expected, "reordered float64")
    np.testing.assert_array_equal(destination[1], untouched)


def test_combine_rows_accumulates_into_repeated_rows(rng: np.random.Generator) -> None:
    source, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    destination = rng.normal(size=(3, 3))
    expected = destination.copy()
    expected[1] += (c[0] + c[2]) @ source
    expected[0] += c[1] @ source
    combine_rows(destination, [1, 0, 1], source, [0, 1], c, accumulate=True)
    assert_close(destination, expected, "reordered float64")
