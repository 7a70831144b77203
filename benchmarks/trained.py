# SPDX-License-Identifier: Apache-2.0
"""What every trainer hands over to be judged."""

from __future__ import annotations

from typing import Any, NamedTuple


class Trained(NamedTuple):
    """Words, most frequent first, and a row of each matrix for each of them."""

    words: list[str]
    counts: Any  # ndarray of shape (vocab_size,), integer
    vectors: Any  # ndarray of shape (vocab_size, vector_size), float32: the input vectors
    output_vectors: Any  # of the same shape: what a context is compared with
