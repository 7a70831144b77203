# SPDX-License-Identifier: Apache-2.0
"""Vocabulary: which words stay, in which order, and why one is missing."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastw2v import vocabulary
from fastw2v.vocabulary import N_SPELLINGS, Vocabulary, WordCounts, most_frequent_first


def counted(counts: dict[str, int]) -> WordCounts:
    return WordCounts.from_words(list(counts), np.array(list(counts.values()), dtype=np.int64))


def raw(*words: bytes) -> WordCounts:
    """Words as bytes, each read 3 times."""
    offsets = np.concatenate(([0], np.cumsum([len(w) for w in words], dtype=np.int64)))
    return WordCounts(b"".join(words), offsets, np.full(len(words), 3, dtype=np.int64))


@given(st.lists(st.sampled_from([0, 1, 2, 3, 1 << 40, (1 << 62) - 1]) | st.integers(-9, 9)))
def test_the_most_frequent_come_first_and_equal_ones_keep_their_order(counts: list[int]) -> None:
    """Also with counts so large that they and a position do not fit into one number."""
    expected = sorted(range(len(counts)), key=lambda i: -counts[i])
    assert most_frequent_first(np.array(counts, dtype=np.int64)).tolist() == expected


def test_the_constructor_takes_words_and_counts() -> None:
    vocabulary = Vocabulary(["the", "of"], np.array([7, 3]))
    assert vocabulary.words == ["the", "of"]
    assert vocabulary.counts.tolist() == [7, 3]
    assert vocabulary.index == {"the": 0, "of": 1}
    assert len(vocabulary) == 2
    assert "of" in vocabulary
    assert "off" not in vocabulary
    assert repr(vocabulary) == "Vocabulary(2 words: 'the', 'of')"


def test_one_count_a_word_is_needed() -> None:
    with pytest.raises(ValueError, match=r"counts must have shape \(2,\).*got \(1,\)"):
        Vocabulary(["the", "of"], np.array([7]))


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 5), min_size=1),
    st.integers(0, 6),
    st.none() | st.integers(1, 8),
)
def test_words_are_pruned_and_ordered_by_count_then_first_appearance(
    counts: dict[str, int], min_count: int, max_final_vocab: int | None
) -> None:
    counts = {w.encode(errors="replace").decode(): n for w, n in counts.items()}
    expected = sorted((w for w in counts if counts[w] >= min_count), key=lambda w: -counts[w])
    expected = expected[:max_final_vocab]
    bounds = {"min_count": min_count, "max_final_vocab": max_final_vocab}
    if not expected:
        with pytest.raises(ValueError, match="no word appears min_count="):
            Vocabulary.from_counts(counted(counts), **bounds)
        return
    vocabulary, id_map = Vocabulary.from_counts(counted(counts), **bounds)
    assert vocabulary.words == expected
    assert vocabulary.counts.tolist() == [counts[w] for w in expected]
    assert id_map.dtype == np.int32
    assert id_map.tolist() == [vocabulary.index.get(w, -1) for w in counts]


def test_max_final_vocab_is_exact_and_ties_go_to_the_first() -> None:
    seen = counted({"a": 5, "b": 9, "c": 5, "d": 5})
    vocabulary, id_map = Vocabulary.from_counts(seen, max_final_vocab=3)
    assert vocabulary.words == ["b", "a", "c"]
    assert id_map.tolist() == [1, 0, 2, -1]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=5), min_size=1, unique=True))
def test_invalid_utf8_is_replaced_and_equal_words_are_merged(words: list[bytes]) -> None:
    seen = raw(*words)
    decoded = [word.decode(errors="replace") for word in words]
    expected = {word: 3 * decoded.count(word) for word in decoded}
    vocabulary, id_map = Vocabulary.from_counts(seen)
    assert dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)) == expected
    assert [vocabulary.words[i] for i in id_map] == decoded


@settings(deadline=None)
@given(st.lists(st.binary(max_size=3)))
def test_is_utf8_means_every_word_by_itself(words: list[bytes]) -> None:
    def valid(word: bytes) -> bool:
        return word == word.decode(errors="replace").encode()

    assert raw(*words).is_utf8() == all(map(valid, words))


def test_halves_of_a_character_are_no_words() -> None:
    assert not raw(b"\xc3", b"\xa9").is_utf8()
    assert not raw(b"\xed\xa0", b"\x80").is_utf8("surrogatepass")


def test_words_that_merge_are_counted_before_pruning() -> None:
    vocabulary, _ = Vocabulary.from_counts(raw(b"a\xff", b"b", b"a\xfe"), min_count=6)
    assert vocabulary.words == ["a\ufffd"]
    assert vocabulary.counts.tolist() == [6]


def test_what_was_read_and_not_kept_is_dropped_in_order_of_first_appearance() -> None:
    seen = counted({"é": 1, "kept": 9, "": 2, "rare": 3, "too": 8})
    vocabulary, _ = Vocabulary.from_counts(seen, min_count=5, max_final_vocab=1)
    assert vocabulary.dropped is not None
    assert vocabulary.dropped.words() == ["é", "", "rare", "too"]
    assert vocabulary.dropped.counts.tolist() == [1, 2, 3, 8]


def test_nothing_dropped_is_known_too() -> None:
    vocabulary, _ = Vocabulary.from_counts(counted({"a": 1}))
    assert vocabulary.missing_reason("b") == "not in the training corpus"


def test_an_empty_corpus_is_refused() -> None:
    with pytest.raises(ValueError, match="the corpus is empty"):
        Vocabulary.from_counts(counted({}))


def test_when_no_word_is_frequent_enough_the_error_shows_what_was_read() -> None:
    message = (
        "no word appears min_count=5 times: read 6 tokens of 3 distinct words, "
        r"the most frequent ones: 'b' \(3\), 'c' \(2\), 'a' \(1\)"
    )
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_counts(counted({"a": 1, "b": 3, "c": 2}), min_count=5)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"min_count": -1}, "min_count must be >= 0, got -1"),
        ({"max_final_vocab": 0}, "max_final_vocab must be >= 1 or None, got 0"),
    ],
)
def test_bounds_out_of_range_are_refused(bounds: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_counts(counted({"a": 1}), **bounds)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("rare", "seen 3 times, fewer than min_count=5"),
        ("naïve", "seen once, fewer than min_count=5"),
        ("", "seen 2 times, fewer than min_count=5"),
        ("third", "not among the max_final_vocab=2 most frequent words"),
        ("xyz", "not in the training corpus"),
        ("\ud800", "not in the training corpus"),
        ("first", "in the vocabulary"),
        ("Second", "not in the training corpus; did you mean 'second'?"),
        ("secind", "not in the training corpus; did you mean 'second'?"),
    ],
)
def test_a_missing_word_is_explained(word: str, reason: str) -> None:
    counts = {"rare": 3, "first": 9, "naïve": 1, "second": 8, "": 2, "third": 7}
    vocabulary, _ = Vocabulary.from_counts(counted(counts), min_count=5, max_final_vocab=2)
    assert vocabulary.missing_reason(word) == reason


def test_without_the_counts_of_training_the_reason_is_modest() -> None:
    assert Vocabulary(["a"], np.array([1])).missing_reason("b") == "not in the vocabulary"


def test_explaining_looks_at_the_most_frequent_of_many_words_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = [f"word{i:x}" for i in range(3 * N_SPELLINGS)]
    counts = np.arange(len(words), 0, -1)
    built, _ = Vocabulary.from_counts(WordCounts.from_words(words, counts), min_count=5)
    looked_at: list[int] = []

    def look(word: str, candidates: list[str], *rest: Any, **options: Any) -> list[str]:
        looked_at.append(len(candidates))
        return get_close_matches(word, candidates, *rest, **options)

    monkeypatch.setattr(vocabulary, "get_close_matches", look)
    assert "did you mean 'word1'" in built.missing_reason("wordz1")
    assert built.missing_reason("w" * 100_000) == "not in the training corpus"
    assert len(looked_at) == 1  # so long a word is not compared at all
    assert looked_at[0] <= N_SPELLINGS
