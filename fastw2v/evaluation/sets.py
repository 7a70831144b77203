# SPDX-License-Identifier: Apache-2.0
"""Read the sets that vectors are evaluated with: analogies and rated word pairs.

Some are in the package and have a name; a `Path` is always a file.
"""

from __future__ import annotations

import errno
import io
import lzma
import math
import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

Question = Sequence[str]  # a, b, c, expected: a is to b as c is to expected

#: Sets in the package, and their files; data/SOURCES.md has sources and licences.
BUNDLED = {
    "google-analogies": "google-analogies.txt.xz",
    "wordsim353": "wordsim353.tsv.xz",
}


def are_analogies(path: str | os.PathLike[str]) -> bool:
    """Whether a set begins with a section (": name"), as one of analogies does."""
    return next((line.startswith(":") for _, line in _lines(path)), False)


def read_analogies(path: str | os.PathLike[str]) -> list[tuple[str, list[Question]]]:
    """Read sections of questions from a file like questions-words.txt.

    Raises
    ------
    ValueError
        A line is neither ": name" nor four words, or stands before the first section, or there
        are no questions; the message names the file and the line.
    """
    sections: list[tuple[str, list[Question]]] = []
    for number, line in _lines(path):
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
            continue
        words = line.split()
        if len(words) != 4:
            raise _error(
                path, number, f"a question has four words, not {len(words)}: {line[:80]!r}"
            )
        if not sections:
            raise _error(path, number, "a question stands before the first section (': name')")
        sections[-1][1].append(words)
    if not any(questions for _, questions in sections):
        raise ValueError(f"{os.fspath(path)!r} has no questions")
    return sections


def read_word_pairs(
    path: str | os.PathLike[str], *, delimiter: str | None = None, score_column: int | str = 2
) -> list[tuple[str, str, float]]:
    """Read word pairs and their scores: two words first in each line, the score in some column.

    Parameters
    ----------
    path : path-like
        Lines that are empty or begin with "#" are skipped. The first of the others may be a
        header, and is taken for one if its score is not a number.
    delimiter : str, optional
        What separates columns. By default tabs in a line that has any, else white space.
    score_column : int or str
        Position of the score (from 0), or its name in the header: "SimLex999", for example.

    Raises
    ------
    ValueError
        A line has too few columns or a score that is not a finite number, no column has that
        name, or there are no pairs; the message names the file and the line.
    """
    column = None if isinstance(score_column, str) else score_column
    pairs: list[tuple[str, str, float]] = []
    header_may_come = True
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        separator = delimiter or ("\t" if "\t" in line else None)
        fields = [field.strip() for field in line.split(separator)]
        if column is None:
            if score_column not in fields:
                raise _error(path, number, f"the header has no column {score_column!r}: {fields}")
            column = fields.index(str(score_column))
            header_may_come = False
            continue
        if len(fields) <= max(1, column):
            raise _error(path, number, f"no column {column} in {line[:80]!r}")
        score = _as_float(fields[column])
        if score is not None:
            pairs.append((fields[0], fields[1], score))
        elif not header_may_come:
            raise _error(path, number, f"the score is not a number: {fields[column][:80]!r}")
        header_may_come = False
    if not pairs:
        raise ValueError(f"{os.fspath(path)!r} has no word pairs")
    return pairs


def _as_float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, stripped, with their numbers from 1."""
    with _opened(path) as file:
        for number, encoded in enumerate(file, start=1):
            try:
                line = encoded.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise _error(path, number, f"not UTF-8: {error.reason}") from error
            if line:
                yield number, line


def _opened(path: str | os.PathLike[str]) -> BinaryIO:
    if isinstance(path, str) and path in BUNDLED:
        packed = (files("fastw2v") / "data" / BUNDLED[path]).read_bytes()
        return io.BytesIO(lzma.decompress(packed))
    try:
        return Path(path).open("rb")
    except FileNotFoundError as error:
        known = ", ".join(BUNDLED)
        reason = f"no such file, nor a set of the package ({known})"
        raise FileNotFoundError(errno.ENOENT, reason, os.fspath(path)) from error


def _error(path: str | os.PathLike[str], number: int, reason: str) -> ValueError:
    return ValueError(f"{os.fspath(path)!r}, line {number}: {reason}")
