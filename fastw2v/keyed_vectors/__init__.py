# SPDX-License-Identifier: Apache-2.0
"""Keys, most often words, and their vectors. The names are those of gensim 4.

`KeyedVectors` is built in steps, each of which adds one thing: `table` (look-up), `editing`
(changes), `search` (neighbours), `similarity`, and on top, in `vectors`, files and conversion.
Below them, `keys` knows no vectors, `rows` and `row_search` know no keys.
"""

from fastw2v.keyed_vectors.keys import Key
from fastw2v.keyed_vectors.unknown import Found, Oov
from fastw2v.keyed_vectors.vectors import KeyedVectors

__all__ = ["Found", "Key", "KeyedVectors", "Oov"]
