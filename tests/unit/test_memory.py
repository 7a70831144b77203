# SPDX-License-Identifier: Apache-2.0
"""Memory from the operating system: zeros on pages of its own, private and huge."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import numpy as np
import pytest

from fastw2v.memory import HUGE_PAGE, page_aligned

HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SMAPS = Path("/proc/self/smaps")


@pytest.mark.parametrize("n_bytes", [1, 64, 4096, 4097, 5 << 20])
def test_it_is_zero_writeable_and_begins_on_a_page(n_bytes: int) -> None:
    memory = page_aligned(n_bytes)
    assert (memory.shape, memory.dtype) == ((n_bytes,), np.uint8)
    assert memory.ctypes.data % mmap.PAGESIZE == 0
    assert not memory.any()
    memory[-1] = 1


def test_no_bytes_are_no_error() -> None:
    assert page_aligned(0).shape == (0,)


def test_too_much_is_a_memory_error() -> None:
    with pytest.raises(MemoryError, match="no memory for an array of"):
        page_aligned(2**70)


def test_an_array_keeps_its_memory() -> None:
    rows = page_aligned(4096).view(np.float32)[5:]
    rows[:] = 7
    assert (rows == 7).all()


def flags_of(memory: np.ndarray) -> list[str]:
    """Return the VmFlags that Linux keeps of the map in which an array begins."""
    for entry in re.split(r"^(?=[0-9a-f]+-)", SMAPS.read_text(), flags=re.MULTILINE)[1:]:
        begin, end = (int(border, 16) for border in entry.split()[0].split("-"))
        if begin <= memory.ctypes.data < end:
            return entry.rpartition("VmFlags:")[2].split()
    raise AssertionError("not in the map of memory")


@pytest.mark.skipif(not SMAPS.exists(), reason="needs the map of memory of Linux")
def test_it_is_private_and_asks_for_huge_pages() -> None:
    flags = flags_of(page_aligned(4 << 20))
    assert "sh" not in flags
    if HUGE_PAGES.exists():
        assert "hg" in flags


@pytest.mark.skipif(not SMAPS.exists(), reason="needs the map of memory of Linux")
def test_less_than_a_huge_page_does_not_share_one() -> None:
    assert "hg" not in flags_of(page_aligned(HUGE_PAGE - 4096))


def test_a_kernel_without_huge_pages_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class SmallPages(mmap.mmap):
        def madvise(self, *arguments: int) -> None:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(mmap, "mmap", SmallPages)
    assert page_aligned(HUGE_PAGE).shape == (HUGE_PAGE,)
