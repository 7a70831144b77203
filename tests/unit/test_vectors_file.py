# SPDX-License-Identifier: Apache-2.0
"""Vectors in the native format, and the widths that it keeps."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v.persistence import load_vectors, save_vectors
from fastw2v.persistence.native import save_tensors
from fastw2v.persistence.rows import Rows
from fastw2v.vocabulary import PackedWords, Vocabulary

WORDS = ["the", "café", "東京", "a\u00a0b", "5"]
COUNTS = np.array([9, 7, 7, 2, 1])
VECTORS = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)


# ---- The native format -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_the_native_format_keeps_every_width_and_maps_it(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "v.safetensors"
    save_vectors(path, WORDS, VECTORS, counts=COUNTS, dtype=dtype)
    loaded = load_vectors(path)
    rows = Rows(VECTORS).astype(dtype)
    assert loaded.vectors.dtype == dtype
    assert not loaded.vectors.flags.writeable
    assert not loaded.vectors.flags.owndata
    np.testing.assert_array_equal(loaded.vectors, rows.vectors)
    np.testing.assert_array_equal(loaded.scales, rows.scales)
    part = load_vectors(path, words=["5", "café"])
    np.testing.assert_array_equal(part.vectors, rows.vectors[[1, 4]])
    save_vectors(tmp_path / "v.txt", loaded.words, loaded.vectors, scales=loaded.scales)
    np.testing.assert_array_equal(load_vectors(tmp_path / "v.txt").vectors, rows.float32())


def test_words_of_a_native_file_are_decoded_when_they_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    save_vectors(path, WORDS, VECTORS, counts=COUNTS)
    words = load_vectors(path).words
    assert isinstance(words, PackedWords)
    vocabulary = Vocabulary(words, COUNTS)
    assert len(vocabulary) == 5
    assert "decoded" not in vars(words)
    assert vocabulary.index["東京"] == 2
    assert vocabulary.words == WORDS


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"thecaf\xc3\xa9", b"thecaf\xc3\xff", "is not UTF-8"),
        (struct.pack("<2q", 3, 8), struct.pack("<2q", 9, 8), "do not rise"),
        (struct.pack("<2q", 9, 7), struct.pack("<2q", 9, -7), "negative count"),
    ],
)
def test_damaged_words_are_refused_by_the_name_of_the_file(
    tmp_path: Path, old: bytes, new: bytes, reason: str
) -> None:
    path = tmp_path / "v.safetensors"
    save_vectors(path, WORDS, VECTORS, counts=COUNTS)
    assert path.read_bytes().count(old) == 1
    path.write_bytes(path.read_bytes().replace(old, new))
    words = load_vectors(path).words
    with pytest.raises(ValueError, match=f"v.safetensors' is not .* vectors: .*{reason}"):
        words[0]


def test_a_word_that_stands_twice_in_a_native_file_is_refused_when_words_are_looked_at(
    tmp_path: Path,
) -> None:
    path = tmp_path / "v.safetensors"
    save_vectors(path, ["aa", "ab"], VECTORS[:2])
    path.write_bytes(path.read_bytes().replace(b"aaab", b"aaaa"))
    words = load_vectors(path).words
    with pytest.raises(ValueError, match=r"v\.safetensors' is not .* vectors: .*'aa' stands twice"):
        words[0]


def test_safetensors_of_others_are_refused(tmp_path: Path) -> None:
    save_tensors(tmp_path / "v", {"weight": VECTORS}, {"format": "pt"})
    with pytest.raises(ValueError, match="names the format 'pt'"):
        load_vectors(tmp_path / "v")


# ---- Widths ------------------------------------------------------------------------------------


def test_int8_is_within_half_a_step_and_zeros_stay_zeros() -> None:
    vectors = np.vstack((VECTORS, np.zeros((1, 3), np.float32)))
    rows = Rows(vectors).astype("int8")
    assert rows.scales is not None
    np.testing.assert_allclose(rows.scales, np.abs(vectors).max(axis=1) / 127, rtol=1e-6)
    error = np.abs(rows.float32() - vectors)
    assert np.all(error <= 0.5001 * rows.scales[:, None])
    assert not rows.float32()[-1].any()


def test_a_vector_that_is_not_finite_stays_so_in_every_width() -> None:
    rows = Rows(np.array([[1, 2], [np.nan, 1], [1, -np.inf]], np.float32))
    halves, bytes_ = rows.astype("float16"), rows.astype("int8")
    np.testing.assert_array_equal(halves.float32(), rows.vectors)
    assert np.isnan(bytes_.float32()).all(axis=1).tolist() == [False, True, True]
    assert bytes_.vectors[0].tolist() == [64, 127]


def test_a_number_that_float16_would_lose_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond 65504 have no float16 form"):
        Rows(np.array([[1e6]], np.float32)).astype("float16")


def test_a_scale_that_makes_a_row_infinite_does_so_without_a_warning() -> None:
    rows = Rows(np.array([[127, -127]], np.int8), np.array([3e38], np.float32))
    np.testing.assert_array_equal(rows.float32(), [[np.inf, -np.inf]])


@pytest.mark.parametrize(
    ("vectors", "scales"),
    [
        (VECTORS.astype(np.int8), None),
        (VECTORS, np.ones(5, np.float32)),
        (VECTORS.astype(np.int8), np.ones(4, np.float32)),
        (VECTORS.astype(np.float64), None),
        (VECTORS[0], None),
    ],
)
def test_vectors_and_scales_that_do_not_go_together_are_refused(
    tmp_path: Path, vectors: Any, scales: Any
) -> None:
    for name in ("v.safetensors", "v.txt", "v.bin", "v.glove", "v.npy"):
        with pytest.raises(ValueError, match=r"scales|vectors must be a matrix"):
            save_vectors(tmp_path / name, WORDS, vectors, scales=scales)
    assert list(tmp_path.iterdir()) == []
