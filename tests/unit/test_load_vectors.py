# SPDX-License-Identifier: Apache-2.0
"""Every format: written, told from the others by its content, and read again."""

from __future__ import annotations

import gzip
import pickle
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastw2v.persistence import LoadedVectors, load_vectors, save_vectors
from fastw2v.persistence.loading import sniff
from fastw2v.persistence.model_file import save_model
from fastw2v.vocabulary import Vocabulary

WORDS = ["the", "café", "東京", "a\u00a0b", "5"]
COUNTS = np.array([9, 7, 7, 2, 1])
VECTORS = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)


def finalfusion(
    words: list[str], rows: NDArray[np.float32], *, vocabulary: int = 1, between: bytes = b""
) -> bytes:
    encoded = [word.encode() for word in words]
    text = struct.pack("<Q", len(words)) + between
    text += b"".join(struct.pack("<I", len(word)) + word for word in encoded)
    content = b"FiFu" + struct.pack("<III2I", 0, 2, vocabulary, 2, 0)[:-4]
    content += struct.pack("<IQ", vocabulary, len(text)) + text
    begin = len(content) + 12
    matrix = struct.pack("<QII", *rows.shape, 10)
    matrix += b"\0" * (-(begin + len(matrix)) % 4) + rows.astype("<f4").tobytes()
    return content + struct.pack("<IQ", 2, len(matrix)) + matrix


def write_finalfusion(path: Path) -> None:
    path.write_bytes(finalfusion(WORDS, VECTORS))


def writer(**options: Any) -> Callable[[Path], None]:
    return lambda path: save_vectors(path, WORDS, VECTORS, counts=COUNTS, **options)


def write_model(path: Path) -> None:
    vocabulary = Vocabulary(WORDS, COUNTS)
    save_model(
        path,
        vocabulary=vocabulary,
        input_vectors=VECTORS,
        output_vectors=None,
        hyper_parameters={},
    )


# Name of the file, how it is written, and what it is told to be.
CASES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "native": ("v.safetensors", writer(), "native"),
    "model": ("v.safetensors", write_model, "native"),
    "text": ("v.txt", writer(), "word2vec"),
    "vec.gz": ("v.vec.gz", writer(), "word2vec"),
    "binary": ("v.bin", writer(), "word2vec"),
    "binary.gz": ("v.bin.gz", writer(), "word2vec"),
    "glove": ("v.glove", writer(), "glove"),
    "glove.gz": ("v.glove.gz", writer(), "glove"),
    "npy": ("v.npy", writer(), "npy"),
    "finalfusion": ("v.fifu", write_finalfusion, "finalfusion"),
}
every_format = pytest.mark.parametrize("case", CASES)


@pytest.fixture
def written(case: str, tmp_path: Path) -> Path:
    name, write, _ = CASES[case]
    write(tmp_path / name)
    return tmp_path / name


def assert_same(loaded: LoadedVectors, places: list[int]) -> None:
    assert list(loaded.words) == [WORDS[i] for i in places]
    vectors: NDArray[np.float32] = loaded.vectors
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(places), 3)
    np.testing.assert_array_equal(vectors, VECTORS[places])
    if loaded.counts is not None:
        np.testing.assert_array_equal(loaded.counts, COUNTS[places])


# ---- All of a file, a part of it ---------------------------------------------------------------


@every_format
def test_a_file_is_told_by_its_content_and_comes_back_exactly(case: str, written: Path) -> None:
    other = written.with_name("no suffix")
    if case != "npy":  # whose words are found by its name
        written = written.rename(other)
    assert sniff(written) == CASES[case][2]
    assert_same(load_vectors(written), [0, 1, 2, 3, 4])
    assert_same(load_vectors(written, format=CASES[case][2]), [0, 1, 2, 3, 4])


@every_format
@pytest.mark.parametrize(("limit", "n"), [(0, 0), (2, 2), (5, 5), (99, 5)])
def test_limit_loads_the_first_entries(case: str, written: Path, limit: int, n: int) -> None:
    assert_same(load_vectors(written, limit=limit), list(range(n)))


