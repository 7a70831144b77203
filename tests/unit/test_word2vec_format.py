# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from fastw2v.persistence.word2vec_format import read_word2vec_format, write_word2vec_format

WORDS = ["the", "café", "東京", "a\u00a0b"]
VECTORS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)

formats = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
packings = pytest.mark.parametrize("suffix", ["", ".gz"], ids=["plain", "gzip"])


def binary_entry(word: str, vector: NDArray[np.float32], end: bytes) -> bytes:
    return word.encode() + b" " + vector.astype("<f4").tobytes() + end


def assert_same_bits(a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(a.view(np.uint32), b.view(np.uint32))


def read_bytes(tmp_path: Path, content: bytes, **options: object) -> tuple[list[str], object]:
    (tmp_path / "v").write_bytes(content)
    return read_word2vec_format(tmp_path / "v", **options)  # type: ignore[arg-type]


# ---- Round trips ---------------------------------------------------------------------------


@formats
@packings
@pytest.mark.parametrize("sniffed", [True, False])
def test_words_and_vectors_come_back_bit_for_bit(
    tmp_path: Path, binary: bool, suffix: str, sniffed: bool
) -> None:
    path = tmp_path / f"vectors{suffix}"
    write_word2vec_format(path, WORDS, VECTORS, binary=binary)
    words, vectors = read_word2vec_format(path, binary=None if sniffed else binary)
    assert words == WORDS
    assert vectors.dtype == np.float32
    assert_same_bits(vectors, VECTORS)


@formats
@settings(max_examples=100, deadline=None)
@given(
    vectors=arrays.arrays(
        np.float32,
        st.tuples(st.just(2), st.integers(2, 5)),
        elements=st.floats(width=32, allow_nan=False),
    )
)
def test_every_float_survives_subnormal_and_infinite_ones_too(
    tmp_path_factory: pytest.TempPathFactory, binary: bool, vectors: NDArray[np.float32]
) -> None:
    path = tmp_path_factory.mktemp("floats") / "v"
    write_word2vec_format(path, ["a", "b"], vectors, binary=binary)
    assert_same_bits(read_word2vec_format(path)[1], vectors)


@formats
def test_nan_is_kept(tmp_path: Path, binary: bool) -> None:
    vectors = np.array([[np.nan, 1.0]], np.float32)
    write_word2vec_format(tmp_path / "v", ["a"], vectors, binary=binary)
    np.testing.assert_array_equal(read_word2vec_format(tmp_path / "v")[1], vectors)


@formats
def test_rows_with_padding_are_written_without_it(tmp_path: Path, binary: bool) -> None:
    padded = np.full((4, 16), 7, np.float32)
    padded[:, :3] = VECTORS
    write_word2vec_format(tmp_path / "a", WORDS, padded[:, :3], binary=binary)
    write_word2vec_format(tmp_path / "b", WORDS, VECTORS, binary=binary)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("end", [b"\n", b""], ids=["word2vec.c", "gensim"])
@pytest.mark.parametrize("first_byte", [b"\n", b" ", b"7"])
def test_both_dialects_of_binary_are_told_from_text(
    tmp_path: Path, end: bytes, first_byte: bytes
) -> None:
    vectors = VECTORS.copy()
    vectors[:, 0] = np.frombuffer(first_byte + b"\x11\x22\x3f", "<f4")
    content = b"4 3\n" + b"".join(
        binary_entry(word, vector, end) for word, vector in zip(WORDS, vectors, strict=True)
    )
    words, loaded = read_bytes(tmp_path, content)
    assert words == WORDS
    np.testing.assert_array_equal(loaded, vectors)


def test_the_text_of_word2vec_c_with_a_space_at_the_end_of_lines_is_read(tmp_path: Path) -> None:
    words, vectors = read_bytes(tmp_path, b"2 2\n</s> 1.5 -2 \nthe 0.000001 1e-3 \n")
    assert words == ["</s>", "the"]
    np.testing.assert_array_equal(vectors, np.array([[1.5, -2], [1e-6, 1e-3]], np.float32))


@formats
def test_entries_larger_than_a_buffer_are_read(tmp_path: Path, binary: bool) -> None:
    vectors = np.random.default_rng(1).normal(size=(9, 100_000)).astype(np.float32)
    words = [letter * 3 for letter in "abcdefghi"]
    write_word2vec_format(tmp_path / "v", words, vectors, binary=binary)
    loaded_words, loaded = read_word2vec_format(tmp_path / "v")
    assert loaded_words == words
    assert_same_bits(loaded, vectors)


def test_compressed_files_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        write_word2vec_format(tmp_path / name, WORDS, VECTORS)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


# ---- limit, duplicates, odd words ----------------------------------------------------------


@formats
@pytest.mark.parametrize(("limit", "expected"), [(0, 0), (2, 2), (4, 4), (9, 4)])
def test_limit_reads_the_first_entries(
    tmp_path: Path, binary: bool, limit: int, expected: int
) -> None:
    write_word2vec_format(tmp_path / "v", WORDS, VECTORS, binary=binary)
    words, vectors = read_word2vec_format(tmp_path / "v", binary=binary, limit=limit)
    assert words == WORDS[:expected]
    assert_same_bits(vectors, VECTORS[:expected])


def test_limit_does_not_read_on_into_damage(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, b"3 1\na 1\nb 2\nc damage", limit=2)[0] == ["a", "b"]


def test_a_negative_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="limit must be None or at least 0, not -1"):
        read_word2vec_format(tmp_path / "missing", limit=-1)


