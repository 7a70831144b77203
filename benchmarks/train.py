# SPDX-License-Identifier: Apache-2.0
"""Measure training: speed beside quality, ours and our peers', in one sitting. See README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import options
import runs
from settings import PEERS, SETTINGS, with_peers
from summary import quality_table, speed_table, summarize


def main() -> int:
    """Run every chosen setting and print the tables; return 0 if all runs ended well."""
    chosen = _parser().parse_args()
    report = runs.new_report(chosen.corpus)
    runs.run_all(_tasks(chosen), report, chosen.json)
    report["summary"] = summarize(report["runs"])
    runs.save(report, chosen.json)
    _print(report)
    return 1 if report["failures"] or report.get("interrupted") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_common(parser)
    parser.add_argument(
        "--settings",
        type=options.names_of(list(SETTINGS)),
        default=["skip-gram", "cbow"],
        metavar="A,B,...",
        help=f"of {', '.join(SETTINGS)}; default skip-gram,cbow",
    )
    parser.add_argument(
        "--peers",
        type=options.names_of(list(PEERS)),
        default=[],
        metavar="A,B,...",
        help=f"of {', '.join(PEERS)}: their runs for the architectures of the settings",
    )
    parser.add_argument("--workers", type=options.worker_counts, default=[1], metavar="N,M,...")
    parser.add_argument("--epochs", type=options.positive, default=5)
    parser.add_argument("--vector-size", type=options.positive, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of round 1; round r has seed + r - 1")
    options.add_tests(parser)
    return parser


def _tasks(chosen: argparse.Namespace) -> Iterator[runs.Task]:
    """Yield a task for each run, round by round, so that drift of the machine meets all alike."""
    for number in range(1, chosen.repeat + 1):
        for workers in chosen.workers:
            for name in with_peers(chosen.settings, chosen.peers):
                setting = SETTINGS[name]
                yield {
                    "what": "train",
                    "setting": name,
                    "trainer": setting.trainer,
                    "architecture": setting.architecture,
                    "workers": workers,
                    "round": number,
                    "hyper_parameters": {
                        **setting.arguments(),
                        "vector_size": chosen.vector_size,
                        "epochs": chosen.epochs,
                        "seed": chosen.seed + number - 1,
                    },
                    "corpus": str(chosen.corpus),
                    "analogies": str(chosen.analogies) if chosen.analogies else None,
                    "restrict_vocab": chosen.restrict_vocab,
                    "word_pairs": dict(chosen.word_pairs),
                }


def _print(report: runs.Run) -> None:
    rows = report["summary"]
    if rows:
        hyper_parameters = report["runs"][0]["hyper_parameters"]
        print(
            f"Training, vector_size {hyper_parameters['vector_size']}, "
            f"{hyper_parameters['epochs']} epochs\n\n{speed_table(rows)}\n"
        )
        quality = quality_table(rows)
        if quality:
            print(f"Quality\n\n{quality}\n")
    print(runs.remarks(report))


if __name__ == "__main__":
    sys.exit(main())
