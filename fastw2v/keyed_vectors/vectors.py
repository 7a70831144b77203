# SPDX-License-Identifier: Apache-2.0
"""`KeyedVectors`: all of it together, files and conversion."""

from __future__ import annotations

import os
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from fastw2v.keyed_vectors.insight import VectorInsight
from fastw2v.keyed_vectors.rows import converted
from fastw2v.persistence.word2vec_format import read_word2vec_format, write_word2vec_format
from fastw2v.vocabulary import Vocabulary


class KeyedVectors(VectorInsight):
    """A vocabulary and one vector for each of its words.

    Parameters
    ----------
    vocabulary : Vocabulary
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
        Kept as a view, never copied. Rows may have padding between them and may be read-only or
        mapped from a file; the numbers of a row should be adjacent, or every search copies them.
    scales : ndarray of shape (vocab_size,), float32, optional
        With int8 vectors, and only with them: the vector of word i is ``scales[i] * vectors[i]``.

    Notes
    -----
    Whatever the type of the rows, every vector that a method returns is float32.

    Lengths of the vectors are computed at the first search and kept: after changing `vectors`
    in place, call ``fill_norms(force=True)``.

    DIFFERS: from gensim. A word whose vector is zero has similarity 0 to everything (there: NaN),
    a word whose vector is not finite is never a neighbour, neighbours of equal similarity come in
    the order of the vocabulary, and a query without direction or a negative `topn` is an error.
    Keys are words; a word's number is not a key.
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
            With rows of its own and the same vocabulary.

        Raises
        ------
        ValueError
            The type is none of these, or a number is too large for float16.
        """
        vectors, scales = converted(self.vectors, self.scales, dtype)
        return type(self)(self.vocabulary, vectors, scales=scales)

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write the vectors for word2vec.c, gensim and others: see `write_word2vec_format`."""
        write_word2vec_format(path, self.index_to_key, self.rows(slice(None)), binary=binary)

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
