# SPDX-License-Identifier: Apache-2.0
"""A hash of a model: two that have the same one are the same, bit for bit."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from fastw2v.vocabulary import SURROGATES, Vocabulary

#: Rows that are copied at a time: some MB.
_PIECE_ROWS = 4096


def fingerprint(vocabulary: Vocabulary, *matrices: NDArray[np.float32] | None) -> str:
    """Return the SHA-256 of words, counts and vectors, in hexadecimal.

    Parameters
    ----------
    vocabulary : Vocabulary
    *matrices : ndarray of shape (vocab_size, vector_size), float32, or None
        Views of padded rows will do: what lies between the rows is not read.
    """
    words = [word.encode(errors=SURROGATES) for word in vocabulary.words]
    hashed = hashlib.sha256(b"fastw2v 1")
    hashed.update(np.array([len(word) for word in words], "<i8").tobytes())
    hashed.update(b"".join(words))
    hashed.update(vocabulary.counts.astype("<i8").tobytes())
    for given in matrices:
        matrix = np.empty((0, 0), np.float32) if given is None else given
        hashed.update(np.array(matrix.shape, "<i8").tobytes())
        for begin in range(0, len(matrix), _PIECE_ROWS):
            hashed.update(matrix[begin : begin + _PIECE_ROWS].astype("<f4").tobytes())
    return hashed.hexdigest()
