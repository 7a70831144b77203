# SPDX-License-Identifier: Apache-2.0
"""Vectors and models in files: one module a format, no pickle in any of them.

Everything is written through `atomic.atomic_file`, so a file is either the old or the new one,
and everything that is read is checked before memory is reserved for it.
"""

from fastw2v.persistence.loading import LoadedVectors, load_vectors
from fastw2v.persistence.saving import save_vectors

__all__ = ["LoadedVectors", "load_vectors", "save_vectors"]
