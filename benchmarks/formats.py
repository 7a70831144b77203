# SPDX-License-Identifier: Apache-2.0
"""Measure the formats of vectors: save and load, beside gensim in the same run. See README.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import machine
import numpy as np
import table
from stopwatch import Stopwatch

FASTW2V, GENSIM = "fastw2v", "gensim"
Job = Callable[[], object]


def main() -> int:
    """Save and load in every format and print the table."""
    chosen = _parser().parse_args()
    machine.pin(1)
    words, vectors = sample(chosen.words, chosen.vector_size)
    report: dict[str, Any] = {
        "machine": machine.describe(),
        "words": chosen.words,
        "vector_size": chosen.vector_size,
        "seconds": {},
    }
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for number in range(chosen.repeat):
            for what, library, job in jobs(Path(folder), words, vectors):
                with Stopwatch() as watch:
                    job()
                report["seconds"].setdefault(what, {}).setdefault(library, []).append(watch.seconds)
            print(f"round {number + 1} of {chosen.repeat}", file=sys.stderr)
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    facts = machine.summary(report["machine"], [])
    print(f"Formats: {chosen.words:,} words x {chosen.vector_size}\n")
    print(f"{speed_table(report['seconds'])}\n\n{facts}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=68_000, metavar="N")
    parser.add_argument("--vector-size", type=int, default=100, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds")
    parser.add_argument("--folder", type=Path, help="where to write (default: the system's)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    return parser


def sample(n_words: int, vector_size: int) -> tuple[list[str], np.ndarray]:
    """Return words of usual lengths, and vectors with as many digits as trained ones have."""
    rng = np.random.default_rng(1)
    letters = "etaoinshrdlu"
    words = [
        "".join(letters[i] for i in rng.integers(0, len(letters), rng.integers(2, 9))) + str(n)
        for n in range(n_words)
    ]
    return words, rng.normal(scale=0.3, size=(n_words, vector_size)).astype(np.float32)


def jobs(folder: Path, words: list[str], vectors: np.ndarray) -> Iterator[tuple[str, str, Job]]:
    """Yield (what, library, job); what is loaded was saved by the job before."""
    from fastw2v import KeyedVectors
    from fastw2v.vocabulary import Vocabulary

    counts = np.arange(len(words), 0, -1)
    libraries: dict[str, Any] = {FASTW2V: KeyedVectors(Vocabulary(words, counts), vectors)}
    if importlib.util.find_spec(GENSIM):
        from gensim.models import KeyedVectors as GensimVectors

        libraries[GENSIM] = GensimVectors(vectors.shape[1])
        libraries[GENSIM].add_vectors(words, vectors)
    for binary in (False, True):
        name = "binary" if binary else "text"
        for library, kv in libraries.items():
            path = str(folder / f"{library}.{name}")
            yield f"{name}, save", library, partial(kv.save_word2vec_format, path, binary=binary)
            yield f"{name}, load", library, partial(kv.load_word2vec_format, path, binary=binary)
    yield from _native_jobs(folder, words, vectors)


def _native_jobs(
    folder: Path, words: list[str], vectors: np.ndarray
) -> Iterator[tuple[str, str, Job]]:
    from fastw2v.persistence import load_vectors, save_vectors

    path = folder / "vectors.safetensors"
    yield "native, save", FASTW2V, lambda: save_vectors(path, words, vectors)
    yield "native, open", FASTW2V, lambda: load_vectors(path)
    yield "native, open and look up", FASTW2V, lambda: list(load_vectors(path).words)


def speed_table(seconds: dict[str, dict[str, list[float]]]) -> str:
    """Return the table of seconds, and how many times as fast as gensim."""
    rows = []
    for what, by_library in seconds.items():
        ours, theirs = by_library[FASTW2V], by_library.get(GENSIM)
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)] if theirs else []
        rows.append(
            [
                what,
                table.spread(ours, "{:.4f}".format),
                table.spread(theirs or [], "{:.3f}".format),
                f"{statistics.median(ratios):.1f}" if ratios else table.MISSING,
            ]
        )
    return table.render(["", "fastw2v\ns", "gensim\ns", "times\nas fast"], rows)


if __name__ == "__main__":
    sys.exit(main())
