# SPDX-License-Identifier: Apache-2.0
"""Neighbours at scale: an approximate index, which says itself how approximate it is."""

from fastw2v.vector_index.index import Settings, VectorIndex

__all__ = ["Settings", "VectorIndex"]
