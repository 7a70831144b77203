# SPDX-License-Identifier: Apache-2.0
"""The commands for files of vectors."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from fastw2v import KeyedVectors
from fastw2v.cli import main
from fastw2v.persistence import load_vectors, save_vectors
from fastw2v.persistence.rows import Rows

WORDS = ["the", "café", "東京"]
COUNTS = np.array([5, 4, 2])
VECTORS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    save_vectors(tmp_path / "a.safetensors", WORDS, VECTORS, counts=COUNTS)
    return tmp_path / "a.safetensors"


@pytest.mark.parametrize(
    "name", ["b.txt", "b.vec.gz", "b.bin", "b.glove", "b.npy", "b.safetensors"]
)
def test_convert_goes_from_any_format_to_any(
    source: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    target = source.with_name(name)
    back = source.with_name("back.safetensors")
    assert main(["convert", str(source), str(target)]) == 0
    assert capsys.readouterr().out == f"3 words x 4 in {target}\n"
    assert main(["convert", str(target), str(back)]) == 0
    loaded = load_vectors(back)
    assert list(loaded.words) == WORDS
    np.testing.assert_array_equal(loaded.vectors, VECTORS)
    kept = COUNTS if name.endswith("safetensors") else [3, 2, 1]
    np.testing.assert_array_equal(loaded.counts, kept)


def test_convert_changes_the_width_and_takes_the_first_words(source: Path) -> None:
    target = source.with_name("b.safetensors")
    assert main(["convert", str(source), str(target), "--dtype", "int8", "--limit", "2"]) == 0
    loaded = load_vectors(target)
    np.testing.assert_array_equal(loaded.vectors, Rows(VECTORS[:2]).astype("int8").vectors)
    assert list(loaded.words) == WORDS[:2]


def test_convert_writes_folders_by_the_name_of_their_format(source: Path) -> None:
    target = source.with_name("folder")
    assert main(["convert", str(source), str(target), "--format", "model2vec"]) == 0
    names = {path.name for path in target.iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json"}


def test_convert_does_not_guess(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(source), str(source.with_name("b"))]) == 1
    assert "its format must be given" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "dtype", "format", "counts"),
    [
        ("b.safetensors", "int8", "native", "11 words read"),
        ("b.txt.gz", None, "word2vec", "none"),
    ],
)
def test_info_says_what_is_in_a_file(
    source: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    dtype: str,
    format: str,
    counts: str,
) -> None:
    path = source.with_name(name)
    save_vectors(path, WORDS, VECTORS, counts=COUNTS, dtype=dtype)
    assert main(["info", str(path)]) == 0
    facts = dict(line.split(":") for line in capsys.readouterr().out.splitlines())
    assert {name: value.strip() for name, value in facts.items()} == {
        "format": format,
        "words": "3",
        "vector size": "4",
        "numbers": "int8 and a scale a row" if dtype else "float32",
        "counts": counts,
        "first words": "the café 東京",
    }


@pytest.mark.parametrize("name", ["v.safetensors", "v.txt.gz", "v.bin", "v.glove", "v.npy"])
def test_queries_take_vectors_of_any_format(
    source: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    target, questions = source.with_name(name), source.with_name("questions")
    questions.write_text(": all\nthe café 東京 the\n", encoding="utf-8")
    expected = KeyedVectors.load(source).most_similar("the", topn=2)
    KeyedVectors.load(source).save(target)
    assert main(["neighbors", str(target), "the"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{c:.4f}  {word}" for word, c in expected]
    assert main(["analogy", str(target), "the", "café", "東京"]) == 0
    assert capsys.readouterr().out == ""  # there is no fourth word
    assert main(["evaluate", str(target), str(questions)]) == 0
    assert "100.0% known" in capsys.readouterr().out


def test_a_warning_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "v.txt").write_text("3 1\na 1\na 2\nb 3\n")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["neighbors", str(tmp_path / "v.txt"), "a"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "1.0000  b\n"
    assert captured.err.startswith("fastw2v: warning: ")
    assert "1 words stand more than once" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", [["neighbors"], ["analogy", "b", "c"], ["evaluate"]])
def test_a_file_that_is_refused_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    (tmp_path / "v").write_bytes(b"\x80\x04....")
    assert main([command[0], str(tmp_path / "v"), "a", *command[1:]]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "is a Python pickle" in error


def test_info_of_what_is_no_vectors_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "v").write_bytes(b"\x80\x04....")
    assert main(["info", str(tmp_path / "v")]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "is a Python pickle" in error
