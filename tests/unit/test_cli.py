# SPDX-License-Identifier: Apache-2.0
"""The command line: each command on real text, and each error on one line."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from training_support import real_text, same_bits

import fastw2v
from fastw2v import TrainingConfig, Word2Vec
from fastw2v.cli import main

FIELDS = [field.name for field in dataclasses.fields(TrainingConfig)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 1 MB of real text, and a model of it."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "text.txt").write_bytes(real_text()[:1_000_000])
    options = ["--quiet", "--vector-size", "20", "--epochs", "2", "--workers", "1"]
    assert main(["train", str(folder / "text.txt"), "-o", str(folder / "model"), *options]) == 0
    return folder


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m fastw2v`` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "fastw2v", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def fails(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Assert that a command fails with one line on standard error; return the line."""
    assert main([str(argument) for argument in arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("fastw2v: ")
    return lines[0]


# ---- train ---------------------------------------------------------------------------------------


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


# ---- Queries -------------------------------------------------------------------------------------


def test_neighbors_lists_the_nearest_words(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["neighbors", str(folder / "model"), "water", "--topn", "3"]) == 0
    expected = Word2Vec.load(folder / "model").wv.most_similar("water", topn=3)
    assert capsys.readouterr().out.splitlines() == [f"{c:.4f}  {word}" for word, c in expected]


def test_analogy_answers_a_minus_b_plus_c(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analogy", str(folder / "model"), "woman", "man", "father", "--topn", "2"]) == 0
    wv = Word2Vec.load(folder / "model").wv
    expected = wv.most_similar(positive=["woman", "father"], negative=["man"], topn=2)
    assert capsys.readouterr().out.splitlines() == [f"{c:.4f}  {word}" for word, c in expected]


def test_evaluate_prints_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(": family\nfather mother brother sister\nson daughter man zzz\n")
    assert main(["evaluate", str(folder / "model"), str(questions)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "family"
    assert lines[-1].split()[0] == "total"
    assert "/1 " in lines[0]
    assert "50.0% known" in lines[0]


def test_evaluate_takes_the_sets_of_the_package_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(folder / "model"), "google-analogies"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("capital-common-countries  ")
    assert table[-1].startswith("semantic ")
    assert main(["evaluate", str(folder / "model"), "wordsim353", "--restrict-vocab", "900"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("Spearman ")
    assert "/353 pairs known" in line


@pytest.mark.parametrize(("options", "sg"), [([], 1), (["--sg"], 1), (["--no-sg"], 0)])
def test_demo_trains_skip_gram_unless_told_otherwise(
    options: list[str], sg: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Exception):  # noqa: N818
        pass

    def ask(corpus: Path, **hyper_parameters: Any) -> None:
        assert TrainingConfig(**hyper_parameters) == TrainingConfig(sg=sg)
        raise Asked

    monkeypatch.setattr("fastw2v.cli.demo.Word2Vec", ask)
    with pytest.raises(Asked):
        main(["demo", *options])


def test_demo_trains_on_the_text_in_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--epochs", "1", "--vector-size", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1: ")
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        *("king", "water", "war", "love", "money")
    ]
    assert " words in " in lines[-1]


# ---- Errors --------------------------------------------------------------------------------------


def test_an_unknown_word_is_named_with_near_spellings(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(capsys, "neighbors", folder / "model", "Water")
    assert "'Water'" in line
    assert "did you mean 'water'" in line
    line = fails(capsys, "analogy", folder / "model", "man", "woman", "fathre")
    assert "'fathre'" in line
    assert "'father'" in line


def test_what_is_wrong_with_a_file_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, model = folder / "text.txt", folder / "model"
    out = tmp_path / "out"
    assert "absent.txt" in fails(capsys, "train", "absent.txt", "-o", out)
    assert "absent.model" in fails(capsys, "neighbors", "absent.model", "a")
    assert "is not in GloVe's format" in fails(capsys, "neighbors", text, "a")
    line = fails(capsys, "evaluate", model, "absent.questions")
    assert "nor a set of the package (google-analogies, wordsim353): 'absent.questions'" in line
    assert "directory" in fails(capsys, "train", tmp_path, "-o", out)
    (tmp_path / "empty.txt").touch()
    assert "the corpus is empty" in fails(capsys, "train", tmp_path / "empty.txt", "-o", out)
    rare = fails(capsys, "train", text, "-o", out, "--min-count", "1000000")
    assert "no word appears min_count=1000000 times" in rare
    assert "'the'" in rare
    assert not out.exists()


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_a_damaged_compressed_file_is_named(
    suffix: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for content in (b"plain text, not compressed\n", gzip.compress(b"a b c\n" * 999)[:-9]):
        damaged = tmp_path / f"text{suffix}"
        damaged.write_bytes(content)
        assert f"text{suffix}" in fails(capsys, "train", damaged, "-o", tmp_path / "m")


def test_an_output_that_cannot_be_written_is_refused_before_training(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    def no_training(model: Word2Vec, **options: Any) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr(Word2Vec, "train", no_training)
    text = folder / "text.txt"
    line = fails(capsys, "train", text, "-o", tmp_path / "no" / "such" / "folder" / "model")
    assert "no such directory for the output" in line
    assert "must be a file" in fails(capsys, "train", text, "-o", tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot be written" in fails(capsys, "train", text, "-o", tmp_path / "model")


@pytest.mark.skipif(os.name != "posix", reason="/dev/null")
def test_a_device_is_an_output(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # /dev belongs to root
    options = ["--quiet", "--epochs", "1", "--vector-size", "5"]
    assert main(["train", str(folder / "text.txt"), "-o", "/dev/null", *options]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--alpha", "nan"], "alpha must be finite, got nan"),
        (["--window", "0"], "window must be >= 1, got 0"),
        (["--isa", "sse9"], "isa 'sse9': unknown instruction set; available here: "),
        (["--alpha", "100", "--sg", "--negative", "20"], "training diverged; lower alpha (100.0)"),
    ],
)
def test_what_is_wrong_with_a_hyper_parameter_is_said(
    options: list[str],
    message: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["train", folder / "text.txt", "-o", tmp_path / "model", *options]
    assert message in fails(capsys, *arguments)


def test_queries_check_their_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "topn" in fails(capsys, "neighbors", folder / "model", "water", "--topn", "-1")
    questions = folder / "text.txt"  # lines that are no questions
    assert "text.txt" in fails(capsys, "evaluate", folder / "model", questions)


def test_an_option_that_does_not_exist_is_a_usage_error() -> None:
    run = command("train", "text.txt", "-o", "model", "--vectorsize", 5)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: fastw2v")
    assert "--vectorsize" in run.stderr.splitlines()[-1]


def test_an_error_of_ours_shows_where_it_happened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastw2v.cli.queries.KeyedVectors", None)
    with pytest.raises(AttributeError):
        main(["neighbors", str(folder / "model"), "water"])


@pytest.mark.skipif(os.name != "posix", reason="pipes and head")
def test_a_reader_that_stops_early_is_no_error(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for topn in ("3", "3000"):  # in the last flush, and while printing
        words = [sys.executable, "-m", "fastw2v", "neighbors", folder / "model", "water"]
        run = subprocess.run(
            [*words, "--topn", topn], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
        assert run.stderr == ""
        assert run.returncode == 1
    os.close(writer)


# ---- Help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "changed"), [("train", {}), ("demo", {"sg": 1})])
def test_help_explains_every_hyper_parameter(
    name: str, changed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out.partition("hyper-parameters:")[2]
    options = re.findall(r"--([a-z-]+).*?\(default: (\S+)\)", " ".join(text.split()))
    assert options == [
        (field.name.replace("_", "-"), str(changed.get(field.name, field.default)))
        for field in dataclasses.fields(TrainingConfig)
    ]
    assert "Numbers in a vector (N)." in text


@pytest.mark.parametrize("name", ["neighbors", "analogy", "evaluate"])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: fastw2v {name}" in capsys.readouterr().out


def test_the_version_is_the_packages() -> None:
    run = command("--version")
    assert (run.returncode, run.stdout) == (0, f"{fastw2v.__version__}\n")


def test_without_a_command_there_is_a_usage_error() -> None:
    run = command()
    assert run.returncode == 2
    assert "COMMAND" in run.stderr
