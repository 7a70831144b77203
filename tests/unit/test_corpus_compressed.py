# SPDX-License-Identifier: Apache-2.0
"""Compressed text files are read whole, in bounded memory, or refused by name."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpora import sentences_of

from fastw2v.corpus import encode_corpus, text


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("buffer_bytes", [text.BUFFER_BYTES, 5])
@pytest.mark.parametrize(
    ("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".XZ", lzma.compress)]
)
def test_compressed_files_are_read_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    compress: Callable[[bytes], bytes],
    buffer_bytes: int,
    threads: int,
) -> None:
    monkeypatch.setattr(text, "BUFFER_BYTES", buffer_bytes)
    contents = [b"\xef\xbb\xbfone two\nthree", b"four\n\nfive one", b"plain one\n"]
    paths = []
    for i, content in enumerate(contents[:2]):
        paths.append(tmp_path / f"{i}.txt{suffix}")
        # Two members one after another, as `cat a.gz b.gz` makes them.
        paths[-1].write_bytes(compress(content[:9]) + compress(content[9:]))
    paths.append(tmp_path / "plain.txt")
    paths[-1].write_bytes(contents[2])
    encoded = encode_corpus(paths, min_count=1, threads=threads)
    expected = [["one", "two"], ["three"], ["four"], ["five", "one"], ["plain", "one"]]
    assert sentences_of(encoded) == expected


def test_xz_with_zeros_between_its_streams_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "text.xz"
    path.write_bytes(
        lzma.compress(b"one two\nth") + bytes(200_000) + lzma.compress(b"ree") + bytes(4)
    )
    assert sentences_of(encode_corpus(path, min_count=1)) == [["one", "two"], ["three"]]


def test_xz_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    # The dictionary of .lzma, the older format, has its size in bytes 1 to 5.
    packed = bytearray(lzma.compress(b"one two", format=lzma.FORMAT_ALONE))
    packed[1:5] = (0xFFFFFFFF).to_bytes(4, "little")
    (tmp_path / "text.xz").write_bytes(packed)
    with pytest.raises(OSError, match=r"text\.xz is damaged: Memory usage limit"):
        encode_corpus(tmp_path / "text.xz", min_count=1)


@pytest.fixture
def zstandard() -> Any:
    """Whichever module there is."""
    for name in ("compression.zstd", "backports.zstd"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    pytest.skip("no Zstandard module")


@pytest.mark.parametrize("threads", [1, 3])
def test_zstandard_files_are_read_whole(tmp_path: Path, zstandard: Any, threads: int) -> None:
    path = tmp_path / "corpus.zst"
    path.write_bytes(zstandard.compress(b"one two\nth") + zstandard.compress(b"ree"))
    encoded = encode_corpus(path, min_count=1, threads=threads)
    assert sentences_of(encoded) == [["one", "two"], ["three"]]


def test_a_damaged_zstandard_file_is_named(tmp_path: Path, zstandard: Any) -> None:
    path = tmp_path / "corpus.zst"
    whole = zstandard.compress(b"cut short" * 100)
    for content in (b"no Zstandard", whole[:-1], whole[:9], whole + b"more", b""):
        path.write_bytes(content)
        with pytest.raises(OSError, match=r"corpus\.zst is damaged"):
            encode_corpus(path)


def test_without_a_zstandard_module_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    (tmp_path / "corpus.zst").write_bytes(b"anything")
    with pytest.raises(ModuleNotFoundError, match=r"needs a Zstandard module.*pip install"):
        encode_corpus(tmp_path / "corpus.zst")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".gz", b"no gzip"),
        (".gz", gzip.compress(b"cut short" * 100)[:-9]),
        (".gz", gzip.compress(b"")[:10] + b"no deflate"),
        (".bz2", b"no bzip2"),
        (".xz", b"no xz"),
        (".xz", lzma.compress(b"cut short" * 100)[:-9]),
        (".xz", lzma.compress(b"more behind it") + b"more"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, suffix: str, content: bytes, threads: int) -> None:
    good = tmp_path / "good.txt"
    good.write_bytes(b"some words\n" * 100)
    bad = tmp_path / f"bad{suffix}"
    bad.write_bytes(content)
    with pytest.raises(OSError) as caught:  # noqa: PT011 (that of bz2 has the name in a note)
        encode_corpus([good, bad], threads=threads)
    assert str(bad) in "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
