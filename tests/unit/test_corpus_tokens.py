# SPDX-License-Identifier: Apache-2.0
"""Lists of words as a corpus, and the one place that decides what a corpus is."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from corpora import sentences_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fastw2v.corpus import TextFiles, TokenLists, as_corpus, encode_corpus, stream

SENTENCES = [["the", "cat"], [], ["the", "New York", "naïve"]]

words = st.text(max_size=4).filter(lambda w: not any("\ud800" <= c <= "\udfff" for c in w))


@settings(deadline=None)
@given(st.lists(st.lists(words, max_size=7)), st.sampled_from([0, 20, 10**9]))
def test_tokens_come_back_as_they_were(sentences: list[list[str]], limit: int) -> None:
    expected = [sentence for sentence in sentences if sentence]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "BLOCK_TOKENS", 3)
        patch.setattr(stream, "BLOCK_ENDS", 2)
        if not expected:
            with pytest.raises(ValueError, match="the corpus is empty"):
                encode_corpus(sentences, min_count=1, memory_limit=limit)
        else:
            encoded = encode_corpus(sentences, min_count=1, memory_limit=limit)
            assert sentences_of(encoded) == expected


@pytest.mark.parametrize(
    "corpus",
    [
        SENTENCES,
        tuple(SENTENCES),
        (sentence for sentence in SENTENCES),
        [tuple(sentence) for sentence in SENTENCES],
        [iter(sentence) for sentence in SENTENCES],
        [np.array(sentence, dtype=str) for sentence in SENTENCES],
        dict(enumerate(SENTENCES)).values(),
    ],
    ids=["list", "tuple", "generator", "tuples", "iterators", "arrays", "view"],
)
@pytest.mark.parametrize("threads", [1, 4])
def test_any_iterable_of_token_sequences_will_do(corpus: object, threads: int) -> None:
    if isinstance(corpus, list) and len(corpus) == 3 and isinstance(corpus[0], Iterator):
        corpus = [iter(sentence) for sentence in SENTENCES]  # used up by the other parameter
    if isinstance(corpus, Iterator):
        corpus = (sentence for sentence in SENTENCES)
    encoded = encode_corpus(corpus, min_count=1, threads=threads)  # type: ignore[arg-type]
    assert sentences_of(encoded) == [["the", "cat"], ["the", "New York", "naïve"]]
    assert encoded.n_raw_words == 5


def test_a_corpus_is_iterated_over_once() -> None:
    class Counting:
        n_iterations = 0

        def __iter__(self) -> Iterator[list[str]]:
            self.n_iterations += 1
            return iter(SENTENCES)

    corpus = Counting()
    encode_corpus(corpus, min_count=1)
    assert corpus.n_iterations == 1


def test_a_used_up_iterator_is_called_one() -> None:
    sentences = iter(SENTENCES)
    encode_corpus(sentences, min_count=1)
    with pytest.raises(ValueError, match="an iterator can be read only once"):
        encode_corpus(sentences, min_count=1)


def test_a_sentence_longer_than_a_block_stays_whole() -> None:
    sentence = ["a", "b"] * (stream.BLOCK_TOKENS // 2 + 10)
    encoded = encode_corpus([["x"], sentence, ["a"]], min_count=1)
    assert encoded.sentence_ends.tolist() == [1, 1 + len(sentence), 2 + len(sentence)]


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("mine"), TypeError("mine"), KeyboardInterrupt()]
)
def test_what_the_iterator_raises_comes_out_unchanged(error: BaseException) -> None:
    def sentences() -> Iterator[list[str]]:
        yield ["a"]
        raise error

    with pytest.raises(type(error)) as caught:
        encode_corpus(sentences(), min_count=1)
    assert caught.value is error


def test_what_a_sentence_raises_comes_out_unchanged() -> None:
    error = TypeError("mine")

    def sentence() -> Iterator[str]:
        yield "a"
        raise error

    with pytest.raises(TypeError) as caught:
        encode_corpus([sentence()], min_count=1)
    assert caught.value is error


@pytest.mark.parametrize(
    ("sentences", "error", "message"),
    [
        ([["a"], ["b", 7]], TypeError, "sentence 1: token 1 must be a str, got int: 7"),
        ([["a"], [], [None]], TypeError, "sentence 2: token 0 must be a str, got NoneType"),
        ([["\udc80"]], ValueError, r"sentence 0: token 0 cannot be written as UTF-8: '\\udc80'"),
        ([["a"], 5], TypeError, "a sentence must be a list of words, got int"),
        ([["a"], "b c"], TypeError, r"got the str 'b c'; split it first: \[s\.split\(\)"),
        ([["a"], b"b c"], TypeError, "got the bytes b'b c'"),
        (iter(["a b", "c d"]), TypeError, r"got the str 'a b'; split it first"),
        (io.StringIO("a b\nc"), TypeError, r"got the str 'a b\\n'; split it first"),
    ],
)
def test_a_bad_sentence_is_named(sentences: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode_corpus(sentences, min_count=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_strings_is_refused_with_the_remedy(kind: type) -> None:
    message = (
        r"got a list of strings, the first 'the cat sat'; .*\[s\.split\(\) for s in sentences\]"
    )
    with pytest.raises(ValueError, match=message):
        as_corpus(kind(["the cat sat", "on the mat"]))


@pytest.mark.parametrize("corpus", [None, 3, 2.5, b"bytes", bytearray(b"a"), object(), len])
def test_what_is_no_corpus_is_refused(corpus: object) -> None:
    with pytest.raises(TypeError, match=f"corpus must be a path.*got {type(corpus).__name__}"):
        as_corpus(corpus)


def test_types_decide(tmp_path: Path) -> None:
    path = tmp_path / "no suffix"
    path.write_text("some words")
    assert isinstance(as_corpus(path), TextFiles)
    assert isinstance(as_corpus(str(path)), TextFiles)
    assert isinstance(as_corpus([path, str(path)]), TextFiles)
    assert isinstance(as_corpus((str(path), path)), TextFiles)
    assert isinstance(as_corpus(SENTENCES), TokenLists)
    assert isinstance(as_corpus([]), TokenLists)
    assert isinstance(as_corpus(iter([])), TokenLists)
    for source in (TextFiles([path]), TokenLists(SENTENCES), encode_corpus(SENTENCES, min_count=1)):
        assert as_corpus(source) is source


def test_an_encoded_corpus_is_not_encoded_again() -> None:
    encoded = encode_corpus(SENTENCES, min_count=1)
    assert encode_corpus(encoded, min_count=3) is encoded


# ---- Temporary files ----


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of our own for temporary files, and blocks small enough to need them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(stream, "BLOCK_TOKENS", 8)
    return tmp_path


def open_files(directory: Path) -> list[str]:
    """Files of a directory that this process has open, deleted ones too (Linux)."""
    links = []
    for descriptor in Path("/proc/self/fd").glob("*"):
        try:
            links.append(str(descriptor.readlink()))
        except OSError:  # the one that listed the directory
            continue
    return [link for link in links if link.startswith(str(directory))]


def test_beyond_the_memory_limit_ids_are_mapped_from_a_file(temporary: Path) -> None:
    sentences = [[str(i % 7) for i in range(n)] for n in range(60)]
    in_memory = encode_corpus(sentences, min_count=3, max_final_vocab=5)
    for limit in (0, 32, 100, 4000):
        spilled = encode_corpus(sentences, min_count=3, max_final_vocab=5, memory_limit=limit)
        assert np.array_equal(spilled.ids, in_memory.ids)
        assert np.array_equal(spilled.sentence_ends, in_memory.sentence_ends)
        base: object = spilled.ids
        while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files by /proc")
def test_no_temporary_file_is_left_after_an_error(temporary: Path) -> None:
    seen = []

    def sentences() -> Iterator[list[str]]:
        for _ in range(10):
            yield ["word"] * 10
        seen.extend(open_files(temporary))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        encode_corpus(sentences(), memory_limit=0)
    assert seen, "the test did not reach the temporary file"
    assert caught.value is not None
    assert open_files(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files by /proc")
def test_the_temporary_file_goes_with_the_corpus(temporary: Path) -> None:
    encoded = encode_corpus([["word"] * 100], memory_limit=0)
    assert list(temporary.iterdir()) == []
    assert int(encoded.ids.sum()) == 0
    del encoded
    assert open_files(temporary) == []
