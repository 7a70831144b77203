# SPDX-License-Identifier: Apache-2.0
"""Word vectors in fastw2v's own format: the safetensors layout, mapped when they are opened.

Tensors (V = vocab_size, d = vector_size):

    vectors     (V, d)   float32, float16 or int8
    scales      (V,)     float32; with int8 only, where row i is scales[i] * vectors[i]

and those of the vocabulary, see `vocabulary_tensors`. Metadata: `format` = "fastw2v-vectors",
`format_version` = "1", and the bounds of the vocabulary. Opening reads the header alone: words are
decoded, and checked, when the first is looked up, so that three million of them open as fast as
three. A file of a model (`model_file`) is read as well, by its input vectors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence import model_file
from fastw2v.persistence.checks import checked_tensor, checked_version
from fastw2v.persistence.native import load_tensors, refusing, save_tensors
from fastw2v.persistence.rows import DTYPES, Rows
from fastw2v.persistence.vocabulary_tensors import encode_vocabulary, packed_vocabulary
from fastw2v.vocabulary import Vocabulary

KIND = "a file of fastw2v's vectors"
FORMAT = "fastw2v-vectors"
FORMAT_VERSION = 1


def save_vectors_file(
    path: str | os.PathLike[str],
    vocabulary: Vocabulary,
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write vectors, atomically.

    Parameters
    ----------
    path : path-like
    vocabulary : Vocabulary
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
        Rows may have padding between them; it is not written, and no full copy is made.
    scales : ndarray of shape (vocab_size,), float32, optional
        With int8 vectors: what each row is multiplied by.

    Raises
    ------
    ValueError
        Shapes or dtypes that do not agree.
    OSError
        The file cannot be written; an old one is untouched.
    """
    rows = Rows(vectors, scales)
    if len(rows) != len(vocabulary) or rows.vector_size < 1:
        raise ValueError(
            f"vectors must have the shape ({len(vocabulary)}, vector_size), not {vectors.shape}"
        )
    tensors: dict[str, NDArray[Any]] = {"vectors": vectors}
    if scales is not None:
        tensors["scales"] = scales
    words, bounds = encode_vocabulary(vocabulary)
    metadata = bounds | {"format": FORMAT, "format_version": str(FORMAT_VERSION)}
    save_tensors(path, tensors | words, metadata)


def load_vectors_file(
    path: str | os.PathLike[str],
) -> tuple[Vocabulary, NDArray[Any], NDArray[np.float32] | None]:
    """Open vectors that `save_vectors_file`, or `save_model`, has written; all are mapped.

    Returns
    -------
    vocabulary : Vocabulary
        Of `PackedWords`: decoded, and checked, when the first one is looked at. A ValueError may
        come then.
    vectors : ndarray of shape (vocab_size, vector_size), float32, float16 or int8
        Read-only, as all of them are.
    scales : ndarray of shape (vocab_size,), float32, or None

    Raises
    ------
    ValueError
        The file is damaged, not of this kind, or of a later version of the format.
    OSError
        The file cannot be read.
    """
    tensors, metadata = load_tensors(path, KIND, read_only=True)
    with refusing(path, KIND):
        if metadata.get("format") == model_file.FORMAT:
            checked_version(metadata, model_file.FORMAT, model_file.FORMAT_VERSION)
            vectors, scales = _checked_vectors(tensors, "input_vectors", ("float32",))
        else:
            checked_version(metadata, FORMAT, FORMAT_VERSION)
            vectors, scales = _checked_vectors(tensors, "vectors", DTYPES)
        checked_tensor(tensors, "counts", np.int64, len(vectors))
        vocabulary = packed_vocabulary(tensors, metadata, lambda: refusing(path, KIND))
    return vocabulary, vectors, scales


def _checked_vectors(
    tensors: Mapping[str, NDArray[Any]], name: str, dtypes: tuple[str, ...]
) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    found = tensors[name].dtype.name if name in tensors else dtypes[0]
    dtype = found if found in dtypes else dtypes[0]
    vectors = checked_tensor(tensors, name, dtype, "vocab_size", "vector_size")
    if vectors.shape[1] < 1:
        raise ValueError("its vectors have no numbers")
    if dtype != "int8":
        return vectors, None
    return vectors, checked_tensor(tensors, "scales", np.float32, len(vectors))
