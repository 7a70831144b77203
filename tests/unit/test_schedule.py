# SPDX-License-Identifier: Apache-2.0
"""A run visits every token once an epoch, in chunks, while the learning rate falls linearly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastw2v.config import TrainingConfig
from fastw2v.training.schedule import (
    CHUNK_TOKENS,
    LEAST_CHUNK_TOKENS,
    LEAST_CHUNKS,
    Schedule,
    Stretch,
    cut,
)

sentence_lengths = st.lists(st.integers(1, 60), min_size=1, max_size=80)


def ends_of(lengths: list[int]) -> np.ndarray:
    return np.cumsum(lengths, dtype=np.int64)


def schedule_of(lengths: list[int], **hyper_parameters: object) -> Schedule:
    return Schedule(ends_of(lengths), TrainingConfig.from_keywords(hyper_parameters))


def chunks_of(schedule: Schedule) -> list[Stretch]:
    return [schedule.stretch(position, 1) for position in range(len(schedule))]


# ---- Cutting -------------------------------------------------------------------------------------


@given(sentence_lengths, st.integers(1, 50))
def test_chunks_cover_every_token_once_and_none_is_too_long(
    lengths: list[int], chunk_tokens: int
) -> None:
    borders = cut(ends_of(lengths), chunk_tokens)
    sizes = np.diff(borders)
    assert borders[0] == 0
    assert borders[-1] == sum(lengths)
    assert np.all((sizes >= 1) & (sizes <= chunk_tokens))


@given(sentence_lengths, st.integers(1, 50))
def test_only_sentences_longer_than_a_chunk_are_cut(lengths: list[int], chunk_tokens: int) -> None:
    ends = ends_of(lengths)
    borders = set(cut(ends, chunk_tokens).tolist())
    for end, length in zip(ends.tolist(), lengths, strict=True):
        inside = borders & set(range(end - length + 1, end))
        assert not inside or length > chunk_tokens


@given(sentence_lengths, st.integers(1, 50))
def test_a_chunk_takes_every_sentence_that_fits(lengths: list[int], chunk_tokens: int) -> None:
    ends = [0, *ends_of(lengths).tolist()]
    borders = cut(ends_of(lengths), chunk_tokens).tolist()
    for begin, end in pairwise(borders):
        fitting = [e for e in ends if begin < e <= begin + chunk_tokens]
        assert end == (fitting[-1] if fitting else min(begin + chunk_tokens, ends[-1]))


@pytest.mark.parametrize(
    ("lengths", "chunk_tokens", "borders"),
    [
        ([10], 10, [0, 10]),
        ([10], 3, [0, 3, 6, 9, 10]),
        ([4, 4, 4], 8, [0, 8, 12]),
        ([4, 4, 4], 7, [0, 4, 8, 12]),
        ([2, 8, 2], 5, [0, 2, 7, 12]),  # the rest of the cut sentence and the next one
        ([1], 500, [0, 1]),
    ],
)
def test_borders_of_small_corpora(
    lengths: list[int], chunk_tokens: int, borders: list[int]
) -> None:
    assert cut(ends_of(lengths), chunk_tokens).tolist() == borders


# ---- The chunks of a run -------------------------------------------------------------------------


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40), st.integers(1, 3))
def test_every_chunk_is_one_that_the_engine_accepts(lengths: list[int], epochs: int) -> None:
    schedule = schedule_of(lengths, epochs=epochs)
    ends = ends_of(lengths)
    position = 0
    for chunk in chunks_of(schedule):
        begin, end = chunk.borders
        assert begin == position % schedule.n_tokens
        assert chunk.epoch == position // schedule.n_tokens
        assert 0 < end - begin == chunk.n_tokens <= schedule.chunk_tokens
        # csrc/fastw2v.h: strictly rising ends, the first > begin, the last >= end; and no more.
        assert np.all(np.diff(chunk.sentence_ends) > 0)
        assert chunk.sentence_ends[0] > begin
        assert chunk.sentence_ends[-1] >= end
        assert np.all(chunk.sentence_ends[:-1] < end)
        inside = ends[(ends > begin) & (ends < end)]
        np.testing.assert_array_equal(chunk.sentence_ends[:-1], inside)
        position += chunk.n_tokens
    assert position == epochs * sum(lengths)


def test_every_chunk_of_a_run_has_an_epoch_and_index_of_its_own() -> None:
    schedule = schedule_of([30] * 200, epochs=3)
    places = [(chunk.epoch, chunk.index) for chunk in chunks_of(schedule)]
    assert len(set(places)) == len(places) == 3 * schedule.chunks_per_epoch


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40), st.integers(1, 9))
def test_a_stretch_is_its_chunks_one_after_another(lengths: list[int], n_chunks: int) -> None:
    schedule = schedule_of(lengths, epochs=2)
    chunks = chunks_of(schedule)
    position = 0
    while position < len(schedule):
        stretch = schedule.stretch(position, n_chunks)
        parts = chunks[position : position + len(stretch)]
        assert len(stretch) == n_chunks or position + len(stretch) in (
            len(schedule) // 2,
            len(chunks),
        )
        assert (stretch.epoch, stretch.index) == (parts[0].epoch, parts[0].index)
        assert {part.epoch for part in parts} == {stretch.epoch}
        assert stretch.borders.tolist() == [
            parts[0].borders[0],
            *(part.borders[1] for part in parts),
        ]
        assert stretch.learning_rates.tolist() == [part.learning_rates[0] for part in parts]
        ends = sorted({end for part in parts for end in part.sentence_ends.tolist()})
        assert stretch.sentence_ends.tolist() == ends
        assert stretch.n_tokens == sum(part.n_tokens for part in parts)
        position += len(stretch)


@pytest.mark.parametrize("position", [-1, 3, 10**9])
def test_a_position_outside_the_run_is_an_index_error(position: int) -> None:
    schedule = schedule_of([5], epochs=3)
    with pytest.raises(IndexError, match=f"position {position} is outside the 3 chunks"):
        schedule.stretch(position, 1)


@pytest.mark.parametrize(
    ("n_tokens", "chunk_tokens"),
    [
        (1, LEAST_CHUNK_TOKENS),
        (LEAST_CHUNKS * LEAST_CHUNK_TOKENS, LEAST_CHUNK_TOKENS),
        (LEAST_CHUNKS * 2000, 2000),
        (LEAST_CHUNKS * CHUNK_TOKENS * 5, CHUNK_TOKENS),
    ],
)
def test_small_corpora_have_small_chunks(n_tokens: int, chunk_tokens: int) -> None:
    schedule = Schedule(np.array([n_tokens], dtype=np.int64), TrainingConfig())
    assert schedule.chunk_tokens == chunk_tokens


# ---- The learning rate ---------------------------------------------------------------------------


def test_the_learning_rate_falls_linearly_from_alpha_to_min_alpha() -> None:
    schedule = schedule_of([40] * 300, epochs=4, alpha=0.5, min_alpha=0.1)
    chunks = chunks_of(schedule)
    positions = [chunk.epoch * schedule.n_tokens + chunk.borders[0] for chunk in chunks]
    expected = np.interp(positions, [0, 4 * schedule.n_tokens], [0.5, 0.1])
    rates = [chunk.learning_rates[0] for chunk in chunks]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    assert rates[0] == 0.5
    assert schedule.learning_rate(4, 0) == pytest.approx(0.1, rel=1e-12)


def test_a_learning_rate_may_stay_the_same() -> None:
    schedule = schedule_of([40] * 300, alpha=0.3, min_alpha=0.3)
    assert {chunk.learning_rates[0] for chunk in chunks_of(schedule)} == {0.3}
