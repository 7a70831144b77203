# SPDX-License-Identifier: Apache-2.0
"""`KeyedVectors.load` and `KeyedVectors.save`: any format, as little memory as it allows."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import vector_files
from training_support import model_of, topic_sentences

from fastw2v import KeyedVectors, Vocabulary, Word2Vec
from fastw2v.persistence.native import load_tensors, save_tensors
from fastw2v.vocabulary import PackedWords

WORDS, COUNTS = ["the", "café", "東京", "zebra", "5"], np.array([9, 7, 7, 2, 1])
VECTORS = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture
def kv() -> KeyedVectors:
    return KeyedVectors(Vocabulary(WORDS, COUNTS), VECTORS)


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array is a view of a map of a file."""
    base: object = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return isinstance(base, np.memmap)


# ---- Load --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["v.safetensors", "v.txt", "v.vec.gz", "v.bin", "v.bin.gz", "v.glove", "v.npy"]
)
def test_what_is_saved_is_loaded(kv: KeyedVectors, tmp_path: Path, name: str) -> None:
    kv.save(tmp_path / name)
    loaded = KeyedVectors.load(tmp_path / name)
    assert loaded.index_to_key == WORDS
    np.testing.assert_array_equal(loaded.vectors, VECTORS)
    native = name.endswith(".safetensors")
    assert loaded.counts.tolist() == (COUNTS.tolist() if native else [5, 4, 3, 2, 1])
    assert is_mapped(loaded.vectors) == (native or name.endswith(".npy"))


