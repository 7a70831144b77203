# SPDX-License-Identifier: Apache-2.0
r"""The formats of word2vec.c, text and binary, plain or compressed with gzip.

    text    "V d\n", then a line a word: "word x1 ... xd\n"
    binary  "V d\n", then an entry a word: "word ", d little-endian float32, and either "\n"
            (word2vec.c) or nothing (gensim)

We write the dialect of word2vec.c and read both. The formats have no counts, no output vectors
and no place for a word with white space in it. A vector may hold NaN or infinities: what was
stored comes back. Bytes of a word that are not UTF-8 come back as U+FFFD, the replacement
character, since word2vec.c cuts long words in the middle of a character.

Numbers in the header are checked against the size of the file before memory is reserved, and
the end of the data against the end of the file: a text must end in a newline, or its last number
may have lost digits.
"""

from __future__ import annotations

import gzip
import os
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.atomic import atomic_file

Vectors = NDArray[np.float32]
Entry = tuple[bytes, Vectors]

READ_BYTES = 1 << 20  # how much of a binary file is looked at in one go; no word is longer
HEADER_BYTES = 64  # more than two sizes of ten digits
MAX_DEFLATE_RATIO = 1032  # no deflate stream grows by more (zlib's technical notes)
SEPARATORS = re.compile(r"[ \t\n\v\f\r]")  # what C's fscanf("%s") ends a word at
NUMBER_BYTES = 64  # no sensible decimal is longer


# ---- Writing -----------------------------------------------------------------------------------


def write_word2vec_format(
    path: str | os.PathLike[str], words: Sequence[str], vectors: Vectors, *, binary: bool = False
) -> None:
    """Write vectors for word2vec.c, gensim and everything else that reads its formats.

    Parameters
    ----------
    path : path-like
        Written atomically; compressed if it ends in ".gz".
    words : sequence of str
    vectors : ndarray of shape (len(words), vector_size), float32
    binary : bool
        Text has the fewest digits that give the same float32 back, so both formats are exact.

    Raises
    ------
    ValueError
        A word is empty, has white space in it or no UTF-8 form; nothing has been written.
    OSError
        The file cannot be written; an old one is untouched.
    """
    if vectors.shape[0] != len(words):
        raise ValueError(
            f"vectors must have one row a word: {len(vectors)} rows, {len(words)} words"
        )
    encoded = [_encode_word(word) for word in words]
    with atomic_file(path) as raw, _compressed(raw, path) as file:
        file.write(b"%d %d\n" % vectors.shape)
        for word, vector in zip(encoded, vectors.astype("<f4", copy=False), strict=True):
            file.write(word)
            file.write(vector.tobytes() if binary else _encode_numbers(vector))
            file.write(b"\n")


def _encode_word(word: str) -> bytes:
    """Return the word in UTF-8 and the space after it."""
    if not word or SEPARATORS.search(word):
        raise ValueError(
            f"the word {word!r} cannot be written in word2vec format, which ends a word at white "
            f"space: rename it, for example to {SEPARATORS.sub('_', word) or '_'!r}, or save the "
            "model in fastw2v's own format"
        )
    try:
        return word.encode() + b" "
    except UnicodeEncodeError as error:
        raise ValueError(f"the word {word!r} has no UTF-8 form: {error.reason}") from error


def _encode_numbers(vector: Vectors) -> bytes:
    return " ".join(map(str, vector)).encode()  # str of a float32 is the shortest exact decimal


