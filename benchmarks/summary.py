# SPDX-License-Identifier: Apache-2.0
"""From runs to the two tables of train.py: speed and quality."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import table
from settings import PEERS, SETTINGS

Run = dict[str, Any]
#: Semantic and syntactic accuracy are kept in the JSON; a table of both is too wide.
_ONLY_IN_JSON = ("analogies, semantic", "analogies, syntactic")


def summarize(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return one row for each setting and number of workers, in the order of the first runs."""
    groups: dict[tuple[str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["setting"], run["workers"]), []).append(run)
    return [
        {
            "setting": setting,
            "workers": workers,
            "runs": len(group),
            "train_words_per_second": [speed(run, "train_seconds") for run in group],
            "train_words_per_cpu_second": [cpu_speed(run) for run in group],
            "total_words_per_second": [speed(run, "total_seconds") for run in group],
            "read_seconds": [run["read_seconds"] for run in group],
            "total_seconds": [run["total_seconds"] for run in group],
            "peak_memory_mb": [run["peak_memory_mb"] for run in group],
            "cpu_share": [run["cpu_share"] for run in group],
            "quality": {name: [run["quality"][name] for run in group] for name in _tests(group)},
            "known": group[0]["known"],
            "ratio": {
                peer: {
                    stage: ratio(group, peer_runs(runs, peer, setting, workers), stage)
                    for stage in ("train_seconds", "total_seconds")
                }
                for peer in PEERS
            },
        }
        for (setting, workers), group in groups.items()
    ]


def speed(run: Run, stage: str) -> float:
    """Return raw corpus words, every epoch's, in a second of a stage."""
    return float(run["raw_words"] * run["hyper_parameters"]["epochs"] / run[stage])


def cpu_speed(run: Run) -> float | None:
    """Return words in a second of CPU time, or None for a run too short to have any."""
    cpus = run["cpu_share"] * run["workers"]
    return speed(run, "train_seconds") / cpus if cpus > 0 else None


def peer_runs(runs: Sequence[Run], peer: str, setting: str, workers: int) -> dict[int, Run]:
    """Return a peer's runs, by round, with the architecture and workers of a setting."""
    name = PEERS[peer][SETTINGS[setting].architecture]
    return {
        run["round"]: run for run in runs if run["setting"] == name and run["workers"] == workers
    }


def ratio(group: Sequence[Run], peers: dict[int, Run], stage: str) -> float | None:
    """Return the median over rounds of our speed over the peer's in the same round.

    The speed of a shared machine drifts; two runs of one round are close in time.
    """
    ratios = [
        speed(run, stage) / speed(peers[run["round"]], stage)
        for run in group
        if run["round"] in peers
    ]
    return statistics.median(ratios) if ratios else None


def speed_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of speeds, times and memory."""
    peers = [peer for peer in PEERS if any(_ratio(row, peer, "train_seconds") for row in rows)]
    header = ["setting", "workers", "train\n1000 words/s", *(f"over\n{peer}" for peer in peers)]
    header += ["end to end\n1000 words/s", *(f"over\n{peer}" for peer in peers)]
    header += ["read\ns", "total\ns", "peak\nMB", "CPU\n%", "train\n1000 words/CPU s"]
    cells = [
        [
            row["setting"],
            str(row["workers"]),
            table.spread(row["train_words_per_second"], table.thousands),
            *_ratios(row, peers, "train_seconds"),
            table.spread(row["total_words_per_second"], table.thousands),
            *_ratios(row, peers, "total_seconds"),
            table.median(row["read_seconds"], table.decimals(2)),
            table.median(row["total_seconds"], table.decimals(1)),
            table.median(row["peak_memory_mb"], table.decimals(0)),
            table.median(row["cpu_share"], table.percent),
            table.median(row["train_words_per_cpu_second"], table.thousands),
        ]
        for row in rows
    ]
    return table.render(header, cells)


def quality_table(rows: Sequence[dict[str, Any]]) -> str | None:
    """Return the table of test scores, or None if there was no test."""
    tests = list(dict.fromkeys(test for row in rows for test in row["quality"]))
    tests = [test for test in tests if test not in _ONLY_IN_JSON]
    if not tests:
        return None
    header = ["setting", "workers", *(f"{test}\n({_share(rows, test)} known)" for test in tests)]
    cells = [
        [
            row["setting"],
            str(row["workers"]),
            *(table.spread(row["quality"].get(test, []), table.decimals(3)) for test in tests),
        ]
        for row in rows
    ]
    return table.render(header, cells)


def _tests(group: Sequence[Run]) -> list[str]:
    return list(group[0]["quality"])


def _share(rows: Sequence[dict[str, Any]], test: str) -> str:
    return f"{min(row['known'].get(test, 0.0) for row in rows):.0%}"


def _ratio(row: dict[str, Any], peer: str, stage: str) -> float | None:
    value: float | None = row["ratio"][peer][stage]
    return value


def _ratios(row: dict[str, Any], peers: Sequence[str], stage: str) -> list[str]:
    values = [_ratio(row, peer, stage) for peer in peers]
    return [table.MISSING if value is None else table.times(value) for value in values]
