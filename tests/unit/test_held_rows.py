# SPDX-License-Identifier: Apache-2.0
"""The engine leaves frozen rows as they are, and pulls rows back to an anchor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import UNIT
from walk_support import MODES, Corpus, Model, all_modes, each_isa

from fastw2v import replay
from fastw2v.draws import AliasTable
from fastw2v.replay import WalkSettings

LEARNING_RATE = 0.05
#: A share of the walk's tolerance (test_walk.py): rows of fewer updates, with the same rounding.
TOLERANCE = 200 * UNIT


class Rounds(Corpus):
    """All words in turn: none stands twice in a window, where copies would differ from a row."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ids = (np.arange(len(self.ids)) * 7 % self.vocab_size).astype(np.int32)


CORPUS = Rounds()
FROZEN = (np.arange(CORPUS.vocab_size) % 3 == 0).astype(np.uint8)
PRIVATE_ROWS = 10  # trained in copies


def replayed(model: Model, frozen: np.ndarray | None = None) -> tuple[Any, np.ndarray, np.ndarray]:
    """Run the specification step by step, and put frozen rows back after each."""
    corpus, settings = model.corpus, model.settings
    vectors = model.input.astype(np.float64), model.output.astype(np.float64)
    before = vectors[0].copy()
    centers = replay.find_centers(
        settings, corpus.keep_threshold, corpus.ids, corpus.begin, corpus.end,
        corpus.sentence_ends, model.stream,
    )  # fmt: skip
    noise = AliasTable(corpus.noise[:, 0], corpus.noise[:, 1].view(np.int32))
    draws = replay.NoiseDraws(noise, model.stream)
    pooled = settings.negative_scope == "pool"
    negatives: Any = (
        replay.PooledNegatives(settings, draws, model.stream)
        if pooled
        else replay.FreshNegatives(settings, draws)
    )
    steps = replay.cbow_steps if settings.architecture == "cbow" else replay.skip_gram_steps
    rate = float(np.float32(LEARNING_RATE))
    for _ in steps(settings, *vectors, centers, negatives, rate):
        if frozen is not None:
            vectors[0][frozen != 0] = before[frozen != 0]
    return centers, *vectors


def assert_close(actual: np.ndarray, expected: np.ndarray) -> None:
    bound = TOLERANCE * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


# ---- Frozen rows ---------------------------------------------------------------------------------


@all_modes
@each_isa
def test_frozen_rows_take_part_as_they_are(mode: WalkSettings, isa: str) -> None:
    model = Model(mode, CORPUS, isa, frozen=FROZEN)
    _, expected_input, expected_output = replayed(model, FROZEN)
    assert np.any(expected_input[FROZEN != 0] != replayed(model)[1][FROZEN != 0])
    model.train(LEARNING_RATE)
    assert_close(model.input, expected_input)
    assert_close(model.output, expected_output)


@all_modes
@pytest.mark.parametrize("private_rows", [0, PRIVATE_ROWS])
def test_frozen_rows_keep_every_bit(mode: WalkSettings, private_rows: int) -> None:
    """Also that of a negative zero, which any sum would lose, and of words that stand in a row."""
    model = Model(mode, Corpus(), frozen=FROZEN, private_rows=private_rows)
    model.input[FROZEN != 0, 3] = -0.0
    before = model.input.copy().view(np.uint32)
    model.train(LEARNING_RATE)
    same = np.all(model.input.view(np.uint32) == before, axis=1)
    assert same[FROZEN != 0].all()
    assert not same[FROZEN == 0].all()


@all_modes
def test_nothing_frozen_is_no_mask_at_all(mode: WalkSettings) -> None:
    models = [Model(mode, Corpus(), frozen=mask) for mask in (None, np.zeros(40, np.uint8))]
    stats = [model.train(LEARNING_RATE) for model in models]
    assert stats[0] == stats[1]
    assert np.array_equal(models[0].input, models[1].input)
    assert np.array_equal(models[0].output, models[1].output)


@all_modes
def test_with_all_rows_frozen_the_output_rows_learn(mode: WalkSettings) -> None:
    model = Model(mode, Corpus(), frozen=np.ones(40, np.uint8))
    before = model.input.copy(), model.output.copy()
    model.train(LEARNING_RATE)
    assert np.array_equal(model.input, before[0])
    assert not np.array_equal(model.output, before[1])


# ---- The anchor ----------------------------------------------------------------------------------


