# SPDX-License-Identifier: Apache-2.0
"""Measure reading: a text file to all that training needs. See README.md."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from typing import Any

import options
import runs
import table
from machine import usable_cpus
from settings import COMMON


def main() -> int:
    """Read the corpus with every reader and print the table."""
    chosen = _parser().parse_args()
    report = runs.new_report(chosen.corpus)
    runs.run_all(_tasks(chosen), report, chosen.json)
    report["summary"] = summarize(report)
    runs.save(report, chosen.json)
    print(f"Reading\n\n{speed_table(report['summary'])}\n\n{runs.remarks(report)}")
    return 1 if report["failures"] or report.get("interrupted") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    options.add_common(parser)
    options.add_peers(parser, "they read too")
    parser.add_argument(
        "--workers",
        type=options.worker_counts,
        default=[n for n in (1, 2) if n <= len(usable_cpus())],
        metavar="N,M,...",
        help="threads of fastw2v; peers read with one",
    )
    parser.add_argument(
        "--lists", action="store_true", help="also read lists of words, split beforehand"
    )
    return parser


def _tasks(chosen: argparse.Namespace) -> Iterator[runs.Task]:
    readers = [("fastw2v", threads, False) for threads in chosen.workers]
    readers += [(peer, 1, False) for peer in chosen.peers]
    if chosen.lists:
        takers = [peer for peer in chosen.peers if peer == "gensim"]
        readers += [(trainer, 1, True) for trainer in ("fastw2v", *takers)]
    for number in range(1, chosen.repeat + 1):
        for trainer, threads, lists in readers:
            yield {
                "what": "read",
                "setting": f"{trainer}, lists" if lists else trainer,
                "lists": lists,
                "trainer": trainer,
                "workers": threads,
                "round": number,
                "hyper_parameters": {"min_count": COMMON["min_count"]},
                "corpus": str(chosen.corpus),
            }


def summarize(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each reader and number of threads."""
    groups: dict[tuple[str, int], list[runs.Run]] = {}
    for run in report["runs"]:
        groups.setdefault((run["setting"], run["workers"]), []).append(run)
    return [
        {
            "reader": reader,
            "threads": threads,
            "mb_per_second": [
                report["corpus"]["bytes"] / 1e6 / run["read_seconds"] for run in group
            ],
            "over_one_thread": _over_one_thread(group, groups.get((reader, 1), [])),
            "words_per_second": [run["raw_words"] / run["read_seconds"] for run in group],
            "seconds": [run["read_seconds"] for run in group],
            "peak_memory_mb": [run["peak_memory_mb"] for run in group],
            "start_memory_mb": [run["start_memory_mb"] for run in group],
            "cpu_share": [run["cpu_share"] for run in group],
        }
        for (reader, threads), group in groups.items()
    ]


def _over_one_thread(group: list[runs.Run], one: list[runs.Run]) -> float | None:
    """Return the speed over that of one thread in the same round, the median of all rounds."""
    seconds = {run["round"]: run["read_seconds"] for run in one}
    ratios = [
        seconds[run["round"]] / run["read_seconds"] for run in group if run["round"] in seconds
    ]
    return statistics.median(ratios) if ratios else None


def speed_table(rows: list[dict[str, Any]]) -> str:
    """Return the table of speeds and memory."""
    header = ["reader", "threads", "MB/s", "over one\nthread", "1000 words/s", "s"]
    header += ["peak\nMB", "before\nMB", "CPU\n%"]
    cells = [
        [
            row["reader"],
            str(row["threads"]),
            table.spread(row["mb_per_second"], table.decimals(0)),
            table.median([row["over_one_thread"]], table.decimals(2)),
            table.median(row["words_per_second"], table.thousands),
            table.median(row["seconds"], table.decimals(2)),
            table.median(row["peak_memory_mb"], table.decimals(0)),
            table.median(row["start_memory_mb"], table.decimals(0)),
            table.median(row["cpu_share"], table.percent),
        ]
        for row in rows
    ]
    return table.render(header, cells)


if __name__ == "__main__":
    sys.exit(main())
