# SPDX-License-Identifier: Apache-2.0
"""Measure quality over several seeds: which settings lose to a peer on nothing? See README.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import options
import quality_tables
import runs
from preparation import Parameters, prepare
from settings import COMMON

from fastw2v.config import TrainingConfig
from fastw2v.evaluation.sets import read_analogies, read_word_pairs

#: Two runs that agree in all of these are the same run.
IDENTITY = ("trainer", "hyper_parameters", "effective", "prepared", "tests", "restrict_vocab")


def main() -> int:
    """Run what the JSON does not hold yet, and print the tables; return 0 if all ended well."""
    parser = _parser()
    chosen = parser.parse_args()
    if chosen.report_only:
        print(quality_tables.render(merge(chosen.report_only), markdown=chosen.markdown))
        return 0
    if not (chosen.corpus and chosen.json):
        parser.error("give --corpus and --json, or --report-only")
    report = runs.new_report(chosen.corpus)
    prepared = _prepare(chosen, report["corpus"]["sha256"])
    if chosen.json.exists():
        resume(report, chosen.json)
    report.setdefault("prepared", {})[prepared["key"]] = report["corpus"] | prepared
    held = {identity(run) for run in report["runs"]}
    tasks = [task for task in _tasks(chosen, prepared) if identity(task) not in held]
    runs.run_all(tasks, report, chosen.json, label=_label)
    runs.save(report, chosen.json)
    print(quality_tables.render(report, markdown=chosen.markdown))
    return 1 if report["failures"] or report.get("interrupted") else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=options.existing_file, help="one sentence a line")
    parser.add_argument("--json", type=Path, metavar="OUT", help="runs it holds are not run again")
    options.add_settings(parser, default="skip-gram,cbow,gensim-skip-gram,gensim-cbow")
    parser.add_argument("--seeds", type=options.positives, default=[1, 2, 3], metavar="N,M,...")
    parser.add_argument("--vector-size", type=options.positives, default=[100], metavar="N,M,...")
    parser.add_argument("--epochs", type=options.positive, default=5)
    parser.add_argument("--cpu", type=int, metavar="N", help="the CPU that runs are tied to")
    parser.add_argument("--work", type=Path, metavar="DIR", help="for prepared text; OUT.work")
    options.add_tests(parser)
    standard = Parameters()
    parser.add_argument("--twins", type=int, default=standard.twins_per_band, metavar="N")
    parser.add_argument("--held-out", type=float, default=standard.held_out, metavar="SHARE")
    parser.add_argument("--examples", type=options.positive, default=standard.examples)
    parser.add_argument(
        "--report-only", type=options.existing_file, nargs="+", metavar="OUT", help="run nothing"
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    return parser


def _prepare(chosen: argparse.Namespace, checksum: str) -> dict[str, Any]:
    """Split words and hold text out, but for the words that the evaluation sets ask for."""
    kept_whole: set[str] = set()
    if chosen.analogies:
        for _, questions in read_analogies(chosen.analogies):
            kept_whole.update(*questions)
    for _, path in chosen.word_pairs:
        kept_whole.update(word for pair in read_word_pairs(path) for word in pair[:2])
    common = {name: COMMON[name] for name in ("min_count", "window", "negative", "sample")}
    parameters = Parameters(chosen.twins, chosen.held_out, chosen.examples, **common)
    work = chosen.work or chosen.json.with_suffix(".work")
    return prepare(chosen.corpus, checksum, work, parameters, kept_whole)


def _tasks(chosen: argparse.Namespace, prepared: dict[str, Any]) -> Iterator[runs.Task]:
    """Yield a task for each run, seed by seed, so that a sweep that is stopped compares all."""
    commit = machine.commit()
    for seed in chosen.seeds:
        for vector_size in chosen.vector_size:
            for name, setting in chosen.settings.items():
                hyper_parameters = setting.arguments() | {
                    "vector_size": vector_size,
                    "epochs": chosen.epochs,
                    "seed": seed,
                }
                yield {
                    "what": "train",
                    "setting": name,
                    "trainer": setting.trainer,
                    "architecture": setting.architecture,
                    "workers": 1,
                    "cpu": chosen.cpu,
                    "commit": commit,
                    "hyper_parameters": hyper_parameters,
                    "effective": _effective(setting.trainer, hyper_parameters),
                    "prepared": prepared["key"],
                    "tests": [
                        *(["analogies"] if chosen.analogies else []),
                        *sorted(name for name, _ in chosen.word_pairs),
                    ],
                    "restrict_vocab": chosen.restrict_vocab,
                    "corpus": str(Path(prepared["folder"]) / "corpus.txt"),
                    "analogies": str(chosen.analogies) if chosen.analogies else None,
                    "word_pairs": dict(chosen.word_pairs),
                    "preparation": prepared["folder"],
                }


def _effective(trainer: str, hyper_parameters: dict[str, Any]) -> dict[str, Any] | None:
    """Return what our defaults, which may change with a commit, make of hyper-parameters."""
    if trainer != "fastw2v":
        return None
    config = TrainingConfig.from_keywords(hyper_parameters)
    resolved = {
        "alpha": config.start_alpha,
        "shared_negatives": config.set_size,
        "pool_refresh": config.pool_renewal,
    }
    return config.to_dict() | resolved


def _label(task: runs.Task) -> str:
    given = task["hyper_parameters"]
    return f"{task['setting']}, vector_size {given['vector_size']}, seed {given['seed']}"


def identity(run: runs.Run) -> str:
    """Return what tells a run, or a task, from all others: not when, where or how it was named."""
    return json.dumps([run[name] for name in IDENTITY], sort_keys=True)


def resume(report: dict[str, Any], output: Path) -> None:
    """Take the runs of an earlier sitting into a new report.

    Raises
    ------
    ValueError
        The file is not a report of this program.
    """
    earlier = json.loads(output.read_text("utf-8"))
    if "prepared" not in earlier:
        raise ValueError(f"{str(output)!r} was not written by quality.py")
    report["runs"] = earlier["runs"]
    report["prepared"] = earlier["prepared"]


def merge(paths: list[Path]) -> dict[str, Any]:
    """Return one report of several, with every run once."""
    report: dict[str, Any] = {"prepared": {}, "failures": []}
    found: dict[str, runs.Run] = {}
    for path in paths:
        one = json.loads(path.read_text("utf-8"))
        report = report | {
            "machine": one["machine"],
            "prepared": report["prepared"] | one["prepared"],
        }
        report["failures"] = report["failures"] + one["failures"]
        for run in one["runs"]:
            found.setdefault(identity(run), run)
    return report | {"runs": list(found.values())}


if __name__ == "__main__":
    sys.exit(main())