def make_anchor(with_outputs: bool = True, strength: float = 0.5) -> tuple[Any, ...]:
    """Hold every second word, in rows that stand in another order, with gaps between them."""
    rng = np.random.default_rng(7)
    n_held = CORPUS.vocab_size // 2
    inputs, outputs = rng.normal(size=(2, n_held, 23)).astype(np.float32)
    rows = np.full(CORPUS.vocab_size, -1, np.int32)
    rows[::2] = rng.permutation(n_held)
    strengths = np.linspace(0, 2 * strength, CORPUS.vocab_size, dtype=np.float32)
    return inputs[:, :20], outputs[:, :20] if with_outputs else None, rows, strengths


def pulled(
    vectors: np.ndarray, held: Any, anchor: Any, ids: np.ndarray, frozen: Any = None
) -> None:
    """Do to the rows of the specification what fastw2v.h says of the anchor."""
    _, _, rows, strengths = anchor
    for word in ids.tolist():
        if held is None or rows[word] < 0 or (frozen is not None and frozen[word]):
            continue
        row = vectors[word, :20]
        row -= min(1.0, LEARNING_RATE * strengths[word]) * (row - held[rows[word]])


@all_modes
@pytest.mark.parametrize("with_outputs", [True, False])
@pytest.mark.parametrize("strength", [0.5, 50.0])
def test_words_are_pulled_to_where_they_were(
    mode: WalkSettings, with_outputs: bool, strength: float
) -> None:
    anchor = make_anchor(with_outputs, strength)
    model = Model(mode, CORPUS, anchor=anchor)
    centers, expected_input, expected_output = replayed(model)
    pulled(expected_input, anchor[0], anchor, centers.ids)
    pulled(expected_output, anchor[1], anchor, centers.ids)
    model.train(LEARNING_RATE)
    assert_close(model.input, expected_input)
    assert_close(model.output, expected_output)


def test_a_frozen_word_is_held_by_its_output_row_alone() -> None:
    anchor = make_anchor()
    model = Model(MODES["skip_gram-pool"], CORPUS, anchor=anchor, frozen=FROZEN)
    before = model.input.copy()
    centers, expected_input, expected_output = replayed(model, FROZEN)
    pulled(expected_input, anchor[0], anchor, centers.ids, FROZEN)
    pulled(expected_output, anchor[1], anchor, centers.ids)
    model.train(LEARNING_RATE)
    assert np.array_equal(model.input[FROZEN != 0], before[FROZEN != 0])
    assert_close(model.input, expected_input)
    assert_close(model.output, expected_output)


def test_the_copies_of_a_worker_are_pulled_too() -> None:
    """With one worker, who gives back all of the move of his copies."""
    anchor = make_anchor()
    models = [
        Model(MODES["skip_gram-pool"], CORPUS, anchor=anchor, private_rows=n)
        for n in (0, PRIVATE_ROWS)
    ]
    for model in models:
        model.train(LEARNING_RATE)
    assert_close(models[1].input, models[0].input)
    assert_close(models[1].output, models[0].output)


def test_at_a_learning_rate_of_nothing_nothing_is_pulled() -> None:
    """So the held-out loss can be taken."""
    model = Model(MODES["skip_gram-pool"], CORPUS, anchor=make_anchor())
    before = model.input.copy()
    model.train(0.0)
    assert np.array_equal(model.input, before)


# ---- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "error", "message"),
    [
        (0, np.zeros((20, 19), np.float32), ValueError, "input vectors of the anchor must be"),
        (0, np.zeros((20, 40), np.float32)[:, ::2], ValueError, "20 adjacent floats"),
        (1, np.zeros((19, 20), np.float32), ValueError, "output vectors of the anchor must be 20"),
        (2, np.zeros(39, np.int32), ValueError, "rows and strength of 40 words"),
        (3, np.zeros(41, np.float32), ValueError, "rows and strength of 40 words"),
        (2, np.full(40, 20, np.int32), IndexError, "an anchor's row is outside the 20 there are"),
    ],
)
def test_an_anchor_that_does_not_fit_is_refused(
    place: int, value: np.ndarray, error: type[Exception], message: str
) -> None:
    anchor = list(make_anchor())
    anchor[place] = value
    with pytest.raises(error, match=message):
        Model(MODES["skip_gram-pool"], CORPUS, anchor=tuple(anchor))


def test_a_mask_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="frozen must have 40 elements"):
        Model(MODES["skip_gram-pool"], CORPUS, frozen=FROZEN[1:])
