# SPDX-License-Identifier: Apache-2.0
"""Text files: every line exactly once, whatever the threads and buffers."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from corpora import sentences_of
from hypothesis import given, settings
from hypothesis import strategies as st

from fastw2v.corpus import TextFiles, as_corpus, encode_corpus, shares, stream, text

alphabet = [
    b"a",
    b"b",
    b"c",
    b"\xff",
    b"\xc3\xa9",
    b" ",
    b"  ",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"long" * 9,
    b"\xc2\xa0",
    b"\xe2\x80\x83",
    b"\xe3\x80\x80",
    b"\xe2\x80",
    b"\x1c",
]
files = st.lists(st.lists(st.sampled_from(alphabet), max_size=40).map(b"".join), max_size=4)


def split(data: bytes) -> list[list[str]]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines = [line.decode(errors="replace").split() for line in data.split(b"\n")]
    return [line for line in lines if line]


def write(directory: Path, contents: list[bytes]) -> list[Path]:
    paths = [directory / f"{i}.txt" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture(params=["usual", "tiny"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run with the usual buffers and with tiny ones that need refilling and growing."""
    if request.param == "tiny":
        monkeypatch.setattr(text, "BUFFER_BYTES", 5)
        monkeypatch.setattr(stream, "BLOCK_TOKENS", 3)
        monkeypatch.setattr(stream, "BLOCK_ENDS", 2)


@settings(deadline=None, max_examples=60)
@given(
    contents=files,
    threads=st.integers(1, 8),
    tiny=st.booleans(),
    limit=st.sampled_from([0, 50, 10**9]),
)
def test_every_line_is_read_once_in_order(
    contents: list[bytes], threads: int, tiny: bool, limit: int
) -> None:
    expected = [line for content in contents for line in split(content)]
    flat = [word for line in expected for word in line]
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        if tiny:
            patch.setattr(text, "BUFFER_BYTES", 5)
            patch.setattr(text, "SLICE_BYTES", 4)
            patch.setattr(stream, "BLOCK_TOKENS", 3)
            patch.setattr(stream, "BLOCK_ENDS", 2)
        corpus = TextFiles(write(Path(directory), contents))
        if not flat:
            with pytest.raises(ValueError, match="the corpus is empty"):
                encode_corpus(corpus, min_count=1, threads=threads, memory_limit=limit)
            return
        encoded = encode_corpus(corpus, min_count=1, threads=threads, memory_limit=limit)
        assert sentences_of(encoded) == expected
        counts = Counter(flat)
        assert encoded.vocabulary.words == [word for word, _ in counts.most_common()]
        assert encoded.vocabulary.counts.tolist() == [n for _, n in counts.most_common()]
        assert encoded.n_raw_words == len(flat)
        # Pruned: rare words go, and the sentences that had nothing else.
        if counts.most_common(1)[0][1] >= 3:
            pruned = encode_corpus(corpus, min_count=3, threads=threads, memory_limit=limit)
            kept = [[word for word in line if counts[word] >= 3] for line in expected]
            assert sentences_of(pruned) == [line for line in kept if line]
            assert pruned.n_raw_words == len(flat)


@settings(deadline=None)
@given(contents=files, n_parts=st.integers(1, 9))
def test_parts_are_contiguous_and_end_at_line_borders(contents: list[bytes], n_parts: int) -> None:
    with TemporaryDirectory() as directory:
        parts = TextFiles(write(Path(directory), contents)).split(n_parts)
        pieces = [piece for part in parts for piece in part]
        read = [p.file.path.read_bytes()[p.begin : p.end] for p in pieces]
        assert len(parts) <= n_parts
        assert b"".join(read) == b"".join(contents)
        for piece in pieces:
            content = piece.file.path.read_bytes()
            assert piece.begin == 0 or content[piece.begin - 1 : piece.begin] == b"\n"


