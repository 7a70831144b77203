# SPDX-License-Identifier: Apache-2.0
"""Memory for word ids that goes back to the system as soon as it is freed."""

from __future__ import annotations

import contextlib
import mmap
import sys

import numpy as np
from numpy.typing import NDArray


def new_block(n_ids: int) -> NDArray[np.int32]:
    """Return an uninitialised int32 array in a memory map of its own.

    Not from malloc: once the lexicon has freed a table of some MB, glibc takes blocks of that size
    from its heap and keeps them there, and reading 100 MB of text peaked at two copies of the ids.
    Large pages halve the time of the first touch.
    """
    n_bytes = 4 * n_ids
    if sys.platform == "win32":
        memory = mmap.mmap(-1, n_bytes)
    else:
        memory = mmap.mmap(-1, n_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # a kernel without them
                memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype=np.int32)
