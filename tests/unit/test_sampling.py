# SPDX-License-Identifier: Apache-2.0
"""The formulas of subsampling and noise, against formulations that share no code with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastw2v.training.sampling import (
    keep_probability,
    keep_threshold,
    noise_distribution,
    pairs_per_token,
)

COUNTS = np.array([1_000_000, 60_000, 4_321, 700, 50, 50, 7, 1], dtype=np.int64)
#: Sums and powers of a few float64 of order 1.
RTOL = 1e-12

counts_arrays = st.lists(st.integers(1, 2**53), min_size=1, max_size=50).map(
    lambda counts: np.array(counts, dtype=np.int64)
)


# ---- Noise ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ns_exponent", [0.75, 1.0, 0.0, -0.5, 0.5])
def test_noise_is_proportional_to_a_power_of_the_counts(ns_exponent: float) -> None:
    powers = [math.exp(ns_exponent * math.log(count)) for count in COUNTS.tolist()]
    expected = [power / math.fsum(powers) for power in powers]
    np.testing.assert_allclose(noise_distribution(COUNTS, ns_exponent), expected, rtol=RTOL)


def test_noise_of_exponent_one_is_the_share_of_the_text() -> None:
    np.testing.assert_allclose(noise_distribution(COUNTS, 1.0), COUNTS / COUNTS.sum(), rtol=RTOL)


def test_noise_of_exponent_zero_is_uniform() -> None:
    np.testing.assert_array_equal(noise_distribution(COUNTS, 0.0), np.full(8, 1 / 8))


def test_noise_of_a_negative_exponent_prefers_rare_words() -> None:
    assert np.all(np.diff(noise_distribution(COUNTS, -0.5)) >= 0)


@given(counts_arrays, st.floats(-10, 10))
def test_noise_is_a_distribution_for_all_counts_and_exponents(
    counts: np.ndarray, ns_exponent: float
) -> None:
    noise = noise_distribution(counts, ns_exponent)
    assert np.all(np.isfinite(noise))
    assert np.all(noise >= 0)
    assert noise.sum() == pytest.approx(1, rel=1e-9)


# ---- Subsampling ---------------------------------------------------------------------------------


def gensim_keep_probability(count: int, total: int, sample: float) -> float:
    """gensim 4's formulation: by counts, not by shares; probabilities above 1 are cut."""
    threshold_count = sample * total
    return min(1.0, (math.sqrt(count / threshold_count) + 1) * (threshold_count / count))


@pytest.mark.parametrize("sample", [1e-3, 1e-5, 1e-1, 1.0])
def test_words_are_kept_with_the_probability_of_word2vec_and_gensim(sample: float) -> None:
    total = int(COUNTS.sum())
    expected = [gensim_keep_probability(count, total, sample) for count in COUNTS.tolist()]
    np.testing.assert_allclose(keep_probability(COUNTS, sample), expected, rtol=RTOL)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # sqrt(t / f) + t / f for t = 0.001, by hand: a share of 10 % has t / f = 0.01, ...
        (0.1, 0.1 + 0.01),
        (0.4, 0.05 + 0.0025),
        # and from (sqrt(5) + 1)^2 / 4 = 2.618 t downwards everything is kept.
        (0.002, 1.0),
    ],
)
def test_known_values_of_the_keep_probability(share: float, expected: float) -> None:
    counts = np.array([round(share * 1000), 1000 - round(share * 1000)], dtype=np.int64)
    assert keep_probability(counts, 1e-3)[0] == pytest.approx(expected, rel=RTOL)


def test_a_sample_of_zero_keeps_everything() -> None:
    np.testing.assert_array_equal(keep_probability(COUNTS, 0.0), np.ones(8))
    np.testing.assert_array_equal(keep_threshold(COUNTS, 0.0), np.full(8, 2**32 - 1))


@given(counts_arrays, st.floats(0, 1))
def test_a_rarer_word_is_never_kept_less(counts: np.ndarray, sample: float) -> None:
    kept = keep_probability(np.sort(counts), sample)
    assert np.all(np.diff(kept) <= 0)
    assert np.all((kept >= 0) & (kept <= 1))


@given(counts_arrays, st.floats(0, 1))
def test_thresholds_mean_the_keep_probability_to_32_bits(counts: np.ndarray, sample: float) -> None:
    threshold = keep_threshold(counts, sample)
    assert threshold.dtype == np.uint32
    # The engine keeps r <= threshold for r uniform in 0 .. 2^32 - 1.
    meant = (threshold.astype(np.float64) + 1) / 2**32
    error = meant - keep_probability(counts, sample)
    assert np.all((error >= 0) & (error <= 2.0**-32))


def test_random_bits_under_the_threshold_keep_the_expected_share() -> None:
    threshold = keep_threshold(COUNTS, 1e-3)
    probability = keep_probability(COUNTS, 1e-3)
    n = 200_000
    bits = np.random.default_rng(1).integers(0, 2**32, n, dtype=np.uint32)
    kept = np.count_nonzero(bits[:, np.newaxis] <= threshold, axis=0)
    deviation = np.sqrt(n * probability * (1 - probability))
    assert np.all(np.abs(kept - n * probability) <= 4 * deviation)


# ---- Pairs ---------------------------------------------------------------------------------------


def test_pairs_per_token_are_those_of_a_walk() -> None:
    """Of two words, one of which is subsampled by half."""
    counts = np.array([9000, 1000])
    kept = np.array([9000 * 0.5, 1000])
    root = (math.sqrt(1 + 4 * 0.5) - 1) / 2  # sqrt(t / f) + t / f = 1/2
    sample = 0.9 * root**2
    share = kept / kept.sum()
    noise = counts**0.75 / (counts**0.75).sum()
    found = pairs_per_token(counts, sample, 0.75, contexts=6.0, negative=5)
    np.testing.assert_allclose(found[:, 0], share * 6 * 6)
    np.testing.assert_allclose(found[:, 1], 6 * (share + 5 * noise))
    # Every pair has one input and one target.
    np.testing.assert_allclose(found.sum(axis=0), 6 * 6)
