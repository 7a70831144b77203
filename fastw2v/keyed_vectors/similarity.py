# SPDX-License-Identifier: Apache-2.0
"""How similar words are."""

from __future__ import annotations

import numpy as np

from fastw2v.keyed_vectors.search import VectorSearch


class VectorSimilarity(VectorSearch):
    """Cosines between words; see `KeyedVectors`."""

    def similarity(self, w1: str, w2: str) -> float:
        """Return the cosine of the angle between the vectors of two words; 0 if one is zero."""
        return float(np.dot(self.get_vector(w1, norm=True), self.get_vector(w2, norm=True)))
