# SPDX-License-Identifier: Apache-2.0
"""The centers of a chunk and their windows are what csrc/fastw2v.h says they are.

Statistical tests have fixed seeds; a bound on a count is 4 standard deviations.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_support import (
    CHI_SQUARE_BOUND,
    KEEP_ALL,
    SETTINGS,
    STREAM,
    VOCAB_SIZE,
    G,
    chi_square,
    mix_of_int,
)

from fastw2v.draws import Purpose, stream, substream, token_draws
from fastw2v.replay import Centers, WalkSettings, find_centers, kept_tokens_and_windows


def test_a_token_is_kept_as_often_as_its_threshold_says() -> None:
    n = 200_000
    thresholds = np.array([0.05, 0.5, 0.9]) * 2**32
    ids = np.arange(3 * n) % 3
    kept, _ = kept_tokens_and_windows(SETTINGS, thresholds.astype(np.uint32), ids, STREAM)
    for word, p in enumerate([0.05, 0.5, 0.9]):
        assert abs(kept[ids == word].sum() - n * p) < 4 * np.sqrt(n * p * (1 - p))


def test_the_threshold_itself_is_kept_and_the_next_lower_one_drops() -> None:
    drawn, _ = token_draws(STREAM, 0)
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


def test_what_befalls_a_token_is_spread_evenly_over_the_epochs() -> None:
    # With independent epochs 35 % of the tokens are kept in exactly 2 of 5 and some in none or in
    # all; and some have the same window every time.
    settings = replace(SETTINGS, window=5)
    keep_threshold, ids = np.array([0.4 * 2**32], np.uint32), np.zeros(2000, np.int64)
    epochs = [
        kept_tokens_and_windows(settings, keep_threshold, ids, stream(1, epoch, 0))
        for epoch in range(7, 12)
    ]
    times_kept = np.sum([kept for kept, _ in epochs], axis=0)
    windows = np.sort([windows for _, windows in epochs], axis=0)
    assert set(times_kept) == {1, 2, 3}
    assert (times_kept == 2).mean() > 0.7
    assert (1 + (np.diff(windows, axis=0) > 0).sum(axis=0)).min() >= 3


def test_being_kept_says_nothing_of_the_window() -> None:
    settings = replace(SETTINGS, window=2)
    keep_threshold, ids = np.array([2**31], np.uint32), np.zeros(1000, np.int64)
    together = np.zeros((2, 2))
    for epoch in range(50):
        kept, windows = kept_tokens_and_windows(settings, keep_threshold, ids, stream(1, epoch, 0))
        np.add.at(together, (kept.astype(int), windows - 1), 1)
    np.testing.assert_allclose(together / together.sum(), 0.25, atol=0.01)


def test_windows_are_whole_without_shrinking_and_the_same_tokens_are_kept() -> None:
    ids, keep_threshold = np.zeros(1000, np.int64), np.array([2**31], np.uint32)
    kept, _ = kept_tokens_and_windows(SETTINGS, keep_threshold, ids, STREAM)
    whole = replace(SETTINGS, shrink_windows=False)
    kept_of_whole, windows = kept_tokens_and_windows(whole, keep_threshold, ids, STREAM)
    assert (windows == whole.window).all()
    np.testing.assert_array_equal(kept, kept_of_whole)


def walk_in_words(
    settings: WalkSettings, keep_threshold: np.ndarray, sentences: list[list[int]], epoch: int
) -> list[tuple[int, list[int]]]:
    """Step 1 of the header with lists: (center, context from left to right), token by token."""
    examples, t = [], 0
    tokens = int(substream(stream(1, 0, 0), Purpose.TOKENS))
    for sentence in sentences:
        kept = []
        for word in sentence:
            r = mix_of_int((tokens + (t + 1) * G) % 2**64)
            if ((r >> 32) + epoch * 0x6A09E667) % 2**32 <= keep_threshold[word]:
                drawn = (r % 2**32 + epoch * 0x9E3779B9) % 2**32
                kept.append((word, 1 + (drawn * settings.window >> 32)))
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


@given(SENTENCES, st.sampled_from([2**30, 2**31, 2**32 - 1]), st.integers(0, 2**24 - 1))
def test_centers_and_contexts_are_those_of_the_walk_in_words(
    sentences: list[list[int]], threshold: int, epoch: int
) -> None:
    keep_threshold = np.full(VOCAB_SIZE, threshold, np.uint32)
    ids, ends = np.concatenate(sentences), np.cumsum([len(s) for s in sentences])
    of_epoch = stream(1, epoch, 0)
    centers = find_centers(SETTINGS, keep_threshold, ids, 0, len(ids), ends, of_epoch)
    found = [
        (int(word), centers.ids[centers.context(c)].tolist()) for c, word in enumerate(centers.ids)
    ]
    assert found == walk_in_words(SETTINGS, keep_threshold, sentences, epoch)


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
