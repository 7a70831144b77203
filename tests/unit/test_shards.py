# SPDX-License-Identifier: Apache-2.0
"""Chunks side by side: which rows are trained in copies, and how copies become one row again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import Guards
from walk_support import BEST, MODES, Corpus, Model, all_modes, each_isa

from fastw2v import _core, draws
from fastw2v.draws import AliasTable, Purpose, noise_draw, substream
from fastw2v.replay import WalkSettings, find_centers

#: Four chunks of some sentences each. Many words of a large vocabulary are in one of them only.
CHUNK_LENGTHS = [(30, 1, 25), (40, 2), (5, 35, 3), (50,)]
CORPUS = Corpus(vocab_size=600, lengths=tuple(n for lengths in CHUNK_LENGTHS for n in lengths))
N_SHARDS = 4
RATES = np.array([0.05, 0.049, 0.048, 0.047])
PAIRS = np.column_stack([np.geomspace(50, 1e-3, 600), np.geomspace(1e-3, 50, 600)])
PAIRS = PAIRS.astype(np.float32)
HOW_FAR = 0.05  # HOW_FAR of csrc/shards.c


class Chunks:
    """Chunks 0 .. n - 1 of the corpus, as a phase."""

    def __init__(self, n: int = N_SHARDS, epoch: int = 0) -> None:
        last_ends = np.cumsum([len(lengths) for lengths in CHUNK_LENGTHS])[:n]
        first_ends = np.concatenate([[0], last_ends[:-1]])[:n]
        ends = CORPUS.sentence_ends[last_ends - 1]
        begins = np.concatenate([[CORPUS.begin], ends[:-1]])[:n]
        self.places = np.array([begins, ends, first_ends, last_ends]).reshape(4, n)
        self.streams = np.array([int(draws.stream(7, epoch, i)) for i in range(n)], np.uint64)
        self.arrays = self.places, self.streams, RATES[:n]

    def arguments(self, i: int) -> dict[str, Any]:
        """Chunk i as `Model.train` takes it."""
        begin, end, first_end, last_end = self.places[:, i].tolist()
        return {
            "begin": begin,
            "end": end,
            "sentence_ends": CORPUS.sentence_ends[first_end:last_end],
            "stream": int(self.streams[i]),
        }


class Sharded:
    """A model whose chunks are trained side by side."""

    def __init__(self, mode: WalkSettings, isa: str = BEST, **changed: Any) -> None:
        self.model = Model(mode, CORPUS, isa, **changed)
        self.guards = Guards()
        trainer = self.model.trainer
        size = _core.shard_size(trainer)
        self.shards = _core.Shards(
            trainer,
            CORPUS.ids,
            CORPUS.sentence_ends,
            PAIRS,
            self.guards.take("marks", _core.marks_size(CORPUS.vocab_size), np.uint8),
            [self.guards.take(f"shard {i}", size, np.uint8) for i in range(N_SHARDS)],
        )

    def train(self, phases: list[Chunks], groups: list[tuple[int, int]]) -> list[Any]:
        """Run all stages, for groups of shards in the order given; return the statistics."""
        stats = []
        self.merge(phases[0], groups)
        for phase, following in zip(phases, [*phases[1:], Chunks(0)], strict=True):
            for group in groups:
                stats += self.shards.train(*phase.arrays, *group, self.model.workspace)
            self.merge(following, groups)
        self.guards.check()
        self.model.guards.check()
        return stats

    def merge(self, following: Chunks, groups: list[tuple[int, int]]) -> None:
        for group in groups:
            self.shards.merge(*following.arrays, *group, self.model.workspace)


def used_ids(mode: WalkSettings, chunk: dict[str, Any], examples: int) -> list[set[int]]:
    """Return the ids whose input rows, and those whose output rows, a chunk uses."""
    centers = find_centers(mode, CORPUS.keep_threshold, CORPUS.ids, **chunk).ids
    n = {
        "pool": mode.pool_size + (mode.pool_refresh * len(centers) >> 16),
        "window": mode.negatives * len(centers),
        "example": mode.negatives * examples,
    }[mode.negative_scope]
    noise = AliasTable(CORPUS.noise[:, 0], CORPUS.noise[:, 1].view(np.int32))
    drawn = noise_draw(noise, substream(chunk["stream"], Purpose.NOISE), np.arange(n))
    return [set(centers.tolist()), {*centers.tolist(), *drawn.tolist()}]


@all_modes
@each_isa
@pytest.mark.parametrize("n_chunks", [1, 3, 4])
def test_a_phase_is_the_merge_of_chunks_trained_apart(mode: Any, isa: str, n_chunks: int) -> None:
    mode = replace(mode, pool_refresh=20_000)
    phase, sharded = Chunks(n_chunks), Sharded(mode, isa)
    old = [matrix.copy() for matrix in (sharded.model.input, sharded.model.output)]
    stats = sharded.train([phase], [(0, N_SHARDS)])
    apart, used, pull = [], [], 0.0
    for i in range(n_chunks):
        alone = Model(mode, CORPUS, isa)
        expected = alone.train(RATES[i], **phase.arguments(i))
        assert stats[i] == tuple(vars(expected).values())
        pull += float(np.float32(RATES[i])) * expected.kept_tokens
        apart.append((alone.input, alone.output))
        used.append(used_ids(mode, phase.arguments(i), expected.examples))
    n_shared = 0
    for side, matrix in enumerate((sharded.model.input, sharded.model.output)):
        for row in range(CORPUS.vocab_size):
            users = [i for i in range(n_chunks) if row in used[i][side]]
            moves = [apart[i][side][row] - old[side][row] for i in users]
            if len(users) <= 1:  # trained in place, or not at all
                in_place = apart[users[0] if users else 0][side][row]
                np.testing.assert_array_equal(matrix[row], in_place)
                continue
            n_shared += 1
            n = HOW_FAR * pull * float(PAIRS[row, side])
            share = -math.expm1(-n) / (len(users) * -math.expm1(-n / len(users)))
            expected_row = old[side][row] + np.float32(share) * sum(moves)
            np.testing.assert_allclose(matrix[row], expected_row, rtol=0, atol=1e-6)
    assert n_shared > 20 or n_chunks == 1


@all_modes
def test_neither_groups_nor_their_order_change_a_bit(mode: Any) -> None:
    phases = [Chunks(4, epoch=0), Chunks(4, epoch=1), Chunks(2, epoch=2), Chunks(4, epoch=3)]
    first = Sharded(mode)
    first_stats = first.train(phases, [(0, 4)])
    for groups in ([(2, 4), (0, 2)], [(3, 4), (1, 2), (2, 3), (0, 1)], [(1, 4), (0, 1)]):
        second = Sharded(mode)
        assert sorted(second.train(phases, groups)) == sorted(first_stats)
        np.testing.assert_array_equal(first.model.input, second.model.input)
        np.testing.assert_array_equal(first.model.output, second.model.output)


def test_chunks_without_a_word_in_common_are_trained_as_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without negatives the rows of a chunk are those of its words."""
    mode = replace(MODES["skip_gram-window"], negatives=0)
    phase, ids = Chunks(), CORPUS.ids.copy()
    for i, (begin, end) in enumerate(phase.places[:2].T):
        ids[begin:end] = 4 * (ids[begin:end] // 4) + i
    monkeypatch.setattr(CORPUS, "ids", ids)
    sharded, alone = Sharded(mode), Model(mode, CORPUS)
    sharded.train([phase], [(0, 4)])
    for i in range(N_SHARDS):
        alone.train(RATES[i], **phase.arguments(i))
    np.testing.assert_array_equal(sharded.model.input, alone.input)
    np.testing.assert_array_equal(sharded.model.output, alone.output)


# ---- What is refused -----------------------------------------------------------------------------


def test_a_trainer_with_private_rows_has_no_shards() -> None:
    with pytest.raises(ValueError, match="a trainer with private rows has no shards"):
        Sharded(MODES["cbow-pool"], private_rows=3)


def test_a_chunk_outside_the_corpus_is_refused() -> None:
    sharded, phase = Sharded(MODES["cbow-pool"]), Chunks()
    for row, wrong in [(0, -1), (1, len(CORPUS.ids) + 1), (2, 99), (3, 99)]:
        places = phase.places.copy()
        places[row, 1] = wrong
        with pytest.raises(ValueError, match="chunk 1 of the phase is outside the corpus"):
            sharded.shards.merge(places, *phase.arrays[1:], 0, 4, sharded.model.workspace)


@pytest.mark.parametrize("group", [(-1, 2), (3, 2), (0, 5)])
def test_shards_that_do_not_exist_are_refused(group: tuple[int, int]) -> None:
    sharded = Sharded(MODES["cbow-pool"])
    with pytest.raises(ValueError, match="there are no shards"):
        sharded.shards.train(*Chunks().arrays, *group, sharded.model.workspace)


def test_an_id_outside_the_vocabulary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = CORPUS.ids.copy()
    ids[CORPUS.begin + 3] = CORPUS.vocab_size
    monkeypatch.setattr(CORPUS, "ids", ids)
    with pytest.raises(IndexError, match="token id is outside the vocabulary"):
        Sharded(MODES["cbow-pool"]).train([Chunks()], [(0, 4)])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pairs": PAIRS[1:]}, "pairs must have shape"),
        ({"marks": np.zeros(100, np.uint8)}, "marks must have"),
        ({"memory": []}, "memory must be of 1 to 8 shards, got 0"),
        ({"memory": [np.zeros(100, np.uint8)]}, "the memory of a shard must have"),
    ],
)
def test_what_is_too_small_is_refused(changed: dict[str, Any], message: str) -> None:
    trainer = Model(MODES["cbow-pool"], CORPUS).trainer
    arguments = {
        "ids": CORPUS.ids,
        "sentence_ends": CORPUS.sentence_ends,
        "pairs": PAIRS,
        "marks": np.zeros(_core.marks_size(CORPUS.vocab_size), np.uint8),
        "memory": [np.zeros(_core.shard_size(trainer), np.uint8)],
    }
    with pytest.raises(ValueError, match=message):
        _core.Shards(trainer, **arguments | changed)


def test_more_chunks_than_shards_are_no_phase() -> None:
    sharded, phase = Sharded(MODES["cbow-pool"]), Chunks()
    twice = [np.concatenate([array, array], axis=-1) for array in phase.arrays]
    with pytest.raises(ValueError, match="8 chunks are more than the 4 shards"):
        sharded.shards.merge(*twice, 0, 4, sharded.model.workspace)
