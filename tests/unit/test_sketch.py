# SPDX-License-Identifier: Apache-2.0
"""A sketch says how wrong it is, and a search in it misses nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nearest_support import DTYPES, SIZES, check, exact_cosines, make_rows, tolerance
from support import ISAS

from fastw2v import nearest
from fastw2v.nearest import invert, make_sketch, row_norms

each_isa = pytest.mark.parametrize("isa", ISAS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


@each_isa
@each_dtype
@pytest.mark.parametrize("size", SIZES)
def test_a_sketch_says_how_wrong_it_is(isa: str, dtype: str, size: int) -> None:
    rows, scales, exact = make_rows(dtype, 50, size, seed=size)
    inverse = invert(row_norms(rows, scales=scales))
    sketch = make_sketch(rows, inverse, scales=scales, isa=isa)
    codes, (scale, length, coarse_error, error) = read_sketch(sketch)
    assert (codes[:, size:] == 128).all()
    codes = codes[:, :size]
    for near, bound in ((codes - 128.0, error), (codes // 16 * 16 - 120.5, coarse_error)):
        near *= scale[:, np.newaxis]
        missed = np.linalg.norm(exact * inverse[:, np.newaxis].astype(np.float64) - near, axis=1)
        assert (missed <= bound).all()
        assert (np.linalg.norm(near, axis=1) <= length + (bound is coarse_error) * bound).all()
    assert (error < 0.01 + 64 * tolerance(size)).all()
    assert (coarse_error < (0.2 if size >= 16 else 0.3)).all()


def read_sketch(sketch: nearest.Sketch) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes of rows, and scales, lengths and both errors, as csrc/nearest.h has it."""
    n, n_bytes = len(sketch.coarse), sketch.fine.shape[1] - 16 * 4

    def floats(blocks: np.ndarray) -> np.ndarray:
        kinds = blocks[:, n_bytes:].view(np.float32).reshape(n, -1, 16)
        return kinds.swapaxes(0, 1).reshape(-1, 16 * n).astype(np.float64)

    high, low = (b[:, :n_bytes].reshape(n, -1, 16, 4) for b in (sketch.coarse, sketch.fine))
    halves = (high % 16 * 16 + low % 16, high // 16 * 16 + low // 16)
    codes = np.stack(halves, axis=2).transpose(0, 3, 1, 2, 4).reshape(16 * n, -1)
    numbers = np.vstack([floats(sketch.coarse), floats(sketch.fine)])
    assert (numbers[2:, sketch.n_rows :] == -np.inf).all()  # where no row is
    return codes[: sketch.n_rows], numbers[:, : sketch.n_rows]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    n_queries=st.sampled_from([1, 3, 9, 40]),
    apart=st.sampled_from([1e-4, 0.03]),
    isa=st.sampled_from(ISAS),
)
@example(seed=0, n_queries=40, apart=0.03, isa=ISAS[-1])
@example(seed=0, n_queries=1, apart=1e-4, isa=ISAS[-1])
def test_a_sketch_loses_no_row_however_near_they_are(
    seed: int, n_queries: int, apart: float, isa: str
) -> None:
    rng = np.random.default_rng(seed)
    # Elements of very different sizes, which is hard to tell in bytes, around a few directions.
    centres = rng.normal(size=(3, 50)) * np.exp(3 * rng.normal(size=50))
    noise = 1 + apart * rng.normal(size=(200, 50))
    rows = (centres[rng.integers(0, 3, 200)] * noise).astype(np.float32)
    inverse = invert(row_norms(rows))
    queries = centres[rng.integers(0, 3, n_queries)]
    sketch = make_sketch(rows, inverse, isa=isa)
    found = nearest.nearest(rows, inverse, queries, 9, sketch=sketch, isa=isa)
    check(*found, exact_cosines(rows.astype(np.float64), queries))
    if n_queries < 8:  # the same sums in the same order: the same bits
        plain = nearest.nearest(rows, inverse, queries, 9, isa=isa)
        np.testing.assert_array_equal(found[0], plain[0])
        np.testing.assert_array_equal(found[1], plain[1])


# ---- float16 -------------------------------------------------------------------------------------


def test_rows_that_are_too_long_for_a_sketch_are_refused() -> None:
    rows = np.ones((1, 65_537), np.float32)
    with pytest.raises(ValueError, match="rows of 65537 elements have no sketch"):
        make_sketch(rows, np.ones(1, np.float32))


def test_the_longest_rows_of_a_sketch_do_not_overflow() -> None:
    rows = np.ones((3, 65_536), np.float32)
    rows[1] *= -1
    inverse = invert(row_norms(rows))
    sketch = make_sketch(rows, inverse)
    for queries in (rows[:1], np.repeat(rows[:1], 20, axis=0)):
        ids, found = nearest.nearest(rows, inverse, queries, 3, sketch=sketch)
        np.testing.assert_array_equal(ids, np.tile([0, 2, 1], (len(queries), 1)))
        np.testing.assert_allclose(found[0], [1, 1, -1], atol=1e-3)
