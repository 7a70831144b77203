# SPDX-License-Identifier: Apache-2.0
"""What users get wrong: each mistake ends in an error that says what it was and how to mend it."""

from __future__ import annotations

import errno
import gzip
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import Word2Vec, encode_corpus

SENTENCES = [["the", "cat", "sat"], ["the", "dog", "sat"]] * 3


def error_of(corpus: Any, **hyper_parameters: Any) -> BaseException:
    """Return what the mistake raises, wherever between the constructor and the end of training."""
    with pytest.raises((TypeError, ValueError, OSError)) as caught:
        Word2Vec(corpus, **hyper_parameters).train(progress=False)
    assert "\n" not in str(caught.value)
    return caught.value


# ---- The corpus is something else ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("corpus", "kind", "parts"),
    [
        pytest.param(
            "the cat sat on the mat",
            ValueError,
            ["got a string that is no existing file: 'the cat sat on the mat'", "[text.split()]"],
            id="a text",
        ),
        pytest.param(
            ["the cat sat", "the dog sat"],
            ValueError,
            ["sentences must be lists of words", "'the cat sat'", "s.split() for s in sentences"],
            id="a list of texts",
        ),
        pytest.param(
            (line for line in ["the cat sat", "the dog sat"]),
            TypeError,
            ["sentence 0", "a sentence must be a list of words", "s.split() for s in sentences"],
            id="a generator of texts",
        ),
        pytest.param(
            ["the", "cat", "sat"],
            ValueError,
            ["sentences must be lists of words", "'the'"],
            id="one sentence",
        ),
        pytest.param(b"the cat", TypeError, ["must be a path to a text file", "bytes"], id="bytes"),
        pytest.param(42, TypeError, ["must be a path to a text file", "int"], id="a number"),
        pytest.param([1, 2, 3], TypeError, ["sentence 0", "list of words", "int"], id="numbers"),
        pytest.param([["a", 7]], TypeError, ["sentence 0", "7", "str"], id="a token is a number"),
        pytest.param([["a"], ["b", None]], TypeError, ["sentence 1", "None"], id="a missing token"),
        pytest.param(
            [["a"], ["b", b"c"]], TypeError, ["sentence 1", "b'c'"], id="a token of bytes"
        ),
        pytest.param([[["a"]]], TypeError, ["sentence 0", "['a']"], id="nested too deeply"),
        pytest.param([["a"], None], TypeError, ["sentence 1", "NoneType"], id="a missing sentence"),
        pytest.param(np.zeros((3, 3)), TypeError, ["sentence 0", "0.0"], id="an array of numbers"),
        pytest.param(Word2Vec, TypeError, ["must be a path to a text file"], id="a class"),
    ],
)
def test_what_is_no_corpus_is_refused(corpus: Any, kind: type[Exception], parts: list[str]) -> None:
    error = error_of(corpus)
    assert type(error) is kind
    for part in parts:
        assert part in str(error)


@pytest.mark.parametrize("path", ["absent.txt", "no/such/folder/text", Path("absent")])
def test_a_path_that_does_not_exist_is_named(path: Any) -> None:
    error = error_of(path)
    assert isinstance(error, FileNotFoundError)
    assert "no such corpus file" in str(error)
    assert str(path) in str(error)


def test_one_absent_file_among_several_is_named(tmp_path: Path) -> None:
    here = tmp_path / "here.txt"
    here.write_text("a b c\n")
    error = error_of([here, tmp_path / "absent.txt"])
    assert isinstance(error, FileNotFoundError)
    assert "absent.txt" in str(error)


def test_a_directory_is_refused_with_a_way_to_read_its_files(tmp_path: Path) -> None:
    error = error_of(tmp_path)
    assert isinstance(error, IsADirectoryError)
    assert "glob" in str(error)


