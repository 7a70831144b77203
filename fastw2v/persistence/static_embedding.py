# SPDX-License-Identifier: Apache-2.0
"""Folders that model2vec and sentence-transformers load: word vectors as a model of sentences.

Both take a sentence apart at white space, look the words up as they stand and average their
vectors. A row of zeros at the end, that of `UNKNOWN`, stands for all other words. It takes part in
the average of sentence-transformers, which so is shorter but has the same direction, and not in
that of model2vec.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.atomic import atomic_file
from fastw2v.persistence.native import save_tensors
from fastw2v.persistence.rows import Rows
from fastw2v.persistence.text_lines import encoded_words

UNKNOWN = "[UNK]"


def write_model2vec(
    path: str | os.PathLike[str],
    words: Sequence[str],
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write a folder for ``model2vec.StaticModel.from_pretrained``.

    Parameters
    ----------
    path : path-like
        The folder; made if need be. Each of its files is written atomically.
    words : sequence of str
    vectors : ndarray of shape (len(words), vector_size), float32, float16 or int8
    scales : ndarray of shape (len(words),), float32, optional
        With int8 vectors, which are written as float32.

    Raises
    ------
    ValueError
        There is no word, or one that has no UTF-8 form.
    OSError
        A file cannot be written.

    Warns
    -----
    UserWarning
        Words are empty or have white space in them: no sentence will find their vectors.
    """
    config: dict[str, Any] = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "normalize": False,
    }
    _write(path, words, Rows(vectors, scales), "embeddings", {"config.json": config})


def write_sentence_transformers(
    path: str | os.PathLike[str],
    words: Sequence[str],
    vectors: NDArray[Any],
    *,
    scales: NDArray[np.float32] | None = None,
) -> None:
    """Write a folder for ``sentence_transformers.SentenceTransformer``: see `write_model2vec`."""
    modules = [
        {
            "idx": 0,
            "name": "0",
            "path": "",
            "type": "sentence_transformers.models.StaticEmbedding",
        }
    ]
    config: dict[str, Any] = {
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    }
    files = {"modules.json": modules, "config_sentence_transformers.json": config}
    _write(path, words, Rows(vectors, scales), "embedding.weight", files)


def _write(
    path: str | os.PathLike[str],
    words: Sequence[str],
    rows: Rows,
    tensor: str,
    files: dict[str, Any],
) -> None:
    if len(rows) != len(words) or not len(words):
        raise ValueError(
            f"vectors must have one row a word, and at least one: {len(rows)} rows, "
            f"{len(words)} words"
        )
    _warn_of_unreachable(words)
    tokenizer = _tokenizer(words)
    matrix = rows.vectors if rows.scales is None else rows.float32()
    zeros = np.zeros((1, rows.vector_size), matrix.dtype)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(folder / "model.safetensors", {tensor: np.concatenate((matrix, zeros))}, {})
    _write_json(folder / "tokenizer.json", tokenizer)
    for name, content in files.items():
        _write_json(folder / name, content)


def _warn_of_unreachable(words: Sequence[str]) -> None:
    """Warn of words that no sentence has, since it is taken apart at white space."""
    unreachable = [word for word in words if word.split() != [word]]
    if unreachable:
        warnings.warn(
            f"{len(unreachable)} words are empty or have white space in them, so that no sentence "
            f"will find their vectors: {unreachable[:5]}",
            stacklevel=5,  # who called save_vectors
        )


def _tokenizer(words: Sequence[str]) -> dict[str, Any]:
    """Describe a tokenizer of whole words, as the library "tokenizers" does."""
    vocabulary = dict(zip(words, range(len(words)), strict=True))
    unknown = UNKNOWN
    while unknown in vocabulary:
        unknown = f"[{unknown}]"
    vocabulary[unknown] = len(words)
    encoded_words("".join(vocabulary), vocabulary)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": unknown},
    }


def _write_json(path: Path, content: Any) -> None:
    with atomic_file(path) as file:
        file.write(json.dumps(content, ensure_ascii=False).encode())
