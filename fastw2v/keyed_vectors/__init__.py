# SPDX-License-Identifier: Apache-2.0
"""Words and their vectors: look-up, similarity, analogy. The names are those of gensim 4.

`KeyedVectors` is built in steps, each of which adds one thing: `table` (look-up), `search`
(neighbours), `similarity`, and on top, in `vectors`, files and conversion.
"""

from fastw2v.keyed_vectors.vectors import KeyedVectors

__all__ = ["KeyedVectors"]
