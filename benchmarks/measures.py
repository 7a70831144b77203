# SPDX-License-Identifier: Apache-2.0
"""Judge trained vectors by what preparation.py set aside: twins, and text kept out of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from trained import Trained

BLOCK_QUERIES = 512  # times the vocabulary: 140 MB of cosines for 70,000 words
BLOCK_EXAMPLES = 2000
TOP = 10

Floats = NDArray[np.float32]
Ids = NDArray[np.integer[Any]]


def measure(folder: Path, trained: Trained, architecture: str) -> dict[str, Any]:
    """Return the scores of the twins by band, and the held-out loss."""
    row_of = {word: row for row, word in enumerate(trained.words)}
    vectors = np.ascontiguousarray(trained.vectors, dtype=np.float32)
    bands = json.loads((folder / "twins.json").read_text("utf-8"))
    if not np.isfinite(vectors).all():
        raise ValueError("training diverged: some vectors are not finite")
    result: dict[str, Any] = {"twins": score_bands(vectors, row_of, bands)}
    with np.load(folder / "held_out.npz") as examples:
        rows = np.array([row_of[word] for word in examples["vocabulary"].tolist()], dtype=np.int64)
        if len(examples["centers"]):
            output_vectors = np.ascontiguousarray(trained.output_vectors, dtype=np.float32)
            result["held_out_loss"] = held_out_loss(
                vectors,
                output_vectors,
                rows[examples["centers"]],
                np.where(examples["contexts"] < 0, -1, rows[examples["contexts"]]),
                rows[examples["negatives"]],
                mean=architecture == "cbow",
            )
    return result


# ---- Twins -------------------------------------------------------------------------------------


def score_bands(
    vectors: Floats, row_of: dict[str, int], bands: list[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """Return for each band that has twins the mean reciprocal rank and the share within the top.

    Both ways count: the rank of the twin among a word's neighbours, and that of the word among its
    twin's.
    """
    pairs = [[row_of[word] for word in pair] for band in bands for pair in band["words"]]
    if not pairs:
        return {}
    there = np.array(pairs)
    ranks = twin_ranks(vectors, np.concatenate([there, there[:, ::-1]])).reshape(2, -1)
    scores, begin = {}, 0
    for band in bands:
        end = begin + len(band["words"])
        if end > begin:
            own = ranks[:, begin:end]
            scores[band["band"]] = {
                "words": end - begin,
                "mrr": float(np.mean(1 / own)),
                f"top{TOP}": float(np.mean(own <= TOP)),
            }
        begin = end
    return scores


def twin_ranks(vectors: Floats, pairs: Ids) -> NDArray[np.int64]:
    """Return the rank, from 1, of the second word among all neighbours of the first, by cosine.

    A word that is as near as the twin stands before it: vectors that are all the same gain nothing.

    Parameters
    ----------
    vectors : ndarray of shape (vocab_size, vector_size), float32
    pairs : ndarray of shape (n, 2), integer
        Rows of a word and of its twin.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(norms, np.finfo(np.float32).tiny)
    ranks = np.empty(len(pairs), dtype=np.int64)
    for begin in range(0, len(pairs), BLOCK_QUERIES):
        block = pairs[begin : begin + BLOCK_QUERIES]
        cosines = unit[block[:, 0]] @ unit.T  # (queries, vocab_size)
        each = np.arange(len(block))
        cosines[each, block[:, 0]] = -np.inf  # a word is not its own neighbour
        twins = cosines[each, block[:, 1]]
        ranks[begin : begin + len(block)] = (cosines >= twins[:, np.newaxis]).sum(axis=1)
    return ranks


# ---- Held-out loss -----------------------------------------------------------------------------


def held_out_loss(
    input_vectors: Floats,
    output_vectors: Floats,
    centers: Ids,
    contexts: Ids,
    negatives: Ids,
    mean: bool,
) -> float:
    """Return the mean loss of an example: Mikolov et al. (2013b) eq. 4, negated.

    A negative that equals its center does not count, as in training.

    Parameters
    ----------
    input_vectors, output_vectors : ndarray of shape (vocab_size, vector_size), float32
    centers : ndarray of shape (n,), integer
        Rows of the words to predict.
    contexts : ndarray of shape (n, _), integer
        Rows of the words around, -1 where there are fewer.
    negatives : ndarray of shape (n, k), integer
    mean : bool
        CBOW: a window is one example, its hidden vector the mean of the context's. Otherwise
        skip-gram: each word of a window is an example.
    """
    total, n_examples = 0.0, 0
    for begin in range(0, len(centers), BLOCK_EXAMPLES):
        block = slice(begin, begin + BLOCK_EXAMPLES)
        there = contexts[block] >= 0  # (n, contexts)
        hidden = input_vectors[contexts[block]] * there[..., np.newaxis]
        if mean:
            hidden = hidden.sum(axis=1, keepdims=True) / there.sum(axis=1)[:, None, None]
            there = np.ones((len(hidden), 1), dtype=bool)
        targets = np.column_stack([centers[block], negatives[block]])
        logits = hidden @ output_vectors[targets].transpose(0, 2, 1)  # (n, hidden, 1 + k)
        logits[..., 0] *= -1
        counts = np.ones(targets.shape)
        counts[:, 1:] = targets[:, 1:] != targets[:, :1]
        losses = np.logaddexp(0, logits.astype(np.float64)) * counts[:, np.newaxis]
        total += float((losses.sum(axis=2) * there).sum())
        n_examples += int(there.sum())
    return total / n_examples
