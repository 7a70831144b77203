# SPDX-License-Identifier: Apache-2.0
r"""The formats of word2vec.c, text and binary, plain or compressed with gzip.

    text    "V d\n", then a line a word: "word x1 ... xd\n"
    binary  "V d\n", then an entry a word: "word ", d little-endian float32, and either "\n"
            (word2vec.c) or nothing (gensim)

We write the dialect of word2vec.c and read both. fastText's `.vec` is the text with a space at the
end of a line. The formats have no counts, no output vectors and no place for a word with white
space in it. A vector may hold NaN or infinities: what was stored comes back. Bytes of a word that
are not UTF-8 come back as U+FFFD, the replacement character, since word2vec.c cuts long words in
the middle of a character.

Numbers in the header are checked against the size of the file before memory is reserved, and
the end of the data against the end of the file: a text must end in a newline, or its last number
may have lost digits.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import copy_rows, decode_spans, find_entries
from fastw2v.persistence.files import created, opened
from fastw2v.persistence.gathering import Gatherer, Vectors, check_selection
from fastw2v.persistence.rows import Rows
from fastw2v.persistence.text_lines import (
    READ_BYTES,
    check_end,
    encode_words,
    is_number,
    longest_line,
    read_lines,
    write_lines,
)

KIND = "in word2vec format"
HEADER_BYTES = 64  # more than two sizes of ten digits
HEADER = re.compile(rb"(\d{1,10})[ \t]+(\d{1,10})[ \t]*\r?\n")


# ---- Writing -----------------------------------------------------------------------------------


def write_word2vec_format(
    path: str | os.PathLike[str],
    words: Sequence[str],
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
    binary: bool = False,
) -> None:
    """Write vectors for word2vec.c, gensim and everything else that reads its formats.

    Parameters
    ----------
    path : path-like
        Written atomically; compressed if it ends in ".gz".
    words : sequence of str
    vectors : ndarray of shape (len(words), vector_size), float32, float16 or int8
    scales : ndarray of shape (len(words),), float32, optional
        With int8 vectors: what each row is multiplied by.
    binary : bool
        Text has the fewest digits that give the same float32 back, so both formats are exact.

    Raises
    ------
    ValueError
        A word is empty, has white space in it or no UTF-8 form; nothing has been written.
    OSError
        The file cannot be written; an old one is untouched.
    """
    rows = Rows(vectors, scales)
    if len(rows) != len(words):
        raise ValueError(f"vectors must have one row a word: {len(rows)} rows, {len(words)} words")
    text, offsets = encode_words(words, "word2vec")
    with created(path) as file:
        file.write(b"%d %d\n" % rows.vectors.shape)
        if binary:
            _write_entries(file, text, offsets, rows)
        else:
            write_lines(file, text, offsets, rows)


def _write_entries(file: BinaryIO, text: bytes, offsets: NDArray[np.int64], rows: Rows) -> None:
    places = offsets.tolist()
    for begin, block in rows.blocks(READ_BYTES):
        numbers = np.ascontiguousarray(block, "<f4").tobytes()
        row_bytes = 4 * rows.vector_size
        parts: list[bytes] = []
        for i in range(len(block)):
            parts.append(text[places[begin + i] : places[begin + i + 1]])
            parts.append(numbers[i * row_bytes : (i + 1) * row_bytes])
            parts.append(b"\n")
        file.write(b"".join(parts))


# ---- Reading -----------------------------------------------------------------------------------


def read_word2vec_format(
    path: str | os.PathLike[str],
    *,
    binary: bool | None = None,
    limit: int | None = None,
    words: Collection[str] | None = None,
    stacklevel: int = 3,
) -> tuple[list[str], Vectors]:
    """Read vectors from word2vec.c, gensim and everything else that writes its formats.

    Parameters
    ----------
    path : path-like
        Whether it is compressed is seen from its first bytes.
    binary : bool, optional
        By default the first entry tells: it is text if it is a line of decimal numbers.
    limit : int, optional
        Read this many entries, the most frequent words as a rule, and not to the end.
    words : collection of str, optional
        Keep these words alone, in the order of the file, which is read until all are found.
    stacklevel : int
        Of a warning of words that stand twice: 2 is the caller, 3 the caller's caller.

    Returns
    -------
    words : list of str
        Distinct: of a word that comes twice the first is kept, with a warning.
    vectors : ndarray of shape (len(words), vector_size), float32

    Raises
    ------
    ValueError
        The file is cut short, or is not what it should be; the message names it and says why.
    OSError
        The file cannot be read.
    """
    check_selection(limit, words)
    with opened(path, KIND) as (file, most_bytes, is_compressed):
        vocab_size, vector_size = _read_header(file)
        if binary is None:
            binary = not _looks_like_text(file, vector_size)
        # The least entry: a separator, and for each number four bytes, or a space and a digit.
        if vocab_size * (1 + vector_size * (4 if binary else 2)) > most_bytes:
            raise ValueError(
                f"its header promises {vocab_size} vectors of {vector_size} numbers, which do not "
                f"fit into a {'binary' if binary else 'text'} file of this size"
            )
        n_entries = vocab_size if limit is None else min(limit, vocab_size)
        gatherer = Gatherer(vector_size, None if is_compressed else n_entries, words)
        if binary:
            rest, separated = _read_entries(file, gatherer, n_entries)
        else:
            rest, separated = (
                read_lines(file, gatherer, n_entries, first_number=2, last_number=n_entries + 1),
                False,
            )
        if n_entries == vocab_size and not gatherer.is_complete:
            rest = rest or file.read(READ_BYTES)
            if separated and not rest.startswith(b"\n"):
                raise ValueError("the newline after the last entry is missing")
            check_end(rest, file)
    return gatherer.result(path, stacklevel)


def _read_header(file: BinaryIO) -> tuple[int, int]:
    line = file.readline(HEADER_BYTES)
    match = HEADER.fullmatch(line)
    if match is None:
        raise ValueError(f"its first line is {line!r}, not 'vocab_size vector_size'")
    vocab_size, vector_size = int(match[1]), int(match[2])
    if vector_size < 1:
        raise ValueError("its header promises vectors without numbers")
    return vocab_size, vector_size


def _looks_like_text(file: BinaryIO, vector_size: int) -> bool:
    """Whether the first entry is a line of `vector_size` decimal numbers; look, do not move."""
    begin = file.tell()
    line = file.readline(longest_line(vector_size))
    file.seek(begin)
    numbers = line.partition(b" ")[2].split()
    return len(numbers) == vector_size and all(map(is_number, numbers))


def _read_entries(file: BinaryIO, gatherer: Gatherer, n_entries: int) -> tuple[bytes, bool]:
    """Return what was read behind the last entry, and whether a newline stood before its word."""
    row_bytes = 4 * gatherer.vector_size
    rest, n, separated = b"", 0, False
    while n < n_entries and not gatherer.is_complete:
        more = file.read(max(READ_BYTES, len(rest)))  # by doubling: a compressed row may be short
        if not more:
            raise ValueError(f"it ends within entry {n + 1} of {n_entries}")
        text = rest + more
        most = min(n_entries - n, len(text) // (1 + row_bytes))
        begins, word_ends = np.empty(most, np.int64), np.empty(most, np.int64)
        found = find_entries(text, row_bytes, begins, word_ends)
        begins, word_ends = begins[:found], word_ends[:found]
        end = 0
        if found:
            _take_entries(text, begins, word_ends, gatherer)
            end = int(word_ends[-1]) + 1 + row_bytes
            last = int(word_ends[-2]) + 1 + row_bytes if found > 1 else 0
            separated = text.startswith(b"\n", last)
        rest, n = text[end:], n + found
        if n < n_entries and len(rest) > READ_BYTES and b" " not in rest[: READ_BYTES + 1]:
            raise ValueError(f"the word of entry {n + 1} has no end")
    return rest, separated


def _take_entries(
    text: bytes, begins: NDArray[np.int64], word_ends: NDArray[np.int64], gatherer: Gatherer
) -> None:
    words = decode_spans(text, begins, word_ends, "replace")
    chosen = gatherer.wanted_among(words)
    if chosen is not None:
        words = [words[i] for i in chosen.tolist()]
        word_ends = word_ends[chosen]
    rows = gatherer.room(len(words))
    copy_rows(text, word_ends + 1, rows.view(np.uint8))
    if sys.byteorder == "big":
        rows.byteswap(inplace=True)
    gatherer.keep(words)
