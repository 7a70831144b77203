# SPDX-License-Identifier: Apache-2.0
"""Slices dealt to threads: each to one thread, in few contiguous runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fastw2v.corpus.shares import Shares, Taken


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.lists(st.integers(0, 4), max_size=200),
)
def test_every_slice_is_taken_once_and_runs_are_contiguous(
    sizes: list[int], turns: list[int]
) -> None:
    """Threads come in any order, as fast and slow ones do."""
    names = iter(range(sum(sizes)))
    shares = Shares([[f"slice {next(names)}" for _ in range(size)] for size in sizes])
    assert shares.n_threads == len(sizes)
    last: dict[int, int] = {}
    seen = []
    everybody = [turn % len(sizes) for turn in turns] + list(range(len(sizes))) * (sum(sizes) + 1)
    for thread in everybody:
        taken = shares.take(thread)
        if taken is None:
            continue
        assert taken.slice == f"slice {taken.position}"
        assert taken.follows == (last.get(thread) == taken.position - 1)
        last[thread] = taken.position
        seen.append(taken.position)
    assert sorted(seen) == list(range(sum(sizes)))


def test_who_is_through_takes_the_second_half_of_the_largest_share() -> None:
    shares = Shares(["a", "bcd", "efghij"])
    assert [shares.take(0) for _ in range(3)] == [
        Taken(0, "a", False),
        Taken(7, "h", False),
        Taken(8, "i", True),
    ]
    assert [taken.slice for _ in range(3) if (taken := shares.take(2))] == ["e", "f", "g"]


def test_a_few_slices_are_left_to_their_owner() -> None:
    shares = Shares(["abcd", "e"])
    assert shares.take(0) == Taken(0, "a", False)
    assert shares.take(1) == Taken(4, "e", False)
    assert shares.take(1) is None
    assert [taken.slice for _ in range(3) if (taken := shares.take(0))] == ["b", "c", "d"]
    assert shares.take(0) is None
