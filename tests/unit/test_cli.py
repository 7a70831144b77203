# SPDX-License-Identifier: Apache-2.0
"""The command line as a whole: the demo, errors on one line, and help."""

from __future__ import annotations

import dataclasses
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_support import command, fails, fill

import fastw2v
from fastw2v import TrainingConfig, Word2Vec
from fastw2v.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("cli"))


# ---- The demo ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["update", "neighbors", "analogy", "evaluate"])
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
