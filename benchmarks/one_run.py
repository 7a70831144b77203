# SPDX-License-Identifier: Apache-2.0
"""One run of one trainer in this process: a task in JSON on standard input, the result to a file.

`runs.py` starts it, afresh for every run, so that nothing of one run (memory, caches of an
allocator, threads of a library) is left when the next begins.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import machine
from trained import Trained


def main() -> None:
    """Do the task; pinned before anything that counts CPUs is imported."""
    task = json.load(sys.stdin)
    result: dict[str, Any] = {
        "pinned_to": machine.pin(task["workers"], task.get("cpu")),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
    trainer = importlib.import_module(f"trainer_{task['trainer'].replace('-', '_')}")
    result["start_memory_mb"] = machine.peak_memory_mb()
    machine.claim_memory(2 * Path(task["corpus"]).stat().st_size)  # as much as most runs take
    if task["what"] == "read":
        result |= trainer.read(task)
        result["peak_memory_mb"] = machine.peak_memory_mb()
    else:
        trained, measured = trainer.train(task)
        result |= measured
        result["peak_memory_mb"] = machine.peak_memory_mb()  # before the evaluation adds its own
        if task.get("floor"):
            import floor

            result["floor_gfma_per_second"] = floor.measure(result["isa"])
        result |= evaluate(task, trained)
        if task.get("preparation"):
            import measures

            result |= measures.measure(Path(task["preparation"]), trained, task["architecture"])
    Path(sys.argv[1]).write_text(json.dumps(result), "utf-8")


def evaluate(task: dict[str, Any], trained: Trained) -> dict[str, Any]:
    """Score vectors, whoever trained them, with the same code."""
    import numpy as np

    from fastw2v import KeyedVectors
    from fastw2v.evaluation import evaluate_word_analogies, evaluate_word_pairs
    from fastw2v.vocabulary import Vocabulary

    vocabulary = Vocabulary(trained.words, trained.counts)
    kv = KeyedVectors(vocabulary, np.asarray(trained.vectors, dtype=np.float32))
    quality: dict[str, float | None] = {}
    known: dict[str, float] = {}
    if task["analogies"]:
        score = evaluate_word_analogies(
            kv, task["analogies"], restrict_vocab=task["restrict_vocab"]
        )
        quality["analogies"], known["analogies"] = score.accuracy, score.coverage
        for part in ("semantic", "syntactic"):
            accuracy = getattr(score, f"{part}_accuracy")
            if accuracy is not None:
                quality[f"analogies, {part}"] = accuracy
    for name, path in task["word_pairs"].items():
        pairs = evaluate_word_pairs(kv, path)
        quality[name] = None if math.isnan(pairs.spearman) else pairs.spearman
        known[name] = pairs.coverage
    return {"vocab_size": len(trained.words), "quality": quality, "known": known}


if __name__ == "__main__":
    main()