@pytest.mark.parametrize("kind", ["finalfusion", "gensim's binary", "fastText's .vec", "model"])
def test_files_of_others_are_loaded(kind: str, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(vector_files.contents()[kind])
    loaded = KeyedVectors.load(tmp_path / "v")
    assert loaded.index_to_key[:1] == (["</s>"] if "fastText" in kind else ["the"])
    assert loaded.most_similar(loaded["the"], topn=1)[0][0] == "the"


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_short_rows_stay_short_and_mapped(kv: KeyedVectors, tmp_path: Path, dtype: str) -> None:
    kv.save(tmp_path / "a.safetensors", dtype=dtype)
    loaded = KeyedVectors.load(tmp_path / "a.safetensors")
    expected = kv.astype(dtype)
    assert loaded.vectors.dtype == dtype
    assert is_mapped(loaded.vectors)
    np.testing.assert_array_equal(loaded.rows(slice(None)), expected.rows(slice(None)))
    assert loaded.most_similar("the") == expected.most_similar("the")
    loaded.save(tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "a.safetensors").read_bytes()


def test_words_are_not_decoded_before_one_is_looked_up(kv: KeyedVectors, tmp_path: Path) -> None:
    kv.save(tmp_path / "v.safetensors")
    loaded = KeyedVectors.load(tmp_path / "v.safetensors")
    packed = loaded.vocabulary.lazy_words
    assert isinstance(packed, PackedWords)
    assert (len(loaded), loaded.vector_size) == (5, 3)
    assert loaded.norms.shape == (5,)
    assert "decoded" not in vars(packed)
    assert "the" in loaded
    assert "decoded" in vars(packed)


@pytest.mark.parametrize("name", ["v.safetensors", "v.txt", "v.bin", "v.glove", "v.npy"])
def test_a_part_is_loaded(kv: KeyedVectors, tmp_path: Path, name: str) -> None:
    kv.save(tmp_path / name)
    assert KeyedVectors.load(tmp_path / name, limit=2).index_to_key == WORDS[:2]
    some = KeyedVectors.load(tmp_path / name, words={"東京", "the", "absent"})
    assert some.index_to_key == ["the", "東京"]
    np.testing.assert_array_equal(some.vectors, VECTORS[[0, 2]])


def test_changes_of_what_was_loaded_do_not_reach_the_file(kv: KeyedVectors, tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    kv.save(path, dtype="int8")
    content = path.read_bytes()
    loaded = KeyedVectors.load(path)
    loaded["the"] = [1, 2, 3]
    loaded["new"] = [4, 5, 6]
    assert loaded["the"].tolist() == [1, 2, 3]
    assert path.read_bytes() == content
    loaded.save(path)  # over the file that it came from
    assert KeyedVectors.load(path)["new"].tolist() == [4, 5, 6]


def test_vectors_of_a_model_know_why_a_word_is_missing(tmp_path: Path) -> None:
    sentences = [*topic_sentences(50), ["rare"]]
    model_of(sentences, vector_size=8, workers=1, min_count=2).save(tmp_path / "model")
    wv, loaded = Word2Vec.load(tmp_path / "model").wv, KeyedVectors.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.vectors, wv.vectors)
    for word in ("rare", "never"):
        assert loaded.vocabulary.missing_reason(word) == wv.vocabulary.missing_reason(word)
    with pytest.raises(KeyError, match="seen once, fewer than min_count=2"):
        loaded["rare"]


def test_dropped_words_that_are_damaged_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    model_of([*topic_sentences(50), ["rare"]], vector_size=8, min_count=2).save(tmp_path / "model")
    tensors, metadata = load_tensors(tmp_path / "model")
    tensors["dropped"][:] = 0xFF
    save_tensors(tmp_path / "damaged", tensors, metadata)
    loaded = KeyedVectors.load(tmp_path / "damaged")
    with pytest.raises(ValueError, match=r"damaged' is not .*'dropped' is not UTF-8"):
        loaded.get_vector("rare")


@pytest.mark.parametrize("scale", [-1, np.inf])
def test_scales_that_make_no_sense_are_refused_by_the_name_of_the_file(
    kv: KeyedVectors, tmp_path: Path, scale: float
) -> None:
    kv.save(tmp_path / "v.safetensors", dtype="int8")
    tensors, metadata = load_tensors(tmp_path / "v.safetensors")
    tensors["scales"][1] = scale
    save_tensors(tmp_path / "bad", tensors, metadata)
    with pytest.raises(ValueError, match=r"bad' is not a file of vectors: scales must not be"):
        KeyedVectors.load(tmp_path / "bad")


@pytest.mark.parametrize("format", ["text", "binary"])
def test_the_format_may_be_named_as_in_save(kv: KeyedVectors, tmp_path: Path, format: str) -> None:
    kv.save(tmp_path / "v", format=format)
    np.testing.assert_array_equal(KeyedVectors.load(tmp_path / "v", format=format)["5"], VECTORS[4])
    with pytest.raises(ValueError, match=f"format {format!r} and binary=.* contradict"):
        KeyedVectors.load(tmp_path / "v", format=format, binary=format == "text")


def test_a_wrong_name_of_a_format_is_refused(kv: KeyedVectors, tmp_path: Path) -> None:
    kv.save(tmp_path / "v.txt")
    with pytest.raises(ValueError, match=r"format must be one of native, .*binary, not 'word'"):
        KeyedVectors.load(tmp_path / "v.txt", format="word")


def test_a_pickle_is_refused_with_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "v.kv").write_bytes(b"\x80\x04....")
    with pytest.raises(ValueError, match=r"is a Python pickle.*save_word2vec_format"):
        KeyedVectors.load(tmp_path / "v.kv")


def test_words_that_stand_twice_are_warned_of_where_load_is_called(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("2 1\na 1\na 2\n")
    with pytest.warns(UserWarning, match="stand more than once") as caught:
        assert KeyedVectors.load(tmp_path / "v.txt")["a"].tolist() == [1]
    assert caught[0].filename == __file__


# ---- Save --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["model2vec", "sentence-transformers"])
def test_a_folder_is_written_by_the_name_of_its_format(
    kv: KeyedVectors, tmp_path: Path, format: str
) -> None:
    kv.save(tmp_path / "folder", format=format)
    assert any(path.suffix == ".safetensors" for path in (tmp_path / "folder").iterdir())


def test_keys_that_are_no_words_are_refused(kv: KeyedVectors, tmp_path: Path) -> None:
    kv[7] = [1, 2, 3]
    with pytest.raises(TypeError, match="the key 7 is an int"):
        kv.save(tmp_path / "v.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_saving_short_rows_makes_no_matrix_of_long_ones(
    tmp_path: Path, dtype: str, binary: bool
) -> None:
    n = 30_000
    rows = np.zeros((n, 300), np.float32)
    rows[:, 0] = 1
    words = [str(i) for i in range(n)]
    kv = KeyedVectors(Vocabulary(words, np.ones(n, np.int64)), rows).astype(dtype)
    tracemalloc.start()
    try:
        kv.save_word2vec_format(tmp_path / "v", binary=binary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes / 3
