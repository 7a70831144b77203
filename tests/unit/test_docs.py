# SPDX-License-Identifier: Apache-2.0
"""README and docs say nothing that does not run."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from docs_support import PAGES, blocks_of, fill, run_page

from fastw2v import TrainingConfig

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_every_snippet_and_command_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path, installed=())  # tests/interop/test_docs_extras.py has the others


@pages
def test_every_block_names_a_language_that_is_run_or_is_known_to_be_none(page: Path) -> None:
    assert {block.language for block in blocks_of(page)} <= {"python", "pycon", "sh"}


@pages
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_table_of_the_readme_is_the_training_config() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGES[0].read_text("utf-8"), re.MULTILINE)
    fields = dataclasses.fields(TrainingConfig)
    assert rows == [(field.name, repr(field.default)) for field in fields]
