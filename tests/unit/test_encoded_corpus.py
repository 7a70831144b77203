# SPDX-License-Identifier: Apache-2.0
"""EncodedCorpus: its invariants, and the file that keeps them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastw2v.corpus import EncodedCorpus, container, encode_corpus
from fastw2v.corpus.encoded import MAGIC
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
    assert EncodedCorpus.open(str(saved)).n_tokens == 5


def test_a_vocabulary_without_history_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    EncodedCorpus(int32(0, 1), int64(2), VOCABULARY, 6).save(path)
    opened = EncodedCorpus.open(path)
    assert opened.vocabulary.seen is None
    assert opened.max_final_vocab is None


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


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_a_truncated_file_is_refused(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    path = tmp_path_factory.mktemp("cut") / "corpus"
    encode_corpus(SENTENCES, min_count=2).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ValueError, match=r"corpus.* (truncated|damaged|not an encoded corpus)"):
        EncodedCorpus.open(path)


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
    """Change fields of the header, a dotted name reaching inside."""
    header, arrays = container.open_container(path, MAGIC)
    arrays = {name: np.array(array) for name, array in arrays.items()}
    for name, value in changes.items():
        if name in arrays:
            arrays[name] = value
        elif value is KeyError:
            del header[name]
        else:
            header[name] = value
    container.write_container(path, MAGIC, header, arrays)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": int32(0, 1, 0, 1, 2)}, r"ids must be in \[0, 2\)"),
        ({"ids": int32(0, 1)}, "sentence_ends must end at"),
        ({"ids": int64(0, 1, 0, 1, 0)}, "ids must be a contiguous int32"),
        ({"sentence_ends": int64(4, 2, 5)}, "sentence_ends must rise"),
        ({"words.offsets": int64(0, 9, 6)}, "offsets or counts of words fall"),
        ({"words.offsets": int64(0, 3)}, "do not fit"),
        ({"words.offsets": int64()}, "do not fit"),
        ({"words.counts": int64(3, -2)}, "fall"),
        ({"words.counts": int32(3, 2)}, "arrays of int32"),
        ({"words.text": np.frombuffer(b"the\xff\xff\xff", np.uint8)}, "words are not UTF-8"),
        ({"words.text": np.frombuffer(b"thethe", np.uint8)}, "stands twice"),
        ({"seen.text": np.frombuffer(b"x", np.uint8)}, "offsets of seen"),
        ({"format": 2}, "has format 2; this version of fastw2v reads format 1"),
        ({"format": KeyError}, "has format None"),
        ({"min_count": "2"}, "min_count is '2'"),
        ({"n_raw_words": None}, "n_raw_words is None"),
        ({"n_raw_words": KeyError}, "n_raw_words"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    saved: Path, changes: dict[str, Any], message: str
) -> None:
    rewrite(saved, changes)
    with pytest.raises(ValueError, match=message) as caught:
        EncodedCorpus.open(saved)
    assert str(saved) in str(caught.value)


def header_file(path: Path, header: object, length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    n_bytes = len(text) if length is None else length
    path.write_bytes(MAGIC + n_bytes.to_bytes(8, "little") + text)


def spec(**changes: Any) -> dict[str, Any]:
    return {"arrays": {"ids": {"dtype": "<i4", "length": 1, "offset": 0} | changes}}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{", "its header is no JSON"),
        (b"[" * 100_000, "its header is no JSON"),
        (b"\xff", "its header is no JSON"),
        ([], "its header is no JSON object"),
        ({}, "its header lists no arrays"),
        ({"arrays": []}, "its header lists no arrays"),
        ({"arrays": {"ids": 3}}, "no dtype, length and offset for array 'ids'"),
        (spec(dtype="|O"), "no dtype, length and offset"),
        (spec(dtype=["<i4"]), "no dtype, length and offset"),
        (spec(length=-1), "no dtype, length and offset"),
        (spec(length=1.0), "no dtype, length and offset"),
        (spec(length=True), "no dtype, length and offset"),
        (spec(offset=64), "not where it should be"),
        (spec(length=10**18), "truncated: 4,000,000,000,000,000,"),
    ],
)
def test_a_lying_header_is_refused_before_anything_is_allocated(
    tmp_path: Path, header: object, message: str
) -> None:
    path = tmp_path / "corpus"
    header_file(path, header)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            EncodedCorpus.open(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [3, 2**20 + 1, 2**63, 2**64 - 1])
def test_a_header_longer_than_the_file_is_refused(tmp_path: Path, length: int) -> None:
    header_file(tmp_path / "corpus", b"{}", length)
    with pytest.raises(ValueError, match="truncated or damaged: a header of"):
        EncodedCorpus.open(tmp_path / "corpus")


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("just some words\n")
    with pytest.raises(ValueError, match=r"text is not an encoded corpus"):
        EncodedCorpus.open(path)
    with pytest.raises(FileNotFoundError):
        EncodedCorpus.open(tmp_path / "missing")
