# SPDX-License-Identifier: Apache-2.0
"""A trained model in one self-describing file, in the safetensors layout.

Tensors (V = vocab_size, d = vector_size):

    input_vectors       (V, d)   float32
    output_vectors      (V, d)   float32; only with a model that can be trained on
    counts              (V,)     int64
    vocabulary          (bytes,) uint8, the words in UTF-8 one after the other
    vocabulary_offsets  (V + 1,) int64, word i is vocabulary[offsets[i] : offsets[i + 1]]

Metadata: `format` = "fastw2v", `format_version` = "1", and `hyper_parameters`, a JSON object.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.native import load_tensors, refuse, save_tensors
from fastw2v.vocabulary import Vocabulary

FORMAT = "fastw2v"
FORMAT_VERSION = 1

# A Python string may hold a lone surrogate, which strict UTF-8 has no bytes for. Such a word was
# trained like any other, and no model may be lost at its last step because of it.
SURROGATES = "surrogatepass"


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
    tensors |= _encode_vocabulary(vocabulary)
    _check_tensors(tensors)
    metadata = {
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
    tensors, metadata = load_tensors(path)
    try:
        format_version = _checked_version(metadata)
        hyper_parameters = _decode_hyper_parameters(metadata)
        _check_tensors(tensors)
        vocabulary = _decode_vocabulary(tensors)
    except ValueError as error:
        refuse(path, str(error), error)
    return ModelFile(
        vocabulary,
        tensors["input_vectors"],
        tensors.get("output_vectors"),
        hyper_parameters,
        format_version,
    )


def _checked_version(metadata: Mapping[str, str]) -> int:
    if metadata.get("format") != FORMAT:
        raise ValueError(f"its metadata names the format {metadata.get('format')!r}")
    text = metadata.get("format_version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise ValueError(f"its format_version is {text!r}")
    if int(text) > FORMAT_VERSION:
        raise ValueError(
            f"it has format_version {text}, and this fastw2v reads up to {FORMAT_VERSION}; "
            "a later fastw2v is needed"
        )
    return int(text)


def _decode_hyper_parameters(metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        value = json.loads(metadata.get("hyper_parameters", "{}"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"its hyper_parameters are not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("its hyper_parameters are not a JSON object")
    return value


def _check_tensors(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Check that the tensors of the format are there, with dtypes and shapes that agree."""
    for name in ("input_vectors", "counts", "vocabulary", "vocabulary_offsets"):
        if name not in tensors:
            raise ValueError(f"it has no tensor {name!r}")
    shape = tensors["input_vectors"].shape
    if len(shape) != 2 or shape[1] < 1:
        raise ValueError(f"'input_vectors' has the shape {shape}, not (vocab_size, vector_size)")
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {
        "input_vectors": (np.float32, shape),
        "output_vectors": (np.float32, shape),
        "counts": (np.int64, (shape[0],)),
        "vocabulary": (np.uint8, (tensors["vocabulary"].size,)),
        "vocabulary_offsets": (np.int64, (shape[0] + 1,)),
    }
    for name, (dtype, shape) in expected.items():
        array = tensors.get(name)
        if array is not None and (array.dtype != dtype or array.shape != shape):
            found = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"{name!r} is {found}, not {np.dtype(dtype)} of shape {shape}")


def _encode_vocabulary(vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    encoded = [word.encode("utf-8", SURROGATES) for word in vocabulary.words]
    offsets = np.fromiter(accumulate(map(len, encoded), initial=0), np.int64, len(encoded) + 1)
    return {
        "counts": vocabulary.counts,
        "vocabulary_offsets": offsets,
        "vocabulary": np.frombuffer(b"".join(encoded), np.uint8),
    }


def _decode_vocabulary(tensors: Mapping[str, NDArray[Any]]) -> Vocabulary:
    """Cut the words out of the blob; every offset is checked before the first is used."""
    blob, offsets, counts = (
        tensors[name] for name in ("vocabulary", "vocabulary_offsets", "counts")
    )
    if offsets[0] != 0 or offsets[-1] != len(blob) or np.any(offsets[1:] < offsets[:-1]):
        raise ValueError("'vocabulary_offsets' do not rise from 0 to the end of 'vocabulary'")
    if np.any(counts < 0):
        raise ValueError("'counts' has a negative count")
    text = blob.tobytes()
    try:
        words = [
            text[begin:end].decode("utf-8", SURROGATES) for begin, end in pairwise(offsets.tolist())
        ]
    except UnicodeDecodeError as error:
        raise ValueError(f"a word is not UTF-8: {error}") from error
    vocabulary = Vocabulary(words, counts)
    if len(vocabulary.index) < len(words):
        twice = next(word for i, word in enumerate(words) if vocabulary.index[word] != i)
        raise ValueError(f"the word {twice!r} stands twice in its vocabulary")
    return vocabulary
