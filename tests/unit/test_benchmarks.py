# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run, and say what their README promises."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks_support import BENCHMARKS, module

from fastw2v import Word2Vec, encode_corpus
from fastw2v.config import TrainingConfig
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

WORDS = [f"w{i}" for i in range(40)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 4,000 words in sentences of ten."""
    generator = random.Random(1)
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("".join(" ".join(generator.choices(WORDS, k=10)) + "\n" for _ in range(400)))
    return path


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def run_to_json(script: str, output: Path, *arguments: object) -> tuple[str, dict[str, Any]]:
    """Run a benchmark that must end well; return what it printed and its JSON."""
    ended = run(script, *arguments, "--json", output)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report: dict[str, Any] = json.loads(output.read_text("utf-8"))
    assert {"cpu", "cpus", "system", "python", "versions", "commit"} <= set(report["machine"])
    return ended.stdout, report


def test_every_setting_of_ours_is_a_valid_configuration() -> None:
    for setting in module("settings").SETTINGS.values():
        if setting.trainer == "fastw2v":
            config = TrainingConfig.from_keywords(setting.arguments())
            assert config.sg == (setting.architecture == "skip-gram")


def test_training_is_reported_with_speed_memory_and_quality(corpus: Path, tmp_path: Path) -> None:
    analogies = tmp_path / "questions.txt"
    analogies.write_text(": some\nw0 w1 w2 w3\nw4 w5 w6 w7\n")
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("w0\tw1\t1.0\nw2\tw3\t2.0\nw4\tw5\t3.0\n")
    printed, report = run_to_json(
        "train.py",
        tmp_path / "out.json",
        *("--corpus", corpus, "--settings", "skip-gram,cbow", "--epochs", 1, "--vector-size", 16),
        *("--repeat", 2, "--analogies", analogies, "--word-pairs", f"rated={pairs}"),
    )
    assert [(r["setting"], r["round"]) for r in report["runs"]] == [
        ("skip-gram", 1),
        ("cbow", 1),
        ("skip-gram", 2),
        ("cbow", 2),
    ]
    first = report["runs"][0]
    assert first["raw_words"] == 4000
    stages = first["read_seconds"] + first["train_seconds"] + first["save_seconds"]
    assert 0 < first["save_seconds"] < stages <= first["total_seconds"]
    assert 0 < first["multiply_adds"]["needed"] <= first["multiply_adds"]["done"]
    if shutil.which("cc") and os.name == "posix":
        (share, _) = report["summary"][0]["share_of_floor"]["needed"]
        assert 0 < share < 1
        assert "% of floor" in printed
    assert first["peak_memory_mb"] is None or first["peak_memory_mb"] > 0
    assert set(first["quality"]) == {"analogies", "rated"}
    assert first["known"] == {"analogies": 1.0, "rated": 1.0}
    assert first["isa"]
    if hasattr(os, "sched_setaffinity"):
        assert len(first["pinned_to"]) == 1
    assert [row["runs"] for row in report["summary"]] == [2, 2]
    assert all(row["ratio"]["gensim"]["train_seconds"] is None for row in report["summary"])
    assert "1000 words/s" in printed
    assert "rated" in printed


def test_training_is_compared_with_gensim_in_the_same_round(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    printed, report = run_to_json(
        "train.py",
        tmp_path / "out.json",
        *("--corpus", corpus, "--settings", "cbow", "--peers", "gensim,gensim-sentences"),
        *("--epochs", 1, "--vector-size", 16),
    )
    settings = [run["setting"] for run in report["runs"]]
    assert settings == ["cbow", "gensim-cbow", "gensim-cbow-sentences"]
    assert {run["raw_words"] for run in report["runs"]} == {4000}
    assert {run["vocab_size"] for run in report["runs"]} == {len(WORDS)}
    assert all(run["save_seconds"] > 0 for run in report["runs"])
    ratio = report["summary"][0]["ratio"]
    assert ratio["gensim"]["total_seconds"] > 0
    assert ratio["gensim-sentences"]["total_seconds"] > 0
    assert "gensim" in printed


def test_a_vocabulary_is_compared_with_a_larger_one(corpus: Path, tmp_path: Path) -> None:
    text = tmp_path / "with-rare-words.txt"
    text.write_text(corpus.read_text() + "".join(f"rare{i} w1\n" for i in range(60)))
    printed, report = run_to_json(
        "train.py",
        tmp_path / "out.json",
        *("--corpus", text, "--settings", "cbow:isa=portable", "--min-count", "5,1"),
        *("--epochs", 1, "--vector-size", 16),
    )
    rows = report["summary"]
    assert [row["vocab_size"] for row in rows] == [len(WORDS), len(WORDS) + 60]
    assert {row["setting"] for row in rows} == {"cbow:isa=portable"}
    assert [run["isa"] for run in report["runs"]] == ["portable", "portable"]
    assert "vocabulary" in printed


def test_a_ratio_is_of_runs_under_the_same_conditions() -> None:
    def made(setting: str, workers: int, min_count: int, number: int) -> dict[str, Any]:
        return {
            "setting": setting,
            "architecture": "cbow",
            "workers": workers,
            "round": number,
            "hyper_parameters": {"min_count": min_count},
        }

    peers = [made("gensim-cbow", w, m, n) for w in (1, 2) for m in (1, 5) for n in (1, 2)]
    ours = made("cbow", 2, 5, 1)
    found = module("summary").peer_runs([*peers, made("cbow", 2, 5, 2)], "gensim", ours)
    assert found == {1: made("gensim-cbow", 2, 5, 1), 2: made("gensim-cbow", 2, 5, 2)}


def test_reading_is_reported_for_each_number_of_threads(corpus: Path, tmp_path: Path) -> None:
    printed, report = run_to_json(
        "read.py", tmp_path / "out.json", "--corpus", corpus, "--workers", 1, "--lists"
    )
    row, lists = report["summary"]
    assert (row["reader"], row["threads"]) == ("fastw2v", 1)
    assert (lists["reader"], lists["threads"]) == ("fastw2v, lists", 1)
    assert row["mb_per_second"][0] > 0
    assert row["over_one_thread"] == 1
    assert report["runs"][0]["raw_words"] == report["runs"][1]["raw_words"]
    assert "MB/s" in printed


def test_formats_are_timed_both_ways(tmp_path: Path) -> None:
    printed, report = run_to_json(
        "formats.py",
        tmp_path / "out.json",
        *("--words", 200, "--vector-size", 5, "--repeat", 2, "--folder", tmp_path),
    )
    for what in ("text", "binary", "native"):
        for way in ("save", "open" if what == "native" else "load"):
            assert len(report["seconds"][f"{what}, {way}"]["fastw2v"]) == 2
            assert f"{what}, {way}" in printed


def test_kernels_are_timed_per_shape_and_dimension(tmp_path: Path) -> None:
    printed, report = run_to_json(
        "kernels.py",
        tmp_path / "out.json",
        *("--isa", "portable", "--vector-size", 16, "--seconds", 0.001),
    )
    steps = [r for r in report["runs"] if r["kernel"] == "block_step"]
    assert [r["shape"] for r in steps] == [[1, 6], [6, 6], [10, 6], [6, 4], [4, 12]]
    assert all(r["ns"] > 0 and r["gfma_per_second"] > 0 for r in steps)
    if shutil.which("cc") and os.name == "posix":
        assert report["floor_gfma_per_second"]["portable"] > 0
    assert "% of floor" in printed


def test_every_way_to_sentence_vectors_is_timed_and_compared(tmp_path: Path, corpus: Path) -> None:
    printed, report = run_to_json(
        "sentence_vectors.py",
        tmp_path / "out.json",
        *("--corpus", corpus, "--repeat", 2, "--words", 7, "--vector-size", 5),
    )
    ways = [run["way"] for run in report["runs"]]
    assert ways[: len(ways) // 2] == ways[len(ways) // 2 :]
    assert {"fastw2v, mean", "fastw2v, sif", "NumPy, mean"} <= set(ways)
    assert all(run["tokens"] == 4000 and run["tokens_per_cpu_second"] > 0 for run in report["runs"])
    assert "NumPy, mean" in printed
    assert "1.00x" in printed


@pytest.fixture(scope="module")
def lockstep() -> Any:
    """Return the module of the simulation, and its compiled library."""
    if os.name != "posix" or not shutil.which("cc"):
        pytest.skip("needs a C compiler and ucontext.h")
    return module("lockstep").Lockstep()


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("scope", ["pool", "example"])
def test_one_simulated_worker_has_the_bits_of_the_engine(
    lockstep: Any, corpus: Path, sg: int, scope: str
) -> None:
    encoded = encode_corpus(corpus)
    settings = {"sg": sg, "negative_scope": scope, "vector_size": 24, "epochs": 2, "sample": 0.1}
    model = Word2Vec(encoded, workers=1, **settings).train(progress=False)
    config = TrainingConfig.from_keywords(settings)
    for write_back in ("added", "lost", "fresh"):
        parameters, totals = lockstep.train(encoded, config, 1, write_back)
        np.testing.assert_array_equal(parameters.input_vectors, model.wv.vectors)
        np.testing.assert_array_equal(parameters.output_vectors, model._output_vectors)
        assert totals.conflicts == 0 < totals.uses


@pytest.mark.parametrize("sg", [0, 1])
def test_simulated_workers_add_up_or_overwrite_each_other(
    lockstep: Any, corpus: Path, sg: int
) -> None:
    encoded = encode_corpus(corpus)
    config = TrainingConfig.from_keywords(
        # So slow that no update notices another: they add up to the same in any order.
        {"sg": sg, "vector_size": 24, "sample": 0, "epochs": 1, "alpha": 1e-5, "min_alpha": 1e-5}
    )
    one, alone = lockstep.train(encoded, config, 1, "added")
    added, totals = lockstep.train(encoded, config, 8, "added")
    lost, lost_totals = lockstep.train(encoded, config, 8, "lost")
    assert totals.kept_tokens == alone.kept_tokens == encoded.n_tokens
    # 40 words: hardly a row that is not among the 80 or more that eight workers use in a round.
    assert 0.5 < totals.conflicts / totals.uses < 1
    assert (lost_totals.uses, lost_totals.conflicts) == (totals.uses, totals.conflicts)
    fresh, _ = lockstep.train(encoded, config, 8, "fresh")
    size = np.linalg.norm(one.output_vectors)
    assert np.linalg.norm(fresh.output_vectors - one.output_vectors) < 0.01 * size
    assert np.linalg.norm(added.output_vectors - one.output_vectors) < 0.01 * size
    assert np.linalg.norm(lost.output_vectors) < 0.8 * size


def test_staleness_is_reported_for_every_number_of_workers(
    lockstep: Any,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script, output = module("staleness"), tmp_path / "out.json"
    options = ["--settings", "skip-gram", "--workers", "1,3", "--epochs", "1"]
    options += ["--vector-size", "16", "--max-final-vocab", "30"]
    command = ["staleness.py", "--corpus", str(corpus), *options, "--json", str(output)]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(script, "Lockstep", lambda: lockstep)  # to compile it takes ten seconds
    assert script.main() == 0
    printed, report = capsys.readouterr().out, json.loads(output.read_text("utf-8"))
    runs = [(r["write_back"], r["workers"]) for r in report["runs"]]
    assert runs == [("added", 1), ("added", 3), ("lost", 3)]
    assert {r["vocab_size"] for r in report["runs"]} == {30}
    assert "rows" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--settings", "skipgram"), "unknown: 'skipgram'"),
        (("--workers", "100000"), "got 100000 workers"),
        (("--word-pairs", "pairs.tsv"), "must be NAME=FILE"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_runs(
    corpus: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = run("train.py", "--corpus", corpus, *arguments)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_a_run_that_fails_is_named_and_the_others_are_kept(corpus: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("no section\n")
    output = tmp_path / "out.json"
    ended = run(
        "train.py",
        *("--corpus", corpus, "--settings", "cbow", "--epochs", 1, "--vector-size", 16),
        *("--analogies", questions, "--json", output),
    )
    assert ended.returncode == 1
    (failure,) = json.loads(output.read_text("utf-8"))["failures"]
    assert failure["run"] == "cbow, workers 1, round 1"
    assert "questions.txt" in failure["error"]
    assert "failed:" in ended.stdout


def test_every_way_to_search_is_timed_and_finds_the_same(tmp_path: Path) -> None:
    pytest.importorskip("gensim")
    words = [f"w{i}" for i in range(60)]
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    kv = KeyedVectors(Vocabulary(words, np.arange(60, 0, -1)), vectors)
    kv.save_word2vec_format(tmp_path / "vectors.bin", binary=True)
    questions = tmp_path / "questions.txt"
    questions.write_text(
        ": some\n" + "".join(f"w{i} w{i + 1} w{i + 2} w{i + 3}\n" for i in range(50))
    )
    printed, report = run_to_json(
        "search.py",
        tmp_path / "out.json",
        *("--rows", 3000, "--vector-size", 20, "--queries", 20, "--repeat", 2),
        *("--vectors", tmp_path / "vectors.bin", "--analogies", questions),
    )
    assert [(r["round"], r["what"]) for r in report["runs"]] == [
        (number, what)
        for number in (1, 2)
        for what in (
            *("gensim", "float32", "float32, sketch", "float16", "float16, sketch"),
            *("KeyedVectors", "KeyedVectors, sketch"),
        )
    ]
    assert all(r["one"] > 0 and r["batch"] > 0 for r in report["runs"])
    assert report["gensim_same_top"] == 1
    assert report["sketch_same_top"] > 0.95
    (first, _) = report["analogies"]
    assert first["questions"] == 50
    assert first["correct"] == first["gensim_correct"]
    assert "float32, sketch" in printed
    assert "50 analogies" in printed