@pytest.mark.parametrize(
    ("content", "borders"),
    [
        (b"ab\ncd\n", [0, 3, 3, 3, 6, 6, 6]),
        (b"\n\na", [0, 1, 2, 3]),
        (b"abc", [0, 3, 3, 3]),
        (b"a" * 5 + b"\nb", [0, 6, 6, 6, 6, 6, 6, 7]),
    ],
)
def test_a_line_border_is_the_next_place_where_a_line_begins(
    tmp_path: Path, content: bytes, borders: list[int]
) -> None:
    file = text.TextFile.at(write(tmp_path, [content])[0])
    assert file.line_borders(range(len(content) + 1)) == borders


def test_parts_have_about_the_same_size(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [b"some words in a line\n" * 10_000])
    parts = TextFiles([path]).split(4)
    lengths = [sum(piece.end - piece.begin for piece in part) for part in parts]
    assert len(lengths) == 4
    assert max(lengths) - min(lengths) < 100


def test_a_line_longer_than_a_part_is_searched_once(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [b"x " * 50_000 + b"\nlast line"])
    parts = TextFiles([path]).split(8)
    assert [[(p.begin, p.end) for p in part] for part in parts] == [
        [(0, 100_001)],
        [(100_001, 100_010)],
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"one two\nthree"))
    writer.start()
    encoded = encode_corpus(pipe, min_count=1, threads=2)
    writer.join()
    assert sentences_of(encoded) == [["one", "two"], ["three"]]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_byte_order_mark_is_skipped_at_the_start_of_every_file_only(
    tmp_path: Path, threads: int
) -> None:
    mark = b"\xef\xbb\xbf"
    paths = write(tmp_path, [mark + b"a b\n" + mark + b"a", mark + b"b", mark])
    encoded = encode_corpus(paths, min_count=1, threads=threads)
    assert sentences_of(encoded) == [["a", "b"], ["\ufeffa"], ["b"]]


@pytest.mark.usefixtures("sizes")
def test_a_line_and_a_word_longer_than_the_buffer_are_read(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [b"w" * 10_000 + b" " + b"ab " * 5_000 + b"end"])
    encoded = encode_corpus(path, min_count=1, threads=4)
    assert sentences_of(encoded) == [["w" * 10_000, *["ab"] * 5_000, "end"]]


def test_a_line_of_many_megabytes_is_one_sentence(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [b"some words " * 1_000_000])
    encoded = encode_corpus(path, threads=4)
    assert encoded.sentence_ends.tolist() == [2_000_000]
    assert np.array_equal(encoded.ids, np.tile(np.array([0, 1], dtype=np.int32), 1_000_000))


def test_threads_do_not_show_in_the_result(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    words = rng.zipf(1.3, size=50_000) % 5000
    lines = [" ".join(map(str, line)) for line in np.split(words, 2500)]
    (path,) = write(tmp_path, ["\n".join(lines).encode()])
    one = encode_corpus(path, min_count=2, max_final_vocab=400)
    for threads in range(2, 9):
        many = encode_corpus(path, min_count=2, max_final_vocab=400, threads=threads)
        assert many.vocabulary.words == one.vocabulary.words
        assert np.array_equal(many.ids, one.ids)
        assert np.array_equal(many.sentence_ends, one.sentence_ends)


def test_what_a_fast_thread_takes_over_does_not_show_in_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"word{i % 7} word{i} rare{i * i % 101}\n" for i in range(2000)]
    (path,) = write(tmp_path, ["".join(lines).encode()])
    one = encode_corpus(path, min_count=2)
    monkeypatch.setattr(text, "SLICE_BYTES", 1000)
    other_is_through = threading.Event()
    read_pieces = text.read_pieces
    n_streams: list[int] = []

    def slow_at_first(
        pieces: list[text.Piece], into: stream.TokenStream, buffer: memoryview
    ) -> memoryview:
        if pieces[0].begin == 0:
            other_is_through.wait(timeout=60)
        return read_pieces(pieces, into, buffer)

    def read(self: text.TextFiles, *args: object) -> list[stream.TokenStream]:
        streams = all_streams(self, *args)  # type: ignore[arg-type]
        n_streams.append(len(streams))
        return streams

    def take(self: shares.Shares[object], thread: int) -> shares.Taken[object] | None:
        taken = take_one(self, thread)
        if taken is None:
            other_is_through.set()
        return taken

    all_streams, take_one = text.TextFiles.read, shares.Shares.take
    monkeypatch.setattr(text, "read_pieces", slow_at_first)
    monkeypatch.setattr(text.TextFiles, "read", read)
    monkeypatch.setattr(shares.Shares, "take", take)
    two = encode_corpus(path, min_count=2, threads=2)
    assert n_streams[0] > 2
    assert two.vocabulary.words == one.vocabulary.words
    assert np.array_equal(two.ids, one.ids)
    assert np.array_equal(two.sentence_ends, one.sentence_ends)


