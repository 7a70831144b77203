# SPDX-License-Identifier: Apache-2.0
"""docs/reference.md says nothing that is not so."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_every_snippet_of_the_reference_page_runs_and_prints_what_it_shows() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 40
    assert result.failed == 0
