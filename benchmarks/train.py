# SPDX-License-Identifier: Apache-2.0
"""Measure training: speed beside quality, ours and our peers', in one sitting. See README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import options
import runs
from settings import COMMON, Setting, with_peers
from summary import floor_table, quality_table, speed_table, summarize


def main() -> int:
    """Run every chosen setting and print the tables; return 0 if all runs ended well."""
    chosen = _parser().parse_args()
    report = runs.new_report(chosen.corpus)
    runs.run_all(_tasks(chosen), report, chosen.json, label=_label)
    report["summary"] = summarize(report["runs"])
    runs.save(report, chosen.json)
    _print(report)
    return 1 if report["failures"] or report.get("interrupted") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_common(parser)
    options.add_settings(parser, default="skip-gram,cbow")
    options.add_peers(parser, "their runs for the architectures of the settings")
    parser.add_argument("--workers", type=options.worker_counts, default=[1], metavar="N,M,...")
    parser.add_argument(
        "--min-count",
        type=options.positives,
        default=[COMMON["min_count"]],
        metavar="N,M,...",
        help="1: the speed with a large vocabulary; default %(default)s",
    )
    parser.add_argument("--epochs", type=options.positive, default=5)
    parser.add_argument("--vector-size", type=options.positive, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of round 1; round r has seed + r - 1")
    options.add_tests(parser)
    return parser


def _tasks(chosen: argparse.Namespace) -> Iterator[runs.Task]:
    """Yield a task for each run, round by round, so that drift of the machine meets all alike."""
    settings = with_peers(chosen.settings, chosen.peers)
    for number in range(1, chosen.repeat + 1):
        for workers in chosen.workers:
            for min_count in chosen.min_count:
                for name, setting in settings.items():
                    yield {
                        "what": "train",
                        "setting": name,
                        "workers": workers,
                        "round": number,
                        **_task(chosen, setting, min_count, chosen.seed + number - 1),
                    }


def _task(
    chosen: argparse.Namespace, setting: Setting, min_count: int, seed: int
) -> dict[str, Any]:
    """Return what a setting and the options make of a task."""
    return {
        "trainer": setting.trainer,
        "architecture": setting.architecture,
        "floor": setting.trainer == "fastw2v",
        "hyper_parameters": {
            **setting.arguments(),
            "min_count": min_count,
            "vector_size": chosen.vector_size,
            "epochs": chosen.epochs,
            "seed": seed,
        },
        "corpus": str(chosen.corpus),
        "analogies": str(chosen.analogies) if chosen.analogies else None,
        "restrict_vocab": chosen.restrict_vocab,
        "word_pairs": dict(chosen.word_pairs),
    }


def _label(task: runs.Task) -> str:
    min_count = task["hyper_parameters"]["min_count"]
    usual = min_count == COMMON["min_count"]
    return runs.by_round(task) + ("" if usual else f", min_count {min_count}")


def _print(report: runs.Run) -> None:
    rows = report["summary"]
    if rows:
        hyper_parameters = report["runs"][0]["hyper_parameters"]
        print(
            f"Training, vector_size {hyper_parameters['vector_size']}, "
            f"{hyper_parameters['epochs']} epochs\n\n{speed_table(rows)}\n"
        )
        for title, lines in (
            ("Multiply-adds", floor_table(rows)),
            ("Quality", quality_table(rows)),
        ):
            if lines:
                print(f"{title}\n\n{lines}\n")
    print(runs.remarks(report))


if __name__ == "__main__":
    sys.exit(main())
