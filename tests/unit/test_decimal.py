# SPDX-License-Identifier: Apache-2.0
"""Numbers in text, against NumPy's and Python's."""

from __future__ import annotations

import locale
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastw2v import _core

# +-0, the least and the greatest subnormal, the least normal, the greatest, infinities, NaN.
SPECIAL = [0, 1 << 31, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000]


ISA = _core.available_isas()[-1]


def floats_of(bits: list[int] | NDArray[np.uint32]) -> NDArray[np.float32]:
    return np.array(bits, np.uint32).view(np.float32)


def printed(values: NDArray[np.float32]) -> list[str]:
    out = np.empty(len(values) * (_core.LONGEST_FLOAT + 1), np.uint8)
    n = _core.print_rows(ISA, b"", np.zeros(2, np.int64), values[None], out)
    return out[:n].tobytes().decode().split()


def parsed(texts: list[str]) -> NDArray[np.float32]:
    line = " ".join(texts).encode()
    row = np.empty((1, len(texts)), np.float32)
    assert _core.parse_rows(line, np.array([0]), np.array([len(line)]), row) == 1
    return row[0]


def same_bits(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    both_nan = np.isnan(a) & np.isnan(b)
    return bool(np.all((a.view(np.uint32) == b.view(np.uint32)) | both_nan))


@pytest.fixture(scope="module")
def many() -> NDArray[np.float32]:
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**32, 200_000, dtype=np.uint32)
    subnormal = rng.integers(0, 1 << 23, 20_000, dtype=np.uint32)
    usual = rng.normal(scale=0.3, size=100_000).astype(np.float32).view(np.uint32)
    return floats_of(np.concatenate((np.array(SPECIAL, np.uint32), bits, subnormal, usual)))


def test_every_number_comes_back_bit_for_bit(many: NDArray[np.float32]) -> None:
    assert same_bits(parsed(printed(many)), many)


def test_digits_and_exponent_are_those_that_numpy_finds(many: NDArray[np.float32]) -> None:
    finite = many[np.isfinite(many)][::8].copy()
    for value, text in zip(finite, printed(finite), strict=True):
        expected = np.format_float_scientific(value, trim="-", exp_digits=2)
        assert np.format_float_scientific(np.float64(text), trim="-", exp_digits=2) == expected


def test_what_numpy_prints_is_read_as_the_same_number(many: NDArray[np.float32]) -> None:
    some = many[::8].copy()
    assert same_bits(parsed([str(value) for value in some]), some)


def rounded(text: str) -> np.float32:
    """Round once, which float32(float(text)) does not: by the exact value of the text."""
    exact = Fraction(text)
    near = np.float32(float(text))
    choices = [
        np.nextafter(near, np.float32(-np.inf)),
        near,
        np.nextafter(near, np.float32(np.inf)),
    ]
    finite = [value for value in choices if np.isfinite(value)]
    error = min(abs(Fraction(float(value)) - exact) for value in finite)
    best = [v for v in finite if abs(Fraction(float(v)) - exact) == error]
    return min(best, key=lambda value: int(value.view(np.uint32)) & 1)


@settings(max_examples=500, deadline=None)
@given(
    digits=st.integers(0, 10**30), point=st.integers(0, 30), exponent=st.integers(-50, 30),
)  # fmt: skip
@example(digits=1000000059604644775390625, point=24, exponent=0)  # just a middle
@example(digits=10000000596046447753906250000001, point=30, exponent=0)
def test_reading_rounds_once(digits: int, point: int, exponent: int) -> None:
    text = str(digits).rjust(point + 1, "0")
    text = f"{text[: len(text) - point]}.{text[len(text) - point :]}e{exponent}"
    if float(text) >= 3.4028235677973366e38:
        assert parsed([text])[0] == np.inf
    else:
        assert parsed([text])[0] == rounded(text), text


@settings(max_examples=300)
@given(st.text(alphabet="0123456789.eE+-infatyNIx_ ", max_size=12))
def test_what_is_read_is_what_python_reads_in_ascii(text: str) -> None:
    row = np.empty((1, 1), np.float32)
    line = text.encode()
    n = _core.parse_rows(line, np.array([0]), np.array([len(line)]), row)
    try:
        expected = float(text) if "_" not in text else None  # DIFFERS: from Python, no 1_000
    except ValueError:
        expected = None
    assert (n == 1) == (expected is not None)
    if expected is not None:
        with np.errstate(over="ignore"):
            assert same_bits(row[0], np.array([expected], np.float32))


def test_a_locale_with_a_decimal_comma_changes_nothing() -> None:
    before = locale.setlocale(locale.LC_NUMERIC)
    for name in ("de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"):
        try:
            locale.setlocale(locale.LC_NUMERIC, name)
        except locale.Error:
            continue
        try:
            assert printed(np.array([0.5], np.float32)) == ["0.5"]
            assert parsed(["0.5"])[0] == 0.5
        finally:
            locale.setlocale(locale.LC_NUMERIC, before)
        return
    pytest.skip("no locale with a decimal comma is installed")


# ---- The door ----------------------------------------------------------------------------------

TEXT = b"a 1 2\n"
ONE = np.array([1])


@pytest.mark.parametrize(("begin", "end"), [(-1, 3), (4, 3), (0, 7), (2**62, 2**62 + 1)])
def test_spans_outside_the_text_are_refused(begin: int, end: int) -> None:
    row = np.empty((1, 2), np.float32)
    with pytest.raises(ValueError, match="does not fit 6 bytes"):
        _core.parse_rows(TEXT, np.array([begin]), np.array([end]), row)
    with pytest.raises(ValueError, match="does not fit 6 bytes"):
        _core.decode_spans(TEXT, np.array([begin]), np.array([end]), "strict")


def test_more_lines_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="rows has 0 rows, not 1"):
        _core.parse_rows(TEXT, ONE, ONE + 3, np.empty((0, 2), np.float32))


@pytest.mark.parametrize("begin", [-1, 3, 2**62])
def test_rows_outside_the_text_are_not_copied(begin: int) -> None:
    with pytest.raises(ValueError, match="does not fit 6 bytes"):
        _core.copy_rows(TEXT, np.array([begin]), np.empty((1, 4), np.uint8))


@pytest.mark.parametrize("offsets", [[0, 3, 2], [-1, 0, 1], [0, 1, 9], [0, 1]])
def test_offsets_that_do_not_rise_within_the_words_are_refused(offsets: list[int]) -> None:
    rows = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="offsets"):
        _core.print_rows(ISA, b"ab", np.array(offsets), rows, np.empty(1000, np.uint8))


def test_too_little_room_for_text_is_refused() -> None:
    rows, offsets = np.zeros((2, 3), np.float32), np.array([0, 1, 2])
    room = 2 + 2 * 3 * (_core.LONGEST_FLOAT + 1)
    _core.print_rows(ISA, b"ab", offsets, rows, np.empty(room, np.uint8))
    with pytest.raises(ValueError, match=f"out has only {room - 1} bytes"):
        _core.print_rows(ISA, b"ab", offsets, rows, np.empty(room - 1, np.uint8))


def test_rows_whose_numbers_are_not_adjacent_are_refused() -> None:
    rows = np.zeros((2, 6), np.float32)[:, ::2]
    with pytest.raises(ValueError, match="adjacent"):
        _core.print_rows(ISA, b"ab", np.array([0, 1, 2]), rows, np.empty(1000, np.uint8))
