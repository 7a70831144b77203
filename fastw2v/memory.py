# SPDX-License-Identifier: Apache-2.0
"""Memory straight from the operating system, for arrays of many megabytes."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bytes. Less than that, a worker's scratch say, would share a huge page with its neighbours, in
#: the memory of whichever socket touched it first.
HUGE_PAGE = 2 << 20


def page_aligned(n_bytes: int) -> NDArray[np.uint8]:
    """Return `n_bytes` zero bytes that begin on a page, on huge pages where the system has them.

    Parameters
    ----------
    n_bytes : int
        A page costs memory only once it is written to, and all go back to the system as soon as
        the array is freed.

    Raises
    ------
    MemoryError
        If there is not so much.

    Notes
    -----
    Not from malloc: once the lexicon has freed a table of some MB, glibc takes blocks of that size
    from its heap and keeps them there, and reading 100 MB of text peaked at two copies of the ids.

    Huge pages halve the time of the first touch, and training, which reads rows at random, would
    miss the TLB at every other row without them. The map is private, as mmap's is not by default:
    Linux has a setting of its own for shared memory, "never" as a rule, and what a forked process
    writes would be written to ours.
    """
    if n_bytes == 0:  # of which there can be no map
        return np.empty(0, np.uint8)
    try:
        if sys.platform == "win32":
            memory = mmap.mmap(-1, n_bytes)
        else:
            memory = mmap.mmap(-1, n_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError):
        raise MemoryError(f"no memory for an array of {n_bytes:,} bytes") from None
    if n_bytes >= HUGE_PAGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def file_map(array: NDArray[Any]) -> mmap.mmap | None:
    """Return the map of a file that an array is a view of, or None if its memory is its own."""
    base: Any = array
    while isinstance(base, np.ndarray | memoryview):
        base = base.obj if isinstance(base, memoryview) else base.base
    if not isinstance(base, mmap.mmap):
        return None
    try:
        base.size()
    except OSError:  # anonymous
        return None
    return base
