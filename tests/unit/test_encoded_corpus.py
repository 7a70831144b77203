# SPDX-License-Identifier: Apache-2.0
"""EncodedCorpus: its invariants, and the file that keeps them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastw2v.corpus import EncodedCorpus, encode_corpus
from fastw2v.persistence.native import load_tensors, save_tensors
from fastw2v.vocabulary import Vocabulary

SENTENCES = [["the", "naïve", "cat"], ["the", "cat", "sat"], ["the"], ["once"]]
VOCABULARY = Vocabulary(["a", "b"], np.array([4, 2]))


def int32(*values: int) -> NDArray[np.int32]:
    return np.array(values, dtype=np.int32)


def int64(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.fixture
def corpus() -> EncodedCorpus:
    return encode_corpus(SENTENCES, min_count=2, max_final_vocab=9)


@pytest.fixture
def saved(corpus: EncodedCorpus, tmp_path: Path) -> Path:
    path = tmp_path / "corpus.fw2v"
    corpus.save(path)
    return path


def test_it_describes_itself(corpus: EncodedCorpus) -> None:
    assert corpus.ids.tolist() == [0, 1, 0, 1, 0]
    assert corpus.sentence_ends.tolist() == [2, 4, 5]
    assert (len(corpus), corpus.n_sentences, corpus.n_tokens, corpus.n_raw_words) == (3, 3, 5, 8)
    assert repr(corpus) == (
        "EncodedCorpus(5 tokens in 3 sentences, 2 words, min_count=2, max_final_vocab=9)"
    )


def test_it_is_frozen(corpus: EncodedCorpus) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.min_count = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        corpus.ids[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        corpus.sentence_ends[0] = 1


@pytest.mark.parametrize(
    ("ids", "ends", "message"),
    [
        (int32(0, 2), int64(2), r"ids must be in \[0, 2\), got 2"),
        (int32(0, -1), int64(2), r"ids must be in \[0, 2\), got -1"),
        (int32(0, 1), int64(1), "sentence_ends must end at the 2 tokens, got 1"),
        (int32(0, 1), int64(), "sentence_ends must end at the 2 tokens, got 0"),
        (int32(0, 1), int64(1, 1, 2), "sentence_ends must rise"),
        (int32(0, 1), int64(0, 2), "sentence_ends must rise"),
        (int32(0, 1), int64(-1, 2), "sentence_ends must rise"),
        (int32(0, 1), int64(3, 2), "sentence_ends must rise"),
        (int64(0, 1), int64(2), "ids must be a contiguous int32 array of one dimension, got int64"),
        (int32(0, 1), int32(2), "sentence_ends must be a contiguous int64 array"),
        (int32(0, 1, 0, 1)[::2], int64(2), "ids must be a contiguous int32"),
        (np.zeros((2, 2), np.int32), int64(2), r"one dimension, got int32 of shape \(2, 2\)"),
    ],
)
def test_what_contradicts_itself_is_refused(ids: Any, ends: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EncodedCorpus(ids, ends, VOCABULARY, 6)


# ---- The file ----


def test_a_saved_corpus_opens_the_same(corpus: EncodedCorpus, saved: Path) -> None:
    opened = EncodedCorpus.open(saved)
    assert np.array_equal(opened.ids, corpus.ids)
    assert np.array_equal(opened.sentence_ends, corpus.sentence_ends)
    assert opened.vocabulary.words == corpus.vocabulary.words
    assert np.array_equal(opened.vocabulary.counts, corpus.vocabulary.counts)
    for name in ("n_raw_words", "min_count", "max_final_vocab"):
        assert getattr(opened, name) == getattr(corpus, name)
    for word in ("naïve", "once", "never"):
        assert opened.vocabulary.missing_reason(word) == corpus.vocabulary.missing_reason(word)


def test_an_opened_corpus_stays_in_its_file(saved: Path) -> None:
    base: object = EncodedCorpus.open(saved).ids
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    assert base.mode == "r"  # one that can be written to may not be larger than the memory
    assert EncodedCorpus.open(str(saved)).n_tokens == 5


def test_a_vocabulary_without_history_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    EncodedCorpus(int32(0, 1), int64(2), VOCABULARY, 6).save(path)
    opened = EncodedCorpus.open(path)
    assert opened.vocabulary.dropped is None
    assert opened.max_final_vocab is None


def test_words_of_a_vocabulary_made_by_hand_may_be_any_strings(tmp_path: Path) -> None:
    words = ["\ud800", ""]
    EncodedCorpus(int32(0, 1), int64(2), Vocabulary(words, int64(4, 2)), 6).save(tmp_path / "x")
    assert EncodedCorpus.open(tmp_path / "x").vocabulary.words == words


def test_a_corpus_can_be_saved_over_its_own_file(saved: Path) -> None:
    opened = EncodedCorpus.open(saved)
    opened.save(saved)
    assert np.array_equal(EncodedCorpus.open(saved).ids, opened.ids)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    corpus: EncodedCorpus, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        corpus.save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_every_truncation_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for size in range(len(content)):
        saved.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"corpus\.fw2v' is not an encoded corpus: "):
            EncodedCorpus.open(saved)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_changed_byte_is_harmless_or_a_value_error(
    tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    path = tmp_path_factory.mktemp("flip") / "corpus"
    encode_corpus(SENTENCES, min_count=2).save(path)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(ValueError):
        opened = EncodedCorpus.open(path)
        assert opened.ids.max() < len(opened.vocabulary)


def rewrite(path: Path, changes: dict[str, Any]) -> None:
    """Change tensors and metadata; None takes one away."""
    tensors, metadata = load_tensors(path)
    for name, value in changes.items():
        part: dict[str, Any] = tensors if isinstance(value, np.ndarray) else metadata
        if value is None:
            del (tensors if name in tensors else metadata)[name]
        else:
            part[name] = value
    save_tensors(path, tensors, metadata)


def text(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": int32(0, 1, 0, 1, 2)}, r"ids must be in \[0, 2\)"),
        ({"ids": int32(0, 1)}, "sentence_ends must end at"),
        ({"ids": int64(0, 1, 0, 1, 0)}, r"'ids' is int64 of shape \(5,\), not int32 of shape"),
        (
            {"ids": int32(0, 1, 0, 1).reshape(2, 2)},
            r"shape \(2, 2\), not int32 of shape \(tokens,\)",
        ),
        ({"ids": None}, "no tensor 'ids'"),
        ({"sentence_ends": int64(4, 2, 5)}, "sentence_ends must rise"),
        ({"sentence_ends": None}, "no tensor 'sentence_ends'"),
        ({"vocabulary_offsets": int64(0, 9, 6)}, "'vocabulary_offsets' do not rise"),
        ({"vocabulary_offsets": int64(0, 3)}, "'vocabulary_offsets' is int64 of shape"),
        ({"vocabulary_offsets": int64()}, "'vocabulary_offsets' is int64 of shape"),
        ({"counts": int64(3, -2)}, "'counts' has a negative count"),
        ({"counts": int32(3, 2)}, "'counts' is int32"),
        ({"vocabulary": text(b"the\xff\xff\xff")}, "a word of 'vocabulary' is not UTF-8"),
        ({"vocabulary": text(b"thethe")}, "'the' stands twice"),
        ({"dropped": text(b"x")}, "'dropped_offsets' do not rise"),
        ({"dropped_counts": None}, "no tensor 'dropped_counts'"),
        ({"format": "fastw2v"}, "its metadata names the format 'fastw2v'"),
        ({"format": None}, "its metadata names the format None"),
        ({"format_version": "2"}, "format_version 2, and this fastw2v reads up to 1"),
        ({"format_version": None}, "its metadata lack format_version"),
        ({"min_count": "two"}, "its min_count is 'two'"),
        ({"min_count": "-2"}, "its min_count is '-2'"),
        ({"max_final_vocab": "0"}, "its max_final_vocab is '0'"),
        ({"n_raw_words": "9" * 5000}, "its n_raw_words is '9999"),
        ({"n_raw_words": None}, "its metadata lack n_raw_words"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    saved: Path, changes: dict[str, Any], message: str
) -> None:
    rewrite(saved, changes)
    with pytest.raises(ValueError, match=message) as caught:
        EncodedCorpus.open(saved)
    assert str(saved) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_ids_off_their_alignment_are_refused(saved: Path) -> None:
    """As a stranger may write them: behind a tensor of one byte."""
    content = saved.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    for entry in header.values():
        if "data_offsets" in entry:
            entry["data_offsets"] = [place + 1 for place in entry["data_offsets"]]
    header["x"] = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    saved.write_bytes(len(text).to_bytes(8, "little") + text + b"x" + content[end:])
    with pytest.raises(ValueError, match="must be aligned to"):
        EncodedCorpus.open(saved)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("just some words\n")
    with pytest.raises(ValueError, match=r"text' is not an encoded corpus"):
        EncodedCorpus.open(path)
    with pytest.raises(FileNotFoundError):
        EncodedCorpus.open(tmp_path / "missing")
