# SPDX-License-Identifier: Apache-2.0
"""From runs to the tables of train.py: speed, multiply-adds and quality."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import floor
import table
from settings import PEERS

Run = dict[str, Any]
#: Semantic and syntactic accuracy are kept in the JSON; a table of both is too wide.
_ONLY_IN_JSON = ("analogies, semantic", "analogies, syntactic")
_AS_MEASURED = ("read_seconds", "save_seconds", "total_seconds", "peak_memory_mb", "cpu_share")


def summarize(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return one row for each setting, workers and min_count, in the order of the first runs."""
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["setting"], *_conditions(run)), []).append(run)
    return [_row(group, runs) for group in groups.values()]


def _row(group: list[Run], runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "setting": group[0]["setting"],
        "workers": group[0]["workers"],
        "vocab_size": group[0]["vocab_size"],
        "runs": len(group),
        "train_words_per_second": [speed(run, "train_seconds") for run in group],
        "train_words_per_cpu_second": [cpu_speed(run) for run in group],
        "total_words_per_second": [speed(run, "total_seconds") for run in group],
        **{name: [run[name] for run in group] for name in _AS_MEASURED},
        "share_of_floor": {
            kind: [_share_of_floor(run, kind) for run in group] for kind in ("needed", "done")
        },
        "quality": {name: [run["quality"][name] for run in group] for name in _tests(group)},
        "known": group[0]["known"],
        "ratio": {
            peer: {
                stage: ratio(group, peer_runs(runs, peer, group[0]), stage)
                for stage in ("train_seconds", "total_seconds")
            }
            for peer in PEERS
        },
    }


def _conditions(run: Run) -> tuple[Any, ...]:
    """Return what must be equal, beside the architecture, to compare runs of two settings."""
    return run["workers"], run["hyper_parameters"]["min_count"]


def speed(run: Run, stage: str) -> float:
    """Return raw corpus words, every epoch's, in a second of a stage."""
    return float(run["raw_words"] * run["hyper_parameters"]["epochs"] / run[stage])


def cpu_speed(run: Run) -> float | None:
    """Return words in a second of CPU time, or None for a run too short to have any."""
    cpus = run["cpu_share"] * run["workers"]
    return speed(run, "train_seconds") / cpus if cpus > 0 else None


def peer_runs(runs: Sequence[Run], peer: str, ours: Run) -> dict[int, Run]:
    """Return a peer's runs, by round, under the conditions of a run of ours."""
    name = PEERS[peer][ours["architecture"]]
    return {
        run["round"]: run
        for run in runs
        if run["setting"] == name and _conditions(run) == _conditions(ours)
    }


def _share_of_floor(run: Run, kind: str) -> float | None:
    """Return the share of its cores' multiply-adds that a run needed, or did; None if not known."""
    most = run.get("floor_gfma_per_second")
    if most is None:
        return None
    return floor.share(run["multiply_adds"][kind], run["train_seconds"], most, run["workers"])


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
    over = [f"over\n{peer}" for peer in peers]
    header = ["setting", "workers", "vocabulary", "train\n1000 words/s", *over]
    header += ["file to saved\n1000 words/s", *over, "file to\nsaved, s"]
    header += ["read\ns", "save\ns", "peak\nMB", "CPU\n%", "train\n1000 words/CPU s"]
    cells = [
        [
            *_names(row),
            table.spread(row["train_words_per_second"], table.thousands),
            *_ratios(row, peers, "train_seconds"),
            table.spread(row["total_words_per_second"], table.thousands),
            *_ratios(row, peers, "total_seconds"),
            table.median(row["total_seconds"], table.decimals(1)),
            table.median(row["read_seconds"], table.decimals(2)),
            table.median(row["save_seconds"], table.decimals(2)),
            table.median(row["peak_memory_mb"], table.decimals(0)),
            table.median(row["cpu_share"], table.percent),
            table.median(row["train_words_per_cpu_second"], table.thousands),
        ]
        for row in rows
    ]
    return table.render(header, cells)


def floor_table(rows: Sequence[dict[str, Any]]) -> str | None:
    """Return the table of shares of the floor, or None if no floor was measured."""
    header = ["setting", "workers", "vocabulary", "needed\n% of floor", "done\n% of floor"]
    cells = [
        [*_names(row), *(table.spread(shares[kind], table.percent) for kind in ("needed", "done"))]
        for row in rows
        if any((shares := row["share_of_floor"])["needed"])
    ]
    return table.render(header, cells) if cells else None


def quality_table(rows: Sequence[dict[str, Any]]) -> str | None:
    """Return the table of test scores, or None if there was no test."""
    tests = list(dict.fromkeys(test for row in rows for test in row["quality"]))
    tests = [test for test in tests if test not in _ONLY_IN_JSON]
    if not tests:
        return None
    header = ["setting", "workers", "vocabulary"]
    header += [f"{test}\n({_share(rows, test)} known)" for test in tests]
    cells = [
        [
            *_names(row),
            *(table.spread(row["quality"].get(test, []), table.decimals(3)) for test in tests),
        ]
        for row in rows
    ]
    return table.render(header, cells)


def _names(row: dict[str, Any]) -> list[str]:
    return [row["setting"], str(row["workers"]), f"{row['vocab_size']:,}"]


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
