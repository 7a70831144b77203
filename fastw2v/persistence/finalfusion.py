# SPDX-License-Identifier: Apache-2.0
"""Read finalfusion's format: the words and, mapped, the rows of their vectors.

    "FiFu", version 0 (uint32), n, n identifiers of chunks (uint32), then chunks:
    identifier (uint32), length of what follows (uint64), and
        vocabulary  n (uint64), [bounds of subwords,] n times: length (uint32), word in UTF-8
        matrix      rows (uint64), columns (uint32), type (uint32), padding, rows of float32

All numbers are little-endian. Rows are as stored: finalfusion keeps vectors of length 1, and their
former lengths, if any, in a chunk that is not read. So are subwords: their rows are left out. Rows
that are quantized are refused.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.files import opened
from fastw2v.vocabulary import check_distinct

KIND = "in finalfusion's format"
MAGIC = b"FiFu"
VERSION = 0
MOST_CHUNKS = 16

MATRIX, QUANTIZED = 2, 4
#: Vocabularies, and how many numbers of 4 bytes stand between the number of words and the words.
SIMPLE, BUCKETS, FASTTEXT = 1, 3, 7
BETWEEN = {SIMPLE: 0, BUCKETS: 3, FASTTEXT: 3}
UNREADABLE = {8: "a vocabulary of explicit subwords", 9: "floret's vocabulary"}
FLOAT32 = 10


def read_finalfusion(path: str | os.PathLike[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Open a file of finalfusion.

    Returns
    -------
    words : list of str
    vectors : ndarray of shape (len(words), vector_size), float32
        A read-only view of the file.

    Raises
    ------
    ValueError
        The file is cut short, is not what it should be, or has quantized rows.
    OSError
        The file cannot be read.
    """
    with opened(path, KIND) as (file, size, is_compressed):
        if is_compressed:
            raise ValueError("it is compressed: unpack it first")
        words: list[str] | None = None
        vectors: NDArray[np.float32] | None = None
        for identifier, begin, end in _chunks(file, size):
            if identifier == QUANTIZED or identifier in UNREADABLE:
                what = UNREADABLE.get(identifier, "quantized rows")
                raise ValueError(f"it has {what}, which fastw2v does not read")
            if identifier in BETWEEN:
                words = _read_words(file, begin, end, BETWEEN[identifier])
            elif identifier == MATRIX:
                vectors = _map_rows(file, begin, end)
        if words is None or vectors is None:
            raise ValueError("it has no words" if words is None else "it has no matrix")
        if len(vectors) < len(words):
            raise ValueError(f"it has {len(words)} words and only {len(vectors)} rows")
        check_distinct(words)
    return words, vectors[: len(words)]


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    layout = "<" + layout
    content = file.read(struct.calcsize(layout))
    if len(content) < struct.calcsize(layout):
        raise ValueError("it is cut short")
    return struct.unpack(layout, content)


def _chunks(file: BinaryIO, size: int) -> list[tuple[int, int, int]]:
    """Return identifier, begin and end of the chunks, all of which are within the file."""
    magic = file.read(4)
    if magic != MAGIC:
        raise ValueError(f"it begins with {magic!r}")
    version, n_chunks = _unpack(file, "II")
    if version != VERSION or n_chunks > MOST_CHUNKS:
        raise ValueError(f"it has version {version} and {n_chunks} chunks")
    announced = _unpack(file, f"{n_chunks}I")
    chunks = []
    at = file.tell()
    while at < size:
        file.seek(at)
        identifier, length = _unpack(file, "IQ")
        begin, at = at + 12, at + 12 + length
        if at > size:
            raise ValueError("it is cut short")
        chunks.append((identifier, begin, at))
        if len(chunks) > MOST_CHUNKS:
            raise ValueError(f"it has more than {MOST_CHUNKS} chunks")
    if not set(announced) <= {identifier for identifier, _, _ in chunks}:
        raise ValueError("it lacks a chunk that its header announces")
    return chunks


def _read_words(file: BinaryIO, begin: int, end: int, n_between: int) -> list[str]:
    file.seek(begin)
    content = file.read(end - begin)
    at = 8 + 4 * n_between
    if len(content) < at:
        raise ValueError("its vocabulary is cut short")
    n_words = int.from_bytes(content[:8], "little")
    if 4 * n_words > len(content) - at:
        raise ValueError(f"its vocabulary promises {n_words} words, more than it has room for")
    words = []
    for _ in range(n_words):
        length = int.from_bytes(content[at : at + 4], "little")
        at += 4 + length
        if at > len(content):
            raise ValueError("its vocabulary is cut short")
        words.append(content[at - length : at].decode(errors="replace"))
    return words


def _map_rows(file: BinaryIO, begin: int, end: int) -> NDArray[np.float32]:
    file.seek(begin)
    rows, columns, kind = _unpack(file, "QII")
    if kind != FLOAT32 or columns < 1:
        raise ValueError(f"its matrix has {columns} columns of type {kind}, not of float32")
    data = file.tell() + -file.tell() % 4
    if data + 4 * rows * columns != end:
        raise ValueError(
            f"its matrix does not have the {rows} rows of {columns} numbers it promises"
        )
    if rows == 0:
        return np.empty((0, columns), np.float32)
    mapped = np.asarray(np.memmap(file, "<f4", "r", data, (rows, columns)))
    return mapped if sys.byteorder == "little" else mapped.astype(np.float32)