def test_of_a_word_that_comes_twice_the_first_is_kept_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"2 words stand more than once.*'a'"):
        words, vectors = read_bytes(tmp_path, b"4 1\na 1\na 2\nb 3\na 4\n")
    assert words == ["a", "b"]
    np.testing.assert_array_equal(vectors, [[1], [3]])


@formats
def test_bytes_that_are_not_utf8_become_replacement_characters(
    tmp_path: Path, binary: bool
) -> None:
    write_word2vec_format(tmp_path / "v", ["caf?"], VECTORS[:1], binary=binary)
    content = (tmp_path / "v").read_bytes().replace(b"caf?", b"caf\xc3")
    assert read_bytes(tmp_path, content)[0] == ["caf\ufffd"]


@formats
@pytest.mark.parametrize(
    "word", ["New York", "tab\there", "line\nbreak", "\r", "", "\ud800"], ids=ascii
)
def test_a_word_that_the_format_cannot_hold_is_refused_by_name(
    tmp_path: Path, binary: bool, word: str
) -> None:
    with pytest.raises(ValueError, match=r"cannot be written|no UTF-8") as caught:
        write_word2vec_format(tmp_path / "v", ["fine", word], VECTORS[:2], binary=binary)
    assert repr(word) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_words_and_vectors_of_different_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4 rows, 3 words"):
        write_word2vec_format(tmp_path / "v", WORDS[:3], VECTORS)


# ---- Damage --------------------------------------------------------------------------------


@formats
@packings
def test_every_truncation_is_refused(tmp_path: Path, binary: bool, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    write_word2vec_format(path, WORDS, VECTORS, binary=binary)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        for option in (binary, None):
            with pytest.raises(ValueError, match=r"not in word2vec format: ."):
                read_word2vec_format(path, binary=option)


def test_every_truncation_of_gensims_binary_dialect_is_refused(tmp_path: Path) -> None:
    content = b"2 3\n" + binary_entry("a", VECTORS[0], b"") + binary_entry("b", VECTORS[1], b"")
    for size in range(len(content)):
        with pytest.raises(ValueError, match=r"not in word2vec format: ."):
            read_bytes(tmp_path, content[:size], binary=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "first line is b''"),
        (b"the 0.1 0.2\n", "first line is b'the"),
        (b"1\n", "first line"),
        (b"-1 5\n", "first line"),
        (b"1 0\na\n", "without numbers"),
        (b"1" * 1000, "first line"),
        (b"2 2\na 1 2\n", "do not fit|has no end"),
        (b"2 2\na 1 2 3 4 5 6 7\n", "numbers, not 2"),
        (b"1 2\na 1 2\nb 3 4\n", "more in it than its header promises"),
        (b"1 2\na 1 x\n", "line 2 has more than numbers"),
    ],
)
def test_damaged_text_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        read_bytes(tmp_path, content, binary=False)


@pytest.mark.parametrize("binary", [False, True, None])
@packings
@pytest.mark.parametrize("header", [b"4000000000 300\n", b"1 9999999999\n"])
def test_a_header_that_promises_too_much_is_refused_before_memory_is_reserved(
    tmp_path: Path, binary: bool | None, suffix: str, header: bytes
) -> None:
    content = header + b"word 1 2 3\n"
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="do not fit"):
            read_bytes(tmp_path, gzip.compress(content) if suffix else content, binary=binary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize("binary", [False, True, None])
@packings
def test_a_row_wider_than_memory_reserves_none_before_it_is_read(
    tmp_path: Path, binary: bool | None, suffix: str
) -> None:
    empty = b"0 9999999999\n"
    words, vectors = read_bytes(tmp_path, gzip.compress(empty) if suffix else empty, binary=binary)
    assert words == []
    assert vectors.shape == (0, 9999999999)


@pytest.mark.parametrize("binary", [False, True])
def test_a_compressed_row_cut_short_reserves_no_more_than_was_read(
    tmp_path: Path, binary: bool
) -> None:
    # So many bytes, compressed, might hold the 2 GB that the header promises.
    content = b"1 500000000\nword " + np.random.default_rng(1).bytes(2_500_000)
    packed = gzip.compress(content, 1)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"ends within entry 1|line 2"):
            read_bytes(tmp_path, packed, binary=binary)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


def test_a_binary_word_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the word of entry 1 has no end"):
        read_bytes(tmp_path, b"1 2\n" + b"x" * 3_000_000, binary=True)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60), binary=st.sampled_from([None, False, True]))
def test_random_entries_are_read_or_refused_but_never_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, binary: bool | None
) -> None:
    try:
        words, vectors = read_bytes(
            tmp_path_factory.mktemp("random"), b"2 2\n" + content, binary=binary
        )
    except ValueError as error:
        assert "not in word2vec format" in str(error)  # noqa: PT017
    else:
        assert len(words) == len(vectors)  # type: ignore[arg-type]
