# SPDX-License-Identifier: Apache-2.0
"""The random numbers and the walk are what csrc/fastw2v.h says they are.

Statistical tests have fixed seeds; a bound on chi-square is the value that one seed in 10,000
exceeds, a bound on a count is 4 standard deviations.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tolerances import assert_close

from fastw2v.draws import (
    AliasTable,
    Purpose,
    alias_table,
    below,
    draw,
    high32,
    low32,
    mix,
    noise_draw,
    stream,
    substream,
)
from fastw2v.reference import CBOW, Floats, SkipGram
from fastw2v.replay import (
    Centers,
    NoiseDraws,
    PooledNegatives,
    Stats,
    WalkSettings,
    find_centers,
    kept_tokens_and_windows,
    label_targets,
    train_chunk,
)

CHI_SQUARE_BOUND = {4: 23.5, 7: 29.9}  # degrees of freedom -> exceeded once in 10,000 seeds

VOCAB_SIZE, VECTOR_SIZE = 30, 4
KEEP_ALL = np.full(VOCAB_SIZE, 2**32 - 1, np.uint32)
UNIFORM_NOISE = alias_table(np.ones(VOCAB_SIZE))
STREAM = stream(seed=1, epoch=0, chunk=0)
SETTINGS = WalkSettings(
    architecture="skip_gram",
    negative_scope="window",
    window=3,
    shrink_windows=True,
    negatives=5,
    negative_weight=1.0,
    pool_size=16,
    pool_refresh=65536,
    cbow_mean=True,
    cbow_exact_gradient=True,
    loss_interval=1,
)


def chi_square(ids: np.ndarray, probabilities: np.ndarray) -> float:
    expected = len(ids) * probabilities
    histogram = np.bincount(ids, minlength=len(expected))
    return float(((histogram - expected) ** 2 / expected).sum())


# ---- Random numbers -----------------------------------------------------------------------------

U64 = st.integers(0, 2**64 - 1)
G = 0x9E3779B97F4A7C15


def mix_of_int(z: int) -> int:
    """The header's mix in integers without a size, so that nothing can overflow unseen."""
    z ^= z >> 30
    z = z * 0xBF58476D1CE4E5B9 % 2**64
    z ^= z >> 27
    z = z * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


def test_draws_of_a_substream_are_the_published_outputs_of_splitmix64() -> None:
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert draw(1234567, np.arange(5)).tolist() == published


@given(U64, U64)
def test_mix_and_draw_agree_with_integer_arithmetic(z: int, i: int) -> None:
    assert int(mix(z)) == mix_of_int(z)
    assert int(draw(z, i)) == mix_of_int((z + (i + 1) * G) % 2**64)


@given(U64, U64, U64)
def test_stream_and_substream_follow_the_header(seed: int, epoch: int, chunk: int) -> None:
    of_epoch = mix_of_int((mix_of_int((seed + G) % 2**64) + epoch + G) % 2**64)
    expected = mix_of_int((of_epoch + chunk + G) % 2**64)
    assert int(stream(seed, epoch, chunk)) == expected
    for purpose, number in [(Purpose.TOKENS, 1), (Purpose.NOISE, 2), (Purpose.PICKS, 3)]:
        assert int(substream(expected, purpose)) == mix_of_int((expected + number * G) % 2**64)


def test_neighbouring_streams_share_no_draw() -> None:
    seed, epoch, chunk = np.meshgrid(np.arange(4), np.arange(4), np.arange(4))
    streams = stream(seed.ravel(), epoch.ravel(), chunk.ravel())
    substreams = substream(streams[:, np.newaxis], np.arange(3)).ravel()
    draws = draw(substreams[:, np.newaxis], np.arange(100)).ravel()
    assert len(np.unique(draws)) == 4**3 * 3 * 100


def test_arrays_of_draws_are_the_single_draws() -> None:
    assert draw(7, np.arange(20)).tolist() == [int(draw(7, i)) for i in range(20)]


@given(U64)
def test_halves_make_the_draw(bits: int) -> None:
    r = np.array([bits], np.uint64)
    assert int(high32(r)[0]) * 2**32 + int(low32(r)[0]) == bits


@pytest.mark.parametrize("n", [1, 2, 5, 2**31 - 1])
def test_below_spans_its_range_and_no_more(n: int) -> None:
    ends = below(n, np.array([0, 2**32 - 1], np.uint64))
    assert ends.tolist() == [0, n - 1]


# ---- Noise --------------------------------------------------------------------------------------


def distribution_of(table: AliasTable) -> Floats:
    """The probability of each id, from the columns rather than by drawing."""
    own = table.threshold / 2.0**32
    result = own.copy()
    np.add.at(result, table.other, 1 - own)
    return result / len(own)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
