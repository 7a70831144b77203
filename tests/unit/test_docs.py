# SPDX-License-Identifier: Apache-2.0
"""README and docs say nothing that does not run."""

from __future__ import annotations

import dataclasses
import doctest
import gzip
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fastw2v import TrainingConfig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

TEXT_WORDS = """
    king queen man woman house water war love money athens greece oslo norway the of and to in
    is was he she it that with for as on at by from be this had not are but his her they which
"""
# Their words all exist; what is answered does not matter.
QUESTIONS = ": capital\nathens greece oslo norway\n: gram1\nking queen man woman\n"
PAIRS = "word1\tword2\tscore\nking\tqueen\t8.5\nwater\twar\t1.2\nlove\tmoney\t3.1\n"


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with the files that the pages speak of."""
    rng = random.Random(7)
    text = "".join(" ".join(rng.choices(TEXT_WORDS.split(), k=20)) + "\n" for _ in range(400))
    for name in ("corpus.txt", "part-1.txt"):
        (tmp_path / name).write_text(text)
    with gzip.open(tmp_path / "part-2.txt.gz", "wt") as file:
        file.write(text)
    (tmp_path / "questions-words.txt").write_text(QUESTIONS)
    (tmp_path / "simlex999.txt").write_text(PAIRS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_commands(block: Block, folder: Path) -> None:
    """Run the commands of fastw2v; installing is what .ci/run does."""
    for command in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(command, comments=True)
        if words[:1] != ["fastw2v"]:
            continue
        result = subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{command}\n{result.stderr}"


def run_session(block: Block, names: dict[str, object], page: Path) -> None:
    flags = doctest.ELLIPSIS
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=flags)
    test = parser.get_doctest(block.text, names, page.name, str(page), block.line)
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    assert runner.failures == 0, "".join(report)


@pages
def test_every_snippet_and_command_of_a_page_runs(page: Path, folder: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.language == "sh":
            run_commands(block, folder)
        elif block.language == "pycon":
            run_session(block, names, page)
        elif block.language == "python" and not block.text.startswith(">>>"):  # those are doctests
            code = "\n" * (block.line - 1) + block.text
            exec(compile(code, str(page), "exec"), names)


@pages
def test_every_block_names_a_language_that_is_run_or_is_known_to_be_none(page: Path) -> None:
    assert {block.language for block in blocks_of(page)} <= {"python", "pycon", "sh", "text"}


@pages
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_table_of_the_readme_is_the_training_config() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGES[0].read_text("utf-8"), re.MULTILINE)
    fields = dataclasses.fields(TrainingConfig)
    assert rows == [(field.name, repr(field.default)) for field in fields]
