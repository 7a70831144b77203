# SPDX-License-Identifier: Apache-2.0
"""A matrix in NumPy's format and a list of words, a line a word, in a text file beside it.

`vectors.npy` goes with `vectors.txt`. The matrix must be in row-major order; it is mapped, not
read, if it is float32 or float16, and other floats are converted.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.atomic import atomic_file
from fastw2v.persistence.files import opened
from fastw2v.persistence.rows import Rows
from fastw2v.persistence.text_lines import READ_BYTES, encoded_words
from fastw2v.vocabulary import check_distinct

KIND = "a matrix of word vectors in NumPy's format"
MAGIC = b"\x93NUMPY"
DTYPE = re.compile(r"[<>=|]f[248]")
MAX_HEADER_BYTES = 10_000  # NumPy's own limit; that of a matrix takes 118


def write_npy(
    path: str | os.PathLike[str],
    words: Sequence[str],
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write a matrix and, beside it, its words, with the suffix ".txt".

    int8 vectors are written as float32.

    Raises
    ------
    ValueError
        A word is empty, has a line break in it or no UTF-8 form; nothing has been written.
    OSError
        A file cannot be written.
    """
    rows = Rows(vectors, scales)
    if len(rows) != len(words):
        raise ValueError(f"vectors must have one row a word: {len(rows)} rows, {len(words)} words")
    encoded = _encode_list(words)
    matrix = rows.vectors if scales is None else rows.float32()
    with atomic_file(path) as file:
        np.lib.format.write_array(file, np.ascontiguousarray(matrix), allow_pickle=False)
    with atomic_file(word_list_of(path)) as file:
        file.write(encoded)


def _encode_list(words: Sequence[str]) -> bytes:
    """Return the words in UTF-8, a line a word."""
    text = "".join(f"{word}\n" for word in words)
    if "" in words or "\r" in text or text.count("\n") != len(words):
        word = next(word for word in words if not word or "\n" in word or "\r" in word)
        raise ValueError(
            f"the word {word!r} cannot be written in a list of words, which has a line for each: "
            "rename it, or save in fastw2v's own format"
        )
    return encoded_words(text, words)


def word_list_of(path: str | os.PathLike[str]) -> Path:
    """Return where the words of a matrix are."""
    return Path(path).with_suffix(".txt")


def read_npy(path: str | os.PathLike[str]) -> tuple[list[str], NDArray[Any]]:
    """Open a matrix and its words.

    Returns
    -------
    words : list of str
    vectors : ndarray of shape (len(words), vector_size), float32 or float16
        A read-only view of the file where it can be.

    Raises
    ------
    ValueError
        A file is damaged, is not what it should be, or the two do not go together.
    OSError
        A file cannot be read.
    """
    with opened(path, KIND) as (file, size, is_compressed):
        if is_compressed:
            raise ValueError("it is compressed: unpack it first")
        dtype, shape, begin = _read_header(file)
        if int(np.prod(shape, dtype=object)) * dtype.itemsize != size - begin:
            raise ValueError(
                f"it has {size - begin} bytes of data, which do not make a {dtype} matrix of shape "
                f"{shape}"
            )
        mapped = np.memmap(file, dtype, "r", begin, shape) if 0 not in shape else np.empty(shape)
        vectors: NDArray[Any] = np.asarray(mapped)
    if dtype != np.float16 and dtype != np.float32:  # of the other byte order, or double
        with np.errstate(over="ignore"):
            vectors = vectors.astype(np.float16 if dtype.itemsize == 2 else np.float32)
    return read_word_list(word_list_of(path), len(vectors)), vectors


def read_word_list(path: Path, n_words: int) -> list[str]:
    """Read a list of distinct words, a line a word."""
    with opened(path, "a list of words") as (file, _, _):
        # Piece by piece: room for all that one read may return is reserved before it is read.
        pieces = iter(partial(file.read, READ_BYTES), b"")
        text = b"".join(islice(pieces, n_words + 1))
        words = text.decode(errors="replace").replace("\r\n", "\n").split("\n")
        if words[-1] == "":
            words.pop()
        if len(words) != n_words:
            raise ValueError(f"it has {len(words)} lines, and the matrix beside it {n_words} rows")
        check_distinct(words)
    return words


def _read_header(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, int], int]:
    """Return dtype and shape of a matrix in row-major order, and where its data begin."""
    magic = file.read(8)
    if len(magic) < 8 or not magic.startswith(MAGIC) or magic[6] not in (1, 2, 3):
        raise ValueError(f"it begins with {magic!r}")
    length_bytes = 2 if magic[6] == 1 else 4
    length = int.from_bytes(file.read(length_bytes), "little")
    text = file.read(min(length, MAX_HEADER_BYTES))
    if len(text) < length or length < 2:
        raise ValueError(f"its header would have {length} bytes")
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"its header is {text[:80]!r}") from error
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"its header is {text[:80]!r}")
    descr, shape = header["descr"], header["shape"]
    if not isinstance(descr, str) or not DTYPE.fullmatch(descr):
        raise ValueError(f"its elements are {descr!r}, not floats of 2, 4 or 8 bytes")
    is_shape = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 2**62 for n in shape)
    if not is_shape or len(shape) != 2 or shape[1] < 1:
        raise ValueError(f"its shape is {shape!r}, not (words, numbers)")
    if header["fortran_order"] is not False:
        raise ValueError("its columns follow one another: save numpy.ascontiguousarray of it")
    return np.dtype(descr), shape, file.tell()
