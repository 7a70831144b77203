# SPDX-License-Identifier: Apache-2.0
"""Exact search: the rows of a matrix that are nearest to some vectors. Arrays only, no words."""

from fastw2v.nearest.norms import invert, row_norms
from fastw2v.nearest.search import cosines, nearest
from fastw2v.nearest.sketches import Sketch, make_sketch, searches_sketches

__all__ = [
    "Sketch",
    "cosines",
    "invert",
    "make_sketch",
    "nearest",
    "row_norms",
    "searches_sketches",
]