def test_alias_table_means_the_normalised_weights(weights: list[float]) -> None:
    expected = np.array(weights) / sum(weights)
    assert_close(distribution_of(alias_table(weights)), expected, "alias table")


@pytest.mark.parametrize("seed", range(20))
def test_a_word_of_weight_zero_is_never_drawn(seed: int) -> None:
    weights = np.random.default_rng(seed).random(40) ** 8
    weights[::3] = 0
    assert (distribution_of(alias_table(weights))[::3] == 0).all()


def test_noise_draws_follow_the_distribution() -> None:
    weights = np.arange(1.0, 9.0) ** 0.75
    ids = noise_draw(alias_table(weights), 99, np.arange(100_000))
    assert chi_square(ids, weights / weights.sum()) < CHI_SQUARE_BOUND[7]


def test_noise_draw_takes_the_column_from_the_high_half() -> None:
    table = AliasTable(np.array([0, 2**31], np.uint32), np.array([1, 0], np.int32))
    for i in range(50):
        r = int(draw(5, i))
        column = (r >> 32) * 2 >> 32
        expected = column if r % 2**32 < table.threshold[column] else table.other[column]
        assert noise_draw(table, 5, i) == expected


def test_noise_draw_leaves_the_column_at_its_threshold() -> None:
    low = low32(draw(5, 0))
    for threshold, expected in [(low, 1), (low + np.uint64(1), 0)]:
        one_column = AliasTable(np.array([threshold], np.uint32), np.array([1], np.int32))
        assert noise_draw(one_column, 5, 0) == expected


# ---- Tokens and windows -------------------------------------------------------------------------


def test_a_token_is_kept_as_often_as_its_threshold_says() -> None:
    n = 200_000
    thresholds = np.array([0.05, 0.5, 0.9]) * 2**32
    ids = np.arange(3 * n) % 3
    kept, _ = kept_tokens_and_windows(SETTINGS, thresholds.astype(np.uint32), ids, STREAM)
    for word, p in enumerate([0.05, 0.5, 0.9]):
        assert abs(kept[ids == word].sum() - n * p) < 4 * np.sqrt(n * p * (1 - p))


def test_the_threshold_itself_is_kept_and_the_next_lower_one_drops() -> None:
    drawn = high32(draw(substream(STREAM, Purpose.TOKENS), 0))
    for threshold, expected in [(drawn, True), (drawn - np.uint64(1), False)]:
        keep_threshold = np.array([threshold], np.uint32)
        kept, _ = kept_tokens_and_windows(SETTINGS, keep_threshold, np.array([0]), STREAM)
        assert kept[0] == expected


@pytest.mark.parametrize("half_kept", [False, True])
def test_reduced_windows_are_uniform_whether_or_not_tokens_are_dropped(half_kept: bool) -> None:
    settings = replace(SETTINGS, window=5)
    keep_threshold = np.array([2**31 if half_kept else 2**32 - 1], np.uint32)
    ids = np.zeros(100_000, np.int64)
    kept, windows = kept_tokens_and_windows(settings, keep_threshold, ids, STREAM)
    assert windows.min() == 1
    assert chi_square(windows[kept] - 1, np.full(5, 1 / 5)) < CHI_SQUARE_BOUND[4]


def test_windows_are_whole_without_shrinking_and_the_same_tokens_are_kept() -> None:
    ids, keep_threshold = np.zeros(1000, np.int64), np.array([2**31], np.uint32)
    kept, _ = kept_tokens_and_windows(SETTINGS, keep_threshold, ids, STREAM)
    whole = replace(SETTINGS, shrink_windows=False)
    kept_of_whole, windows = kept_tokens_and_windows(whole, keep_threshold, ids, STREAM)
    assert (windows == whole.window).all()
    np.testing.assert_array_equal(kept, kept_of_whole)


def walk_in_words(
    settings: WalkSettings, keep_threshold: np.ndarray, sentences: list[list[int]]
) -> list[tuple[int, list[int]]]:
    """Step 1 of the header with lists: (center, context from left to right), token by token."""
    examples, t = [], 0
    tokens = int(substream(STREAM, Purpose.TOKENS))
    for sentence in sentences:
        kept = []
        for word in sentence:
            r = mix_of_int((tokens + (t + 1) * G) % 2**64)
            if r >> 32 <= keep_threshold[word]:
                kept.append((word, 1 + ((r % 2**32) * settings.window >> 32)))
            t += 1
        if len(kept) < 2:
            continue
        words = [word for word, _ in kept]
        for position, (word, reduced) in enumerate(kept):
            left = words[max(0, position - reduced) : position]
            examples.append((word, left + words[position + 1 : position + 1 + reduced]))
    return examples


