# SPDX-License-Identifier: Apache-2.0
"""The negatives and the steps of the walk are what csrc/fastw2v.h says they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from replay_support import (
    CHI_SQUARE_BOUND,
    KEEP_ALL,
    SETTINGS,
    STREAM,
    UNIFORM_NOISE,
    VOCAB_SIZE,
    G,
    chi_square,
)
from tolerances import assert_close

from fastw2v.draws import Purpose, alias_table, noise_draw, picks, substream
from fastw2v.reference import CBOW, Floats, SkipGram
from fastw2v.replay import (
    Centers,
    NoiseDraws,
    PooledNegatives,
    Stats,
    WalkSettings,
    find_centers,
    label_targets,
    train_chunk,
)

VECTOR_SIZE = 4

# ---- Negatives ----------------------------------------------------------------------------------


def test_a_negative_that_equals_the_positive_of_its_row_has_weight_zero_there() -> None:
    targets = label_targets(np.array([4, 7]), np.array([0, 1]), np.array([7, 1, 4, 7]), 0.5)
    assert targets.ids.tolist() == [4, 7, 7, 1, 4, 7]
    assert targets.labels.tolist() == [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]]
    assert targets.weights.tolist() == [[1, 0, 0.5, 0.5, 0, 0.5], [0, 1, 0, 0.5, 0.5, 0]]


def pool_of(settings: WalkSettings) -> tuple[PooledNegatives, NoiseDraws]:
    draws = NoiseDraws(UNIFORM_NOISE, STREAM)
    return PooledNegatives(settings, draws, STREAM), draws


@pytest.mark.parametrize("pool_refresh", [0, 16384, 65535, 65536, 100_000])
def test_a_pool_renews_its_share_of_entries_per_center(pool_refresh: int) -> None:
    pool, draws = pool_of(replace(SETTINGS, pool_refresh=pool_refresh))
    for n_centers in range(1, 101):
        pool.next_set(1)
        assert draws.counter == SETTINGS.pool_size + n_centers * pool_refresh // 65536


def test_a_pool_is_the_latest_draws_in_a_ring() -> None:
    pool, _ = pool_of(SETTINGS)
    for _ in range(21):
        pool.next_set(1)
    drawn = noise_draw(UNIFORM_NOISE, substream(STREAM, Purpose.NOISE), np.arange(16 + 21))
    np.testing.assert_array_equal(np.roll(pool.pool, -(21 % 16)), drawn[-16:])


def test_a_group_renews_as_much_as_its_centers_one_by_one() -> None:
    settings = replace(SETTINGS, pool_refresh=40_000)
    (grouped, _), (single, _) = pool_of(settings), pool_of(settings)
    for n_centers in (4, 4, 3):
        grouped.next_set(n_centers)
        for _ in range(n_centers):
            single.next_set(1)
    np.testing.assert_array_equal(grouped.pool, single.pool)
    assert grouped.accumulator == single.accumulator


@pytest.mark.parametrize("pool_size", [1, 2, 256, 257, 2**20])
@pytest.mark.parametrize("negatives", [1, 5, 90])
def test_picks_are_a_golden_ratio_of_the_pool_apart(pool_size: int, negatives: int) -> None:
    settings = replace(SETTINGS, negatives=negatives, pool_size=pool_size, pool_refresh=0)
    pool, _ = pool_of(settings)
    place = int(substream(STREAM, Purpose.PICKS))
    for _ in range(3):
        places = []
        for _ in range(negatives):
            place = (place + G) % 2**64
            places.append((place >> 32) * pool_size >> 32)
        assert pool.next_set(1).tolist() == pool.pool[places].tolist()


def test_every_place_of_a_pool_is_picked_about_as_often() -> None:
    times = np.bincount(picks(256, substream(STREAM, Purpose.PICKS), np.arange(256 * 10)))
    assert np.abs(times - 10).max() <= 2  # a standard deviation of independent picks is 3.2


def test_a_pick_from_the_pool_follows_the_noise_distribution() -> None:
    weights = np.arange(1.0, 9.0)
    settings = replace(SETTINGS, negatives=1, pool_refresh=16 * 65536)  # all new each time
    pool = PooledNegatives(settings, NoiseDraws(alias_table(weights), STREAM), STREAM)
    picked = np.concatenate([pool.next_set(1) for _ in range(5000)])
    assert chi_square(picked, weights / weights.sum()) < CHI_SQUARE_BOUND[7]


# ---- Training -----------------------------------------------------------------------------------


class Run:
    """A small model and corpus: three sentences over 30 words, the middle one with repetitions."""

    def __init__(self, settings: WalkSettings, learning_rate: float = 0.05) -> None:
        rng = np.random.default_rng(11)
        self.settings, self.learning_rate = settings, learning_rate
        self.input_vectors, self.output_vectors = rng.normal(size=(2, VOCAB_SIZE, VECTOR_SIZE))
        self.ids = np.array([*range(9), 3, 4, 3, 3, 4, 6, *range(15, 28)])
        self.ends = np.array([9, 15, 28])
        # All words are kept but two, which are not.
        self.keep_threshold = KEEP_ALL.copy()
        self.keep_threshold[[2, 20]] = 0

    def corpus(self) -> tuple[np.ndarray, np.ndarray, int, int, np.ndarray, np.uint64]:
        return self.keep_threshold, self.ids, 0, len(self.ids), self.ends, STREAM

    def centers(self) -> Centers:
        return find_centers(self.settings, *self.corpus())

    def train(self) -> Stats:
        keep_threshold, *chunk = self.corpus()
        vectors = self.input_vectors, self.output_vectors
        return train_chunk(
            self.settings, *vectors, keep_threshold, UNIFORM_NOISE, *chunk, self.learning_rate
        )

    def assert_same_model(self, other: Run) -> None:
        assert_close(self.input_vectors, other.input_vectors, "reordered chunk")
        assert_close(self.output_vectors, other.output_vectors, "reordered chunk")

    def descend(self, gradients: list[tuple[Floats, Floats]]) -> None:
        for d_input, d_output in gradients:
            self.input_vectors -= self.learning_rate * d_input
            self.output_vectors -= self.learning_rate * d_output


@pytest.mark.parametrize("negative_weight", [1.0, 0.6])
def test_scope_example_is_textbook_skip_gram_pair_by_pair(negative_weight: float) -> None:
    settings = replace(SETTINGS, negative_scope="example", negative_weight=negative_weight)
    run, expected, loss, n_pairs = Run(settings), Run(settings), 0.0, 0
    draws, centers = NoiseDraws(UNIFORM_NOISE, STREAM), expected.centers()
    model = SkipGram(expected.input_vectors, expected.output_vectors, negative_weight)
    for c, center in enumerate(centers.ids):
        for context in centers.ids[centers.context(c)]:
            loss += model.forward(np.array([context]), center, draws.take(5))
            expected.descend([model.backward()])
            n_pairs += 1
    stats = run.train()
    run.assert_same_model(expected)
    assert stats.examples == stats.loss_examples == n_pairs
    assert stats.kept_tokens == len(centers.ids)
    assert stats.loss_sum == pytest.approx(loss, rel=1e-11)


@pytest.mark.parametrize("scope", ["window", "pool"])
def test_a_window_of_distinct_words_is_one_exact_step_of_skip_gram(scope: str) -> None:
    settings = replace(SETTINGS, negative_scope=scope)
    run, expected, loss = Run(settings), Run(settings), 0.0
    for each in (run, expected):
        each.ids[9:15] = range(9, 15)  # no repetitions
    centers, draws = expected.centers(), NoiseDraws(UNIFORM_NOISE, STREAM)
    pool = PooledNegatives(settings, draws, STREAM) if scope == "pool" else None
    model = SkipGram(expected.input_vectors, expected.output_vectors)
    for c, center in enumerate(centers.ids):
        negatives = draws.take(5) if pool is None else pool.next_set(1)
        loss += model.forward(centers.ids[centers.context(c)], center, negatives)
        expected.descend([model.backward()])
    assert run.train().loss_sum == pytest.approx(loss, rel=1e-11)
    run.assert_same_model(expected)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "word2vec.c"])
@pytest.mark.parametrize("mean", [True, False], ids=["mean", "sum"])
@pytest.mark.parametrize(("scope", "group"), [("example", 1), ("window", 1), ("pool", 4)])
def test_cbow_descends_the_summed_gradients_of_each_group(
    scope: str, group: int, mean: bool, exact: bool
) -> None:
    settings = replace(
        SETTINGS, architecture="cbow", negative_scope=scope, cbow_mean=mean,
        cbow_exact_gradient=exact, pool_refresh=30_000,
    )  # fmt: skip
    run, expected, loss = Run(settings), Run(settings), 0.0
    centers, draws = expected.centers(), NoiseDraws(UNIFORM_NOISE, STREAM)
    assert len(centers.ids) % 4 != 0  # so that the last group is a short one
    pool = PooledNegatives(settings, draws, STREAM) if scope == "pool" else None
    model = CBOW(expected.input_vectors, expected.output_vectors, mean=mean, exact_gradient=exact)
    for start in range(0, len(centers.ids), group):
        members = range(start, min(start + group, len(centers.ids)))
        negatives = draws.take(5) if pool is None else pool.next_set(len(members))
        gradients = []
        for c in members:
            loss += model.forward(centers.ids[centers.context(c)], centers.ids[c], negatives)
            gradients.append(model.backward())
        expected.descend(gradients)
    stats = run.train()
    run.assert_same_model(expected)
    assert stats.examples == stats.kept_tokens == len(centers.ids)
    assert stats.loss_sum == pytest.approx(loss, rel=1e-11)


ALL_MODES = pytest.mark.parametrize(
    "mode",
    [
        replace(SETTINGS, architecture=architecture, negative_scope=scope)
        for architecture in ("skip_gram", "cbow")
        for scope in ("example", "window", "pool")
    ],
    ids=lambda mode: f"{mode.architecture}-{mode.negative_scope}",
)


@ALL_MODES
def test_the_loss_is_sampled_at_every_so_many_th_center(mode: WalkSettings) -> None:
    run = Run(replace(mode, loss_interval=3))
    centers = run.centers()
    sampled = range(0, len(centers.ids), 3)
    contexts = sum(len(centers.context(c)) for c in sampled)
    expected = contexts if mode.architecture == "skip_gram" else len(sampled)
    assert run.train().loss_examples == expected


@ALL_MODES
def test_sampling_the_loss_changes_no_vector(mode: WalkSettings) -> None:
    sampled, silent = Run(mode), Run(replace(mode, loss_interval=0))
    sampled.train()
    stats = silent.train()
    assert (stats.loss_examples, stats.loss_sum) == (0, 0.0)
    np.testing.assert_array_equal(sampled.input_vectors, silent.input_vectors)


@ALL_MODES
def test_negatives_that_all_equal_the_positives_change_nothing(mode: WalkSettings) -> None:
    with_negatives, without = Run(mode), Run(replace(mode, negatives=0))
    losses = []
    for run in (with_negatives, without):
        run.ids[:] = 0  # the one word of the corpus
        only_word_0 = alias_table([1.0] + [0.0] * (VOCAB_SIZE - 1))
        losses.append(
            train_chunk(
                run.settings, run.input_vectors, run.output_vectors, KEEP_ALL, only_word_0,
                *run.corpus()[1:], run.learning_rate,
            ).loss_sum
        )  # fmt: skip
    with_negatives.assert_same_model(without)
    assert losses[0] == pytest.approx(losses[1], rel=1e-11)


@ALL_MODES
def test_words_that_are_neither_kept_nor_drawn_are_untouched(mode: WalkSettings) -> None:
    run = Run(replace(mode, negatives=0))
    before = run.input_vectors.copy(), run.output_vectors.copy()
    centers = run.centers()
    untouched = np.setdiff1d(np.arange(VOCAB_SIZE), centers.ids)
    assert {2, 20, 29} <= set(untouched.tolist())
    run.train()
    np.testing.assert_array_equal(run.input_vectors[untouched], before[0][untouched])
    np.testing.assert_array_equal(run.output_vectors[untouched], before[1][untouched])
    assert (run.input_vectors != before[0]).any(axis=1).sum() == VOCAB_SIZE - len(untouched)


@ALL_MODES
def test_a_chunk_without_examples_is_no_error(mode: WalkSettings) -> None:
    run = Run(mode)
    run.keep_threshold[:] = 0
    stats = run.train()
    assert (stats.kept_tokens, stats.examples, stats.loss_sum) == (0, 0, 0.0)


@ALL_MODES
def test_training_on_the_same_chunk_again_and_again_lowers_the_loss(mode: WalkSettings) -> None:
    run = Run(mode, learning_rate=0.1)
    first = run.train()
    for _ in range(10):
        last = run.train()
    assert last.loss_sum < 0.8 * first.loss_sum
