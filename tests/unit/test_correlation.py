# SPDX-License-Identifier: Apache-2.0
"""Correlations and their p-values are those of SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastw2v.evaluation.correlation import p_value, pearson, ranks

# p(r, n) for two degrees of freedom is 1 - |r|, for one 1 - (2 / pi) asin |r|: integrals by hand.


@pytest.mark.parametrize("r", [0.0, 1e-9, 0.3, -0.3, 0.9999, 1.0, -1.0])
def test_p_values_with_few_degrees_of_freedom_are_those_of_their_formulas(r: float) -> None:
    assert p_value(r, 4) == pytest.approx(1 - abs(r), rel=1e-11, abs=1e-15)
    assert p_value(r, 3) == pytest.approx(1 - 2 / math.pi * math.asin(abs(r)), rel=1e-7, abs=1e-8)


def test_p_values_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for n in (3, 5, 20, 353, 1000, 100_000):
        for share in (0, 0.01, 0.5, 0.99):
            x = rng.normal(size=n)
            y = share * x + (1 - share) * rng.normal(size=n)
            expected = stats.pearsonr(x, y)
            r = pearson(x, y)
            assert r == pytest.approx(expected.statistic, abs=1e-12)
            # The logarithm of p amplifies the last digits of r by n.
            assert p_value(r, n) == pytest.approx(expected.pvalue, rel=1e-9 * n, abs=1e-300)
            spearman, p = stats.spearmanr(x, y)
            r = pearson(ranks(x), ranks(y))
            assert r == pytest.approx(spearman, abs=1e-12)
            if abs(r) < 1:  # SciPy's is off by a last digit, and p by much
                assert p_value(r, n) == pytest.approx(p, rel=1e-9 * n, abs=1e-300)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_correlations_with_ties_are_those_of_scipy(values: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    x, y = np.array(values, float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return
    np.testing.assert_array_equal(ranks(x), stats.rankdata(x))
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-12)
    spearman = pearson(ranks(x), ranks(y))
    assert spearman == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-12)


def test_equal_orders_are_a_correlation_of_exactly_one() -> None:
    for n in range(3, 50):
        order = ranks(np.random.default_rng(n).normal(size=n))
        assert pearson(order, order) == 1
        assert p_value(pearson(order, n + 1 - order), n) == 0


def test_chance_gives_small_p_values_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    series = rng.normal(size=(2000, 2, 12))
    values = np.array([p_value(pearson(x, y), 12) for x, y in series])
    for level in (0.01, 0.1, 0.5):  # within five standard deviations of a binomial share
        off = 5 * math.sqrt(level * (1 - level) / len(series))
        assert np.mean(values < level) == pytest.approx(level, abs=off)


def test_what_has_no_p_value_has_nan() -> None:
    assert math.isnan(p_value(1.0, 2))
    assert math.isnan(p_value(math.nan, 10))
    assert p_value(1 + 1e-16, 10) == 0
