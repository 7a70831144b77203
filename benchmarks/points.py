# SPDX-License-Identifier: Apache-2.0
"""From the runs of quality.py to the points of plot.py: time against quality, one for a setting."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import quality_tables
from runs import Run

#: Scores without a panel, beside those of twins.
_NO_PANEL = ("analogies, semantic", "analogies, syntactic", quality_tables.HELD_OUT)


def select(
    runs: Sequence[Run], vector_size: int | None = None, settings: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what a plot shows: one point for each setting, the fastest first.

    Parameters
    ----------
    runs : sequence of dict
        Of quality.py.
    vector_size : int or None
        Only these runs. None: they must all have the same.
    settings : sequence of str or None
        Only these. None: all.

    Raises
    ------
    ValueError
        Nothing is left, or runs that are left cannot stand in one plot.
    """
    chosen = [
        run
        for run in runs
        if vector_size in (None, run["hyper_parameters"]["vector_size"])
        and (settings is None or run["setting"] in settings)
    ]
    groups = quality_tables.groups(chosen)
    if len(groups) != 1:
        found = "; ".join(f"corpus {key}, vector_size {n}, epochs {e}" for key, n, e in groups)
        raise ValueError(f"runs of one corpus, vector_size and epochs are needed, got: {found}")
    (((_, size, epochs), rows),) = groups.items()
    points = sorted(
        (_point(name, group, epochs) for name, group in rows.items()),
        key=lambda point: statistics.median(point["cpu_seconds_per_epoch"]),
    )
    return {"vector_size": size, "epochs": epochs, "tests": _tests(points), "points": points}


def _point(name: str, group: Sequence[Run], epochs: int) -> dict[str, Any]:
    """Return a setting's times and scores, a value for each seed."""
    group = sorted(group, key=lambda run: run["hyper_parameters"]["seed"])
    scores = [quality_tables.measures(run) for run in group]
    return {
        "setting": name,
        "trainer": group[0]["trainer"],
        "architecture": group[0]["architecture"],
        "seeds": [run["hyper_parameters"]["seed"] for run in group],
        "cpu_seconds_per_epoch": [
            round(quality_tables.cpu_seconds(run) / epochs, 3) for run in group
        ],
        "scores": {
            test: [round(found[test], 4) for found in scores]
            for test in scores[0]
            if test not in _NO_PANEL
            and not test.startswith(quality_tables.TWINS)
            and all(test in found for found in scores)
        },
    }


def _tests(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tests that every point has, in the order of the first."""
    tests = [
        test for test in points[0]["scores"] if all(test in point["scores"] for point in points)
    ]
    if not tests:
        raise ValueError("there is no test that all runs were scored by")
    return tests