@contextmanager
def _compressed(raw: BinaryIO, path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    if not os.fspath(path).endswith(".gz"):
        yield raw
        return
    # Neither name nor time in the file: the same vectors give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as file:
        yield cast(BinaryIO, file)


# ---- Reading -----------------------------------------------------------------------------------


def read_word2vec_format(
    path: str | os.PathLike[str], *, binary: bool | None = None, limit: int | None = None
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
    if limit is not None and limit < 0:
        raise ValueError(f"limit must be None or at least 0, not {limit}")
    try:
        with _uncompressed(path) as (file, most_bytes):
            words, vectors, repeated = _read(file, most_bytes, binary, limit)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{os.fspath(path)!r} is not in word2vec format: {error}") from error
    if repeated:
        warnings.warn(
            f"{os.fspath(path)!r}: {len(repeated)} words stand more than once, all but the first "
            f"of each are left out: {repeated[:5]}",
            stacklevel=3,
        )
    return words, vectors


@contextmanager
def _uncompressed(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file and say how many bytes it can hold at most."""
    with Path(path).open("rb") as raw:
        size = os.fstat(raw.fileno()).st_size
        is_compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not is_compressed:
            yield raw, size
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield cast(BinaryIO, file), size * MAX_DEFLATE_RATIO


def _read(
    file: BinaryIO, most_bytes: int, binary: bool | None, limit: int | None
) -> tuple[list[str], Vectors, list[str]]:
    """Also return the words that came again."""
    vocab_size, vector_size = _read_header(file)
    if binary is None:
        binary = not _looks_like_text(file, vector_size)
    # The least entry: a separator, and for each number four bytes, or a space and a digit.
    if vocab_size * (1 + vector_size * (4 if binary else 2)) > most_bytes:
        raise ValueError(
            f"its header promises {vocab_size} vectors of {vector_size} numbers, which do not fit "
            f"into a {'binary' if binary else 'text'} file of this size"
        )
    n_entries = vocab_size if limit is None else min(limit, vocab_size)
    entries = (_binary_entries if binary else _text_entries)(
        file, vector_size, n_entries, n_entries == vocab_size
    )
    with np.errstate(over="ignore"):  # a number in text beyond float32 is infinite
        return _collect(entries, n_entries, vector_size)


def _read_header(file: BinaryIO) -> tuple[int, int]:
    line = file.readline(HEADER_BYTES)
    match = re.fullmatch(rb"(\d{1,10})[ \t]+(\d{1,10})[ \t]*\r?\n", line)
    if match is None:
        raise ValueError(f"its first line is {line!r}, not 'vocab_size vector_size'")
    vocab_size, vector_size = int(match[1]), int(match[2])
    if vector_size < 1:
        raise ValueError("its header promises vectors without numbers")
    return vocab_size, vector_size


def _looks_like_text(file: BinaryIO, vector_size: int) -> bool:
    """Whether the first entry is a line of `vector_size` decimal numbers; look, do not move."""
    begin = file.tell()
    line = file.readline(_longest_line(vector_size))
    file.seek(begin)
    numbers = line.partition(b" ")[2].split()
    try:
        return len(list(map(float, numbers))) == vector_size
    except ValueError:
        return False


def _longest_line(vector_size: int) -> int:
    return READ_BYTES + NUMBER_BYTES * vector_size


def _text_entries(
    file: BinaryIO, vector_size: int, n_entries: int, to_end: bool
) -> Iterator[Entry]:
    for line_number in range(2, n_entries + 2):
        line = file.readline(_longest_line(vector_size))
        if not line.endswith(b"\n"):
            raise ValueError(f"line {line_number} of {n_entries + 1} has no end")
        word, _, numbers = line.partition(b" ")
        values = numbers.split()
        if len(values) != vector_size:
            raise ValueError(f"line {line_number} has {len(values)} numbers, not {vector_size}")
        try:
            yield word, np.fromiter(map(float, values), np.float32, vector_size)
        except ValueError as error:
            reason = str(error)[:100]
            raise ValueError(f"line {line_number} has more than numbers: {reason}") from error
    if to_end:
        _check_end(file.read(READ_BYTES), file)


def _binary_entries(
    file: BinaryIO, vector_size: int, n_entries: int, to_end: bool
) -> Iterator[Entry]:
    vector_bytes = 4 * vector_size
    buffer, begin = b"", 0
    separated = False  # whether a newline ended the entry before this one
    for entry_number in range(1, n_entries + 1):
        while (space := buffer.find(b" ", begin)) < 0 or len(buffer) <= space + vector_bytes:
            if space < 0 and len(buffer) - begin >= READ_BYTES:
                raise ValueError(f"the word of entry {entry_number} has no end")
            more = file.read(max(READ_BYTES, vector_bytes))
            if not more:
                raise ValueError(f"it ends within entry {entry_number} of {n_entries}")
            buffer, begin = buffer[begin:] + more, 0
        separated = buffer.startswith(b"\n", begin)
        word = buffer[begin + separated : space]
        yield word, np.frombuffer(buffer, "<f4", vector_size, space + 1)
        begin = space + 1 + vector_bytes
    if to_end:
        rest = buffer[begin:] or file.read(READ_BYTES)
        if separated and not rest.startswith(b"\n"):
            raise ValueError("the newline after the last entry is missing")
        _check_end(rest, file)


def _check_end(rest: bytes, file: BinaryIO) -> None:
    """Nothing but white space may follow; reading on lets gzip check its sum."""
    while rest:
        if rest.strip():
            raise ValueError(f"there is more in it than its header promises: {rest[:20]!r}")
        rest = file.read(READ_BYTES)


def _collect(
    entries: Iterator[Entry], n_entries: int, vector_size: int
) -> tuple[list[str], Vectors, list[str]]:
    """Gather the entries; of a word that comes again, the first stays."""
    index: dict[str, int] = {}
    vectors = np.empty((n_entries, vector_size), np.float32)
    repeated = []
    for encoded, vector in entries:
        word = encoded.decode(errors="replace")
        if word in index:
            repeated.append(word)
            continue
        vectors[len(index)] = vector
        index[word] = len(index)
    return list(index), vectors[: len(index)], repeated
