# SPDX-License-Identifier: Apache-2.0
"""Measure vectors of sentences, from lists of words, on one core. See README.md."""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any

import machine
import numpy as np
import options
import runs
import table
from sentences import lists_of_words
from stopwatch import Stopwatch

from fastw2v import KeyedVectors
from fastw2v.vocabulary import Vocabulary

Sentences = list[list[str]]
MIN_COUNT = 5


def main() -> int:
    """Time every way in turn, round after round, and print the table."""
    chosen = _parser().parse_args()
    machine.pin(1)
    logging.disable(logging.WARNING)  # of sentences without a known word
    report: dict[str, Any] = {"machine": machine.describe(), "runs": []}
    kv = random_vectors(read_sentences(chosen), chosen.vector_size)
    report["vocabulary"], report["vector_size"] = len(kv), chosen.vector_size
    ways = ours(kv) | numpys(kv)
    if "gensim" in chosen.peers:
        ways |= gensims(kv)
    for number in range(1, chosen.repeat + 1):
        for way, run in ways.items():
            sentences = read_sentences(chosen)  # new strings, whose hashes nobody has computed yet
            n_tokens = sum(map(len, sentences))
            with Stopwatch() as watch:
                run(sentences)
            speed = {"tokens": n_tokens, "tokens_per_cpu_second": n_tokens / watch.cpu_seconds}
            report["runs"].append({"way": way, "round": number, **speed})
            runs.save(report, chosen.json)
    print(speed_table(report))
    print(machine.summary(report["machine"], []))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_common(parser)
    parser.add_argument("--peers", type=options.names_of(["gensim"]), default=[], metavar="gensim")
    parser.add_argument("--vector-size", type=options.positive, default=100, metavar="N")
    parser.add_argument(
        "--words", type=options.positive, default=20, metavar="N", help="in a sentence, at most"
    )
    parser.add_argument(
        "--sentences", type=options.positive, default=100_000, metavar="N", help="at most"
    )
    return parser


def read_sentences(chosen: argparse.Namespace) -> Sentences:
    """Return the lines of the corpus, cut into pieces."""
    cut: Sentences = []
    for line in lists_of_words(str(chosen.corpus)):
        cut += [line[i : i + chosen.words] for i in range(0, len(line), chosen.words)]
        if len(cut) >= chosen.sentences:
            break
    return cut[: chosen.sentences]


def random_vectors(sentences: Sentences, vector_size: int) -> KeyedVectors:
    """Return random vectors of the words that stand often enough in the sentences."""
    counted = Counter(chain.from_iterable(sentences)).most_common()
    words = [word for word, n in counted if n >= MIN_COUNT] or [word for word, _ in counted]
    counts = np.array([n for _, n in counted[: len(words)]], np.int64)
    rows = np.random.default_rng(1).normal(size=(len(words), vector_size)).astype(np.float32)
    return KeyedVectors(Vocabulary(words, counts), rows)


def ours(kv: KeyedVectors) -> dict[str, Callable[[Sentences], object]]:
    """Return what is measured of this package."""
    half, int8 = kv.astype("float16"), kv.astype("int8")
    return {
        "fastw2v, mean": kv.sentence_vectors,
        "fastw2v, mean, float16 rows": half.sentence_vectors,
        "fastw2v, mean, int8 rows": int8.sentence_vectors,
        "fastw2v, sif": lambda sentences: kv.sentence_vectors(sentences, "sif"),
    }


def numpys(kv: KeyedVectors) -> dict[str, Callable[[Sentences], object]]:
    """Return what people write with an index and a matrix."""
    index, rows = kv.key_to_index, kv.vectors

    def mean(sentences: Sentences) -> object:
        result = np.zeros((len(sentences), rows.shape[1]), np.float32)
        for i, sentence in enumerate(sentences):
            ids = [index[word] for word in sentence if word in index]
            if ids:
                result[i] = rows[ids].mean(axis=0)
        return result

    return {"NumPy, mean": mean}


def gensims(kv: KeyedVectors) -> dict[str, Callable[[Sentences], object]]:
    """Return gensim's own method, sentence after sentence."""
    from gensim.models import KeyedVectors as GensimVectors

    theirs = GensimVectors(kv.vector_size, len(kv))
    theirs.add_vectors(kv.index_to_key, kv.vectors)

    def mean(sentences: Sentences) -> object:
        return np.array([theirs.get_mean_vector(s, pre_normalize=False) for s in sentences])

    return {"gensim, get_mean_vector": mean}


def speed_table(report: dict[str, Any]) -> str:
    """Return the table of speeds, each also over NumPy's in the same round."""
    speeds: dict[str, list[float]] = {}
    for run in report["runs"]:
        speeds.setdefault(run["way"], []).append(run["tokens_per_cpu_second"])
    rows = [
        [
            way,
            table.spread(values, table.thousands),
            table.times(statistics.median(map(_ratio, values, speeds["NumPy, mean"]))),
        ]
        for way, values in speeds.items()
    ]
    title = f"{report['vocabulary']:,} vectors of {report['vector_size']} numbers, one core\n\n"
    return title + table.render(["", "1000 tokens/CPU s", "over\nNumPy"], rows) + "\n"


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs


if __name__ == "__main__":
    sys.exit(main())
