# SPDX-License-Identifier: Apache-2.0
"""The random numbers are what csrc/fastw2v.h says they are.

Statistical tests have fixed seeds and the bounds of replay_support.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay_support import CHI_SQUARE_BOUND, G, chi_square, mix_of_int
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
from fastw2v.reference import Floats

# ---- Random numbers -----------------------------------------------------------------------------

U64 = st.integers(0, 2**64 - 1)


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
    of_chunk = mix_of_int((mix_of_int((seed + G) % 2**64) + chunk + G) % 2**64)
    expected = (of_chunk >> 24 << 24) + epoch % 2**24
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
