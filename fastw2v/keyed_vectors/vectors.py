# SPDX-License-Identifier: Apache-2.0
"""`KeyedVectors`: all of it together, files and conversion."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Self

from numpy.typing import DTypeLike

from fastw2v.keyed_vectors.indexing import VectorIndexing
from fastw2v.keyed_vectors.insight import VectorInsight
from fastw2v.keyed_vectors.rows import converted
from fastw2v.keyed_vectors.views import VectorViews
from fastw2v.persistence.loading import load_with_vocabulary
from fastw2v.persistence.native import refusing
from fastw2v.persistence.saving import save_vectors
from fastw2v.persistence.word2vec_format import read_word2vec_format, write_word2vec_format
from fastw2v.vocabulary import Vocabulary, placeholder_counts


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
            The type is none of these, or a number is beyond 65504 and the type is float16.
        """
        vectors, scales = converted(self.vectors, self.scales, dtype)
        return self._with(vectors, scales)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        dtype: str | None = None,
    ) -> None:
        """Write words and vectors, atomically.

        Parameters
        ----------
        path : path-like
            By default its suffix tells the format: ``.safetensors`` (fastw2v's own, which keeps
            counts, the words that were dropped and the type of the rows), ``.txt`` or ``.vec``,
            ``.bin``, ``.glove``, ``.npy``.
        format : str, optional
            One of those of `persistence.save_vectors`, whatever the suffix.
        dtype : "float32", "float16" or "int8", optional
            The type of the rows in fastw2v's own format; by default the one they have.

        Raises
        ------
        ValueError
            No such format, or one that cannot hold these words or vectors.
        TypeError
            A key is an int: files hold words.
        OSError
            It cannot be written; an old file is untouched.
        """
        save_vectors(
            path, self.vocabulary, self.vectors, scales=self.scales, format=format, dtype=dtype
        )

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        limit: int | None = None,
        words: Collection[str] | None = None,
        format: str | None = None,
        binary: bool | None = None,
    ) -> Self:
        """Open the vectors of a file of any format that `persistence.load_vectors` knows.

        Rows of fastw2v's own format and of models, of NumPy's and of finalfusion's are mapped, not
        read: opening takes a moment and processes share the memory.

        Parameters
        ----------
        path : path-like
        limit : int, optional
            Load this many entries, the most frequent words as a rule.
        words : collection of str, optional
            Load these words alone, in the order of the file; those that it lacks are left out.
        format : str, optional
            Not to look: "native", "word2vec", "text", "binary", "glove", "npy", "finalfusion".
        binary : bool, optional
            Of word2vec's format, whether it is binary; by default its first entry tells.

        Returns
        -------
        KeyedVectors
            With rows of the type that the file has. A file without counts gives the placeholders
            vocab_size, ..., 2, 1.

        Raises
        ------
        ValueError
            The file is damaged, or in no known format; a pickle is refused with the recipe to
            convert it. Words of fastw2v's own format are checked when the first is looked up.
        OSError
            The file cannot be read.
        """
        vocabulary, vectors, scales = load_with_vocabulary(
            path, limit=limit, words=words, format=format, binary=binary, stacklevel=3
        )
        with refusing(path, "a file of vectors"):
            return cls(vocabulary, vectors, scales=scales)

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write the vectors for word2vec.c, gensim and others: see `write_word2vec_format`."""
        words = self.vocabulary.words
        write_word2vec_format(path, words, self.vectors, scales=self.scales, binary=binary)

    @classmethod
    def load_word2vec_format(
        cls, path: str | os.PathLike[str], binary: bool | None = None, limit: int | None = None
    ) -> Self:
        """Read vectors of word2vec.c, gensim and others: see `read_word2vec_format`.

        The formats store no counts; `counts` then holds the placeholders vocab_size, ..., 2, 1.
        """
        words, vectors = read_word2vec_format(path, binary=binary, limit=limit)
        return cls(Vocabulary(words, placeholder_counts(len(words))), vectors)
