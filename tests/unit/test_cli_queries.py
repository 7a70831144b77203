# SPDX-License-Identifier: Apache-2.0
"""The commands that ask something of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_support import fill

from fastw2v import Word2Vec
from fastw2v.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("cli"))


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
