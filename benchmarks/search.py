# SPDX-License-Identifier: Apache-2.0
"""Measure the search for nearest rows, and analogies, beside gensim. See README.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import machine
import numpy as np
import options
import runs
import table

#: Rows are written in pieces, so that the numbers in double precision need little memory.
PIECE = 10_000
TOPN = 10
#: Directions that rows have in common, as words of a topic do, and how much of them is noise.
TOPICS, NOISE = 2_000, 0.7


def main() -> int:
    """Time every way to search on the same rows, in rounds; print the tables."""
    chosen = _parser().parse_args()
    pinned = machine.pin(chosen.threads)  # before BLAS counts the CPUs
    report: dict[str, Any] = {"machine": machine.describe(), "pinned_to": pinned, "runs": []}
    report |= {"rows": chosen.rows, "vector_size": chosen.vector_size, "topn": TOPN}
    search = Search(chosen)
    report |= search.prepare()
    for number in range(1, chosen.repeat + 1):
        for run in search.run():
            report["runs"].append({"round": number, **run})
            runs.save(report, chosen.json)
    if chosen.vectors and chosen.analogies:
        report["analogies"] = [
            _analogies(chosen.vectors, chosen.analogies, chosen.threads)
            for _ in range(chosen.repeat)
        ]
        runs.save(report, chosen.json)
    print(_tables(report))
    print(machine.summary(report["machine"], [report["isa"]]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=options.positive, default=1_000_000)
    parser.add_argument("--vector-size", type=options.positive, default=300)
    parser.add_argument("--queries", type=options.positive, default=200, help="of the batch")
    parser.add_argument("--threads", type=options.positive, default=1)
    parser.add_argument("--repeat", type=options.positive, default=3)
    parser.add_argument("--vectors", type=options.existing_file, help="in word2vec's binary format")
    parser.add_argument("--analogies", type=options.existing_file)
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser


class Search:
    """The rows in every form, and every way to search them."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.n_queries, self.threads = chosen.queries, chosen.threads
        self.rows = make_rows(chosen.rows, chosen.vector_size)
        self.ids = np.random.default_rng(2).choice(chosen.rows, chosen.queries, replace=False)

    def prepare(self) -> dict[str, Any]:
        """Make what is made once; return how long that takes, and whether float16 will do."""
        from gensim.models import KeyedVectors

        from fastw2v import nearest
        from fastw2v.system import resolve_isa

        self.gensim = KeyedVectors(self.rows.shape[1], count=0)
        self.gensim.vectors = self.rows
        self.gensim.index_to_key = [str(i) for i in range(len(self.rows))]
        self.gensim.key_to_index = {key: i for i, key in enumerate(self.gensim.index_to_key)}
        self.gensim.fill_norms(force=True)
        self.forms = {"float32": self.rows, "float16": self.rows.astype(np.float16)}
        self.inverse, self.sketches, seconds = {}, {}, {}
        for name, rows in self.forms.items():
            self.inverse[name] = nearest.invert(nearest.row_norms(rows, threads=self.threads))
            began = time.perf_counter()
            self.sketches[name] = nearest.make_sketch(
                rows, self.inverse[name], threads=self.threads
            )
            seconds[name] = time.perf_counter() - began
        self.vectors = self.tables()
        exact, half = (self.nearest(name, self.ids, sketch=False) for name in self.forms)
        return {
            "isa": resolve_isa(None),
            "sketch_seconds": seconds,
            "sketch_share_of_float32": self.sketches["float32"].nbytes / self.rows.nbytes,
            "float16_same_top": float(
                np.mean([set(a) == set(b) for a, b in zip(exact, half, strict=True)])
            ),
            "sketch_same_top": float(
                np.mean(exact == self.nearest("float32", self.ids, sketch=True))
            ),
            "gensim_same_top": self.agreement(exact),
        }

    def tables(self) -> dict[str, Any]:
        """Return the float32 rows as `KeyedVectors` that never make a sketch, and that have one."""
        from fastw2v import KeyedVectors
        from fastw2v.vocabulary import Vocabulary

        vocabulary = Vocabulary(self.gensim.index_to_key, np.ones(len(self.rows), np.int64))
        found = {}
        for wanted in (False, True):
            kv = KeyedVectors(vocabulary, self.rows)
            kv.use_sketch(wanted, threads=self.threads)
            kv.most_similar("0", topn=1)
            found["KeyedVectors, sketch" if wanted else "KeyedVectors"] = kv
        return found

    def nearest(self, form: str, ids: np.ndarray, *, sketch: bool) -> np.ndarray:
        """Search for some rows, each of which is no answer to itself."""
        from fastw2v.nearest import nearest

        found, _ = nearest(
            self.forms[form],
            self.inverse[form],
            self.rows[ids],
            TOPN,
            sketch=self.sketches[form] if sketch else None,
            exclude=ids[:, np.newaxis],
            threads=self.threads,
        )
        return found

    def agreement(self, expected: np.ndarray) -> float:
        """Return for how many of some queries gensim finds the same rows."""
        asked = self.ids[:20]
        found = [
            {int(key) for key, _ in self.gensim.most_similar(str(i), topn=TOPN)} for i in asked
        ]
        return float(np.mean([set(a) == b for a, b in zip(expected, found, strict=False)]))

    def run(self) -> Iterator[dict[str, Any]]:
        """Time one query and the batch in every way."""
        one = self.ids[:1]

        def gensim(ids: np.ndarray) -> Callable[[], object]:
            return lambda: [self.gensim.most_similar(str(i), topn=TOPN) for i in ids]

        yield {"what": "gensim", "one": best(gensim(one), 20), "batch": best(gensim(self.ids), 1)}
        for form in self.forms:
            for sketch in (False, True):

                def ours(
                    ids: np.ndarray, form: str = form, sketch: bool = sketch
                ) -> Callable[[], object]:
                    return lambda: self.nearest(form, ids, sketch=sketch)

                what = f"{form}, sketch" if sketch else form
                yield {"what": what, "one": best(ours(one), 20), "batch": best(ours(self.ids), 3)}
        words = [str(i) for i in self.ids]
        for what, kv in self.vectors.items():

            def alone(kv: Any = kv) -> object:
                return kv.most_similar(words[0], topn=TOPN, threads=self.threads)

            def together(kv: Any = kv) -> object:
                return kv.most_similar_batch(words, topn=TOPN, threads=self.threads)

            yield {"what": what, "one": best(alone, 20), "batch": best(together, 3)}


