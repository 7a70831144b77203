# SPDX-License-Identifier: Apache-2.0
"""fastw2v, as the benchmarks run it."""

from __future__ import annotations

from typing import Any

import floor
from sentences import lists_of_words
from stopwatch import Stopwatch, saving_seconds
from trained import Trained

from fastw2v import Word2Vec, _core, encode_corpus
from fastw2v.system import resolve_isa


def train(task: dict[str, Any]) -> tuple[Trained, dict[str, Any]]:
    """Return what was trained and what was measured on the way to it."""
    hyper_parameters = task["hyper_parameters"]
    with Stopwatch() as reading:
        corpus = encode_corpus(
            task["corpus"], min_count=hyper_parameters["min_count"], threads=task["workers"]
        )
    with Stopwatch() as training:  # the initialisation of the vectors too
        model = Word2Vec(corpus, workers=task["workers"], **hyper_parameters).train(progress=False)
    wv, output_vectors = model.wv, model._output_vectors  # which have no public name
    saving = saving_seconds(model.save)
    measured = {
        "raw_words": corpus.n_raw_words,
        "read_seconds": reading.seconds,
        "train_seconds": sum(epoch.seconds for epoch in model.history),
        "save_seconds": saving,
        "total_seconds": reading.seconds + training.seconds + saving,
        "cpu_share": training.cpu_seconds / training.seconds / task["workers"],
        "isa": resolve_isa(model.config.isa),
        "compiler": _core.compiler(),
        "loss": [epoch.loss for epoch in model.history],
    }
    if task.get("floor"):
        examples = sum(epoch.examples for epoch in model.history)
        measured["multiply_adds"] = floor.multiply_adds(model.config, corpus, examples)
    return Trained(wv.index_to_key, wv.counts, wv.vectors, output_vectors), measured


def read(task: dict[str, Any]) -> dict[str, Any]:
    """Read a text file to word ids and a vocabulary: all that is done before training."""
    given = lists_of_words(task["corpus"]) if task["lists"] else task["corpus"]
    with Stopwatch() as reading:
        corpus = encode_corpus(
            given,
            min_count=task["hyper_parameters"]["min_count"],
            threads=task["workers"],
        )
    return {
        "raw_words": corpus.n_raw_words,
        "vocab_size": len(corpus.vocabulary),
        "read_seconds": reading.seconds,
        "cpu_share": reading.cpu_seconds / reading.seconds / task["workers"],
    }
