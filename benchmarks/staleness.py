# SPDX-License-Identifier: Apache-2.0
"""Measure what many workers would do to the vectors, by simulation on one core. See README.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

import options
import runs
from lockstep import WRITE_BACKS, Lockstep
from one_run import evaluate
from table import decimals, median, render
from trained import Trained

from fastw2v import EncodedCorpus, encode_corpus
from fastw2v.config import TrainingConfig


def main() -> int:
    """Simulate every number of workers and print how good the vectors are."""
    parser = _parser()
    chosen = parser.parse_args()
    for name, setting in chosen.settings.items():
        if setting.trainer != "fastw2v":
            parser.error(f"the simulation runs our engine only, got {name!r}")
    report = runs.new_report(chosen.corpus)
    corpus = encode_corpus(
        chosen.corpus, min_count=5, max_final_vocab=chosen.max_final_vocab, threads=1
    )
    lockstep = Lockstep()
    for task in _tasks(chosen):
        print(f"{task['setting']}, {task['write_back']}, {task['workers']}", file=sys.stderr)
        report["runs"].append(_simulate(lockstep, corpus, task, chosen))
        runs.save(report, chosen.json)
    print(_table(report["runs"]))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_common(parser)
    options.add_tests(parser)
    parser.add_argument("--epochs", type=options.positive, default=5)
    parser.add_argument("--vector-size", type=options.positive, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of round 1; round r has seed + r - 1")
    options.add_settings(parser, default="skip-gram,cbow")
    parser.add_argument("--workers", type=options.positives, default=[1, 4, 16, 64], metavar="N,M")
    parser.add_argument(
        "--write-back",
        type=options.names_of(list(WRITE_BACKS)),
        default=["added", "lost"],
        metavar="A,B",
        help="added: no update is lost; lost: of those of a row in a round, only the last counts; "
        "fresh: nothing is stale",
    )
    parser.add_argument("--max-final-vocab", type=options.positive, metavar="N")
    return parser


def _tasks(chosen: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for number in range(1, chosen.repeat + 1):
        for write_back in chosen.write_back:
            for name, setting in chosen.settings.items():
                for workers in chosen.workers:
                    if workers == 1 and write_back != chosen.write_back[0]:
                        continue  # with one worker they are the same
                    hyper_parameters = {
                        **setting.arguments(),
                        "max_final_vocab": chosen.max_final_vocab,
                        "vector_size": chosen.vector_size,
                        "epochs": chosen.epochs,
                        "seed": chosen.seed + number - 1,
                    }
                    yield {
                        "setting": name,
                        "write_back": write_back,
                        "workers": workers,
                        "round": number,
                        "hyper_parameters": hyper_parameters,
                    }


def _simulate(
    lockstep: Lockstep, corpus: EncodedCorpus, task: dict[str, Any], chosen: argparse.Namespace
) -> runs.Run:
    config = TrainingConfig.from_keywords(task["hyper_parameters"])
    began = time.perf_counter()
    parameters, totals = lockstep.train(corpus, config, task["workers"], task["write_back"])
    seconds = time.perf_counter() - began
    judged = {
        "analogies": chosen.analogies,
        "restrict_vocab": chosen.restrict_vocab,
        "word_pairs": dict(chosen.word_pairs),
    }
    trained = Trained(
        corpus.vocabulary.words,
        corpus.vocabulary.counts,
        parameters.input_vectors,
        parameters.output_vectors,
    )
    return {
        **task,
        "seconds": seconds,
        "kept_tokens": totals.kept_tokens,
        "uses": totals.uses,
        "conflicts": totals.conflicts,
        "loss": totals.loss,
        **evaluate(judged, trained),
    }


def _table(done: list[runs.Run]) -> str:
    tests = [name for name in done[0]["quality"] if "," not in name]
    header = ["setting", "write-back", "workers", "rows\nshared %", "a token", "loss", *tests]
    rows = [
        [
            run["setting"],
            run["write_back"] if run["workers"] > 1 else "",
            str(run["workers"]),
            f"{100 * run['conflicts'] / run['uses']:.2f}",
            f"{run['conflicts'] / run['kept_tokens']:.3f}",
            f"{run['loss']:.3f}",
            *(median([run["quality"][name]], decimals(3)) for name in tests),
        ]
        for run in done
    ]
    return render(header, rows, n_names=2)


if __name__ == "__main__":
    sys.exit(main())