@every_format
def test_a_list_of_words_loads_those_that_are_there_in_the_order_of_the_file(
    case: str, written: Path
) -> None:
    assert_same(load_vectors(written, words=["5", "unheard", "café"]), [1, 4])
    assert_same(load_vectors(written, words=[]), [])
    assert_same(load_vectors(written, words={"5", "café"}, limit=4), [1])


@every_format
def test_a_word_for_words_and_a_negative_limit_are_refused(case: str, written: Path) -> None:
    with pytest.raises(TypeError, match="not the word 'the'"):
        load_vectors(written, words="the")
    with pytest.raises(ValueError, match="limit must be None or at least 0, not -1"):
        load_vectors(written, limit=-1)


def test_a_partial_load_of_text_stops_when_all_words_are_found(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"3 1\na 1\nb 2\nc damage\n")
    assert list(load_vectors(tmp_path / "v", words=["a", "b"], format="word2vec").words) == [
        "a",
        "b",
    ]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"format must be one of native, .* not 'bin'"):
        load_vectors(tmp_path / "v", format="bin")


# ---- GloVe, npy, finalfusion -------------------------------------------------------------------


def test_words_with_spaces_of_glove_are_read(tmp_path: Path) -> None:
    lines = b"the 0.5 1\n. . . 2 3\nat name@example.com 4 5\n7 6 7\n1 2 3 8 9\n"
    (tmp_path / "v").write_bytes(lines)
    loaded = load_vectors(tmp_path / "v")
    assert list(loaded.words) == ["the", ". . .", "at name@example.com", "7", "1 2 3"]
    np.testing.assert_array_equal(loaded.vectors[:, 0], [0.5, 2, 4, 6, 8])
    assert list(load_vectors(tmp_path / "v", words=[". . ."]).words) == [". . ."]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"the 1 2", "first line has no end"),
        (b"the 1 2\nof 3 4", "line 2 has no end"),
        (b"the 1 x\n", "no word and numbers"),
        (b"the\n", "no word and numbers"),
        (b"the 1 2\nof 3\n", "line 2 has 1 numbers, not 2"),
        (b"the 1 2\nof 3 four\n", "line 2 has more than numbers: b'four'"),
        (b"the 1 2\n\n", "line 2 has 0 numbers, not 2"),
        (b"the 1 2\n        \n", "line 2 has 0 numbers, not 2"),
        (b"\xff\xfe\x00junk", "first line has no end"),
    ],
)
def test_text_that_is_not_of_glove_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(ValueError, match=f"is not in GloVe's format: .*{reason}"):
        load_vectors(tmp_path / "v")


def test_a_list_of_words_that_does_not_fit_the_matrix_is_refused(tmp_path: Path) -> None:
    save_vectors(tmp_path / "v.npy", WORDS, VECTORS)
    for text, reason in (("a\nb\n", "2 lines"), ("a\nb\nc\na\nd\n", "'a' stands twice")):
        (tmp_path / "v.txt").write_text(text)
        with pytest.raises(ValueError, match=f"v.txt' is not a list of words: .*{reason}"):
            load_vectors(tmp_path / "v.npy")


def test_a_list_of_many_words_takes_the_memory_of_its_bytes(tmp_path: Path) -> None:
    words = [f"word{i}" for i in range(10_000)]
    save_vectors(tmp_path / "v.npy", words, np.ones((len(words), 2), np.float32))
    tracemalloc.start()
    try:
        assert load_vectors(tmp_path / "v.npy").words == words
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((5, 3), np.int64), "'<i8', not floats"),
        (np.zeros((5, 3, 1), np.float32), r"shape is \(5, 3, 1\)"),
        (np.zeros((5, 3), np.float32, order="F"), "columns follow"),
        (np.array([[None]]), "'|O', not floats"),
    ],
)
def test_arrays_that_are_no_vectors_are_refused(
    tmp_path: Path, array: NDArray[Any], reason: str
) -> None:
    np.save(tmp_path / "v.npy", array)
    (tmp_path / "v.txt").write_text("\n".join(WORDS))
    with pytest.raises(ValueError, match=reason):
        load_vectors(tmp_path / "v.npy")


