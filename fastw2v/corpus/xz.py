# SPDX-License-Identifier: Apache-2.0
"""Read xz in bounded memory: `lzma.open` reserves whatever a header asks for, up to 4 GB."""

from __future__ import annotations

import io
import lzma
from pathlib import Path
from typing import Any

MOST_MEMORY = 1 << 28  # four times what `xz -9` asks for
INPUT_BYTES = 1 << 16


class XzFile(io.RawIOBase):
    """The text of a file, of all its streams one after another; read by `readinto` alone.

    Raises
    ------
    lzma.LZMAError
        While it is read: the data are damaged, or ask for more than `MOST_MEMORY`.
    EOFError
        They are cut short.
    """

    def __init__(self, path: Path) -> None:
        self._decoder = lzma.LZMADecompressor(memlimit=MOST_MEMORY)
        self._pending = b""  # what was read and not decoded
        self._file = path.open("rb")

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, room: Any, /) -> int:
        """Write what comes next to `room`; return how many bytes, 0 at the end."""
        view = memoryview(room)
        while len(view):
            if self._decoder.eof and not self._next_stream():
                break
            if self._decoder.needs_input and not self._pending:
                self._pending = self._file.read(INPUT_BYTES)
                if not self._pending:
                    raise EOFError("it is cut short")
            data, self._pending = self._pending, b""
            text = self._decoder.decompress(data, len(view))
            if text:
                view[: len(text)] = text
                return len(text)
        return 0

    def _next_stream(self) -> bool:
        """Whether another stream begins behind the zeros that may follow one."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest:
            data = self._file.read(INPUT_BYTES)
            if not data:
                return False
            rest = data.lstrip(b"\0")
        self._decoder = lzma.LZMADecompressor(memlimit=MOST_MEMORY)
        self._pending = rest
        return True
