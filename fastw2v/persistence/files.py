# SPDX-License-Identifier: Apache-2.0
"""Files that may be compressed with gzip: open them for reading and for writing."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from fastw2v.persistence.atomic import atomic_file

GZIP_MAGIC = b"\x1f\x8b"
MAX_DEFLATE_RATIO = 1032  # no deflate stream grows by more (zlib's technical notes)

#: What damaged data raise, compressed or not; `open_text` turns it into one ValueError.
DAMAGE = (ValueError, EOFError, zlib.error, gzip.BadGzipFile)


@contextmanager
def opened(path: str | os.PathLike[str], kind: str) -> Iterator[tuple[BinaryIO, int, bool]]:
    """Open a file for reading, through gzip if its first bytes say so.

    Parameters
    ----------
    path : path-like
    kind : str
        What the file should be, for the message of an error.

    Yields
    ------
    file : BinaryIO
    most_bytes : int
        How many bytes it can hold at most.
    is_compressed : bool

    Raises
    ------
    ValueError
        The block raised one, or the compressed data are damaged; the message names the file.
    OSError
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as raw:
            size = os.fstat(raw.fileno()).st_size
            is_compressed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            if not is_compressed:
                yield raw, size, False
                return
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast(BinaryIO, file), size * MAX_DEFLATE_RATIO, True
    except DAMAGE as error:
        raise ValueError(f"{os.fspath(path)!r} is not {kind}: {error}") from error


@contextmanager
def created(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing, atomically, and compressed if its name ends in ".gz"."""
    with atomic_file(path) as raw:
        if not os.fspath(path).endswith(".gz"):
            yield raw
            return
        # Neither name nor time in the file: the same vectors give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as file:
            yield cast(BinaryIO, file)
