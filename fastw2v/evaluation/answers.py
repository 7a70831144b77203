# SPDX-License-Identifier: Apache-2.0
"""Answer many analogies at once. Arrays only, no words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.nearest import Sketch, invert, make_sketch, nearest, searches_sketches

Floats = NDArray[np.float32]
Rows = NDArray[Any]  # float32, float16, or int8 with scales
Ids = NDArray[np.intp]

#: From so many questions on, it is worth to make a sketch of the vectors to search in.
SKETCH_QUESTIONS = 64
#: By product: questions and rows whose scores are computed at a time, 4 MB.
BATCH_QUESTIONS = 512
BLOCK_ROWS = 2048
#: Added to what 3CosMul divides by (Levy and Goldberg 2014, and gensim).
EPSILON = np.float32(1e-6)


def answer_by_sum(
    rows: Rows,
    scales: Floats | None,
    norms: Floats,
    questions: Ids,
    excluded: Ids,
    *,
    sketch: Sketch | None = None,
    threads: int | None = 1,
) -> Ids:
    """Return the row nearest to b - a + c, all at length 1, for each question ("3CosAdd").

    Parameters
    ----------
    rows : ndarray of shape (n_rows, vector_size), float32, float16 or int8
    scales : ndarray of shape (n_rows,), float32, optional
        What int8 rows are multiplied by.
    norms : ndarray of shape (n_rows,), float32
        Lengths of the rows.
    questions : ndarray of shape (n_questions, 3), intp
        Rows a, b and c.
    excluded : ndarray of shape (n_questions, n), intp
        Rows that are no answer; numbers below 0 say nothing.
    sketch : Sketch, optional
        Of these rows, if there is one already.
    threads : int, optional
        How many to use; None for all CPUs that there are.

    Returns
    -------
    ndarray of shape (n_questions,), intp
        -1 where no row is left.
    """
    inverse_norms = invert(norms)
    if sketch is None and len(questions) >= SKETCH_QUESTIONS and searches_sketches():
        sketch = make_sketch(rows, inverse_norms, scales=scales, threads=threads)
    asked, places = np.unique(questions, return_inverse=True)
    units = unit_rows(rows[asked], _some(scales, asked), norms[asked])
    a, b, c = units[places.reshape(questions.shape).T]
    ids, _ = nearest(
        rows,
        inverse_norms,
        b - a + c,
        1,
        scales=scales,
        sketch=sketch,
        exclude=excluded,
        threads=threads,
    )
    return ids.reshape(-1)


def answer_by_product(
    rows: Rows, scales: Floats | None, norms: Floats, questions: Ids, excluded: Ids
) -> Ids:
    """Return the row of greatest cos(b) cos(c) / cos(a), each shifted to 0 .. 1 ("3CosMul").

    Parameters and result are those of `answer_by_sum`.
    """
    asked, places = np.unique(questions, return_inverse=True)
    a, b, c = places.reshape(questions.shape).T
    units = unit_rows(rows[asked], _some(scales, asked), norms[asked])
    best = np.full(len(questions), -np.inf, np.float32)
    answers = np.full(len(questions), -1, np.intp)
    for begin in range(0, len(rows), BLOCK_ROWS):
        block = slice(begin, begin + BLOCK_ROWS)
        others = unit_rows(rows[block], _some(scales, block), norms[block])
        near = (1 + units @ others.T) / 2
        far = 1 / (near + EPSILON)
        for first in range(0, len(questions), BATCH_QUESTIONS):
            some = slice(first, first + BATCH_QUESTIONS)
            scores = near[b[some]]
            scores *= near[c[some]]
            scores *= far[a[some]]
            not_here = excluded[some] - begin
            i, j = np.nonzero((not_here >= 0) & (not_here < scores.shape[1]))
            scores[i, not_here[i, j]] = -np.inf
            top = scores.argmax(axis=1)
            value = scores[np.arange(len(scores)), top]
            better = value > best[some]
            best[some] = np.where(better, value, best[some])
            answers[some] = np.where(better, begin + top, answers[some])
    return answers


def unit_rows(rows: Rows, scales: Floats | None, norms: Floats) -> Floats:
    """Return a copy of rows at length 1, or 0 if they are zero or not finite."""
    usable = np.isfinite(norms) & (norms > 0)
    factors = np.divide(
        1 if scales is None else scales, norms, where=usable, out=np.zeros_like(norms)
    )
    units: Floats = rows.astype(np.float32) * factors[:, np.newaxis]
    units[~usable] = 0
    return units


def _some(scales: Floats | None, which: slice | Ids) -> Floats | None:
    return None if scales is None else scales[which]
