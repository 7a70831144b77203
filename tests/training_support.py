# SPDX-License-Identifier: Apache-2.0
"""What the tests of training share: a corpus with a structure, models, and what they are worth."""

from __future__ import annotations

import lzma
import threading
from importlib.resources import files
from typing import Any

import numpy as np

from fastw2v import Word2Vec, _core

Corpus = list[list[str]]

SCOPES = ["example", "window", "pool"]
ARCHITECTURES = [
    {"sg": 1},
    {"sg": 0},
    {"sg": 0, "cbow_gradient": "exact"},
    {"sg": 0, "cbow_mean": False},
    {"sg": 0, "cbow_mean": False, "cbow_gradient": "exact"},
]
ISAS = _core.available_isas()


def model_of(corpus: Any, **hyper_parameters: Any) -> Word2Vec:
    """Train on one thread, without a display, unless told otherwise."""
    return Word2Vec(corpus, **{"workers": 1, **hyper_parameters}).train(progress=False)


def same_bits(first: Word2Vec, second: Word2Vec) -> bool:
    return first.wv.index_to_key == second.wv.index_to_key and all(
        np.array_equal(first_rows.view(np.uint32), second_rows.view(np.uint32))
        for first_rows, second_rows in (
            (first.wv.vectors, second.wv.vectors),
            (first._output_vectors, second._output_vectors),
        )
    )


N_TOPICS, TOPIC_WORDS = 8, 25


def topic_sentences(n_sentences: int = 2000, seed: int = 0) -> Corpus:
    """Sentences of 12 words, all of one topic: a structure that every model must find."""
    generator = np.random.default_rng(seed)
    topics = generator.integers(N_TOPICS, size=n_sentences)
    words = generator.integers(TOPIC_WORDS, size=(n_sentences, 12))
    return [
        [f"{topic}.{word}" for word in line]
        for topic, line in zip(topics.tolist(), words.tolist(), strict=True)
    ]


def topic_purity(model: Word2Vec) -> float:
    """Return the share of words whose nearest word is of their own topic; by chance 12 %."""
    nearest = {word: model.wv.most_similar(word, topn=1)[0][0] for word in model.wv.index_to_key}
    return float(np.mean([a.split(".")[0] == b.split(".")[0] for a, b in nearest.items()]))


def real_text() -> bytes:
    """Return 3 MB of the text in the package, without punctuation: half a million words."""
    packed = (files("fastw2v") / "data" / "public-domain.txt.xz").read_bytes()
    text = lzma.decompress(packed)[:3_200_000].lower().translate(None, b".,;:!?()[]\"'")
    return text[: text.rindex(b"\n") + 1]


def fastw2v_threads() -> list[str]:
    """Return the names of the threads of ours that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("fastw2v")]
