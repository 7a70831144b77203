# SPDX-License-Identifier: Apache-2.0
"""Save vectors in the format that the name of the file asks for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.glove import write_glove
from fastw2v.persistence.npy import write_npy
from fastw2v.persistence.rows import Rows
from fastw2v.persistence.static_embedding import write_model2vec, write_sentence_transformers
from fastw2v.persistence.vectors_file import save_vectors_file
from fastw2v.persistence.word2vec_format import write_word2vec_format
from fastw2v.vocabulary import Vocabulary, placeholder_counts

#: Formats by name, and the suffixes that ask for them; those without must be asked for by name.
SUFFIXES: dict[str, tuple[str, ...]] = {
    "native": (".safetensors",),
    "text": (".txt", ".vec"),
    "binary": (".bin",),
    "glove": (".glove",),
    "npy": (".npy",),
    "model2vec": (),
    "sentence-transformers": (),
}
COMPRESSIBLE = ("text", "binary", "glove")


def save_vectors(
    path: str | os.PathLike[str],
    words: Sequence[str] | Vocabulary,
    vectors: NDArray[Any],
    *,
    counts: NDArray[np.int64] | None = None,
    scales: NDArray[np.float32] | None = None,
    format: str | None = None,
    dtype: str | None = None,
) -> None:
    """Save word vectors.

    Parameters
    ----------
    path : path-like
        What to write: a folder for ``"model2vec"`` and ``"sentence-transformers"``.
    words : sequence of str, or Vocabulary
        Distinct. The native format alone keeps more of a vocabulary than its words: counts, bounds
        and the words that were dropped.
    vectors : ndarray of shape (len(words), vector_size), float32, float16 or int8
    counts : ndarray of shape (len(words),), int64, optional
        Of a sequence of words; V, ..., 2, 1 if they are not known.
    scales : ndarray of shape (len(words),), float32, optional
        With int8 vectors: what each row is multiplied by.
    format : str, optional
        ``"native"``, ``"text"`` or ``"binary"`` (word2vec's), ``"glove"``, ``"npy"``,
        ``"model2vec"`` or ``"sentence-transformers"``. By default the suffix tells:
        ``.safetensors``, ``.txt`` or ``.vec``, ``.bin``, ``.glove``, ``.npy``; text and binary may
        end in ``.gz``.
    dtype : str, optional
        ``"float32"``, ``"float16"`` or ``"int8"``: the width of the numbers in the native format.

    Raises
    ------
    ValueError
        No such format, one that cannot hold these words or vectors, or a word stands twice.
    OSError
        It cannot be written; an old file is untouched.
    """
    chosen = format_of(path) if format is None else format
    if chosen not in SUFFIXES:
        raise ValueError(f"format must be one of {', '.join(SUFFIXES)}, not {format!r}")
    if os.fspath(path).endswith(".gz") and chosen not in COMPRESSIBLE:
        raise ValueError(f"{os.fspath(path)!r}: the format {chosen!r} is not compressed with gzip")
    if not isinstance(words, Vocabulary):
        words = Vocabulary(words, placeholder_counts(len(words)) if counts is None else counts)
    elif counts is not None:
        raise ValueError("counts belong to a sequence of words: a vocabulary has its own")
    words.index  # noqa: B018  # finds words that stand twice
    rows = Rows(vectors, scales)
    if dtype is not None:
        if chosen != "native":
            raise ValueError(f"dtype belongs to the native format, not to {chosen!r}")
        rows = rows.astype(dtype)
    if chosen == "native":
        save_vectors_file(path, words, rows.vectors, scales=rows.scales)
    elif chosen in ("text", "binary"):
        binary = chosen == "binary"
        write_word2vec_format(path, words.words, rows.vectors, scales=rows.scales, binary=binary)
    else:
        write = {
            "glove": write_glove,
            "npy": write_npy,
            "model2vec": write_model2vec,
            "sentence-transformers": write_sentence_transformers,
        }[chosen]
        write(path, words.words, rows.vectors, scales=rows.scales)


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that the suffix of a name asks for."""
    suffix = Path(os.fspath(path).removesuffix(".gz")).suffix
    for name, suffixes in SUFFIXES.items():
        if suffix in suffixes:
            return name
    known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise ValueError(
        f"{os.fspath(path)!r} does not end in one of {known}, so that its format must be given"
    )