SENTENCES = st.lists(
    st.lists(st.integers(0, VOCAB_SIZE - 1), min_size=1, max_size=12), min_size=1, max_size=6
)


@given(SENTENCES, st.sampled_from([2**30, 2**31, 2**32 - 1]))
def test_centers_and_contexts_are_those_of_the_walk_in_words(
    sentences: list[list[int]], threshold: int
) -> None:
    keep_threshold = np.full(VOCAB_SIZE, threshold, np.uint32)
    ids, ends = np.concatenate(sentences), np.cumsum([len(s) for s in sentences])
    centers = find_centers(SETTINGS, keep_threshold, ids, 0, len(ids), ends, STREAM)
    found = [
        (int(word), centers.ids[centers.context(c)].tolist()) for c, word in enumerate(centers.ids)
    ]
    assert found == walk_in_words(SETTINGS, keep_threshold, sentences)


@given(SENTENCES)
def test_windows_never_cross_a_sentence_end(sentences: list[list[int]]) -> None:
    # A word tells its sentence: every context word has to come from the center's own.
    ids = np.concatenate([np.full(len(s), i) for i, s in enumerate(sentences)])
    ends = np.cumsum([len(s) for s in sentences])
    centers = find_centers(SETTINGS, KEEP_ALL, ids, 0, len(ids), ends, STREAM)
    for c, sentence in enumerate(centers.ids):
        contexts = centers.ids[centers.context(c)]
        assert len(contexts) > 0
        assert (contexts == sentence).all()


def test_sentences_with_fewer_than_two_kept_tokens_are_dropped() -> None:
    keep_threshold = KEEP_ALL.copy()
    keep_threshold[9] = 0  # kept once in 2^32 draws
    ids = np.array([1, 9, 9, 2, 3, 9, 9, 4, 5, 9, 6])
    ends = np.array([3, 5, 7, 8, 11])  # 1 | 2 3 | nothing | 4 | 5 6
    centers = find_centers(SETTINGS, keep_threshold, ids, 0, len(ids), ends, STREAM)
    assert centers.ids.tolist() == [2, 3, 5, 6]


def assert_same_centers(actual: Centers, expected: Centers) -> None:
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_chunk_depends_on_its_tokens_and_stream_and_not_on_where_it_begins() -> None:
    ids = np.random.default_rng(3).integers(0, VOCAB_SIZE, 60)
    ends = np.array([20, 35, 60])
    late = find_centers(SETTINGS, KEEP_ALL, ids, 20, 60, ends[1:], STREAM)
    alone = find_centers(SETTINGS, KEEP_ALL, ids[20:], 0, 40, ends[1:] - 20, STREAM)
    assert_same_centers(late, alone)


def test_the_border_of_a_chunk_ends_a_sentence() -> None:
    ids = np.arange(VOCAB_SIZE)
    cut = find_centers(SETTINGS, KEEP_ALL, ids, 5, 17, np.array([30]), STREAM)
    ended = find_centers(SETTINGS, KEEP_ALL, ids, 5, 17, np.array([17]), STREAM)
    assert_same_centers(cut, ended)
    assert cut.ids.tolist() == list(range(5, 17))
    assert cut.first.min() == 0
    assert cut.last.max() == 12


def test_chunks_cut_at_sentence_ends_have_the_windows_of_the_whole() -> None:
    settings = replace(SETTINGS, shrink_windows=False)  # what differs by chunk is only the draws
    ids, ends = np.arange(VOCAB_SIZE), np.array([10, 18, 30])

    def windows(begin: int, end: int, ends: np.ndarray) -> list[list[int]]:
        centers = find_centers(settings, KEEP_ALL, ids, begin, end, ends, STREAM)
        return [centers.ids[centers.context(c)].tolist() for c in range(len(centers.ids))]

    assert windows(0, 18, ends) + windows(18, 30, ends[2:]) == windows(0, 30, ends)


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


@pytest.mark.parametrize("negatives", [1, 4, 5])
def test_every_set_starts_with_a_fresh_pick_low_half_first(negatives: int) -> None:
    pool, _ = pool_of(replace(SETTINGS, negatives=negatives, pool_refresh=0))
    picks = int(substream(STREAM, Purpose.PICKS))
    i = 0
    for _ in range(3):
        expected = []
        while len(expected) < negatives:
            r = mix_of_int((picks + (i + 1) * G) % 2**64)
            expected += [pool.pool[half * 16 >> 32] for half in (r % 2**32, r >> 32)]
            i += 1
        assert pool.next_set(1).tolist() == expected[:negatives]


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
