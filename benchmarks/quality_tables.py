# SPDX-License-Identifier: Apache-2.0
"""From the runs of quality.py to its tables: scores, rare words, time, and who loses on what."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from typing import Any

import machine
import runs
import table
from summary import cpu_speed, speed

Run = runs.Run
HELD_OUT = "held-out loss"
TWINS = "twins"


def render(report: dict[str, Any], markdown: bool = False) -> str:
    """Return all tables, those of one corpus, vector size and number of epochs together."""
    show = table.markdown if markdown else table.render
    parts = []
    for (key, vector_size, epochs), rows in groups(report["runs"]).items():
        about = report["prepared"][key]
        parts.append(f"{about['name']} ({key}), vector_size {vector_size}, epochs {epochs}")
        has_twins = all(run["twins"] for group in rows.values() for run in group)
        parts += [
            show(*_scores_table(rows)),
            show(*_twins_table(rows)) if has_twins else "",
            show(*_time_table(rows)),
            _verdict(rows),
        ]
    return "\n\n".join([part for part in parts if part] + ["\n".join(_remarks(report))])


def measures(run: Run) -> dict[str, float]:
    """Return all scores of a run by name. More is better, but for the held-out loss."""
    found = dict(run["quality"])
    if "held_out_loss" in run:
        found[HELD_OUT] = run["held_out_loss"]
    for band, scores in run["twins"].items():
        found[f"{TWINS} {band}"] = scores["mrr"]
    return {name: value for name, value in found.items() if value is not None}


def groups(all_runs: Sequence[Run]) -> dict[tuple[str, int, int], dict[str, list[Run]]]:
    """Return runs by what must be equal to compare them, then by setting.

    A name whose meaning changed between commits has a row for each, told apart by the commit.
    """
    groups: dict[tuple[str, int, int], dict[str, list[Run]]] = {}
    for run in all_runs:
        given = run["hyper_parameters"]
        group = groups.setdefault((run["prepared"], given["vector_size"], given["epochs"]), {})
        name = run["setting"]
        if name in group and _meaning(group[name][0]) != _meaning(run):
            name = f"{name} at {run['commit']}"
        group.setdefault(name, []).append(run)
    return groups


def _meaning(run: Run) -> str:
    """Return what runs of one row have in common: all but the seed."""
    without_seed = [
        {name: value for name, value in (run[part] or {}).items() if name != "seed"}
        for part in ("hyper_parameters", "effective")
    ]
    return json.dumps([*without_seed, run["tests"], run["restrict_vocab"]], sort_keys=True)


# ---- Tables ------------------------------------------------------------------------------------

Rows = dict[str, list[Run]]
Table = tuple[list[str], list[list[str]]]


def _scores_table(rows: Rows) -> Table:
    names = [name for name in _measure_names(rows) if not name.startswith(TWINS)]
    header = ["setting", "seeds", *(name.replace(", ", ",\n") for name in names)]
    return header, [
        [name, str(len(group)), *(_cell(group, measure) for measure in names)]
        for name, group in rows.items()
    ]


def _twins_table(rows: Rows) -> Table:
    bands = list(dict.fromkeys(band for group in rows.values() for band in group[0]["twins"]))
    words = {band: group[0]["twins"][band]["words"] for group in rows.values() for band in bands}
    header = ["twins: MRR, within 10", *(f"{band}\n{words[band]} words" for band in bands)]
    return header, [
        [name, *(_twins_cell(group, band) for band in bands)] for name, group in rows.items()
    ]


def _twins_cell(group: list[Run], band: str) -> str:
    within = statistics.fmean(run["twins"][band]["top10"] for run in group)
    return f"{_cell(group, f'{TWINS} {band}')}, {within:.0%}"


def _time_table(rows: Rows) -> Table:
    header = ["setting", "train\ns", "train\nCPU s", "1000\nwords/s", "1000\nwords/CPU s"]
    return header, [
        [
            name,
            table.mean([run["train_seconds"] for run in group], table.decimals(1)),
            table.mean([cpu_seconds(run) for run in group], table.decimals(1)),
            table.mean([speed(run, "train_seconds") for run in group], table.thousands),
            table.mean([cpu_speed(run) for run in group], table.thousands),
        ]
        for name, group in rows.items()
    ]


def _verdict(rows: Rows) -> str:
    """Set each setting of ours against each peer's of its architecture."""
    lines = []
    for name, group in rows.items():
        for other, peer in rows.items():
            ours_against_theirs = group[0]["trainer"] == "fastw2v" != peer[0]["trainer"]
            if ours_against_theirs and group[0]["architecture"] == peer[0]["architecture"]:
                apart, within = behind(group, peer)
                lines.append(
                    f"- {name} against {other}, {_speed_ratio(group, peer)} its speed: behind on "
                    f"{apart}; within the spread on {within}"
                )
    return "\n".join(lines)


def behind(ours: list[Run], peers: list[Run]) -> tuple[str, str]:
    """Return the measures whose mean is worse than a peer's, with the difference of the means.

    First those in which the best of our runs is worse than the worst of the peer's, then the rest.
    """
    apart, within = [], []
    for name in measures(ours[0]):
        sign = -1 if name == HELD_OUT else 1
        a = [sign * value for value in _values(ours, name)]
        b = [sign * value for value in _values(peers, name)]
        if not (a and b) or statistics.fmean(a) >= statistics.fmean(b):
            continue
        difference = sign * (statistics.fmean(a) - statistics.fmean(b))
        (apart if max(a) < min(b) else within).append(f"{name} {difference:+.3f}")
    return _listed(apart), _listed(within)


def _listed(names: list[str]) -> str:
    return " | ".join(names) or "nothing"


def cpu_seconds(run: Run) -> float:
    """Return the CPU time of training."""
    return float(run["cpu_share"] * run["workers"] * run["train_seconds"])


def _speed_ratio(ours: list[Run], peers: list[Run]) -> str:
    speeds = [[value for run in group if (value := cpu_speed(run))] for group in (ours, peers)]
    if not all(speeds):
        return table.MISSING
    return table.times(statistics.fmean(speeds[0]) / statistics.fmean(speeds[1]))


def _measure_names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for group in rows.values() for name in measures(group[0])))


def _values(group: list[Run], measure: str) -> list[float]:
    return [scores[measure] for scores in map(measures, group) if measure in scores]


def _cell(group: list[Run], measure: str) -> str:
    return table.mean(_values(group, measure), table.decimals(3))


def _remarks(report: dict[str, Any]) -> list[str]:
    """Return what stands under the tables: corpora, machine, commits, and what failed."""
    used = {run["prepared"] for run in report["runs"]}
    lines = [
        f"{'corpus:':15}{about['name']} ({key}), {about['bytes']:,} bytes; {about['words']:,} "
        f"words in training, {about['held_out_examples']:,} held-out windows"
        for key, about in report["prepared"].items()
        if key in used
    ]
    lines.append(machine.summary(report["machine"], runs.isas(report)))
    commits = {run["commit"] for run in report["runs"] if run["trainer"] == "fastw2v"}
    if len(commits) > 1:
        lines.append(f"{'commits:':15}{', '.join(sorted(map(str, commits)))} (of our runs)")
    return lines + [f"{'failed:':15}{f['run']}: {f['error']}" for f in report["failures"]]
