# SPDX-License-Identifier: Apache-2.0
"""The commands that train."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import command, fails, fill
from training_support import same_bits

from fastw2v import KeyedVectors, TrainingConfig, Word2Vec
from fastw2v.cli import main

FIELDS = [field.name for field in dataclasses.fields(TrainingConfig)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("cli"))


def test_train_writes_a_model_and_says_how_it_went(folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    run = command("train", folder / "text.txt", "-o", model, "--epochs", 2, "--workers", 1, "--sg")
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert lines[0].startswith("epoch 1: ")
    assert "words/s, loss " in lines[1]
    loaded = Word2Vec.load(model)
    assert lines[2:] == [f"model in {model}: {len(loaded.wv):,} words"]
    assert (loaded.config.sg, loaded.config.epochs) == (1, 2)


def test_train_gives_the_model_that_python_gives(folder: Path) -> None:
    expected = Word2Vec(folder / "text.txt", vector_size=20, epochs=2, workers=1)
    assert same_bits(Word2Vec.load(folder / "model"), expected.train(progress=False))


def test_quiet_says_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--quiet", "--epochs", "1", "--vector-size", "5"]
    assert main(["train", str(folder / "text.txt"), "-o", str(tmp_path / "m"), *options]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_run_with_checkpoints_can_be_resumed(folder: Path, tmp_path: Path) -> None:
    run, first, second = tmp_path / "run", tmp_path / "first", tmp_path / "second"
    options = ["--checkpoint", str(run), "--every", "1 epoch", "--epochs", "2", "--workers", "1"]
    assert main(["train", str(folder / "text.txt"), "-o", str(first), "--quiet", *options]) == 0
    again = command("resume", run, "-o", second)
    assert again.returncode == 0, again.stderr
    assert re.search(r"epoch 2: .*\nmodel in .*second: [\d,]+ words", again.stdout)
    assert same_bits(Word2Vec.load(first), Word2Vec.load(second))


def test_a_run_within_a_time_with_metrics(folder: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "run.jsonl"
    arguments = ["train", str(folder / "text.txt"), "-o", str(tmp_path / "model"), "--quiet"]
    assert main([*arguments, "--max-time", "1 s", "--metrics", str(metrics)]) == 0
    events = [json.loads(line)["event"] for line in metrics.read_text("utf-8").splitlines()]
    assert events[0] == "begin"
    assert events[-1] == "end"


def test_a_folder_of_checkpoints_is_not_trained_over(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", str(folder / "text.txt"), "-o", str(tmp_path / "model"), "--quiet"]
    arguments += ["--checkpoint", str(tmp_path / "run"), "--epochs", "1"]
    assert main(arguments) == 0
    assert "holds the checkpoints of a run" in fails(capsys, *arguments)
    assert "holds no checkpoint" in fails(capsys, "resume", tmp_path, "-o", tmp_path / "model")


def test_update_gives_the_model_that_python_gives(folder: Path, tmp_path: Path) -> None:
    text, model = tmp_path / "new.txt", tmp_path / "model"
    text.write_text("the kubernetes and the water\n" * 50)
    before = (folder / "model").read_bytes()
    run = command("update", folder / "model", text, "-o", model, "--epochs", 3, "--workers", 1)
    assert (run.returncode, run.stderr) == (0, "")
    expected = Word2Vec.load(folder / "model")
    expected.config = dataclasses.replace(expected.config, workers=1)
    report = expected.update(text, epochs=3, progress=False)
    assert report.added == ["kubernetes"]
    lines = run.stdout.splitlines()
    assert lines[0] == str(report)
    assert lines[1].startswith("epoch 1: ")
    assert lines[4:] == [f"model in {model}: {report.words_after:,} words"]
    assert same_bits(Word2Vec.load(model), expected)
    assert (folder / "model").read_bytes() == before


def test_a_model_can_be_updated_in_place(folder: Path, tmp_path: Path) -> None:
    text, model = tmp_path / "new.txt", tmp_path / "model"
    text.write_text("the kubernetes and the water\n" * 50)
    model.write_bytes((folder / "model").read_bytes())
    options = ["--quiet", "--freeze"]
    assert main(["update", str(model), str(text), "-o", str(model), *options]) == 0
    before, after = Word2Vec.load(folder / "model"), Word2Vec.load(model)
    assert "kubernetes" in after.wv
    assert np.array_equal(before.wv["water"], after.wv["water"]), "frozen"


def test_every_option_of_update_is_handed_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Exception):  # noqa: N818
        pass

    def ask(model: Word2Vec, corpus: list[Path], **options: Any) -> None:
        assert corpus == [Path("a.txt"), Path("b.txt")]
        assert model.config.workers == 2
        assert options == {
            **{"epochs": 3, "alpha": 0.01, "anchor": 0.5, "freeze": True, "progress": False},
            **{"max_time": "1 s", "metrics": Path("m"), "checkpoint": Path("run")},
            **{"every": "1 epoch", "init_vectors": Path("v.bin")},
        }
        raise Asked

    monkeypatch.setattr(Word2Vec, "update", ask)
    arguments = ["update", str(folder / "model"), "a.txt", "b.txt", "-o", str(tmp_path / "out")]
    arguments += ["--epochs", "3", "--alpha", "0.01", "--anchor", "0.5", "--freeze", "--quiet"]
    arguments += ["--max-time", "1 s", "--metrics", "m", "--checkpoint", "run"]
    arguments += ["--every", "1 epoch", "--init-vectors", "v.bin", "--workers", "2"]
    with pytest.raises(Asked):
        main(arguments)


def test_vectors_to_begin_with_are_a_file(folder: Path, tmp_path: Path) -> None:
    vectors, model = tmp_path / "vectors.txt", tmp_path / "model"
    Word2Vec.load(folder / "model").wv.save(vectors)
    options = ["--init-vectors", vectors, "--vector-size", 20, "--epochs", 1, "--workers", 1]
    text = folder / "text.txt"
    run = command("train", text, "-o", model, *options, "--anchor", "0.5", "--quiet")
    assert (run.returncode, run.stderr, run.stdout) == (0, "", "")
    expected = Word2Vec(text, vector_size=20, epochs=1, workers=1)
    expected.train(init_vectors=vectors, anchor=0.5, progress=False)
    assert same_bits(Word2Vec.load(model), expected)
    run = command("train", text, "-o", model, *options, "--freeze")
    assert re.match(r"([\d,]+) of \1 words begin at init_vectors, 100.0%", run.stdout)
    assert np.array_equal(Word2Vec.load(model).wv.vectors, KeyedVectors.load(vectors).vectors)


def test_what_cannot_be_begun_with_or_updated_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, model, out = folder / "text.txt", folder / "model", tmp_path / "out"
    line = fails(capsys, "train", text, "-o", out, "--init-vectors", model)
    assert "init_vectors have 20 numbers each and the model 100" in line
    assert "no vectors to freeze" in fails(capsys, "train", text, "-o", out, "--freeze")
    assert "none before this" in fails(capsys, "train", text, "-o", out, "--anchor", "1")
    assert "text.txt" in fails(capsys, "update", text, text, "-o", out)
    no_folder = tmp_path / "no" / "out"
    assert "no such directory" in fails(capsys, "update", model, text, "-o", no_folder)
    assert not out.exists()


def test_several_files_and_compressed_ones_are_one_corpus(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "text.txt").read_bytes().splitlines(keepends=True)
    first, second = tmp_path / "1.txt", tmp_path / "2.txt.gz"
    first.write_bytes(b"".join(lines[:3000]))
    second.write_bytes(gzip.compress(b"".join(lines[3000:])))
    options = ["--quiet", "--vector-size", "20", "--epochs", "2", "--workers", "1"]
    assert main(["train", str(first), str(second), "-o", str(tmp_path / "m"), *options]) == 0
    assert same_bits(Word2Vec.load(tmp_path / "m"), Word2Vec.load(folder / "model"))


#: For every hyper-parameter but workers and isa, an option and what it means.
OPTIONS: dict[str, tuple[list[str], Any]] = {
    "sg": (["--sg"], 1),
    "vector_size": (["--vector-size", "7"], 7),
    "window": (["--window", "3"], 3),
    "min_count": (["--min-count", "2"], 2),
    "max_final_vocab": (["--max-final-vocab", "50"], 50),
    "sample": (["--sample", "1e-4"], 1e-4),
    "negative": (["--negative", "3"], 3),
    "ns_exponent": (["--ns-exponent", "-0.5"], -0.5),
    "alpha": (["--alpha", "0.04"], 0.04),
    "min_alpha": (["--min-alpha", "0"], 0.0),
    "epochs": (["--epochs", "3"], 3),
    "held_out": (["--held-out", "0.1"], 0.1),
    "cbow_mean": (["--no-cbow-mean"], False),
    "cbow_gradient": (["--cbow-gradient", "exact"], "exact"),
    "shrink_windows": (["--no-shrink-windows"], False),
    "deterministic": (["--deterministic"], True),
    "negative_scope": (["--negative-scope", "window"], "window"),
    "shared_negatives": (["--shared-negatives", "9"], 9),
    "pool_size": (["--pool-size", "64"], 64),
    "pool_refresh": (["--pool-refresh", "1.5"], 1.5),
    "seed": (["--seed", "18446744073709551615"], 2**64 - 1),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_hyper_parameter_is_an_option(name: str, tmp_path: Path) -> None:
    text, model = tmp_path / "text.txt", tmp_path / "model"
    text.write_text("one two three four five\n" * 100)
    option, value = OPTIONS[name]
    arguments = ["train", str(text), "-o", str(model), "--quiet", "--workers", "1"]
    assert main([*arguments, *option, "--isa", "portable"]) == 0
    expected = dataclasses.replace(TrainingConfig(), **{name: value})
    assert Word2Vec.load(model).config == expected


def test_the_table_of_options_is_complete() -> None:
    assert sorted([*OPTIONS, "workers", "isa"]) == sorted(FIELDS)


@pytest.mark.parametrize("options", [["--cbow-mean"], ["--no-sg"], ["--shrink-windows"]])
def test_a_flag_can_be_given_its_default(options: list[str], folder: Path, tmp_path: Path) -> None:
    arguments = ["train", str(folder / "text.txt"), "-o", str(tmp_path / "m"), "--quiet"]
    assert main([*arguments, "--epochs", "1", "--vector-size", "5", *options]) == 0
    config = Word2Vec.load(tmp_path / "m").config
    assert (config.sg, config.cbow_mean, config.shrink_windows) == (0, True, True)
