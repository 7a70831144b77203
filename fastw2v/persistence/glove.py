# SPDX-License-Identifier: Apache-2.0
r"""GloVe's text format: word2vec's without its first line. Plain or compressed with gzip.

    "word x1 ... xd\n", a line a word

The first line tells d. Stanford's files have words with spaces in them: the last d numbers of a
line are the vector, and all before them is the word.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.files import created, opened
from fastw2v.persistence.gathering import Gatherer, Vectors, check_selection
from fastw2v.persistence.rows import Rows
from fastw2v.persistence.text_lines import (
    READ_BYTES,
    encode_words,
    is_number,
    read_lines,
    write_lines,
)

KIND = "in GloVe's format"
FIRST_LINE_BYTES = 4 * READ_BYTES


def write_glove(
    path: str | os.PathLike[str],
    words: Sequence[str],
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write vectors as GloVe does: the text of `write_word2vec_format` without its first line.

    Raises
    ------
    ValueError
        A word is empty, has white space in it or no UTF-8 form, or there is none.
    OSError
        The file cannot be written; an old one is untouched.
    """
    rows = Rows(vectors, scales)
    if len(rows) != len(words):
        raise ValueError(f"vectors must have one row a word: {len(rows)} rows, {len(words)} words")
    if len(rows) == 0:
        raise ValueError("GloVe's format has no form for no words at all")
    text, offsets = encode_words(words, "GloVe")
    with created(path) as file:
        write_lines(file, text, offsets, rows)


def read_glove(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    words: Collection[str] | None = None,
    stacklevel: int = 3,
) -> tuple[list[str], Vectors]:
    """Read vectors in GloVe's format.

    Parameters
    ----------
    path : path-like
        Whether it is compressed is seen from its first bytes.
    limit, words, stacklevel
        As for `read_word2vec_format`.

    Returns
    -------
    words : list of str
    vectors : ndarray of shape (len(words), vector_size), float32

    Raises
    ------
    ValueError
        The file is cut short, or is not what it should be; the message names it and says why.
    OSError
        The file cannot be read.
    """
    check_selection(limit, words)
    with opened(path, KIND) as (file, _, _):
        first = file.readline(FIRST_LINE_BYTES)
        vector_size = _vector_size(first)
        file.seek(0)
        gatherer = Gatherer(vector_size, None, words)
        read_lines(file, gatherer, limit, first_number=1, spaces_in_words=True)
    return gatherer.result(path, stacklevel)


def _vector_size(line: bytes) -> int:
    """Return how many numbers end the first line; its word is the first thing in it."""
    if not line.endswith(b"\n"):
        raise ValueError("its first line has no end")
    values = line.partition(b" ")[2].split()
    if not values or not all(map(is_number, values)):
        raise ValueError(f"its first line is no word and numbers: {line[:60]!r}")
    return len(values)
