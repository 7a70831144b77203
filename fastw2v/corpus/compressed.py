# SPDX-License-Identifier: Apache-2.0
"""Compressed text: what opens a file, by its name, and what a damaged one raises."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastw2v.corpus.xz import XzFile

DAMAGE = (gzip.BadGzipFile, EOFError, lzma.LZMAError, zlib.error)


def zstandard(path: Path) -> Any:
    """Return the module that reads a .zst file."""
    # Not the package `zstandard`: its reader takes a file that is cut short for a whole one.
    for module in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(module)
        except ImportError:
            continue
    raise ModuleNotFoundError(
        f"reading {path} needs a Zstandard module: Python 3.14, or pip install backports.zstd"
    )


DECOMPRESSORS: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": XzFile,
    ".zst": lambda path: zstandard(path).open(path),
}


def decompressor(path: Path) -> Callable[[Path], Any] | None:
    """Return what opens a compressed file for reading bytes; None for a plain one."""
    return DECOMPRESSORS.get(path.suffix.lower())


def damage(path: Path) -> tuple[type[Exception], ...]:
    """Return what reading the file raises if it is damaged, other than an `OSError`."""
    if path.suffix.lower() == ".zst":
        return (*DAMAGE, zstandard(path).ZstdError)
    return DAMAGE
