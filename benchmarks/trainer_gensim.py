# SPDX-License-Identifier: Apache-2.0
"""gensim, as the benchmarks run it: from a file by its compiled loop, or from sentences."""

from __future__ import annotations

from typing import Any

from gensim.models import Word2Vec, word2vec  # type: ignore[import-untyped]
from sentences import lists_of_words
from stopwatch import Stopwatch, saving_seconds
from trained import Trained


def train(task: dict[str, Any], sentences: bool = False) -> tuple[Trained, dict[str, Any]]:
    """Return what was trained and what was measured on the way to it.

    Parameters
    ----------
    task : dict
    sentences : bool
        Give it an iterable of sentences, not the name of a file.
    """
    corpus = _corpus(task, sentences)
    model, reading = _with_vocabulary(task, corpus)
    with Stopwatch() as training:
        model.train(
            **corpus,
            total_examples=model.corpus_count,
            total_words=model.corpus_total_words,
            epochs=model.epochs,
        )
    saving = saving_seconds(model.wv.save)  # a third of the time of save_word2vec_format
    counts = model.wv.expandos["count"]
    return Trained(model.wv.index_to_key, counts, model.wv.vectors, model.syn1neg), {
        "raw_words": model.corpus_total_words,
        "read_seconds": reading.seconds,
        "train_seconds": training.seconds,
        "save_seconds": saving,
        "total_seconds": reading.seconds + training.seconds + saving,
        "cpu_share": training.cpu_seconds / training.seconds / task["workers"],
    }


def read(task: dict[str, Any], sentences: bool = False) -> dict[str, Any]:
    """Count the words of a text file and choose the vocabulary: gensim's part before training.

    It keeps no word ids, so every epoch parses the text again, in the time of training.
    """
    model, reading = _with_vocabulary(task, _corpus(task, sentences))
    return {
        "raw_words": model.corpus_total_words,
        "vocab_size": len(model.wv),
        "read_seconds": reading.seconds,
        "cpu_share": reading.cpu_seconds / reading.seconds / task["workers"],
    }


def _corpus(task: dict[str, Any], sentences: bool) -> dict[str, Any]:
    """Return the argument that stands for the corpus in gensim's methods."""
    if task.get("lists"):
        return {"corpus_iterable": lists_of_words(task["corpus"])}
    if sentences:
        return {"corpus_iterable": word2vec.LineSentence(task["corpus"])}
    return {"corpus_file": task["corpus"]}


def _with_vocabulary(task: dict[str, Any], corpus: dict[str, Any]) -> tuple[Word2Vec, Stopwatch]:
    """Return a model that has counted its corpus, and how long that took."""
    if word2vec.CORPUSFILE_VERSION < 0:
        raise RuntimeError("gensim was installed without its compiled loops; it would crawl")
    model = Word2Vec(workers=task["workers"], **task["hyper_parameters"])
    with Stopwatch() as reading:
        model.build_vocab(**corpus)
    return model, reading
