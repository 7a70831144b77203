# SPDX-License-Identifier: Apache-2.0
"""The layers and the models are what the papers say they are."""

from __future__ import annotations

import numpy as np
import pytest
from reference_support import VECTOR_SIZE, slope
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
    cross_entropy,
    log_sigmoid,
    sigmoid,
)

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