def make_rows(n: int, size: int) -> np.ndarray:
    """Return rows that lie in topics, as words do, of different lengths."""
    rng = np.random.default_rng(1)
    topics = rng.standard_normal((TOPICS, size))
    rows = np.empty((n, size), np.float32)
    for begin in range(0, n, PIECE):
        count = min(PIECE, n - begin)
        noise = NOISE * rng.standard_normal((count, size))
        lengths = np.exp(0.3 * rng.standard_normal((count, 1)))
        rows[begin : begin + count] = (topics[rng.integers(0, TOPICS, count)] + noise) * lengths
    return rows


def best(call: Callable[[], object], repeat: int) -> float:
    """Return the seconds of the fastest of some calls."""
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _analogies(vectors: Path, questions: Path, threads: int) -> dict[str, Any]:
    """Answer the questions with gensim and with ours on the same vectors."""
    from gensim.models import KeyedVectors as GensimKeyedVectors

    from fastw2v import evaluate_word_analogies
    from fastw2v.keyed_vectors import KeyedVectors

    ours = KeyedVectors.load_word2vec_format(vectors)
    theirs = GensimKeyedVectors.load_word2vec_format(str(vectors), binary=True)
    ours.fill_norms()
    theirs.fill_norms()
    began = time.perf_counter()
    result = evaluate_word_analogies(ours, questions, threads=threads)
    middle = time.perf_counter()
    _, sections = theirs.evaluate_word_analogies(str(questions))
    end = time.perf_counter()
    return {
        "words": len(ours),
        "vector_size": ours.vector_size,
        "questions": result.overall.total,
        "seconds": middle - began,
        "gensim_seconds": end - middle,
        "correct": result.overall.correct,
        "gensim_correct": len(sections[-1]["correct"]),
    }


def _tables(report: dict[str, Any]) -> str:
    """Return the tables of searches and of analogies."""
    rounds: dict[str, list[dict[str, Any]]] = {}
    for run in report["runs"]:
        rounds.setdefault(run["what"], []).append(run)
    peers = rounds["gensim"]
    cells = []
    for what, found in rounds.items():
        row = [what]
        for key in ("one", "batch"):
            ratios = [peer[key] / run[key] for peer, run in zip(peers, found, strict=True)]
            row.append(table.spread([1e3 * run[key] for run in found], table.decimals(1)))
            row.append(table.median(ratios, table.times))
        cells.append(row)
    header = ["", "one query\nms", "over\ngensim", "all queries\nms", "over\ngensim"]
    sketched = report["sketch_seconds"]["float32"]
    lines = [
        f"Search: {report['rows']:,} rows of {report['vector_size']}, the {TOPN} nearest",
        "",
        table.render(header, cells),
        "",
        f"sketch made in {1e3 * sketched:.0f} ms, "
        f"{100 * report['sketch_share_of_float32']:.0f} % of the memory of float32 rows",
        f"queries with the same rows found: float16 {100 * report['float16_same_top']:.1f} %, "
        f"gensim {100 * report['gensim_same_top']:.1f} % (of 20)",
        f"places with the same row: sketch {100 * report['sketch_same_top']:.2f} %",
    ]
    lines += [
        f"{run['questions']:,} analogies, {run['words']:,} words of {run['vector_size']}: "
        f"{run['seconds']:.2f} s, {run['correct']:,} right; gensim {run['gensim_seconds']:.1f} s, "
        f"{run['gensim_correct']:,} right; {table.times(run['gensim_seconds'] / run['seconds'])}"
        for run in report.get("analogies", [])
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
