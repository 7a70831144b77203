# SPDX-License-Identifier: Apache-2.0
"""Callbacks that were written for gensim work as they are."""

from __future__ import annotations

from typing import Any

import pytest
from training_support import topic_sentences

from fastw2v import Word2Vec

callbacks = pytest.importorskip("gensim.models.callbacks")


def test_a_callback_of_gensim_is_told() -> None:
    told: list[tuple[str, int]] = []

    class Logger(callbacks.CallbackAny2Vec):  # type: ignore[misc, name-defined]
        def on_train_begin(self, model: Any) -> None:
            told.append(("train begins", len(model.wv)))

        def on_epoch_end(self, model: Any) -> None:
            told.append(("epoch ends", len(model.wv.most_similar("0.0", topn=3))))

    Word2Vec(topic_sentences(), epochs=2, workers=1).train(progress=False, callbacks=[Logger()])
    assert told == [("train begins", 200), ("epoch ends", 3), ("epoch ends", 3)]
