# SPDX-License-Identifier: Apache-2.0
"""Run what README and docs show, in a folder with the files that they speak of."""

from __future__ import annotations

import doctest
import gzip
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)(?: needs ([\w ]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

TEXT_WORDS = """
    king queen man woman house water war love money athens greece oslo norway the of and to in
    is was he she it that with for as on at by from be this had not are but his her they which
"""
# Their words all exist; what is answered does not matter.
QUESTIONS = ": capital\nathens greece oslo norway\n: gram1\nking queen man woman\n"
PAIRS = "word1\tword2\tscore\nking\tqueen\t8.5\nwater\twar\t1.2\nlove\tmoney\t3.1\n"


class Block(NamedTuple):
    """A fenced block of a page, and the packages that it needs: "```python needs matplotlib"."""

    language: str
    needs: frozenset[str]
    text: str
    line: int


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        needs = frozenset((match[2] or "").split())
        yield Block(match[1], needs, match[3], text.count("\n", 0, match.start()) + 2)


def fill(folder: Path) -> None:
    """Write the files that the pages speak of."""
    rng = random.Random(7)
    text = "".join(" ".join(rng.choices(TEXT_WORDS.split(), k=20)) + "\n" for _ in range(400))
    for name in ("corpus.txt", "part-1.txt"):
        (folder / name).write_text(text)
    with gzip.open(folder / "part-2.txt.gz", "wt") as file:
        file.write(text)
    (folder / "questions-words.txt").write_text(QUESTIONS)
    (folder / "simlex999.txt").write_text(PAIRS)


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


def run_page(page: Path, folder: Path, installed: Collection[str], **changed: str) -> set[str]:
    """Run snippets and commands of a page, but for those that need packages besides `installed`.

    Words of the snippets that are in `changed` become others. Returns what was needed.
    """
    names: dict[str, object] = {"__name__": "__main__"}
    needed: set[str] = set()
    for block in blocks_of(page):
        if not block.needs <= set(installed):
            continue
        needed |= block.needs
        if block.language == "sh":
            run_commands(block, folder)
        elif block.language == "pycon":
            run_session(block, names, page)
        elif block.language == "python" and not block.text.startswith(">>>"):  # those are doctests
            code = "\n" * (block.line - 1) + block.text
            for old, new in changed.items():
                code = code.replace(old, new)
            exec(compile(code, str(page), "exec"), names)
    return needed