def test_invalid_utf8_becomes_the_replacement_character(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [b"caf\xe9 caf\xe8 caf\xc3\xa9\n"])
    encoded = encode_corpus(path, min_count=2)
    assert sentences_of(encoded) == [["caf\ufffd", "caf\ufffd"]]


# ---- What goes wrong ----


@pytest.mark.parametrize("name", ["missing.txt", "no/such/file", "corpus.txt.gz"])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        as_corpus(name)
    with pytest.raises(FileNotFoundError, match=name):
        as_corpus(Path(name))
    with pytest.raises(FileNotFoundError, match=name):
        as_corpus([Path(__file__), name])


@pytest.mark.parametrize(
    "name", ["the quick brown fox", "word", "", "two\nlines.txt", "nul\0", "a b." * 400]
)
def test_a_string_that_is_no_path_is_refused_with_the_remedy(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"got a string that is no existing file.*\[text\.split\(\)\]"
    ):
        as_corpus(name)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    for corpus in (tmp_path, str(tmp_path), [tmp_path]):
        with pytest.raises(IsADirectoryError, match=r"corpus is a directory.*glob"):
            as_corpus(corpus)


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \t \r\n", b"\xef\xbb\xbf", "\u2003".encode()])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (path,) = write(tmp_path, [content])
    with pytest.raises(ValueError, match="the corpus is empty"):
        encode_corpus(path, threads=2)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path: Path, threads: int) -> None:
    (path,) = write(tmp_path, [b"some words\n" * 100])
    corpus = TextFiles([path])
    os.truncate(path, 700)
    with pytest.raises(OSError, match="became shorter while it was read"):
        encode_corpus(corpus, threads=threads)


def test_the_first_error_of_a_thread_is_raised_and_stops_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, [b"endless\n", b"broken\n"])
    stopped = threading.Event()

    def read_pieces(
        pieces: list[text.Piece], into: stream.TokenStream, buffer: memoryview
    ) -> memoryview:
        if pieces[0].file.path == paths[1]:
            raise ZeroDivisionError("the first error")
        try:
            while True:
                into.scan(memoryview(b"endless "), False)
        except BaseException:
            stopped.set()
            raise

    monkeypatch.setattr(text, "read_pieces", read_pieces)
    with pytest.raises(ZeroDivisionError, match="the first error"):
        encode_corpus(paths, threads=2)
    assert stopped.is_set()


def test_ctrl_c_stops_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write(tmp_path, [b"endless\n", b"endless\n"])

    def read_pieces(
        pieces: list[text.Piece], into: stream.TokenStream, buffer: memoryview
    ) -> memoryview:
        while True:
            into.scan(memoryview(b"endless "), False)

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(text, "read_pieces", read_pieces)
    monkeypatch.setattr("fastw2v.threads.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encode_corpus(paths, threads=2)
    assert not [t for t in threading.enumerate() if t.name.startswith("fastw2v")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threads": 0}, "threads must be >= 1, got 0"),
        ({"memory_limit": -1}, "memory_limit must be >= 0 bytes, got -1"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_corpus(write(tmp_path, [b"a"]), **arguments)  # type: ignore[arg-type]
