# SPDX-License-Identifier: Apache-2.0
"""What the engine draws has the distribution that its settings ask for.

Seeds are fixed; a bound on chi-square is what one seed in 10,000 exceeds, a bound on a count is 4
standard deviations.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import aligned, train_one_chunk

from fastw2v import _core, draws
from fastw2v.draws import AliasTable

TOLERANCE = {
    # A threshold of 32 bits rounds each column by 2^-32, and a column is 1 / size of the whole.
    "alias table": 2.0**-31,
}
CHI_SQUARE_BOUND = {4: 23.5, 99: 162.0}  # degrees of freedom -> bound


def noise_table(weights: np.ndarray) -> AliasTable:
    size = len(weights)
    table = np.zeros((size, 2), np.uint32)
    _core.build_noise_table(weights, table, np.empty(size), np.empty(size, np.int32))
    return AliasTable(table[:, 0].copy(), table[:, 1].copy().view(np.int32))


def distribution_of(table: AliasTable) -> np.ndarray:
    """Return the probability of each id, from the columns rather than by drawing."""
    own = table.threshold / 2.0**32
    result = own.copy()
    np.add.at(result, table.other, 1 - own)
    return result / len(own)


def zipf(size: int) -> np.ndarray:
    return np.arange(1.0, size + 1) ** -0.75


# ---- Noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights",
    [
        [1.0],
        [0.0, 3.0],
        [1e-300, 1e-300],
        [1e300, 1e300, 1.0],
        [1.0] * 7,
        [1e9, 1.0, 1.0, 0.0],
        zipf(1000),
        zipf(200_000),
        np.r_[zipf(1000)[::-1], np.zeros(500)],
        np.random.default_rng(1).random(5000) ** 9,
    ],
    ids=["one", "zero", "tiny", "huge", "even", "steep", "zipf", "long zipf", "zeros", "random"],
)
def test_the_noise_table_means_the_normalised_weights(weights: np.ndarray) -> None:
    weights = np.asarray(weights, np.float64)
    found, expected = distribution_of(noise_table(weights)), weights / weights.sum()
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE["alias table"])
    assert not found[weights == 0].any()


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
def test_any_noise_table_means_its_weights(weights: list[float]) -> None:
    found = distribution_of(noise_table(np.array(weights)))
    expected = np.array(weights) / sum(weights)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE["alias table"])


def test_draws_from_the_noise_table_follow_the_distribution() -> None:
    n, weights = 200_000, zipf(100)
    ids = draws.noise_draw(noise_table(weights), draws.substream(5, 1), np.arange(n))
    expected = n * weights / weights.sum()
    chi_square = ((np.bincount(ids, minlength=100) - expected) ** 2 / expected).sum()
    assert chi_square < CHI_SQUARE_BOUND[99]


@pytest.mark.parametrize(
    "weights",
    [[-1.0, 2.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0], [1e308, 1e308]],
    ids=["negative", "nan", "infinite", "all zero", "infinite sum"],
)
def test_weights_that_are_no_distribution_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="finite, >= 0 and not all zero"):
        noise_table(np.array(weights))


def test_noise_buffers_of_other_sizes_are_refused_by_name() -> None:
    weights, table = np.ones(3), np.zeros((3, 2), np.uint32)
    floats, ints = np.empty(3), np.empty(3, np.int32)
    with pytest.raises(ValueError, match=r"table has shape \(2, 2\), not \(3, 2\)"):
        _core.build_noise_table(weights, table[:2], floats, ints)
    for scaled, work in ((floats[:2], ints), (floats, ints[:2])):
        with pytest.raises(ValueError, match="scaled and work must have 3 elements"):
            _core.build_noise_table(weights, table, scaled, work)
    with pytest.raises(ValueError, match="1 to 2,147,483,647 elements, got 0"):
        _core.build_noise_table(weights[:0], table[:0], floats[:0], ints[:0])


# ---- Tokens and windows -------------------------------------------------------------------------


class OneWord:
    """A corpus of one word over and over; a trainer that counts and changes nothing."""

    def __init__(
        self, n_tokens: int, window: int, keep: float, shrink_windows: bool = True
    ) -> None:
        self.threshold = threshold = np.array([min(keep * 2.0**32, 2.0**32 - 1)], np.uint32)
        self.n_tokens = n_tokens
        self.trainer = _core.Trainer(
            aligned((1, 16)), aligned((1, 16)), threshold, np.zeros((1, 2), np.uint32),
            vector_size=16, isa="portable", architecture="skip_gram", negative_scope="window",
            window=window, shrink_windows=shrink_windows, negatives=0, negative_weight=1.0,
            pool_size=1, pool_refresh=0, cbow_mean=True, cbow_exact_gradient=True,
            chunk_tokens=n_tokens, loss_interval=n_tokens,
        )  # fmt: skip
        self.workspace = aligned(self.trainer.workspace_size, np.uint8)
        self.ids, self.ends = np.zeros(n_tokens, np.int32), np.array([n_tokens], np.int64)

    def train(self, stream: int) -> tuple[int, int, int, float]:
        return train_one_chunk(
            self.trainer, self.ids, 0, self.n_tokens, self.ends, stream, 0.0, self.workspace
        )


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.9])
def test_a_token_is_kept_as_often_as_its_threshold_says(keep: float) -> None:
    n = 100_000
    kept, *_ = OneWord(n, window=1, keep=keep).train(_core.stream(1, 0, 0))
    assert abs(kept - n * keep) < 4 * np.sqrt(n * keep * (1 - keep))


def test_the_highest_threshold_keeps_every_token() -> None:
    kept, *_ = OneWord(100_000, window=1, keep=1.0).train(_core.stream(1, 0, 0))
    assert kept == 100_000


def test_a_draw_equal_to_the_threshold_keeps_and_the_next_higher_one_drops() -> None:
    corpus, stream = OneWord(2, window=1, keep=1.0), _core.stream(1, 0, 0)
    tokens = _core.substream(stream, draws.Purpose.TOKENS)
    highest = max(_core.draw(tokens, t) >> 32 for t in range(2))
    for threshold, expected in [(highest, 2), (highest - 1, 0)]:
        corpus.threshold[0] = threshold
        assert corpus.train(stream)[0] == expected


def test_reduced_windows_are_uniform_from_one_to_the_window() -> None:
    # The loss is sampled at center 0 only, whose examples are the words of its right half window.
    corpus, n = OneWord(6, window=5, keep=1.0), 5000
    windows = [corpus.train(_core.stream(1, 0, chunk))[2] for chunk in range(n)]
    histogram = np.bincount(windows, minlength=6)
    assert histogram[0] == 0
    assert len(histogram) == 6
    assert ((histogram[1:] - n / 5) ** 2 / (n / 5)).sum() < CHI_SQUARE_BOUND[4]


def test_windows_that_do_not_shrink_are_all_the_window() -> None:
    n, window = 100, 5
    _, examples, *_ = OneWord(n, window, 1.0, shrink_windows=False).train(1)
    assert examples == 2 * window * n - window * (window + 1)  # less what both ends lack
