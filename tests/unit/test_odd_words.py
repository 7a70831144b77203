# SPDX-License-Identifier: Apache-2.0
"""A word that a format cannot hold is refused by name, or reported; every other comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from training_support import model_of, topic_sentences

from fastw2v import cli
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence import load_vectors, save_vectors
from fastw2v.persistence.saving import SUFFIXES
from fastw2v.vocabulary import Vocabulary

ASCII_SPACES = [
    "new york",
    "tab\tword",
    "two\nlines",
    "carriage\rreturn",
    "vertical\vtab",
    " ",
    "\n",
]
OTHER_SPACES = ["no\u00a0break", "line\u2028separator", "file\x1cseparator", "\u3000"]
SURROGATE = "half\ud83d"
ODD = ["nul\0", "5", "1.5", "</s>", "[UNK]", "\ufeff", "\ufffd", "#", "x" * 100_000]
WORDS = ["", *ASCII_SPACES, *OTHER_SPACES, SURROGATE, *ODD]

READABLE = [name for name, suffixes in SUFFIXES.items() if suffixes]
FOLDERS = [name for name in SUFFIXES if name not in READABLE]
REFUSED = {
    "native": [],
    **{name: ["", *ASCII_SPACES, SURROGATE] for name in ("text", "binary", "glove")},
    "npy": ["", "\n", "two\nlines", "carriage\rreturn", SURROGATE],
    **{name: [SURROGATE] for name in FOLDERS},
}
ROWS = np.array([[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]], np.float32)

every_word = pytest.mark.parametrize("word", WORDS, ids=lambda word: ascii(word)[:20])


def path_of(folder: Path, format: str) -> Path:
    return folder / f"vectors{(*SUFFIXES[format], '')[0]}"


@every_word
@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_word_comes_back_or_is_refused_by_name(
    tmp_path: Path, format: str, word: str, place: int
) -> None:
    words = ["the", "of"]
    words.insert(place, word)
    path = path_of(tmp_path, format)
    kv = KeyedVectors(Vocabulary(words, np.array([3, 2, 1])), ROWS)
    if word in REFUSED[format]:
        with pytest.raises(
            ValueError, match=r"the word .* (cannot be written|has no UTF-8 form)"
        ) as e:
            kv.save(path, format=format)
        assert repr(word) in str(e.value)
        assert list(tmp_path.iterdir()) == []
        return
    kv.save(path, format=format)
    loaded = load_vectors(path)
    assert list(loaded.words) == words
    np.testing.assert_array_equal(loaded.vectors, ROWS)


@every_word
@pytest.mark.parametrize("format", FOLDERS)
def test_a_word_that_no_sentence_has_is_reported(tmp_path: Path, format: str, word: str) -> None:
    words = ["the", word, "of"]
    if word in REFUSED[format]:
        with pytest.raises(ValueError, match="has no UTF-8 form"):
            save_vectors(tmp_path, words, ROWS, format=format)
        assert list(tmp_path.iterdir()) == []
        return
    if word in ["", *ASCII_SPACES, *OTHER_SPACES]:
        with pytest.warns(UserWarning, match="1 words are empty or have white space") as caught:
            save_vectors(tmp_path, words, ROWS, format=format)
        assert caught[0].filename == __file__
    else:
        save_vectors(tmp_path, words, ROWS, format=format)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    assert [*tokenizer["model"]["vocab"]][:3] == words


@pytest.mark.parametrize("format", SUFFIXES)
def test_a_word_that_stands_twice_is_refused(tmp_path: Path, format: str) -> None:
    with pytest.raises(ValueError, match="'the' stands twice"):
        save_vectors(path_of(tmp_path, format), ["the", "of", "the"], ROWS, format=format)
    assert list(tmp_path.iterdir()) == []


def test_counts_beside_those_of_a_vocabulary_are_refused(tmp_path: Path) -> None:
    counts = np.array([3, 2, 1])
    with pytest.raises(ValueError, match="a vocabulary has its own"):
        save_vectors(tmp_path / "v.txt", Vocabulary(["a", "b", "c"], counts), ROWS, counts=counts)


def test_saved_and_converted_vectors_know_why_a_word_is_missing(tmp_path: Path) -> None:
    model = model_of([*topic_sentences(50), ["rare"]], vector_size=8, workers=1, min_count=2)
    model.wv.save(tmp_path / "v.safetensors")
    converted = str(tmp_path / "small.safetensors")
    assert cli.main(["convert", str(tmp_path / "v.safetensors"), converted, "--dtype", "int8"]) == 0
    for path in (tmp_path / "v.safetensors", converted):
        vocabulary = KeyedVectors.load(path).vocabulary
        for word in ("rare", "never"):
            assert vocabulary.missing_reason(word) == model.wv.vocabulary.missing_reason(word)
        assert vocabulary.min_count == 2
