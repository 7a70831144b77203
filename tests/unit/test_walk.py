# SPDX-License-Identifier: Apache-2.0
"""The engine's walk makes the decisions of the replay, draw for draw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import ISAS, UNIT
from walk_support import MODES, Corpus, Model, all_modes, each_isa

from fastw2v import _core, draws
from fastw2v.draws import Purpose
from fastw2v.replay import Stats, WalkSettings

TOLERANCE = {
    # Of the largest number in the matrix: each of up to 400 updates of a row rounds it and is
    # itself off by as much, mostly to and fro. A wrong draw is off by 10,000 times as much.
    "vectors": 200 * UNIT,
    # Relative, of a sum of positive losses whose logits are off by some units, to and fro.
    "loss": 20 * UNIT,
}


def assert_replays(model: Model, where: str, learning_rate: float = 0.05) -> None:
    expected_input, expected_output, expected = model.replay(learning_rate)
    actual = model.train(learning_rate)
    assert actual.kept_tokens == expected.kept_tokens, where
    assert actual.examples == expected.examples, where
    assert actual.loss_examples == expected.loss_examples, where
    assert actual.loss_sum == pytest.approx(expected.loss_sum, rel=TOLERANCE["loss"]), where
    for name, found, wanted in (
        ("input", model.input, expected_input),
        ("output", model.output, expected_output),
    ):
        bound = TOLERANCE["vectors"] * np.abs(wanted).max()
        np.testing.assert_allclose(found, wanted, rtol=0, atol=bound, err_msg=f"{name}; {where}")
        assert not found[:, model.dim :].any(), f"padding of {name}; {where}"


# ---- The walk is the replay ---------------------------------------------------------------------


@all_modes
@each_isa
@pytest.mark.parametrize("seed", range(3))
def test_every_mode_replays_on_every_instruction_set(
    mode: WalkSettings, isa: str, seed: int
) -> None:
    assert_replays(Model(mode, Corpus(), isa, seed=seed), f"seed={seed} isa={isa} dim=20 {mode}")


@pytest.mark.parametrize("scope", ["example", "window", "pool"])
@pytest.mark.parametrize("mean", [True, False], ids=["mean", "sum"])
@pytest.mark.parametrize("exact", [True, False], ids=["exact", "undivided"])
@pytest.mark.parametrize("shrink", [True, False], ids=["shrink", "full"])
def test_every_kind_of_cbow_replays(scope: str, mean: bool, exact: bool, shrink: bool) -> None:
    settings = replace(MODES[f"cbow-{scope}"], cbow_mean=mean, cbow_exact_gradient=exact,
                       shrink_windows=shrink)  # fmt: skip
    for seed in range(2):
        assert_replays(Model(settings, Corpus(), seed=seed), f"seed={seed} {settings}", 0.01)


@all_modes
@pytest.mark.parametrize(
    "change",
    [
        {"shrink_windows": False},
        {"window": 1},
        {"window": 2, "negatives": 3},
        {"window": 200},
        {"negatives": 0},
        {"negatives": 1},
        {"negatives": 20},
        {"negatives": 8, "negative_weight": 0.6},
        {"negative_weight": 0.0},
        {"pool_size": 1},
        {"pool_size": 7, "pool_refresh": 0},
        {"pool_size": 7, "pool_refresh": 1000},
        {"pool_size": 7, "pool_refresh": 65535},
        {"pool_size": 7, "pool_refresh": 400_000},
        {"loss_interval": 0},
        {"loss_interval": 3},
        {"loss_interval": 1000},
    ],
    ids=lambda change: "-".join(f"{name}={value}" for name, value in change.items()),
)
def test_every_setting_replays(mode: WalkSettings, change: dict[str, Any]) -> None:
    settings = replace(mode, **change)
    assert_replays(Model(settings, Corpus()), f"{settings}", 0.01)


@all_modes
@pytest.mark.parametrize("vocab_size", [1, 2, 3])
def test_tiny_vocabularies_full_of_collisions_replay(mode: WalkSettings, vocab_size: int) -> None:
    corpus = Corpus(vocab_size=vocab_size, lengths=(30, 2, 1, 25))
    for isa in ISAS:
        assert_replays(Model(mode, corpus, isa), f"isa={isa} {mode}", 0.01)


@all_modes
@pytest.mark.parametrize(
    "lengths",
    [(1,), (2,), (1, 1, 1, 1), (2,) * 30, (1, 2, 1), (3, 3, 3), (5,), (400,)],
    ids=lambda lengths: "+".join(map(str, lengths[:4])),
)
def test_short_and_long_sentences_replay(mode: WalkSettings, lengths: tuple[int, ...]) -> None:
    for before in (0, 13):
        corpus = Corpus(lengths=lengths, before=before)
        assert_replays(Model(mode, corpus), f"lengths={lengths} {mode}", 0.01)


@all_modes
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 1.0])
def test_every_share_of_kept_tokens_replays(mode: WalkSettings, keep: float) -> None:
    assert_replays(Model(mode, Corpus(keep=keep)), f"keep={keep} {mode}")


@all_modes
@pytest.mark.parametrize("dim", [1, 16, 100])
def test_every_vector_size_replays(mode: WalkSettings, dim: int) -> None:
    for isa in ISAS:
        model = Model(mode, Corpus(lengths=(40, 20)), isa, dim)
        assert_replays(model, f"isa={isa} dim={dim} {mode}", 0.01)


@all_modes
def test_chunks_that_follow_one_another_replay(mode: WalkSettings) -> None:
    model = Model(mode, Corpus())
    for chunk in range(3):
        model.stream = _core.stream(1, 0, chunk)
        assert_replays(model, f"chunk={chunk} {mode}")


@all_modes
def test_a_stretch_is_its_chunks_one_after_another(mode: WalkSettings) -> None:
    stretched, one_by_one = Model(mode, Corpus()), Model(mode, Corpus())
    corpus = stretched.corpus
    borders = [corpus.begin, corpus.begin + 3, corpus.begin + 60, corpus.end]  # 60: in a sentence
    streams = [_core.stream(1, 0, chunk) for chunk in range(3)]
    rates = [0.05, 0.03, 0.01]
    stats = stretched.trainer.train_chunks(
        corpus.ids, np.array(borders), corpus.sentence_ends, np.array(streams, np.uint64),
        np.array(rates), stretched.workspace,
    )  # fmt: skip
    expected = []
    for begin, end, stream, rate in zip(borders, borders[1:], streams, rates, strict=False):
        ends = corpus.sentence_ends[corpus.sentence_ends > begin]
        ends = ends[: np.searchsorted(ends, end) + 1]
        part = {"begin": begin, "end": end, "sentence_ends": ends, "stream": stream}
        expected.append(one_by_one.train(rate, **part))
    assert [Stats(*chunk) for chunk in stats] == expected
    np.testing.assert_array_equal(stretched.input, one_by_one.input)
    np.testing.assert_array_equal(stretched.output, one_by_one.output)
    stretched.guards.check()


@all_modes
def test_the_last_sentence_may_end_beyond_the_chunk(mode: WalkSettings) -> None:
    model, cut = Model(mode, Corpus()), Model(mode, Corpus())
    ends = model.corpus.sentence_ends.copy()
    ends[-1] += 1000
    assert model.train(sentence_ends=ends) == cut.train()
    np.testing.assert_array_equal(model.input, cut.input)
    ends = np.append(cut.corpus.sentence_ends, [10**9, 10**12])
    assert model.train(sentence_ends=ends) == cut.train()
    np.testing.assert_array_equal(model.input, cut.input)


# ---- Reproducibility ----------------------------------------------------------------------------


@all_modes
@each_isa
def test_one_worker_gives_the_same_bits_every_time(mode: WalkSettings, isa: str) -> None:
    seen = []
    for filler in (0x00, 0xFF):
        model = Model(mode, Corpus(), isa)
        model.workspace[:] = filler
        stats = [model.train(), model.train()]
        seen.append((stats, model.input.tobytes(), model.output.tobytes()))
    assert seen[0] == seen[1]


@all_modes
def test_sampling_the_loss_changes_no_bit_of_the_vectors(mode: WalkSettings) -> None:
    sampled, silent = Model(mode, Corpus()), Model(replace(mode, loss_interval=0), Corpus())
    sampled.train()
    assert silent.train().loss_sum == 0
    np.testing.assert_array_equal(sampled.input, silent.input)
    np.testing.assert_array_equal(sampled.output, silent.output)


@all_modes
def test_a_chunk_is_trained_by_its_stream_and_not_by_its_place(mode: WalkSettings) -> None:
    here = Model(mode, Corpus(before=13))
    there = Model(mode, Corpus(before=0))
    there.corpus.ids = here.corpus.ids[13:].copy()
    assert here.train() == there.train()
    np.testing.assert_array_equal(here.input, there.input)


@all_modes
def test_another_stream_makes_other_draws(mode: WalkSettings) -> None:
    one, other = Model(mode, Corpus()), Model(mode, Corpus())
    other.stream = _core.stream(0, 1, 3)
    assert one.train().loss_sum != other.train().loss_sum
    assert (one.output != other.output).any()


@all_modes
def test_training_lowers_the_loss(mode: WalkSettings) -> None:
    model = Model(mode, Corpus())
    first = model.train()
    for _ in range(20):
        last = model.train()
    assert last.loss_sum < 0.9 * first.loss_sum


# ---- Draws of the engine ------------------------------------------------------------------------

NUMBERS = [0, 1, 2, 12345, 2**31, 2**32, 2**63, 2**64 - 2, 2**64 - 1]


@pytest.mark.parametrize("seed", NUMBERS)
def test_streams_and_draws_are_those_of_the_specification(seed: int) -> None:
    for number in NUMBERS:
        assert _core.stream(seed, number, 7) == int(draws.stream(seed, number, 7))
        assert _core.stream(7, seed, number) == int(draws.stream(7, seed, number))
        assert _core.draw(seed, number) == int(draws.draw(seed, number))
    for purpose in Purpose:
        assert _core.substream(seed, purpose) == int(draws.substream(seed, purpose))


def test_streams_of_neighbouring_chunks_agree_in_half_of_their_bits() -> None:
    # Each of 64 * 400 bits differs with probability 1/2: 4 standard deviations.
    n = 400
    differing = sum(
        (_core.draw(_core.stream(1, 0, chunk), i) ^ _core.draw(_core.stream(1, 0, chunk + 1), i))
        .bit_count()
        for chunk in range(20)
        for i in range(n // 20)
    )  # fmt: skip
    assert abs(differing - 32 * n) < 4 * np.sqrt(64 * n) / 2


def test_chunks_do_not_repeat_each_others_draws_shifted() -> None:
    chunks = [
        {_core.draw(_core.substream(_core.stream(seed, 0, chunk), p), i) for i in range(1000)}
        for seed in (1, 2)
        for chunk in (0, 1, 2)
        for p in Purpose
    ]
    assert len(set().union(*chunks)) == sum(map(len, chunks)) == 1000 * len(chunks)
