# SPDX-License-Identifier: Apache-2.0
"""Everything that threads do at once, to be run by a Python that ThreadSanitizer watches.

See .ci/free-threaded. Without tests/tsan.supp the updates of rows by several workers are reported;
with it nothing may be.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import fastw2v
from fastw2v import EncodedCorpus, Word2Vec, encode_corpus

SENTENCES = [[f"w{(i * 7 + j * j) % 50}" for j in range(12)] for i in range(400)]
HYPER = {"vector_size": 16, "min_count": 1, "epochs": 4}


class Listener(fastw2v.Callback):
    """Looks at the vectors between epochs, and at the run while it trains."""

    def on_progress(self, model: Word2Vec, status: fastw2v.TrainingStatus) -> None:
        assert status.words <= status.total_words

    def on_epoch_end(self, model: Word2Vec) -> None:
        model.wv.most_similar("w1")


def at_once(*jobs: Callable[[], object]) -> None:
    """Run each job in a thread of its own."""
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def trained(corpus: EncodedCorpus, **hyper: object) -> Word2Vec:
    """Train without a display."""
    model = Word2Vec(corpus, **HYPER | hyper)
    return model.train(progress=False, callbacks=[Listener()])


def main() -> int:
    """Do it all."""
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        print("this Python has a lock: nothing would be found")
        return 2
    corpus = encode_corpus(SENTENCES, min_count=1)
    for hyper in ({"sg": 1}, {"sg": 0}, {"sg": 1, "negative_scope": "example"}):
        trained(corpus, workers=3, **hyper)
    prints = {trained(corpus, workers=n, deterministic=True).fingerprint() for n in (1, 3)}
    assert len(prints) == 1, prints
    at_once(*(lambda seed=seed: trained(corpus, workers=2, seed=seed) for seed in range(3)))

    vectors = trained(corpus, workers=1).wv
    at_once(*[lambda: vectors.most_similar("w3")] * 4)  # the first makes what the others use
    vectors.most_similar_batch(["w1", "w2"] * 20, threads=3)

    with tempfile.TemporaryDirectory() as folder:
        text, model = Path(folder) / "text", Path(folder) / "model"
        text.write_text("\n".join(" ".join(sentence) for sentence in SENTENCES * 200))
        trained(encode_corpus(text, min_count=1, threads=3), workers=2, epochs=1).save(model)
        at_once(*[lambda: Word2Vec.load(model).wv.most_similar("w4")] * 3)
    print("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
