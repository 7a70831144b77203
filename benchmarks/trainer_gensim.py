# SPDX-License-Identifier: Apache-2.0
"""gensim, as the benchmarks run it: its fastest way, from a file by its compiled loop."""

from __future__ import annotations

from typing import Any

from gensim.models import Word2Vec, word2vec  # type: ignore[import-untyped]
from sentences import lists_of_words
from stopwatch import Stopwatch
from trained import Trained


def train(task: dict[str, Any]) -> tuple[Trained, dict[str, Any]]:
    """Return what was trained and what was measured on the way to it."""
    model, reading = _with_vocabulary(task)
    with Stopwatch() as training:
        model.train(
            corpus_file=task["corpus"],
            total_examples=model.corpus_count,
            total_words=model.corpus_total_words,
            epochs=model.epochs,
        )
    counts = model.wv.expandos["count"]
    return Trained(model.wv.index_to_key, counts, model.wv.vectors, model.syn1neg), {
        "raw_words": model.corpus_total_words,
        "read_seconds": reading.seconds,
        "train_seconds": training.seconds,
        "total_seconds": reading.seconds + training.seconds,
        "cpu_share": training.cpu_seconds / training.seconds / task["workers"],
    }


def read(task: dict[str, Any]) -> dict[str, Any]:
    """Count the words of a text file and choose the vocabulary: gensim's part before training.

    It keeps no word ids, so every epoch parses the text again, in the time of training.
    """
    model, reading = _with_vocabulary(task)
    return {
        "raw_words": model.corpus_total_words,
        "vocab_size": len(model.wv),
        "read_seconds": reading.seconds,
        "cpu_share": reading.cpu_seconds / reading.seconds / task["workers"],
    }


def _with_vocabulary(task: dict[str, Any]) -> tuple[Word2Vec, Stopwatch]:
    """Return a model that has counted its corpus, and how long that took."""
    if word2vec.CORPUSFILE_VERSION < 0:
        raise RuntimeError("gensim was installed without its compiled loops; it would crawl")
    model = Word2Vec(workers=task["workers"], **task["hyper_parameters"])
    sentences = lists_of_words(task["corpus"]) if task.get("lists") else None
    with Stopwatch() as reading:
        if sentences is not None:
            model.build_vocab(sentences)
        else:
            model.build_vocab(corpus_file=task["corpus"])
    return model, reading
