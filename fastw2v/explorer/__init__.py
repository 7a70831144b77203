# SPDX-License-Identifier: Apache-2.0
"""One HTML page to look around in vectors: search, neighbours, a map. It needs no network.

The page is `page.html` with the style sheet, the scripts and the data inside. It knows words and
arrays only. Nothing that a word contains is ever read as HTML or as a script.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from fastw2v.drawing.projection import Floats
from fastw2v.persistence.atomic import atomic_file

SCRIPTS = ("vectors.js", "completion.js", "map.js", "page.js")  # in the order of their definitions
_GRID = 10_000  # places on the map are integers from -_GRID to _GRID


@dataclass(frozen=True, eq=False)
class Contents:
    """What a page shows.

    Attributes
    ----------
    title : str
    words : sequence of str
        The most frequent first.
    rows : ndarray of shape (n_words, vector_size), int8
        Of any scale: only their directions count, and a row of zeros has none.
    counts : ndarray of shape (n_words,), int64, or None
        How often each word was read, if that is known.
    vocab_size : int
        Of the vectors that the words are taken from.
    places : ndarray of shape (n_mapped, 2), float64
        Of the first words on the map.
    method : str
        How these were found.
    """

    title: str
    words: Sequence[str]
    rows: NDArray[np.int8]
    counts: NDArray[np.int64] | None
    vocab_size: int
    places: Floats
    method: str


def write_page(path: str | os.PathLike[str], contents: Contents) -> None:
    """Write the page, atomically."""
    page = render(contents).encode("utf-8", errors="replace")  # a lone surrogate has no UTF-8
    with atomic_file(path) as file:
        file.write(page)


def render(contents: Contents) -> str:
    """Return the page as text."""
    parts = {
        "title": html.escape(contents.title),
        "style": _asset("page.css"),
        "script": '"use strict";\n' + "\n".join(map(_asset, SCRIPTS)),
        "data": _json(contents),
        "rows": base64.b64encode(contents.rows.tobytes()).decode("ascii"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _asset("page.html"))


def _json(contents: Contents) -> str:
    counts = contents.counts
    data = {
        "words": list(contents.words),
        "counts": None if counts is None else counts.tolist(),
        "vocab_size": contents.vocab_size,
        "vector_size": contents.rows.shape[1],
        "places": _on_grid(contents.places),
        "method": contents.method,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    # The one character by which a word could end the element that it stands in. It can only be in
    # a string of the JSON.
    return text.replace("<", "\\u003c")


def _on_grid(places: Floats) -> list[int]:
    """Return x, y, x, y, ..., rounded: the page needs no more than it can show."""
    largest = np.abs(places).max(initial=0) or 1
    rounded: list[int] = np.rint(places.ravel() * (_GRID / largest)).astype(int).tolist()
    return rounded


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
