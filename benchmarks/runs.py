# SPDX-License-Identifier: Apache-2.0
"""Run tasks one after another, each in a fresh process, and keep what they say."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine

Task = dict[str, Any]
Run = dict[str, Any]

CHILD = Path(__file__).with_name("one_run.py")
#: Below this share of its CPUs, a run competed with something else, and its time is not its own.
UNDISTURBED = 0.95


class RunFailedError(Exception):
    """A child did not end well; the message is what it had to say."""


def run_fresh(task: Task) -> Run:
    """Do a task in a new process; return the task's identity and the result."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        child = subprocess.run(
            [sys.executable, str(CHILD), str(result)],
            input=json.dumps(task),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if child.returncode != 0 or not result.exists():
            lines = child.stderr.strip().splitlines()
            raise RunFailedError(lines[-1] if lines else f"exit status {child.returncode}")
        measured: Run = json.loads(result.read_text("utf-8"))
    # Paths, which are the same for all runs: said once, in the report.
    where = ("corpus", "analogies", "word_pairs", "preparation")
    return {key: value for key, value in task.items() if key not in where} | measured


def by_round(task: Task) -> str:
    """Name a task that is done in several rounds."""
    return f"{task['setting']}, workers {task['workers']}, round {task['round']}"


def run_all(
    tasks: Iterable[Task],
    report: dict[str, Any],
    output: Path | None,
    label: Callable[[Task], str] = by_round,
) -> None:
    """Do all tasks, adding to ``report["runs"]`` and ``["failures"]``; save after each.

    After Ctrl-C the report holds the runs that were finished.
    """
    tasks = list(tasks)
    try:
        for number, task in enumerate(tasks, start=1):
            print(f"[{number}/{len(tasks)}] {label(task)} ...", file=sys.stderr, flush=True)
            began = time.monotonic()
            try:
                report["runs"].append(run_fresh(task))
                print(f"    {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
            except RunFailedError as error:
                report["failures"].append({"run": label(task), "error": str(error)})
                print(f"    failed: {error}", file=sys.stderr, flush=True)
            save(report, output)
    except KeyboardInterrupt:
        report["interrupted"] = True
        print("interrupted: the tables are of the runs before", file=sys.stderr)


def new_report(corpus: Path) -> dict[str, Any]:
    """Return a report without runs. Reading the corpus for its checksum also warms the cache."""
    with corpus.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "machine": machine.describe(),
        "corpus": {"name": corpus.name, "bytes": corpus.stat().st_size, "sha256": checksum},
        "runs": [],
        "failures": [],
    }


def save(report: dict[str, Any], output: Path | None) -> None:
    """Write the report, never half of it."""
    if output is not None:
        beside = output.with_name(output.name + ".new")
        beside.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        beside.replace(output)


def isas(report: dict[str, Any]) -> list[str]:
    """Return the instruction sets that fastw2v ran on."""
    return sorted({run["isa"] for run in report["runs"] if "isa" in run})


def remarks(report: dict[str, Any]) -> str:
    """Return what must stand under the tables: machine, corpus, and what went wrong."""
    corpus = report["corpus"]
    words = {run["raw_words"] for run in report["runs"]}
    sizes = " or ".join(f"{count:,}" for count in sorted(words))
    lines = [
        f"{'corpus:':15}{corpus['name']}, {corpus['bytes']:,} bytes, {sizes or '?'} words",
        machine.summary(report["machine"], isas(report)),
    ]
    disturbed = [run for run in report["runs"] if run["cpu_share"] < UNDISTURBED]
    if disturbed:
        lines.append(
            f"{'disturbed:':15}{len(disturbed)} of {len(report['runs'])} runs had less than "
            f"{UNDISTURBED:.0%} of their CPUs, so their speed on the wall is too low"
        )
    lines += [f"{'failed:':15}{fail['run']}: {fail['error']}" for fail in report["failures"]]
    return "\n".join(lines)
