# SPDX-License-Identifier: Apache-2.0
"""The share of the floor is of multiply-adds that are counted rightly."""

from __future__ import annotations

import random
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from benchmarks_support import module

from fastw2v import EncodedCorpus, Word2Vec, encode_corpus
from fastw2v.config import TrainingConfig
from fastw2v.replay import Centers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def floor() -> ModuleType:
    return module("floor")


@pytest.fixture(scope="module")
def corpus() -> EncodedCorpus:
    """20,000 words in sentences of 1 to 30, so that many windows are cut short."""
    generator = random.Random(1)
    words = [f"w{i}" for i in range(50)]
    sentences, left = [], 20_000
    while left > 0:
        length = generator.randint(1, 30)
        sentences.append(generator.choices(words, [1 / (i + 1) for i in range(50)], k=length))
        left -= length
    return encode_corpus(sentences, min_count=1)


def config_of(**hyper_parameters: Any) -> TrainingConfig:
    return TrainingConfig.from_keywords({"workers": 1, "epochs": 1, **hyper_parameters})


#: Five words of one sentence, windows of 1 or 2: 1 + 3 + 2 + 2 + 2 = 10 context words.
FIVE = Centers(np.arange(5), np.array([0, 0, 1, 2, 2]), np.array([2, 4, 4, 5, 5]))


@pytest.mark.parametrize(
    ("hyper_parameters", "needed", "done"),
    [
        ({"sg": 1}, 3 * 6, 3 * 6),
        ({"sg": 1, "negative_scope": "example", "negative": 2}, 3 * 3, 3 * 3),
        ({"sg": 1, "shared_negatives": 8}, 3 * 9, 3 * 9),
        # Each center by itself: 2 rows beside the center's own are visited with it.
        (
            {"negative_scope": "example", "negative": 5},
            3 * 6 + 2 * 10 / 5,
            3 * 6 + 2 * (2 + 4 + 3 + 3 + 3) / 5,
        ),
        # Four that cover 5 words and one that covers 3; a set has 2 x 5 negatives.
        (
            {"negative_scope": "pool", "negative": 5},
            3 * 11 + 2 * 10 / 5,
            (3 * (4 * 14 + 1 * 11) + 2 * (4 * 5 + 1 * 3)) / 5,
        ),
    ],
)
def test_products_of_an_example_are_those_counted_by_hand(
    floor: ModuleType, hyper_parameters: dict[str, Any], needed: float, done: float
) -> None:
    products = floor.per_example(config_of(**hyper_parameters), [FIVE])
    assert products == pytest.approx((needed, done))


def test_groups_do_not_reach_across_chunks_and_empty_chunks_count_nothing(
    floor: ModuleType,
) -> None:
    config = config_of(negative_scope="pool")
    nothing = np.empty(0, dtype=np.int64)
    empty = Centers(nothing, nothing, nothing)
    assert floor.per_example(config, [FIVE, empty, FIVE]) == floor.per_example(config, [FIVE])
    assert floor.per_example(config, [empty]) == (0.0, 0.0)


@pytest.mark.parametrize("sg", [0, 1])
def test_sampled_windows_are_those_that_the_engine_trains(
    floor: ModuleType, corpus: EncodedCorpus, sg: int
) -> None:
    model = Word2Vec(corpus, sg=sg, epochs=1, workers=1, vector_size=4, min_count=1, seed=3)
    (epoch,) = model.train(progress=False).history
    chunks = list(floor.sampled_centers(model.config, corpus, n_chunks=10**6))
    context_words = sum(int((c.last - c.first - 1).sum()) for c in chunks)
    assert epoch.examples == (context_words if sg else sum(len(c.ids) for c in chunks))
    assert context_words < 6 * sum(len(c.ids) for c in chunks)  # some windows are cut short
    assert len(list(floor.sampled_centers(model.config, corpus, n_chunks=3))) == 3


def test_rows_are_visited_in_whole_vectors(floor: ModuleType, corpus: EncodedCorpus) -> None:
    config = config_of(sg=1, vector_size=9, isa="portable", min_count=1)
    counted = floor.multiply_adds(config, corpus, examples=7)
    assert counted == {"needed": 7 * 18 * 9, "done": 7 * 18 * 12}


def test_the_width_of_vectors_is_that_of_the_kernels(floor: ModuleType) -> None:
    for isa, floats in floor.VECTOR_FLOATS.items():
        source = (ROOT / "csrc" / f"vec_{isa}.h").read_text("utf-8")
        assert re.findall(r"#define VEC_WIDTH (\d+)", source) == [str(floats)], isa


def test_the_share_is_of_all_cores_of_the_run(floor: ModuleType) -> None:
    assert floor.share(6e9, seconds=2.0, gfma_per_second=10.0, workers=1) == pytest.approx(0.3)
    assert floor.share(6e9, seconds=2.0, gfma_per_second=10.0, workers=2) == pytest.approx(0.15)