@pytest.mark.parametrize("dtype", ["<f8", ">f4", ">f2", "<f2"])
def test_other_floats_of_npy_are_converted(tmp_path: Path, dtype: str) -> None:
    array = VECTORS.astype(np.float16).astype(dtype)
    np.save(tmp_path / "v.npy", array)
    (tmp_path / "v.txt").write_text("\n".join(WORDS), encoding="utf-8")
    loaded = load_vectors(tmp_path / "v.npy")
    assert loaded.vectors.dtype == (np.float16 if dtype.endswith("2") else np.float32)
    np.testing.assert_array_equal(loaded.vectors, array)


def test_subword_rows_of_finalfusion_are_left_out(tmp_path: Path) -> None:
    rows = np.vstack((VECTORS, VECTORS))
    content = finalfusion(WORDS, rows, vocabulary=3, between=struct.pack("<3I", 3, 6, 21))
    (tmp_path / "v").write_bytes(content)
    loaded = load_vectors(tmp_path / "v")
    assert_same(loaded, [0, 1, 2, 3, 4])
    assert not loaded.vectors.flags.owndata


def test_quantized_rows_of_finalfusion_are_refused(tmp_path: Path) -> None:
    content = finalfusion(WORDS, VECTORS)
    (tmp_path / "v").write_bytes(content.replace(struct.pack("<II", 1, 2), struct.pack("<II", 1, 4))
                                 + struct.pack("<IQ", 4, 0))  # fmt: skip
    with pytest.raises(ValueError, match="quantized rows, which fastw2v does not read"):
        load_vectors(tmp_path / "v")


# ---- What is never opened ----------------------------------------------------------------------


class Trap:
    """What a pickle can do when it is opened."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_pickle_is_refused_with_the_recipe_and_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, compress: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v").write_bytes(compress(pickle.dumps(Trap(), protocol=protocol)))
    with pytest.raises(ValueError, match=r"Python pickle.*save_word2vec_format"):
        load_vectors(tmp_path / "v")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("protocol", [0, 1])
@pytest.mark.parametrize("format", [None, "native", "word2vec", "glove", "npy", "finalfusion"])
def test_a_pickle_is_not_opened_whatever_it_is_taken_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int, format: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v").write_bytes(pickle.dumps(Trap(), protocol=protocol))
    with pytest.raises(ValueError, match="is not"):
        load_vectors(tmp_path / "v", format=format)
    assert not (tmp_path / "sprung").exists()


def test_an_array_of_objects_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "v.npy", np.array([[Trap()]]), allow_pickle=True)
    with pytest.raises(ValueError, match="not floats"):
        load_vectors(tmp_path / "v.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04....", "is a zip archive"),
        ((793712314).to_bytes(4, "little") + b"\x0c\0\0\0", "fastText model.*'.vec'"),
        (gzip.compress(b"3 2\na 1 2\n")[:-12], "is damaged|is not in"),
    ],
)
def test_what_has_no_vectors_to_read_is_refused_with_a_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        load_vectors(tmp_path / "v")


# ---- Names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["v", "v.model", "v.gz", "v.pkl"])
def test_a_name_that_tells_no_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="its format must be given"):
        save_vectors(tmp_path / name, WORDS, VECTORS)


@pytest.mark.parametrize("name", ["v.safetensors.gz", "v.npy.gz"])
def test_a_format_that_is_mapped_is_not_compressed(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not compressed"):
        save_vectors(tmp_path / name, WORDS, VECTORS)


def test_a_width_is_for_the_native_format_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dtype belongs to the native format, not to 'text'"):
        save_vectors(tmp_path / "v.txt", WORDS, VECTORS, dtype="int8")
    with pytest.raises(ValueError, match=r"dtype must be one of .*, not 'int4'"):
        save_vectors(tmp_path / "v.safetensors", WORDS, VECTORS, dtype="int4")
    with pytest.raises(ValueError, match=r"format must be one of .*, not 'bin'"):
        save_vectors(tmp_path / "v.bin", WORDS, VECTORS, format="bin")


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.glove", "v.npy", "v.safetensors"])
def test_words_and_vectors_of_different_number_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"5 rows, 4 words|must have the shape|counts must"):
        save_vectors(tmp_path / name, WORDS[:4], VECTORS)
    assert list(tmp_path.iterdir()) == []
