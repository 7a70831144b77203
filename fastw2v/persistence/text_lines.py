# SPDX-License-Identifier: Apache-2.0
"""Lines of a word and its numbers, as in word2vec's text format and in GloVe's."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import LONGEST_FLOAT, decode_spans, find_lines, parse_rows, print_rows
from fastw2v.persistence.gathering import Gatherer
from fastw2v.persistence.rows import Rows
from fastw2v.system import resolve_isa

READ_BYTES = 1 << 20  # how much of a file is looked at in one go; no word is longer
WRITE_BYTES = 1 << 18  # how much float32 is printed at a time: with the text of it, in the L2 cache
NUMBER_BYTES = 64  # no sensible decimal is longer
LEAST_NUMBER_BYTES = 2  # a space and a digit
SEPARATORS = " \t\n\v\f\r"  # what C's fscanf("%s") ends a word at

Places = NDArray[np.int64]


def longest_line(vector_size: int) -> int:
    """Return how many bytes a line may have."""
    return READ_BYTES + NUMBER_BYTES * vector_size


# ---- Reading -----------------------------------------------------------------------------------


def read_lines(
    file: BinaryIO,
    gatherer: Gatherer,
    n_lines: int | None,
    *,
    first_number: int,
    last_number: int | None = None,
    spaces_in_words: bool = False,
) -> bytes:
    """Read lines of a word and numbers.

    Parameters
    ----------
    file : BinaryIO
    gatherer : Gatherer
        Takes the words and the rows.
    n_lines : int or None
        Read so many, or None: to the end of the file, which must be that of a line.
    first_number : int
        The number of the first line, for messages.
    last_number : int, optional
        That of the last, which must be there; without it, the file may end before.
    spaces_in_words : bool
        The last `vector_size` numbers of a line are the vector, and all before them is the word;
        else the word ends at the first space, and nothing but the vector may follow.

    Returns
    -------
    bytes
        What was read behind the last of the lines.
    """
    rest, number = b"", first_number
    left = n_lines
    last = f" of {last_number}" if last_number else ""
    while left is None or left > 0:
        if gatherer.is_complete:
            return b""
        more = file.read(max(READ_BYTES, len(rest)))
        if not more and last_number is None and not rest:
            return b""
        text = rest + more
        word_ends, ends = _find_lines(text, left)
        if not len(ends) and (not more or len(text) > longest_line(gatherer.vector_size)):
            raise ValueError(f"line {number}{last} has no end")
        if len(ends):
            _Block(text, word_ends, ends, number, spaces_in_words).gather(gatherer)
            number += len(ends)
            left = None if left is None else left - len(ends)
        rest = text[ends[-1] + 1 :] if len(ends) else text
    return rest


def _find_lines(text: bytes, most: int | None) -> tuple[Places, Places]:
    n_newlines = text.count(b"\n")
    capacity = n_newlines if most is None else min(most, n_newlines)
    word_ends, ends = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
    n = find_lines(text, word_ends, ends)
    return word_ends[:n], ends[:n]


class _Block:
    """The whole lines of a block of text."""

    def __init__(
        self, text: bytes, word_ends: Places, ends: Places, number: int, spaces_in_words: bool
    ) -> None:
        self.text = text
        self.begins = np.concatenate(([0], ends[:-1] + 1))
        self.word_ends, self.ends = word_ends, ends
        self.number = number
        self.spaces_in_words = spaces_in_words

    def gather(self, gatherer: Gatherer) -> None:
        if self.spaces_in_words:
            self._move_word_ends(gatherer.vector_size)
        self._check_lengths(gatherer.vector_size)
        words = decode_spans(self.text, self.begins, self.word_ends, "replace")
        chosen = gatherer.wanted_among(words)
        word_ends, ends = self.word_ends, self.ends
        if chosen is not None:
            words = [words[i] for i in chosen.tolist()]
            word_ends, ends = word_ends[chosen], ends[chosen]
        n_read = parse_rows(self.text, word_ends, ends, gatherer.room(len(ends)))
        if n_read < len(ends):
            self._refuse(n_read if chosen is None else int(chosen[n_read]), gatherer.vector_size)
        gatherer.keep(words)

    def _check_lengths(self, vector_size: int) -> None:
        """Look for lines too short for a vector, before memory is reserved for the others."""
        short = self.ends - self.word_ends < LEAST_NUMBER_BYTES * vector_size
        if short.any():
            self._refuse(int(short.argmax()), vector_size)

    def _move_word_ends(self, vector_size: int) -> None:
        """Count from the right where there are more spaces than numbers."""
        end = int(self.ends[-1])
        if self.text.count(b" ", 0, end) == vector_size * len(self.ends):
            return  # one before each number, or the numbers will not do
        is_space = np.frombuffer(self.text, np.uint8, end + 1) == ord(" ")
        n_separators = np.add.reduceat(is_space, self.begins, dtype=np.int64)
        for i in np.flatnonzero(n_separators > vector_size).tolist():
            begin = int(self.begins[i])
            line = self.text[begin : self.ends[i]]
            if parts := line.rsplit(None, vector_size):  # else there is nothing but spaces
                self.word_ends[i] = max(begin + len(parts[0]), int(self.word_ends[i]))

    def _refuse(self, line: int, vector_size: int) -> None:
        """Say what is wrong with a line."""
        values = self.text[self.word_ends[line] : self.ends[line]].split()
        name = f"line {self.number + line}"
        if len(values) != vector_size:
            raise ValueError(f"{name} has {len(values)} numbers, not {vector_size}")
        wrong = next(value for value in values if not is_number(value))
        raise ValueError(f"{name} has more than numbers: {reprlib.repr(wrong)}")


def is_number(token: bytes) -> bool:
    """Whether this is a number as vectors in text have them."""
    end = np.array([len(token)])
    return parse_rows(token, np.array([0]), end, np.empty((1, 1), np.float32)) == 1


def check_end(rest: bytes, file: BinaryIO) -> None:
    """Nothing but white space may follow; reading on lets gzip check its sum."""
    while rest:
        if rest.strip():
            raise ValueError(f"there is more in it than its header promises: {rest[:20]!r}")
        rest = file.read(READ_BYTES)


# ---- Writing -----------------------------------------------------------------------------------


def write_lines(file: BinaryIO, text: bytes, offsets: Places, rows: Rows) -> None:
    """Write a line a word; numbers have the fewest digits that give the same float32 back.

    Parameters
    ----------
    file : BinaryIO
    text, offsets : bytes, ndarray of shape (len(rows) + 1,), int64
        Words with the space behind each, of `encode_words`.
    rows : Rows
    """
    isa = resolve_isa(None)
    line_bytes = (LONGEST_FLOAT + 1) * rows.vector_size
    out = np.empty(0, np.uint8)
    for begin, block in rows.blocks(WRITE_BYTES):
        places = offsets[begin : begin + len(block) + 1]
        size = int(places[-1] - places[0]) + line_bytes * len(block)
        if size > len(out):
            out = np.empty(size, np.uint8)
        file.write(out[: print_rows(isa, text, places, block, out)].data)


def encode_words(words: Sequence[str], format_name: str) -> tuple[bytes, Places]:
    """Return the words in UTF-8, a space behind each, and where each begins and the last ends.

    Raises
    ------
    ValueError
        A word is empty, has white space in it or no UTF-8 form.
    """
    joined = " ".join([*words, ""])
    separators = sum(map(joined.count, SEPARATORS))
    if separators != len(words) or "" in words:
        word = next(word for word in words if not word or any(map(word.__contains__, SEPARATORS)))
        name = "".join("_" if character in SEPARATORS else character for character in word) or "_"
        raise ValueError(
            f"the word {word!r} cannot be written in {format_name} format, which ends a word at "
            f"white space: rename it, for example to {name!r}, or save in fastw2v's own format"
        )
    text = encoded_words(joined, words)
    places = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(" ")) + 1
    return text, np.concatenate(([0], places)).astype(np.int64, copy=False)


def encoded_words(text: str, words: Iterable[str]) -> bytes:
    """Return a text made of these words in UTF-8; a ValueError names the first that has none."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        word = next(word for word in words if any("\ud800" <= c <= "\udfff" for c in word))
        raise ValueError(f"the word {word!r} has no UTF-8 form: {error.reason}") from error
