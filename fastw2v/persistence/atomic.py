# SPDX-License-Identifier: Apache-2.0
"""Write a file so that every reader sees either the old content or the new, never a part."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fastw2v.signals import termination_as_exit


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the block ends well.

    The bytes go to a temporary file in the same directory (a rename is atomic within one file
    system only), reach the disk with fsync, and then the temporary file is renamed to `path`. If
    anything fails, or Ctrl-C or SIGTERM comes, it is removed and `path` stays as it was. A symbolic
    link is followed, and an old file hands its permissions on. A device or a pipe has no content
    to protect: it is written straight away.

    Parameters
    ----------
    path : path-like
        What to write. Its directory must exist and be writable.

    Yields
    ------
    BinaryIO
        Buffered and writable. Leave it open: the end of the block closes it.

    Raises
    ------
    OSError
        No such directory, no permission, disk full. `path` is untouched.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    with termination_as_exit():
        try:
            with _create(temporary, target) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_directory(target.parent)


def _create(temporary: Path, target: Path) -> BinaryIO:
    """Create `temporary`, which must be new; an error names the file that the user asked for."""
    try:
        return temporary.open("xb")
    except OSError as error:
        error.filename = str(target)
        raise


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable, where a directory can be opened (not on Windows)."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
