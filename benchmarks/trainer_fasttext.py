# SPDX-License-Identifier: Apache-2.0
"""fastText without subwords, as the benchmarks run it.

It takes the end of a line for a word, ``</s>``, which is trained with the others and left out of
what is handed over, and it cuts a line after 1,024 tokens. Its noise distribution is counts^0.5.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from fasttext import FastText  # type: ignore[import-untyped]
from stopwatch import Stopwatch, saving_seconds
from trained import Trained

END_OF_LINE = "</s>"
#: Its names for ours. There is no min_alpha: its learning rate falls to 0.
NAMES = {
    "alpha": "lr",
    "vector_size": "dim",
    "window": "ws",
    "negative": "neg",
    "min_count": "minCount",
    "sample": "t",
    "epochs": "epoch",
}


def train(task: dict[str, Any]) -> tuple[Trained, dict[str, Any]]:
    """Return what was trained and what was measured on the way to it.

    It reads and trains in one call, so what goes before training is measured by calls without
    epochs.

    With fewer than 10 threads it initialises fewer than 10 tenths of its vectors and takes the rest
    as memory happens to be (its issue 1061), so vectors to begin with are given to it.
    """
    with Stopwatch() as reading:
        words = _run(task, epochs=0).get_words()
    with tempfile.TemporaryDirectory() as folder:
        initial = Path(folder) / "initial.vec"
        _write_initial(initial, words, task["hyper_parameters"])
        with Stopwatch() as before:
            _run(task, str(initial), epochs=0)
        with Stopwatch() as whole:
            model = _run(task, str(initial))
    words, counts = model.get_words(include_freq=True)
    rows = np.array([row for row, word in enumerate(words) if word != END_OF_LINE])
    trained = Trained(
        [words[row] for row in rows],
        counts[rows] - 1,  # it counts the words of the initial vectors, too
        model.get_input_matrix()[rows],  # without subwords it has the rows of the words, no others
        model.get_output_matrix()[rows],
    )
    seconds = whole.seconds - before.seconds
    saving = saving_seconds(model.save_model)
    return trained, {
        "raw_words": _count_words(task["corpus"]),
        "read_seconds": reading.seconds,
        "train_seconds": seconds,
        "save_seconds": saving,
        "total_seconds": reading.seconds + seconds + saving,
        "cpu_share": (whole.cpu_seconds - before.cpu_seconds) / seconds / task["workers"],
    }


def read(task: dict[str, Any]) -> dict[str, Any]:
    """Count the words of a text file and choose the vocabulary: fastText's part before training.

    It keeps no word ids, so every epoch parses the text again, in the time of training.
    """
    with Stopwatch() as reading:
        model = _run(task, epochs=0)
    return {
        "raw_words": _count_words(task["corpus"]),
        "vocab_size": len([word for word in model.get_words() if word != END_OF_LINE]),
        "read_seconds": reading.seconds,
        "cpu_share": reading.cpu_seconds / reading.seconds / task["workers"],
    }


def _run(task: dict[str, Any], initial: str = "", **changes: Any) -> Any:
    """Train on the corpus of a task, from initial vectors, with hyper-parameters changed."""
    hyper_parameters = {"epochs": 5, **task["hyper_parameters"], **changes}
    sg = hyper_parameters.pop("sg", 0)
    # Its Python function has no argument for the seed, but takes it from its table of defaults.
    FastText.unsupervised_default["seed"] = hyper_parameters.pop("seed", 0)
    return FastText.train_unsupervised(
        task["corpus"],
        model="skipgram" if sg else "cbow",
        minn=0,
        maxn=0,
        thread=task["workers"],
        verbose=0,
        pretrainedVectors=initial,
        **{NAMES[name]: value for name, value in hyper_parameters.items()},
    )


def _write_initial(path: Path, words: list[str], hyper_parameters: dict[str, Any]) -> None:
    """Write vectors uniform within 1 / vector_size of 0, as it means to, on a grid of 1,001."""
    generator = np.random.default_rng(hyper_parameters.get("seed", 0))
    vector_size = hyper_parameters.get("vector_size", 100)
    numbers = [f"{x:.6g}" for x in np.linspace(-1 / vector_size, 1 / vector_size, 1001)]
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{len(words)} {vector_size}\n")
        for word in words:
            drawn = generator.integers(len(numbers), size=vector_size).tolist()
            file.write(f"{word} {' '.join(map(numbers.__getitem__, drawn))}\n")


def _count_words(path: str) -> int:
    """Count the words of a file, as other trainers do: without the ends of lines."""
    with Path(path).open("rb") as lines:
        return sum(len(line.split()) for line in lines)
