# SPDX-License-Identifier: Apache-2.0
"""What a table keeps from one search to the next, and when it makes a sketch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors, row_search
from fastw2v.vocabulary import Vocabulary

VOCAB_SIZE, SIZE = 300, 20
SEARCHES = row_search.SKETCH_PASSES


def make(n: int = VOCAB_SIZE, size: int = SIZE, dtype: str = "float32") -> KeyedVectors:
    rows = np.random.default_rng(7).normal(size=(n, size)).astype(np.float32)
    words = [f"w{i}" for i in range(n)]
    return KeyedVectors(Vocabulary(words, np.ones(n, np.int64)), rows).astype(dtype)


def has_sketch(kv: KeyedVectors) -> bool:
    return kv._search is not None and kv._search.sketch is not None


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sketch pay for a table as small as those of these tests."""
    monkeypatch.setattr(row_search, "SKETCH_NUMBERS", VOCAB_SIZE * SIZE)


# ---- When a sketch is made -----------------------------------------------------------------


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_sketch_is_made_before_the_ninth_search_and_changes_no_result(dtype: str) -> None:
    kv = make(dtype=dtype)
    found = kv.most_similar("w1")
    for _ in range(SEARCHES - 1):
        assert kv.most_similar("w1") == found
    assert not has_sketch(kv)
    assert kv.most_similar("w1") == found
    assert has_sketch(kv)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize(("n_queries", "expected"), [(63, False), (64, True)])
def test_a_sketch_is_made_for_a_large_batch_at_once(n_queries: int, expected: bool) -> None:
    kv = make()
    kv.most_similar_batch(kv.index_to_key[:n_queries])
    assert has_sketch(kv) == expected


@pytest.mark.usefixtures("small_is_large")
def test_a_search_in_a_part_counts_as_a_part() -> None:
    kv = make()
    for _ in range(10 * SEARCHES):
        kv.most_similar("w1", restrict_vocab=VOCAB_SIZE // 20)
    assert not has_sketch(kv)
    for _ in range(SEARCHES):
        kv.most_similar("w1", clip_start=VOCAB_SIZE // 4)
    assert has_sketch(kv)
    everything = kv.most_similar("w1", topn=VOCAB_SIZE)
    part = [(word, c) for word, c in everything if int(word[1:]) >= 250]
    assert kv.most_similar("w1", clip_start=250) == part[:10]


@pytest.mark.usefixtures("small_is_large")
def test_a_small_table_has_no_sketch() -> None:
    kv = make(VOCAB_SIZE - 1)
    kv.most_similar_batch(kv.index_to_key)
    assert not has_sketch(kv)


@pytest.mark.usefixtures("small_is_large")
def test_rows_too_long_for_a_sketch_are_searched_without() -> None:
    kv = make(3, row_search.LONGEST_ROW + 1)
    found = kv.most_similar_batch(["w1"] * 64)
    assert [word for word, _ in found[0]] == [word for word, _ in kv.most_similar("w1")]
    assert not has_sketch(kv)
    with pytest.raises(ValueError, match="have no sketch"):
        kv.use_sketch()
    assert kv.most_similar_batch(["w1"] * 64) == found
    assert make(3, row_search.LONGEST_ROW).use_sketch() is None


@pytest.mark.usefixtures("small_is_large")
def test_searches_are_counted_anew_after_a_change() -> None:
    kv = make()
    for _ in range(4 * SEARCHES):
        kv["w2"] = kv["w3"]
        assert kv.most_similar("w3", topn=1)[0][0] == "w2"
        assert not has_sketch(kv)


# ---- What the user chooses -----------------------------------------------------------------


def test_a_sketch_that_is_wanted_is_made_now_and_again_after_a_change() -> None:
    kv = make()
    kv.use_sketch(threads=2)
    assert has_sketch(kv)
    kv["w2"] = kv["w3"]
    assert not has_sketch(kv)
    assert kv.most_similar("w3", topn=1)[0][0] == "w2"
    assert has_sketch(kv)


@pytest.mark.usefixtures("small_is_large")
def test_a_sketch_that_is_not_wanted_is_dropped_and_never_made() -> None:
    kv = make()
    kv.use_sketch()
    kv.use_sketch(False)
    assert not has_sketch(kv)
    kv.most_similar_batch(kv.index_to_key)
    assert not has_sketch(kv)
    kv.use_sketch(None)
    assert not has_sketch(kv)
    kv.most_similar_batch(kv.index_to_key)
    assert has_sketch(kv)


def test_a_sketch_takes_the_memory_that_is_documented() -> None:
    kv = make(1000, 300)
    kv.use_sketch()
    assert kv._search is not None
    assert kv._search.sketch is not None
    assert kv._search.sketch.nbytes == 1008 * (304 + 16)  # in blocks of 16 rows


# ---- What it must not outlive --------------------------------------------------------------


def through_pickle(kv: KeyedVectors) -> Any:
    return pickle.loads(pickle.dumps(kv))


@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle])
def test_copies_have_no_sketch_but_make_one_if_it_was_wanted(copied: Callable[..., Any]) -> None:
    kv = make()
    kv.use_sketch()
    twin = copied(kv)
    assert has_sketch(kv)
    assert not has_sketch(twin)
    twin["w2"] = twin["w3"]
    assert twin.most_similar("w3", topn=1)[0][0] == "w2"
    assert has_sketch(twin)
    assert kv.most_similar("w3", topn=1)[0][0] != "w2"


def test_rows_that_were_changed_in_place_are_looked_at_anew_with_their_lengths() -> None:
    kv = make()
    kv.use_sketch()
    kv.vectors[2] = -5 * kv.vectors[2]
    kv.vectors[4] = kv.vectors[3]
    kv.fill_norms(force=True)
    expected = KeyedVectors(kv.vocabulary, kv.vectors)
    assert kv.most_similar("w2") == expected.most_similar("w2")
    assert kv.most_similar("w3") == expected.most_similar("w3")


def test_a_read_only_map_of_float16_rows_has_a_sketch(tmp_path: Path) -> None:
    kv = make(dtype="float16")
    np.save(tmp_path / "rows.npy", kv.vectors)
    mapped = KeyedVectors(kv.vocabulary, np.load(tmp_path / "rows.npy", mmap_mode="r"))
    mapped.use_sketch()
    assert has_sketch(mapped)
    assert mapped.most_similar("w1") == kv.most_similar("w1")
