# SPDX-License-Identifier: Apache-2.0
"""Load vectors of any format: what a file is, its content tells, not its name."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence import finalfusion, npy
from fastw2v.persistence.files import GZIP_MAGIC
from fastw2v.persistence.gathering import check_selection
from fastw2v.persistence.glove import read_glove
from fastw2v.persistence.pickles import refuse_known
from fastw2v.persistence.vectors_file import load_vectors_file
from fastw2v.persistence.word2vec_format import HEADER, HEADER_BYTES, read_word2vec_format
from fastw2v.vocabulary import Vocabulary, placeholder_counts

NATIVE, WORD2VEC, GLOVE, NPY, FINALFUSION = FORMATS = (
    "native", "word2vec", "glove", "npy", "finalfusion",
)  # fmt: skip
DIALECTS = {"text": False, "binary": True}  # of word2vec's, by the names they are saved under


class LoadedVectors(NamedTuple):
    """What `load_vectors` finds.

    Attributes
    ----------
    words : sequence of str
        Distinct. Of the native format they are `PackedWords`: decoded, and checked, when the first
        is looked at; `Vocabulary` takes them as they are.
    counts : ndarray of shape (len(words),), int64, or None
        Of the native format only.
    vectors : ndarray of shape (len(words), vector_size), float32, float16 or int8
        Read-only and mapped from the file, where its format allows and all words are loaded.
    scales : ndarray of shape (len(words),), float32, or None
        With int8 vectors: row i is ``scales[i] * vectors[i]``.
    """

    words: Sequence[str]
    counts: NDArray[np.int64] | None
    vectors: NDArray[Any]
    scales: NDArray[np.float32] | None


def load_vectors(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    words: Collection[str] | None = None,
    format: str | None = None,
    binary: bool | None = None,
    stacklevel: int = 2,
) -> LoadedVectors:
    """Load word vectors from a file of any format that fastw2v knows.

    Parameters
    ----------
    path : path-like
        fastw2v's own format, of vectors or of a model; word2vec's, text and binary, fastText's
        ``.vec`` among them; GloVe's; a matrix of NumPy's with a list of words beside it;
        finalfusion's. Text and binary may be compressed with gzip.
    limit : int, optional
        Load this many entries, the most frequent words as a rule.
    words : collection of str, optional
        Load these words alone, in the order of the file; those that it does not have are left out.
    format : str, optional
        One of ``FORMATS``, not to look; or ``"text"`` or ``"binary"``, word2vec's.
    binary : bool, optional
        Of word2vec's format, whether it is binary; by default its first entry tells.
    stacklevel : int
        Of a warning of words that stand twice: 2 is the caller.

    Returns
    -------
    LoadedVectors
        words, counts or None, vectors, scales or None.

    Raises
    ------
    ValueError
        The file is damaged, or in none of these formats; a pickle is refused with the recipe to
        convert it. The message names the file and says why.
    OSError
        The file cannot be read.
    """
    check_selection(limit, words)
    kind, binary = _kind(path, format, binary)
    if kind == WORD2VEC:
        found, vectors = read_word2vec_format(
            path, binary=binary, limit=limit, words=words, stacklevel=stacklevel + 1
        )
        return LoadedVectors(found, None, vectors, None)
    if kind == GLOVE:
        found, vectors = read_glove(path, limit=limit, words=words, stacklevel=stacklevel + 1)
        return LoadedVectors(found, None, vectors, None)
    if kind == NATIVE:
        vocabulary, rows, scales = load_vectors_file(path)
        loaded = LoadedVectors(vocabulary.lazy_words, vocabulary.counts, rows, scales)
        return _selected(loaded, limit, words)
    read = npy.read_npy if kind == NPY else finalfusion.read_finalfusion
    found, vectors = read(path)
    return _selected(LoadedVectors(found, None, vectors, None), limit, words)


def load_with_vocabulary(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    words: Collection[str] | None = None,
    format: str | None = None,
    binary: bool | None = None,
    stacklevel: int = 2,
) -> tuple[Vocabulary, NDArray[Any], NDArray[np.float32] | None]:
    """Do as `load_vectors`, and return vocabulary, vectors and scales.

    A file without counts gives the placeholders V, ..., 2, 1. The vocabulary of a model or of the
    native format, loaded whole, knows the words that were dropped, if the file does.
    """
    if limit is None and words is None and _kind(path, format, binary)[0] == NATIVE:
        return load_vectors_file(path)
    loaded = load_vectors(
        path, limit=limit, words=words, format=format, binary=binary, stacklevel=stacklevel + 1
    )
    counts = placeholder_counts(len(loaded.words)) if loaded.counts is None else loaded.counts
    return Vocabulary(loaded.words, counts), loaded.vectors, loaded.scales


def sniff(path: str | os.PathLike[str]) -> str:
    """Tell the format of a file, one of ``FORMATS``, by its first bytes.

    Raises
    ------
    ValueError
        A pickle or another kind that is never opened, or an empty file.
    """
    with Path(path).open("rb") as raw:
        first = raw.read(HEADER_BYTES)
        if first.startswith(GZIP_MAGIC):
            raw.seek(0)
            try:
                first = gzip.GzipFile(fileobj=raw).read(HEADER_BYTES)
            except (OSError, EOFError, zlib.error) as error:
                raise ValueError(f"{os.fspath(path)!r} is damaged: {error}") from error
    if not first:
        raise ValueError(f"{os.fspath(path)!r} is empty")
    refuse_known(path, first)
    if first.startswith(npy.MAGIC):
        return NPY
    if first.startswith(finalfusion.MAGIC):
        return FINALFUSION
    if first[8:9] == b"{":  # the header of safetensors, after its length
        return NATIVE if b"\0" in first[:8] else GLOVE
    return WORD2VEC if HEADER.match(first) else GLOVE


def _kind(
    path: str | os.PathLike[str], format: str | None, binary: bool | None
) -> tuple[str, bool | None]:
    """Return one of ``FORMATS``, and whether word2vec's is binary, if that is known."""
    if format in DIALECTS:
        if binary not in (None, DIALECTS[format]):
            raise ValueError(f"format {format!r} and binary={binary} contradict each other")
        return WORD2VEC, DIALECTS[format]
    if format is None:
        return sniff(path), binary
    if format not in FORMATS:
        known = ", ".join((*FORMATS, *DIALECTS))
        raise ValueError(f"format must be one of {known}, not {format!r}")
    return format, binary


def _selected(
    loaded: LoadedVectors, limit: int | None, words: Collection[str] | None
) -> LoadedVectors:
    """Return the first entries, or those of some words alone."""
    if limit is None and words is None:
        return loaded
    names = loaded.words[:limit]
    if words is None:
        part: slice | NDArray[np.intp] = slice(len(names))
    else:
        wanted = frozenset(words)
        part = np.array([i for i, name in enumerate(names) if name in wanted], np.intp)
        names = [names[i] for i in part.tolist()]
    counts, scales = loaded.counts, loaded.scales
    return LoadedVectors(
        names,
        None if counts is None else counts[part],
        loaded.vectors[part],
        None if scales is None else scales[part],
    )
