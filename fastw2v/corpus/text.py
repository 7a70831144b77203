# SPDX-License-Identifier: Apache-2.0
"""Text files, plain or compressed: a sentence a line, words between white space."""

from __future__ import annotations

import errno
import os
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, cast

from fastw2v.corpus.compressed import damage, decompressor
from fastw2v.corpus.shares import Shares
from fastw2v.corpus.stream import TokenStream
from fastw2v.memory import page_aligned
from fastw2v.threads import run_all

BUFFER_BYTES = 2 << 20  # a few hundred system calls per GB, and it stays in the L2/L3 cache
SLICE_BYTES = 2 << 20  # of these a thread's share is made: some 3 ms of reading
MOST_SLICES = 1024  # in a thread's share; finding where each begins takes some 4 us
LINE_BYTES = 1 << 12  # read at first in search of the end of a line
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TextFile:
    """A file; a stream (compressed, or a pipe) can only be read from its beginning to its end."""

    path: Path
    size: int
    is_stream: bool

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> TextFile:
        """Look the file up; raise an `OSError` that names it if it cannot be a corpus."""
        path = Path(path)
        if path.is_dir():
            raise IsADirectoryError(
                errno.EISDIR,
                "corpus is a directory; pass a list of its files, "
                "such as sorted(Path(directory).glob('*.txt'))",
                str(path),
            )
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, "no such corpus file", str(path))
        is_stream = decompressor(path) is not None or not path.is_file()
        size = path.stat().st_size
        # A pipe has no size; at least one, so that it falls into some part.
        return cls(path, max(size, 1) if is_stream else size, is_stream)

    def open(self) -> IO[bytes]:
        """Open it for reading bytes, decompressed, without a buffer of its own if it is plain."""
        decompress = decompressor(self.path)
        if decompress is not None:
            return cast(IO[bytes], decompress(self.path))
        return self.path.open("rb", buffering=0)

    def line_borders(self, positions: Sequence[int]) -> list[int]:
        """Return for each position, which rise, the first place from there on where a line begins.

        That is the end of the file if no line does.
        """
        if self.is_stream:
            return [0 if position == 0 else self.size for position in positions]
        if not positions:
            return []
        border, borders = 0, []
        with self.open() as file:
            for position in positions:
                if position > border:  # else the line before reaches beyond it
                    border = min(line_begin(file, position), self.size)
                borders.append(border)
        return borders


@dataclass(frozen=True)
class Piece:
    """Whole lines of a file: the bytes from `begin` to `end`; all of a stream."""

    file: TextFile
    begin: int
    end: int


