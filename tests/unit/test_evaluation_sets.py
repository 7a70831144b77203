# SPDX-License-Identifier: Apache-2.0
"""Sets by name and by path: which kind they are, and that `evaluate` does what it is."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from fastw2v import KeyedVectors, evaluate, evaluate_word_analogies, evaluate_word_pairs
from fastw2v.evaluation.sets import BUNDLED, are_analogies, read_analogies, read_word_pairs


@pytest.fixture
def kv() -> KeyedVectors:
    """Random vectors of every fourth word of both sets, for some to be missing."""
    words = {word for _, qs in read_analogies("google-analogies") for q in qs for word in q}
    words |= {word for pair in read_word_pairs("wordsim353") for word in pair[:2]}
    chosen = sorted(word for word in words if hash_of(word) % 4)
    kv = KeyedVectors.empty(8)
    kv.add_vectors(chosen, np.random.default_rng(1).normal(size=(len(chosen), 8)))
    return kv


def hash_of(word: str) -> int:
    return sum(word.encode())


def test_googles_set_is_whole() -> None:
    sections = read_analogies("google-analogies")
    assert len(sections) == 14
    assert sum(len(questions) for _, questions in sections) == 19_544
    assert sum(len(q) for name, q in sections if name.startswith("gram")) == 10_675
    assert sections[0][1][0] == ["Athens", "Greece", "Baghdad", "Iraq"]


def test_wordsim_is_whole() -> None:
    pairs = read_word_pairs("wordsim353")
    assert len(pairs) == 353
    assert ("tiger", "tiger", 10.0) in pairs
    assert {score for _, _, score in pairs} <= {i / 100 for i in range(1001)}


def test_every_set_of_the_package_has_its_source_and_licence_beside_it() -> None:
    data = files("fastw2v") / "data"
    sources = (data / "SOURCES.md").read_text(encoding="utf-8")
    packed = {file.name for file in data.iterdir() if file.name.endswith(".xz")}
    assert set(BUNDLED.values()) <= packed
    sections = {part.partition("\n")[0]: part for part in sources.split("\n## ")[1:]}
    assert set(sections) == packed
    assert "apache.org/licenses/LICENSE-2.0" in sections["google-analogies.txt.xz"]
    assert "creativecommons.org/licenses/by/4.0" in sections["wordsim353.tsv.xz"]


def test_evaluate_gives_the_result_of_the_kind_of_the_set(kv: KeyedVectors) -> None:
    analogies = evaluate(kv, "google-analogies")
    assert analogies == evaluate_word_analogies(kv, "google-analogies")
    assert 0 < analogies.coverage < 1
    pairs = evaluate(kv, "wordsim353")
    assert pairs == evaluate_word_pairs(kv, "wordsim353")
    assert 0 < pairs.coverage < 1


def test_options_reach_the_evaluation(kv: KeyedVectors, tmp_path: Path) -> None:
    options = {"restrict_vocab": 300, "case_insensitive": False, "dummy4unknown": True}
    product = {**options, "similarity_function": "most_similar_cosmul"}
    expected = evaluate_word_analogies(kv, "google-analogies", **product)
    assert evaluate(kv, "google-analogies", **product) == expected
    assert expected.overall.total == 19_544
    scored = tmp_path / "pairs"
    scored.write_text("word1 word2 POS score\nking queen N 8\nman woman N 7\nboy girl N 6\n")
    kv.add_vectors(["king", "queen", "man", "woman", "boy", "girl"], np.eye(6, 8), replace=True)
    assert evaluate(kv, scored, score_column="score").pairs == 3
    with pytest.raises(TypeError, match="score_column"):
        evaluate(kv, "google-analogies", score_column=3)


def test_a_file_tells_its_kind_by_its_first_line(kv: KeyedVectors, tmp_path: Path) -> None:
    questions, pairs = tmp_path / "questions", tmp_path / "pairs"
    questions.write_text("\n: family\nboy girl king queen\n")
    pairs.write_text("# : not a section\nboy\tgirl\t8\n")
    assert (are_analogies(questions), are_analogies(str(pairs))) == (True, False)
    assert [section.name for section in evaluate(kv, questions).sections] == ["family"]
    assert evaluate(kv, pairs).pairs == 1


def test_a_path_is_a_file_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wordsim353").write_text("boy girl 8\n")
    assert len(read_word_pairs(Path("wordsim353"))) == 1
    assert len(read_word_pairs("./wordsim353")) == 1
    assert len(read_word_pairs("wordsim353")) == 353


def test_what_is_no_file_says_which_sets_there_are(kv: KeyedVectors) -> None:
    reason = r"nor a set of the package \(google-analogies, wordsim353\): 'google'"
    with pytest.raises(FileNotFoundError, match=reason):
        evaluate(kv, "google")


def test_a_file_of_neither_kind_is_refused_with_its_name_and_line(
    kv: KeyedVectors, tmp_path: Path
) -> None:
    (tmp_path / "prose").write_text("In the beginning\nwas the word, it is said.\n")
    with pytest.raises(ValueError, match=r"prose', line 2: the score is not a number"):
        evaluate(kv, tmp_path / "prose")
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match=r"empty' has no word pairs"):
        evaluate(kv, tmp_path / "empty")
