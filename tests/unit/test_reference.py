# SPDX-License-Identifier: Apache-2.0
"""The layers and the block step are what the papers and the header say they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tolerances import assert_close

from fastw2v.reference import (
    CBOW,
    Embedding,
    EmbeddingDot,
    Floats,
    NegativeSamplingLoss,
    SigmoidWithLoss,
    SkipGram,
    UnigramSampler,
    block_step,
    combine_rows,
    cross_entropy,
    log_sigmoid,
    sigmoid,
)

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


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20130116)


@pytest.fixture
def input_vectors(rng: np.random.Generator) -> Floats:
    return rng.normal(size=(VOCAB_SIZE, VECTOR_SIZE))


@pytest.fixture
def output_vectors(rng: np.random.Generator) -> Floats:
    return rng.normal(size=(VOCAB_SIZE, VECTOR_SIZE))


# ---- The logistic function ----------------------------------------------------------------------


def test_sigmoid_is_the_logistic_function() -> None:
    logits = np.linspace(-30, 30, 601)
    assert_close(sigmoid(logits), 1 / (1 + np.exp(-logits)), "reordered float64")


def test_sigmoid_is_not_clipped_where_word2vec_c_saturates() -> None:
    assert 0 < sigmoid(np.array(-40.0)) < sigmoid(np.array(-6.5)) < sigmoid(np.array(-6.0))
    assert sigmoid(np.array(6.0)) < sigmoid(np.array(6.5)) < 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturated_logits_have_finite_loss_and_exact_limits(dtype: type) -> None:
    logits = np.array([-1e4, 1e4], dtype)
    np.testing.assert_array_equal(sigmoid(logits), [0, 1])
    np.testing.assert_array_equal(log_sigmoid(logits), [-1e4, 0])
    np.testing.assert_array_equal(cross_entropy(logits, np.ones(2), np.ones(2)), [1e4, 0])
    np.testing.assert_array_equal(cross_entropy(logits, np.zeros(2), np.ones(2)), [0, 1e4])


# ---- Layers: every backward is the derivative of its forward ------------------------------------


def test_embedding_backward_is_the_derivative_and_repeated_ids_add_up(
    rng: np.random.Generator, input_vectors: Floats
) -> None:
    ids = np.array([[1, 4, 1], [1, 0, 6]])
    upstream = rng.normal(size=(2, 3, VECTOR_SIZE))
    layer = Embedding(input_vectors)
    expected = slope(lambda: float((upstream * layer.forward(ids)).sum()), input_vectors)
    assert_close(layer.backward(upstream), expected, "finite differences")
    summed = upstream[0, 0] + upstream[0, 2] + upstream[1, 0]
    assert_close(layer.backward(upstream)[1], summed, "reordered float64")


def test_embedding_dot_backward_is_the_derivative(
    rng: np.random.Generator, output_vectors: Floats
) -> None:
    hidden = rng.normal(size=(2, VECTOR_SIZE))
    targets = np.array([[3, 3, 0], [5, 3, 6]])
    upstream = rng.normal(size=(2, 3))
    layer = EmbeddingDot(output_vectors)

    def function() -> float:
        return float((upstream * layer.forward(hidden, targets)).sum())

    expected = slope(function, hidden), slope(function, output_vectors)
    function()
    d_hidden, d_output_vectors = layer.backward(upstream)
    assert_close(d_hidden, expected[0], "finite differences")
    assert_close(d_output_vectors, expected[1], "finite differences")


def test_sigmoid_with_loss_backward_is_weighted_prediction_minus_label(
    rng: np.random.Generator,
) -> None:
    logits, labels, weights = rng.normal(size=(3, 4)), rng.random((3, 4)), rng.random((3, 4))
    weights[0, 0] = 0
    layer = SigmoidWithLoss()
    expected = slope(lambda: layer.forward(logits, labels, weights), logits)
    layer.forward(logits, labels, weights)
    assert_close(layer.backward(), expected, "finite differences")
    assert_close(layer.backward(), weights * (sigmoid(logits) - labels), "reordered float64")


def test_negative_sampling_loss_is_equation_4_of_mikolov_et_al_negated(
    rng: np.random.Generator, output_vectors: Floats
) -> None:
    h = rng.normal(size=VECTOR_SIZE)
    loss = NegativeSamplingLoss(output_vectors).forward(
        h[np.newaxis], np.array([2]), np.array([0, 5, 6])
    )
    objective = np.log(1 / (1 + np.exp(-output_vectors[2] @ h)))
    for negative in (0, 5, 6):
        objective += np.log(1 / (1 + np.exp(output_vectors[negative] @ h)))
    assert_close(loss, -objective, "reordered float64")


@pytest.mark.parametrize("negative_weight", [1.0, 5 / 3])
def test_negative_sampling_loss_backward_is_the_derivative(
    rng: np.random.Generator, output_vectors: Floats, negative_weight: float
) -> None:
    hidden = rng.normal(size=(2, VECTOR_SIZE))
    positives, negatives = np.array([2, 4]), np.array([[0, 0, 6], [1, 4, 2]])  # 4 is masked
    layer = NegativeSamplingLoss(output_vectors, negative_weight)

    def function() -> float:
        return layer.forward(hidden, positives, negatives)

    expected = slope(function, hidden), slope(function, output_vectors)
    function()
    d_hidden, d_output_vectors = layer.backward()
    assert_close(d_hidden, expected[0], "finite differences")
    assert_close(d_output_vectors, expected[1], "finite differences")


def test_a_negative_that_equals_the_positive_does_not_count(
    rng: np.random.Generator, output_vectors: Floats
) -> None:
    hidden = rng.normal(size=(1, VECTOR_SIZE))
    layer = NegativeSamplingLoss(output_vectors)
    with_it = layer.forward(hidden, np.array([2]), np.array([5, 2]))
    gradients = layer.backward()
    without = layer.forward(hidden, np.array([2]), np.array([5]))
    assert_close(with_it, without, "reordered float64")
    for actual, expected in zip(gradients, layer.backward(), strict=True):
        assert_close(actual, expected, "reordered float64")


def test_a_negative_of_weight_two_counts_as_two(
    rng: np.random.Generator, output_vectors: Floats
) -> None:
    hidden, positive = rng.normal(size=(1, VECTOR_SIZE)), np.array([2])
    heavy = NegativeSamplingLoss(output_vectors, 2.0).forward(hidden, positive, np.array([5]))
    twice = NegativeSamplingLoss(output_vectors).forward(hidden, positive, np.array([5, 5]))
    assert_close(heavy, twice, "reordered float64")


# ---- The sampler --------------------------------------------------------------------------------


def test_noise_distribution_is_counts_to_three_quarters_normalised() -> None:
    sampler = UnigramSampler([16, 81, 1])
    assert_close(sampler.probabilities, np.array([8, 27, 1]) / 36, "reordered float64")


@pytest.mark.parametrize("excluded", [None, 1])
def test_sampler_draws_its_distribution_without_the_excluded_word(
    rng: np.random.Generator, excluded: int | None
) -> None:
    sampler = UnigramSampler([16, 81, 1])
    n = 100_000
    expected = np.array([8, 27, 1] if excluded is None else [8, 0, 1], float)
    expected *= n / expected.sum()
    histogram = np.bincount(sampler.draw(rng, n, excluded), minlength=3)
    if excluded is not None:
        assert histogram[excluded] == 0
    possible = expected > 0
    chi_square = ((histogram - expected)[possible] ** 2 / expected[possible]).sum()
    assert chi_square < 18.4  # 2 degrees of freedom: exceeded once in 10,000 seeds


# ---- Models -------------------------------------------------------------------------------------

CONTEXTS = np.array([1, 3, 1, 0])  # a word may stand twice in a window
CENTER = 2
NEGATIVES = np.array([5, 3, 2, 5])  # repeated, in the context, and equal to the positive


@pytest.mark.parametrize(
    "negatives", [NEGATIVES, np.array([[5, 6], [2, 0], [4, 4], [1, 3]])], ids=["shared", "own"]
)
def test_skip_gram_backward_is_the_derivative(
    input_vectors: Floats, output_vectors: Floats, negatives: np.ndarray
) -> None:
    model = SkipGram(input_vectors, output_vectors, negative_weight=0.6)

    def function() -> float:
        return model.forward(CONTEXTS, CENTER, negatives)

    expected = slope(function, input_vectors), slope(function, output_vectors)
    function()
    for actual, wanted in zip(model.backward(), expected, strict=True):
        assert_close(actual, wanted, "finite differences")


def test_skip_gram_loss_is_the_sum_over_pairs(
    input_vectors: Floats, output_vectors: Floats
) -> None:
    model = SkipGram(input_vectors, output_vectors)
    pairs = [model.forward(np.array([context]), CENTER, NEGATIVES) for context in CONTEXTS]
    assert_close(model.forward(CONTEXTS, CENTER, NEGATIVES), sum(pairs), "reordered float64")


@pytest.mark.parametrize("mean", [True, False], ids=["mean", "sum"])
def test_cbow_exact_gradient_is_the_derivative(
    input_vectors: Floats, output_vectors: Floats, mean: bool
) -> None:
    model = CBOW(input_vectors, output_vectors, negative_weight=0.6, mean=mean)

    def function() -> float:
        return model.forward(CONTEXTS, CENTER, NEGATIVES)

    expected = slope(function, input_vectors), slope(function, output_vectors)
    function()
    for actual, wanted in zip(model.backward(), expected, strict=True):
        assert_close(actual, wanted, "finite differences")


@pytest.mark.parametrize(("mean", "factor"), [(True, len(CONTEXTS)), (False, 1)])
def test_word2vec_c_gradient_of_a_mean_is_n_times_the_derivative_for_inputs_only(
    input_vectors: Floats, output_vectors: Floats, mean: bool, factor: int
) -> None:
    gradients = []
    for exact in (True, False):
        model = CBOW(input_vectors, output_vectors, mean=mean, exact_gradient=exact)
        model.forward(CONTEXTS, CENTER, NEGATIVES)
        gradients.append(model.backward())
    (d_input, d_output), (d_input_undivided, d_output_undivided) = gradients
    assert_close(d_input_undivided, factor * d_input, "reordered float64")
    assert_close(d_output_undivided, d_output, "reordered float64")
    assert np.abs(d_input).max() > 0.01


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
    contexts, negatives, learning_rate = np.array([4, 0, 6]), np.array([5, 1, 5]), 0.025
    model = SkipGram(input_vectors.copy(), output_vectors.copy())
    model.forward(contexts, CENTER, negatives)
    d_input, d_output = model.backward()
    labels = np.tile([1.0, 0, 0, 0], (3, 1))
    block_step(
        input_vectors, output_vectors, contexts, [CENTER, *negatives], labels,
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
