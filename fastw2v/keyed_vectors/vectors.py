# SPDX-License-Identifier: Apache-2.0
"""`KeyedVectors`: all of it together, files and conversion."""

from __future__ import annotations

import os
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from fastw2v.keyed_vectors.indexing import VectorIndexing
from fastw2v.keyed_vectors.insight import VectorInsight
from fastw2v.keyed_vectors.rows import converted
from fastw2v.keyed_vectors.views import VectorViews
from fastw2v.persistence.word2vec_format import read_word2vec_format, write_word2vec_format
from fastw2v.vocabulary import Vocabulary


class KeyedVectors(VectorInsight, VectorIndexing, VectorViews):
    """Keys and one vector for each of them.

    Parameters
    ----------
    vocabulary : Vocabulary
        The keys and their counts. See `empty` for vectors that are added one after another.
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
        Kept as a view, not copied. Rows may have padding between them and may be read-only or
        mapped from a file; the numbers of a row should be adjacent, or every search copies them.
    scales : ndarray of shape (vocab_size,), float32, optional
        With int8 vectors, and only with them: the vector of word i is ``scales[i] * vectors[i]``.

    Notes
    -----
    Whatever the type of the rows, every vector that a method returns is float32.

    Methods that change vectors (``kv[key] = vector``, `add_vectors`, `unit_normalize_all`, ...)
    copy all rows first, as float32, and those that change keys or counts copy these: whoever
    shares them, such as a model, is left as it was. From then on changes are made in place; a
    vector that was looked up before may or may not follow them.

    Lengths of the vectors are computed at the first search and kept right by every method that
    changes vectors, which also drops the sketch of `use_sketch`: after changing `vectors` in place,
    call ``fill_norms(force=True)``.

    DIFFERS: from gensim. A key whose vector is zero has similarity 0 to everything (there: NaN),
    a key whose vector is not finite is never a neighbour, neighbours of equal similarity come in
    the order of their positions, and a query without direction or a negative `topn` is an error.
    Keys are words (str) and ints; an int is never a position.
    """

    def astype(self, dtype: DTypeLike) -> Self:
        """Return the same vectors in rows of another type.

        Parameters
        ----------
        dtype : "float32", "float16" or "int8"
            float16 takes half the memory of float32. int8 takes a quarter, with a scale for each
            row, its largest absolute number / 127; a vector that is not finite becomes NaN.

        Returns
        -------
        KeyedVectors
            With rows of its own and the same keys and attributes, to be changed apart from these.

        Raises
        ------
        ValueError
            The type is none of these, or a number is too large for float16.
        """
        vectors, scales = converted(self.vectors, self.scales, dtype)
        return self._with(vectors, scales)

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write the vectors for word2vec.c, gensim and others: see `write_word2vec_format`."""
        write_word2vec_format(path, self.vocabulary.words, self.rows(slice(None)), binary=binary)

    @classmethod
    def load_word2vec_format(
        cls, path: str | os.PathLike[str], binary: bool | None = None, limit: int | None = None
    ) -> Self:
        """Read vectors of word2vec.c, gensim and others: see `read_word2vec_format`.

        The formats store no counts; `counts` then holds the placeholders vocab_size, ..., 2, 1.
        """
        words, vectors = read_word2vec_format(path, binary=binary, limit=limit)
        counts = np.arange(len(words), 0, -1, dtype=np.int64)
        return cls(Vocabulary(words, counts), vectors)
