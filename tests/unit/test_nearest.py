# SPDX-License-Identifier: Apache-2.0
"""The search finds what NumPy finds in float64, on every instruction set and in every way."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nearest_support import DTYPES, SIZES, check, exact_cosines, make_rows, tolerance
from support import ISAS

from fastw2v import _core, nearest
from fastw2v.nearest import cosines, invert, make_sketch, row_norms

COUNTS = [1, 2, 3, 4, 5, 8, 9, 16, 17, 48, 49, 100]

each_isa = pytest.mark.parametrize("isa", ISAS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
sketched_or_not = pytest.mark.parametrize("sketched", [False, True], ids=["plain", "sketch"])


@each_isa
@each_dtype
@sketched_or_not
@pytest.mark.parametrize("size", SIZES)
def test_the_nearest_rows_are_found(isa: str, dtype: str, size: int, sketched: bool) -> None:
    rows, scales, exact = make_rows(dtype, 211, size, seed=size)
    norms = row_norms(rows, scales=scales, isa=isa)
    np.testing.assert_allclose(norms, np.linalg.norm(exact, axis=1), rtol=tolerance(size))
    inverse = invert(norms)
    sketch = make_sketch(rows, inverse, scales=scales, isa=isa) if sketched else None
    for n_queries in COUNTS:
        queries = np.random.default_rng(n_queries).normal(size=(n_queries, size))
        ids, found = nearest.nearest(
            rows, inverse, queries, 7, scales=scales, sketch=sketch, isa=isa
        )
        assert ids.shape == found.shape == (n_queries, 7)
        check(ids, found, exact_cosines(exact, queries))


@each_isa
@sketched_or_not
@pytest.mark.parametrize("n_queries", [1, 20])
def test_rows_whose_squares_float32_cannot_hold_have_lengths_and_cosines(
    isa: str, sketched: bool, n_queries: int
) -> None:
    exact = np.random.default_rng(1).normal(size=(64, 50))
    factors = 10.0 ** np.resize([-35, -30, -25, -22, -20, -18, 0, 18, 20, 25, 35], 64)
    rows = (exact * factors[:, np.newaxis]).astype(np.float32)
    norms = row_norms(rows, isa=isa)
    np.testing.assert_allclose(norms, np.linalg.norm(exact, axis=1) * factors, rtol=1e-5)
    inverse = invert(norms)
    sketch = make_sketch(rows, inverse, isa=isa) if sketched else None
    queries = np.random.default_rng(2).normal(size=(n_queries, 50))
    ids, found = nearest.nearest(rows, inverse, queries, 7, sketch=sketch, isa=isa)
    check(ids, found, exact_cosines(exact, queries))


@each_isa
def test_rows_of_int8_with_tiny_scales_have_lengths(isa: str) -> None:
    rows = np.random.default_rng(1).integers(-127, 128, size=(40, 50), dtype=np.int8)
    scales = (10.0 ** np.linspace(-35, 30, 40)).astype(np.float32)
    exact = np.linalg.norm(rows.astype(np.float64), axis=1) * scales
    np.testing.assert_allclose(row_norms(rows, scales=scales, isa=isa), exact, rtol=1e-5)


@each_isa
@sketched_or_not
@pytest.mark.parametrize("n_queries", [1, 20])
def test_of_equal_cosines_the_first_rows_are_the_best(
    isa: str, sketched: bool, n_queries: int
) -> None:
    rows = np.ones((40, 5), np.float32)
    rows[::3] *= -1
    inverse = invert(row_norms(rows))
    sketch = make_sketch(rows, inverse) if sketched else None
    queries = np.ones((n_queries, 5), np.float32)
    for threads in (1, 3):
        ids, _ = nearest.nearest(
            rows, inverse, queries, 30, sketch=sketch, threads=threads, isa=isa
        )
        expected = [i for i in range(40) if i % 3] + [0, 3, 6, 9]
        np.testing.assert_array_equal(ids, np.tile(expected, (n_queries, 1)))


@each_isa
@sketched_or_not
@pytest.mark.parametrize("n_queries", [1, 20])
def test_zeros_have_cosine_zero_and_what_is_not_finite_is_never_found(
    isa: str, sketched: bool, n_queries: int
) -> None:
    rows = np.random.default_rng(1).normal(size=(30, 20)).astype(np.float32)
    rows[3] = 0
    rows[5, 7], rows[6, 19], rows[7, 0] = np.nan, np.inf, -np.inf
    inverse = invert(row_norms(rows))
    sketch = make_sketch(rows, inverse, isa=isa) if sketched else None
    queries = np.random.default_rng(2).normal(size=(n_queries + 3, 20))
    queries[0], queries[1, 3], queries[2, 4] = 0, np.nan, np.inf
    ids, found = nearest.nearest(rows, inverse, queries, 30, sketch=sketch, isa=isa)
    finite = [i for i in range(30) if i not in (5, 6, 7)]
    assert sorted(ids[4]) == [-1, -1, -1, *finite] if n_queries > 1 else True
    assert found[3][list(ids[3]).index(3)] == 0
    np.testing.assert_array_equal(ids[0], [*finite, -1, -1, -1])
    np.testing.assert_array_equal(found[0, :27], 0)
    assert (ids[1:3] == -1).all()
    assert np.isnan(found[1:3]).all()


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    isa=st.sampled_from(ISAS),
    dtype=st.sampled_from(DTYPES),
    n_rows=st.integers(1, 60),
    size=st.integers(1, 40),
    n_queries=st.integers(1, 20),
    topn=st.integers(0, 70),
    threads=st.integers(1, 3),
    sketched=st.booleans(),
)
def test_any_search_is_that_of_numpy(
    data: st.DataObject,
    isa: str,
    dtype: str,
    n_rows: int,
    size: int,
    n_queries: int,
    topn: int,
    threads: int,
    sketched: bool,
) -> None:
    rows, scales, exact = make_rows(dtype, n_rows, size, seed=n_rows)
    queries = np.random.default_rng(size).normal(size=(n_queries, size))
    numbers = st.lists(st.integers(-2, n_rows + 1), min_size=3, max_size=3)
    exclude = np.array(data.draw(st.lists(numbers, min_size=n_queries, max_size=n_queries)))
    begin, end = sorted(data.draw(st.tuples(*2 * [st.integers(0, n_rows)])))
    expected = exact_cosines(exact, queries)
    expected[:, :begin] = expected[:, end:] = -np.inf
    for i, row in np.argwhere((exclude >= 0) & (exclude < n_rows)):
        expected[i, exclude[i, row]] = -np.inf
    inverse = invert(row_norms(rows, scales=scales))
    ids, found = nearest.nearest(
        rows,
        inverse,
        queries,
        topn,
        scales=scales,
        sketch=make_sketch(rows, inverse, scales=scales) if sketched else None,
        exclude=exclude,
        clip_start=begin,
        clip_end=end,
        threads=threads,
        isa=isa,
    )
    assert ids.shape == (n_queries, min(topn, end - begin))
    check(ids, found, expected)
    every = cosines(rows, inverse, queries[0], scales=scales, threads=threads, isa=isa)
    np.testing.assert_allclose(
        every, exact_cosines(exact, queries[:1])[0], atol=tolerance(size), rtol=0
    )


@each_isa
def test_every_float16_is_read_as_numpy_reads_it(isa: str) -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    ones = np.ones(1 << 16, np.float32)
    for size in (1, 16):  # by itself, and in a vec
        rows = np.zeros((1 << 16, size), np.float16)
        rows[:, 0] = every
        query = np.zeros(size, np.float32)
        query[0] = 1
        read = np.empty(1 << 16, np.float32)
        _core.score_rows(isa, rows.view(np.uint8), "float16", query, read, ones)
        np.testing.assert_array_equal(read, every.astype(np.float32))


# ---- Layouts and memory --------------------------------------------------------------------------


def test_rows_of_any_layout_are_searched() -> None:
    rows, _, exact = make_rows("float32", 60, 10)
    inverse, queries = invert(row_norms(rows)), np.random.default_rng(1).normal(size=(3, 10))
    padded = np.full((60, 13), np.nan, np.float32)
    padded[:, :10] = rows
    odd = np.empty(rows.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(rows.shape)
    odd[:] = rows
    for layout in (
        padded[:, :10],
        np.asfortranarray(rows),
        rows[::-1].copy()[::-1],
        rows.astype(">f4"),
        odd,
    ):
        found = nearest.nearest(layout, inverse, queries, 5)
        check(*found, exact_cosines(exact, queries))


def test_a_read_only_map_of_a_file_is_searched(tmp_path: Path) -> None:
    rows, _, exact = make_rows("float16", 100, 30)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    queries = np.random.default_rng(1).normal(size=(2, 30))
    found = nearest.nearest(mapped, invert(row_norms(mapped)), queries, 5)
    check(*found, exact_cosines(exact, queries))


def test_nothing_of_the_size_of_the_rows_is_allocated() -> None:
    rows = np.zeros((200_000, 16), np.float32)
    rows[:, 0] = np.arange(200_000)
    inverse = invert(row_norms(rows))
    queries = np.random.default_rng(1).normal(size=(20, 16)).astype(np.float32)
    tracemalloc.start()
    nearest.nearest(rows, inverse, queries, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000  # a byte a row


def test_results_do_not_depend_on_stretches_groups_and_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _, _ = make_rows("float32", 300, 20)
    inverse = invert(row_norms(rows))
    queries = np.random.default_rng(1).normal(size=(30, 20))
    expected = nearest.nearest(rows, inverse, queries, 5)
    monkeypatch.setattr(nearest.matrix, "STRETCH_BYTES", 1000)
    monkeypatch.setattr(nearest.matrix, "CACHED_BYTES", 1000)
    monkeypatch.setattr(nearest.search, "GROUP", 10)
    for threads in (1, 2, 7, None):
        ids, found = nearest.nearest(rows, inverse, queries, 5, threads=threads)
        np.testing.assert_array_equal(ids, expected[0])
        np.testing.assert_array_equal(found, expected[1])


def test_an_error_in_a_thread_is_raised_and_stops_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _, _ = make_rows("float32", 3000, 4)
    monkeypatch.setattr(nearest.matrix, "STRETCH_BYTES", 16)
    monkeypatch.setattr(nearest.matrix, "CACHED_BYTES", 16)
    calls = []

    def elements(self: object, first: int, last: int) -> None:
        calls.append(first)
        raise KeyboardInterrupt

    monkeypatch.setattr(nearest.matrix.Matrix, "elements", elements)
    with pytest.raises(KeyboardInterrupt):
        nearest.nearest(rows, invert(np.ones(3000, np.float32)), rows[:1], 3, threads=2)
    assert len(calls) <= 3


# ---- What is refused -----------------------------------------------------------------------------

ROWS = np.ones((5, 3), np.float32)
NORMS = np.ones(5, np.float32)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"rows": ROWS.astype(float)}, TypeError, "rows must be float32, float16 or int8, not fl"),
        ({"rows": ROWS[0]}, ValueError, r"rows must have the shape \(n_rows, vector_size\)"),
        ({"rows": ROWS[:, :0]}, ValueError, r"rows must have the shape"),
        ({"inverse_norms": NORMS[1:]}, ValueError, r"inverse_norms must have the shape \(5,\)"),
        ({"scales": NORMS[1:]}, ValueError, r"scales must have the shape \(5,\), not \(4,\)"),
        ({"queries": ROWS[:, 1:]}, ValueError, r"queries must have the shape \(n_queries, 3\)"),
        ({"queries": ROWS[0]}, ValueError, r"queries must have the shape"),
        ({"topn": -1}, ValueError, "topn must be at least 0, not -1"),
        ({"exclude": np.zeros((2, 1), int)}, ValueError, r"exclude must have the shape \(5, n\)"),
        ({"exclude": np.zeros((5, 1))}, TypeError, "exclude must be row numbers, not float64"),
        ({"clip_start": -1}, ValueError, r"must lie within 0 .. 5, not -1 and None"),
        ({"clip_start": 3, "clip_end": 2}, ValueError, "must lie within 0 .. 5, not 3 and 2"),
        ({"clip_end": 6}, ValueError, "must lie within 0 .. 5, not 0 and 6"),
        ({"threads": 0}, ValueError, "threads must be at least 1, not 0"),
        ({"isa": "sse"}, ValueError, "unknown instruction set"),
        ({"sketch": make_sketch(ROWS[1:], NORMS[1:])}, ValueError, "the sketch is of 4 rows, not"),
    ],
)
def test_a_bad_argument_is_refused_by_name(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    arguments = {"rows": ROWS, "inverse_norms": NORMS, "queries": ROWS, "topn": 1, **changed}
    with pytest.raises(error, match=message):
        nearest.nearest(**arguments)


@pytest.mark.parametrize("topn", [0, 3])
def test_no_queries_and_no_answers_are_empty(topn: int) -> None:
    ids, found = nearest.nearest(ROWS, NORMS, ROWS[:0], topn)
    assert ids.shape == found.shape == (0, topn)
    ids, found = nearest.nearest(ROWS, NORMS, ROWS, topn, clip_start=2, clip_end=2)
    assert ids.shape == found.shape == (5, 0)
    assert cosines(ROWS, NORMS, ROWS[0], clip_start=5).shape == (0,)