def test_a_damaged_compressed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"a b c\n" * 1000)[:-10])
    with pytest.raises(OSError, match=r"text\.gz is damaged"):
        Word2Vec(path, workers=1).train(progress=False)


# ---- There is nothing in it ----------------------------------------------------------------------


@pytest.mark.parametrize("corpus", [[], [[]], [[], []], (), iter([]), io.StringIO("")])
def test_an_empty_corpus_is_refused(corpus: Any) -> None:
    error = error_of(corpus, min_count=1)
    assert isinstance(error, ValueError)
    assert "the corpus is empty" in str(error)


@pytest.mark.parametrize("content", ["", "\n\n\n", "   \t \n  "])
def test_a_file_without_words_is_an_empty_corpus(content: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(content)
    assert "the corpus is empty: there is no word to train" in str(error_of(path))


def test_an_iterator_that_is_used_up_is_an_empty_corpus_and_the_reason_is_given() -> None:
    sentences = iter(SENTENCES)
    assert len(list(sentences)) == 6
    assert "an iterator can be read only once" in str(error_of(sentences))


def test_a_min_count_that_no_word_reaches_is_refused_with_what_was_read() -> None:
    assert str(error_of(SENTENCES, min_count=10)) == (
        "no word appears min_count=10 times: read 18 tokens of 4 distinct words, the most frequent "
        "ones: 'the' (6), 'sat' (6), 'cat' (3), 'dog' (3)"
    )


# ---- Hyper-parameters ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hyper_parameters", "kind", "message"),
    [
        ({"alpha": math.nan}, ValueError, "alpha must be finite, got nan"),
        ({"alpha": -0.025}, ValueError, "alpha must be > 0.0, got -0.025"),
        ({"window": 0}, ValueError, "window must be >= 1, got 0"),
        ({"vector_size": 100.0}, TypeError, "vector_size must be an integer, got 100.0"),
        ({"vector_size": "100"}, TypeError, "vector_size must be an integer, got '100'"),
        ({"epochs": 0}, ValueError, "epochs must be >= 1, got 0"),
        ({"negative": -1}, ValueError, "negative must be >= 0, got -1"),
        ({"workers": -1}, ValueError, "workers must be >= 1, got -1"),
        ({"sg": "skip-gram"}, TypeError, "sg must be True or False (or 1 or 0), got 'skip-gram'"),
        (
            {"size": 100},
            TypeError,
            "unknown hyper-parameter 'size': here it is called 'vector_size'",
        ),
        ({"windw": 5}, TypeError, "unknown hyper-parameter 'windw'; did you mean 'window'?"),
    ],
)
def test_a_wrong_hyper_parameter_is_refused_before_anything_is_read(
    hyper_parameters: dict[str, Any], kind: type[Exception], message: str
) -> None:
    def unread() -> Any:
        raise AssertionError("read")
        yield

    with pytest.raises(kind) as caught:
        Word2Vec(unread(), **hyper_parameters)
    assert str(caught.value) == message


def test_a_model_too_large_for_memory_is_a_memory_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    corpus = encode_corpus(SENTENCES, min_count=1)  # reading maps memory, too
    monkeypatch.setattr("mmap.mmap", no_memory)
    with pytest.raises(MemoryError, match="no memory for an array of 16,777,216 bytes"):
        Word2Vec(corpus, vector_size=2**20).train(progress=False)


# ---- Questions to a model ------------------------------------------------------------------------


def test_an_unknown_word_is_named_with_the_reason_and_near_ones() -> None:
    model = Word2Vec([*SENTENCES, ["bird"]], min_count=2, workers=1).train(progress=False)
    for word, reason in [
        ("bird", "seen once, fewer than min_count=2"),
        ("Cat", "not in the training corpus; did you mean 'cat'"),
        ("unicorn", "not in the training corpus"),
    ]:
        with pytest.raises(KeyError) as caught:
            model.wv[word]
        assert repr(word) in caught.value.args[0]
        assert reason in caught.value.args[0]