class TextFiles:
    """A corpus of one or more text files, read as if they were one after another.

    Parameters
    ----------
    paths : sequence of path-like
        In the order of reading. ``.gz``, ``.bz2``, ``.xz`` and ``.zst`` files are decompressed.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        self.files = [TextFile.at(path) for path in paths]

    def __repr__(self) -> str:
        return f"TextFiles({[str(file.path) for file in self.files]})"

    def read(
        self, threads: int, new_stream: Callable[[], TokenStream], stop: threading.Event
    ) -> list[TokenStream]:
        """Read with at most `threads` threads; return streams in the order of the text.

        How many there are, and which part of the text is in which, depends on how fast the threads
        were; what they say together does not.
        """
        n_bytes = sum(file.size for file in self.files)
        most = MOST_SLICES if threads > 1 else 1  # there is nobody who would take one
        n_slices = min(max(n_bytes // (threads * SLICE_BYTES), 1), most)
        slices = self.split(threads * n_slices)
        shares = Shares(
            [slices[begin : begin + n_slices] for begin in range(0, len(slices), n_slices)]
        )
        streams: list[tuple[int, TokenStream]] = []

        def read_share(thread: int) -> None:
            buffer = new_buffer(BUFFER_BYTES)
            while (taken := shares.take(thread)) is not None:
                if not taken.follows:
                    stream = new_stream()
                    streams.append((taken.position, stream))
                buffer = read_pieces(taken.slice, stream, buffer)

        run_all([partial(read_share, i) for i in range(shares.n_threads)], stop=stop.set)
        return [stream for _, stream in sorted(streams, key=itemgetter(0))]

    def split(self, n_parts: int) -> list[list[Piece]]:
        """Divide all bytes into contiguous ranges on line borders; every line is in exactly one."""
        begins = [0, *accumulate(file.size for file in self.files)]
        total = begins[-1]
        cuts = [total * i // n_parts for i in range(1, n_parts)]
        borders = [0]
        for file, (begin, end) in zip(self.files, pairwise(begins), strict=True):
            inside = cuts[bisect_left(cuts, begin) : bisect_left(cuts, end)]
            borders += [begin + at for at in file.line_borders([cut - begin for cut in inside])]
        borders.append(total)
        parts = [self._pieces(begins, begin, end) for begin, end in pairwise(borders)]
        return [part for part in parts if part] or [[]]

    def _pieces(self, begins: list[int], begin: int, end: int) -> list[Piece]:
        """Cut the range from `begin` to `end` of all bytes at the borders of files."""
        files = slice(bisect_right(begins, begin) - 1, bisect_left(begins, end))
        return [
            Piece(file, max(begin, first) - first, min(end, first + file.size) - first)
            for file, first in zip(self.files[files], begins[files], strict=False)
            if max(begin, first) < min(end, first + file.size)
        ]


def line_begin(file: IO[bytes], position: int) -> int:
    """Return the first place at or after `position` where a line begins, or the end of the file."""
    if position == 0:
        return 0
    at, n_bytes = file.seek(position - 1), LINE_BYTES
    while chunk := file.read(n_bytes):
        newline = chunk.find(b"\n")
        if newline >= 0:
            return at + newline + 1
        at += len(chunk)
        n_bytes = min(2 * n_bytes, BUFFER_BYTES)
    return at


def new_buffer(n_bytes: int) -> memoryview:
    """Return room for so much text."""
    return page_aligned(n_bytes).data


def read_pieces(pieces: Sequence[Piece], stream: TokenStream, buffer: memoryview) -> memoryview:
    """Read pieces one after another into a stream; return the buffer, which may be a larger one."""
    for piece in pieces:
        try:
            with piece.file.open() as file:
                buffer = read_piece(piece, file, stream, buffer)
        except damage(piece.file.path) as error:
            raise OSError(f"the corpus file {piece.file.path} is damaged: {error}") from error
        except OSError as error:
            error.add_note(f"while reading the corpus file {piece.file.path}")
            raise
    return buffer


def read_piece(
    piece: Piece, file: IO[bytes], stream: TokenStream, buffer: memoryview
) -> memoryview:
    """Read one piece; return the buffer, or the larger one that took its place."""
    if piece.begin > 0:
        file.seek(piece.begin)
    n_left = None if piece.file.is_stream else piece.end - piece.begin
    n_kept = 0  # bytes at the front of the buffer: a word whose end is yet to come
    at_begin = piece.begin == 0
    final = False
    while not final:
        n_room = len(buffer) - n_kept
        n_wanted = n_room if n_left is None else min(n_room, n_left)
        n_new = fill(file, buffer[n_kept : n_kept + n_wanted])
        if n_left is None:
            final = n_new < n_wanted
        elif n_new < n_wanted:
            raise OSError(f"{piece.file.path} became shorter while it was read")
        else:
            n_left -= n_new
            final = n_left == 0
        text = buffer[: n_kept + n_new]
        if at_begin and text[:3] == BYTE_ORDER_MARK:
            text = text[3:]
        at_begin = False
        rest = text[stream.scan(text, final) :]
        n_kept = len(rest)
        if n_kept == len(buffer):  # one word fills it
            buffer = new_buffer(2 * n_kept)
        buffer[:n_kept] = rest
    return buffer


def fill(file: IO[bytes], room: memoryview) -> int:
    """Read until `room` is full or the file ends; return how many bytes came."""
    n_bytes = 0
    while n_bytes < len(room):
        n_more = cast(Any, file).readinto(room[n_bytes:])
        if not n_more:
            break
        n_bytes += n_more
    return n_bytes
