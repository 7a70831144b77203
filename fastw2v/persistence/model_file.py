# SPDX-License-Identifier: Apache-2.0
"""A trained model in one self-describing file, in the safetensors layout.

Tensors (V = vocab_size, d = vector_size):

    input_vectors       (V, d)   float32
    output_vectors      (V, d)   float32; only with a model that can be trained on

and those of the vocabulary, see `vocabulary_tensors`. Metadata: `format` = "fastw2v",
`format_version` = "1", `hyper_parameters`, a JSON object, and the bounds of the vocabulary.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.checks import checked_tensor, checked_version
from fastw2v.persistence.native import load_tensors, refusing, save_tensors
from fastw2v.persistence.vocabulary_tensors import decode_vocabulary, encode_vocabulary
from fastw2v.vocabulary import Vocabulary

KIND = "a fastw2v model"
FORMAT = "fastw2v"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ModelFile:
    """What `load_model` finds.

    Attributes
    ----------
    vocabulary : Vocabulary
    input_vectors : ndarray of shape (vocab_size, vector_size), float32
        A copy-on-write view of the file, as `output_vectors` is.
    output_vectors : ndarray of shape (vocab_size, vector_size), float32, or None
    hyper_parameters : dict of JSON values
    format_version : int
    """

    vocabulary: Vocabulary
    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32] | None
    hyper_parameters: dict[str, Any]
    format_version: int


def save_model(
    path: str | os.PathLike[str],
    *,
    vocabulary: Vocabulary,
    input_vectors: NDArray[np.float32],
    output_vectors: NDArray[np.float32] | None,
    hyper_parameters: Mapping[str, Any],
) -> None:
    """Write a model, atomically.

    Parameters
    ----------
    path : path-like
    vocabulary : Vocabulary
    input_vectors, output_vectors : ndarray of shape (vocab_size, vector_size), float32
        Rows may have padding between them; it is not written, and no full copy is made.
        `output_vectors` may be None: the file then serves look-up but not further training.
    hyper_parameters : mapping of str to JSON values

    Raises
    ------
    ValueError
        Shapes or dtypes that do not agree, or a hyper-parameter that is not finite.
    TypeError
        A hyper-parameter that JSON has no form for.
    OSError
        The file cannot be written; an old one is untouched.
    """
    tensors: dict[str, NDArray[Any]] = {"input_vectors": input_vectors}
    if output_vectors is not None:
        tensors["output_vectors"] = output_vectors
    words, bounds = encode_vocabulary(vocabulary)
    tensors |= words
    _check_tensors(tensors)
    metadata = bounds | {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "hyper_parameters": json.dumps(dict(hyper_parameters), allow_nan=False),
    }
    save_tensors(path, tensors, metadata)


def load_model(path: str | os.PathLike[str]) -> ModelFile:
    """Open a model that `save_model` has written; the matrices are mapped, not read.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    ModelFile

    Raises
    ------
    ValueError
        The file is damaged, not a fastw2v model, or of a later version of the format.
    OSError
        The file cannot be read.
    """
    tensors, metadata = load_tensors(path, KIND)
    with refusing(path, KIND):
        format_version = checked_version(metadata, FORMAT, FORMAT_VERSION)
        hyper_parameters = _decode_hyper_parameters(metadata)
        _check_tensors(tensors)
        vocabulary = decode_vocabulary(tensors, metadata)
    return ModelFile(
        vocabulary,
        tensors["input_vectors"],
        tensors.get("output_vectors"),
        hyper_parameters,
        format_version,
    )


def _decode_hyper_parameters(metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        value = json.loads(metadata.get("hyper_parameters", "{}"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"its hyper_parameters are not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("its hyper_parameters are not a JSON object")
    return value


def _check_tensors(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Check that matrices and counts are there, with dtypes and shapes that agree."""
    vectors = checked_tensor(tensors, "input_vectors", np.float32, "vocab_size", "vector_size")
    if vectors.shape[1] < 1:
        raise ValueError("its vectors have no numbers")
    if "output_vectors" in tensors:
        checked_tensor(tensors, "output_vectors", np.float32, *vectors.shape)
    checked_tensor(tensors, "counts", np.int64, len(vectors))
