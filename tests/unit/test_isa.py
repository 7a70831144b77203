# SPDX-License-Identifier: Apache-2.0
"""The instruction sets that this machine has are named, and no other is taken."""

from __future__ import annotations

import platform
import re

import pytest

from fastw2v import _core

NAMES = ["portable", "neon", "avx2", "avx512"]  # of fw_isa, in its order
OF_MACHINE = {
    "x86_64": {"portable", "avx2", "avx512"},
    "AMD64": {"portable", "avx2", "avx512"},
    "aarch64": {"portable", "neon"},
    "arm64": {"portable", "neon"},
    "ARM64": {"portable", "neon"},
}


def test_portable_is_always_there_and_stands_first() -> None:
    assert _core.available_isas()[0] == "portable"


def test_available_isas_are_in_rising_order_and_of_this_architecture() -> None:
    found = _core.available_isas()
    assert found == [name for name in NAMES if name in found]
    assert set(found) <= OF_MACHINE.get(platform.machine(), {"portable"})


@pytest.mark.parametrize("name", _core.available_isas())
def test_an_available_isa_is_taken(name: str) -> None:
    assert _core.check_isa(name) == name


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(_core.available_isas())))
def test_an_isa_that_this_machine_lacks_is_refused_with_those_that_it_has(name: str) -> None:
    with pytest.raises(ValueError, match="not available on this CPU or in this build") as caught:
        _core.check_isa(name)
    assert str(caught.value).startswith(f"isa '{name}': ")
    assert str(caught.value).endswith(f"available here: {', '.join(_core.available_isas())}")


@pytest.mark.parametrize(
    "name", ["", "AVX2", "avx", "avx2 ", "sse", "portable\0", "naïve", "a" * 999]
)
def test_an_unknown_isa_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(ValueError, match="unknown instruction set") as caught:
        _core.check_isa(name)
    assert repr(name) in str(caught.value)
    assert str(caught.value).endswith(f"available here: {', '.join(_core.available_isas())}")


def test_the_compiler_is_named_with_its_version() -> None:
    assert re.match(r"(gcc|clang|msvc|unknown)\b", _core.compiler())
