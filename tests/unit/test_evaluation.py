# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import nearest
from fastw2v.evaluation import AnalogySection, answers, evaluate_word_analogies, evaluate_word_pairs
from fastw2v.evaluation.sets import read_analogies, read_word_pairs
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary


def make(words: list[str], vectors: Any) -> KeyedVectors:
    counts = np.arange(len(words), 0, -1)
    return KeyedVectors(Vocabulary(words, counts), np.asarray(vectors, np.float32))


def random_vectors(words: list[str], vector_size: int = 4, seed: int = 0) -> KeyedVectors:
    return make(words, np.random.default_rng(seed).normal(size=(len(words), vector_size)))


@pytest.fixture
def royal() -> KeyedVectors:
    words = ["king", "queen", "man", "woman", "apple"]
    return make(words, [[3, 1, 0], [3, -1, 0], [0, 2, 0], [0, -2, 0], [0, 0, 1]])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "questions"


RIGHT = ("man", "king", "woman", "queen")
WRONG = ("man", "king", "woman", "apple")
UNKNOWN = ("man", "king", "woman", "empress")


# ---- Analogies -----------------------------------------------------------------------------


def test_sections_are_scored_apart_and_together(royal: KeyedVectors) -> None:
    result = evaluate_word_analogies(royal, {"a": [RIGHT, WRONG], "b": [RIGHT, UNKNOWN]})
    assert result.sections == (AnalogySection("a", 1, 2, 2, 2), AnalogySection("b", 1, 1, 1, 2))
    assert result.accuracy == 2 / 3
    assert result.coverage == 3 / 4
    assert result.semantic_accuracy is None


def test_unknown_words_can_be_counted_as_wrong(royal: KeyedVectors) -> None:
    result = evaluate_word_analogies(royal, {"a": [RIGHT, UNKNOWN]}, dummy4unknown=True)
    assert result.sections == (AnalogySection("a", 1, 2, 1, 2),)
    assert (result.accuracy, result.coverage) == (1 / 2, 1 / 2)


def test_semantic_and_syntactic_sections_of_googles_set_are_told_apart(
    royal: KeyedVectors,
) -> None:
    result = evaluate_word_analogies(royal, {"family": [RIGHT], "gram1-x": [RIGHT, WRONG]})
    assert (result.semantic_accuracy, result.syntactic_accuracy) == (1, 1 / 2)
    assert "semantic 100.0%, syntactic 50.0%" in str(result)


def test_a_file_and_the_same_questions_in_memory_give_the_same_result(
    royal: KeyedVectors, file: Path
) -> None:
    file.write_text(": a\nman king woman queen\n\nman king woman apple\n: b c\n: d\nm n o p\n")
    questions = {"a": [RIGHT, WRONG], "b c": [], "d": [("m", "n", "o", "p")]}
    assert evaluate_word_analogies(royal, file) == evaluate_word_analogies(royal, questions)


def test_results_are_frozen(royal: KeyedVectors) -> None:
    result = evaluate_word_analogies(royal, {"a": [RIGHT]})
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.sections = ()  # type: ignore[misc]


def test_without_any_known_question_accuracy_and_coverage_are_zero(royal: KeyedVectors) -> None:
    result = evaluate_word_analogies(royal, {"a": [UNKNOWN], "b": []})
    assert (result.accuracy, result.coverage) == (0, 0)
    assert "total" in str(result)


def test_the_words_of_the_question_in_any_case_are_no_answers() -> None:
    words = ["man", "King", "woman", "queen", "KING", "king", "WOMAN"]
    near, far = [3.0, -2.9], [2.0, -1.0]
    kv = make(words, [[0, 2], [3, 1], [0, -2], far, near, near, near])
    assert evaluate_word_analogies(kv, {"a": [RIGHT]}).accuracy == 1
    exact = [("man", "King", "woman", "queen")]
    assert evaluate_word_analogies(kv, {"a": exact}, case_insensitive=False).accuracy == 0


def test_with_case_ignored_the_most_frequent_spelling_stands_for_a_word(
    royal: KeyedVectors,
) -> None:
    kv = make([*royal.index_to_key, "KING"], np.vstack([royal.vectors, [-3, -1, 0]]))
    assert evaluate_word_analogies(kv, {"a": [tuple(map(str.title, RIGHT))]}).accuracy == 1
    title = evaluate_word_analogies(kv, {"a": [("Man",) * 4]}, case_insensitive=False)
    assert title.coverage == 0


def test_restrict_vocab_makes_rare_words_unknown(royal: KeyedVectors) -> None:
    assert evaluate_word_analogies(royal, {"a": [RIGHT]}, restrict_vocab=4).coverage == 1
    assert evaluate_word_analogies(royal, {"a": [RIGHT]}, restrict_vocab=3).coverage == 0
    with pytest.raises(ValueError, match="restrict_vocab must be None or at least 1, not 0"):
        evaluate_word_analogies(royal, {"a": [RIGHT]}, restrict_vocab=0)


@pytest.mark.parametrize(("batch", "block"), [(1, 1), (2, 3), (7, 5), (1000, 1000)])
def test_answers_do_not_depend_on_batches_and_blocks(
    monkeypatch: pytest.MonkeyPatch, batch: int, block: int
) -> None:
    words = [f"w{i}" for i in range(12)]
    kv = random_vectors(words)
    questions = []
    for a, b, c in np.random.default_rng(1).integers(0, 12, size=(40, 3)):
        vector = sum(sign * kv.get_vector(words[i], norm=True) for i, sign in
                     ((b, 1), (c, 1), (a, -1)))  # fmt: skip
        ranked = [word for word, _ in kv.most_similar(vector, topn=12)]
        answer = next(word for word in ranked if word not in (words[a], words[b], words[c]))
        questions.append((words[a], words[b], words[c], answer))
    monkeypatch.setattr(nearest.search, "GROUP", batch)
    monkeypatch.setattr(nearest.matrix, "STRETCH_BYTES", 16 * block)
    monkeypatch.setattr(nearest.matrix, "CACHED_BYTES", 16 * block)
    assert evaluate_word_analogies(kv, {"a": questions}, threads=block).accuracy == 1
    monkeypatch.setattr(answers, "SKETCH_QUESTIONS", 1)
    assert evaluate_word_analogies(kv, {"a": questions}).accuracy == 1


def test_the_sketch_that_vectors_have_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"w{i}" for i in range(40)]
    kv = random_vectors(words)
    ids = np.random.default_rng(3).integers(0, 40, size=(200, 4))
    questions = {"a": [tuple(words[i] for i in row) for row in ids]}
    expected = [evaluate_word_analogies(kv, questions, restrict_vocab=n) for n in (21, 40)]
    kv.use_sketch()
    monkeypatch.setattr(answers, "make_sketch", lambda *_, **__: pytest.fail("made another"))
    found = [evaluate_word_analogies(kv, questions, restrict_vocab=n) for n in (21, 40)]
    assert found == expected
    monkeypatch.setattr(nearest.Sketch, "first", lambda *_: pytest.fail("used"))
    with pytest.raises(pytest.fail.Exception, match="used"):
        evaluate_word_analogies(kv, questions)


@pytest.mark.parametrize(("batch", "block"), [(1, 1), (2, 3), (7, 5), (1000, 1000)])
def test_answers_by_product_do_not_depend_on_batches_and_blocks(
    monkeypatch: pytest.MonkeyPatch, batch: int, block: int
) -> None:
    words = [f"w{i}" for i in range(12)]
    kv = random_vectors(words)
    units = kv.vectors / kv.norms[:, np.newaxis]
    shifted = (1 + units @ units.T) / 2
    questions = []
    for a, b, c in np.random.default_rng(1).integers(0, 12, size=(40, 3)):
        scores = shifted[b] * shifted[c] / (shifted[a] + 1e-6)
        scores[[a, b, c]] = -1
        questions.append((words[a], words[b], words[c], words[scores.argmax()]))
    monkeypatch.setattr(answers, "BATCH_QUESTIONS", batch)
    monkeypatch.setattr(answers, "BLOCK_ROWS", block)
    result = evaluate_word_analogies(
        kv, {"a": questions}, similarity_function="most_similar_cosmul"
    )
    assert result.accuracy == 1


@pytest.mark.parametrize("function", ["most_similar", "most_similar_cosmul"])
def test_a_question_that_no_word_is_left_for_is_answered_wrong(function: str) -> None:
    kv = make(["a", "b", "c", "A"], np.eye(4))
    questions = {"a": [("a", "b", "c", "a")]}
    assert evaluate_word_analogies(kv, questions, similarity_function=function).accuracy == 0


def test_another_similarity_function_is_refused(royal: KeyedVectors) -> None:
    with pytest.raises(ValueError, match="'most_similar_cosmul', not 'cosine'"):
        evaluate_word_analogies(royal, {"a": [RIGHT]}, similarity_function="cosine")


def test_zero_and_not_finite_vectors_do_not_spoil_other_answers(royal: KeyedVectors) -> None:
    words = [*royal.index_to_key, "zero", "nan", "inf"]
    rows = np.vstack([royal.vectors, np.zeros(3), np.full(3, np.nan), np.full(3, np.inf)])
    assert evaluate_word_analogies(make(words, rows), {"a": [RIGHT]}).accuracy == 1


def test_the_matrix_is_not_copied() -> None:
    words = [f"w{i}" for i in range(100_000)]
    kv = random_vectors(words, 64)
    assert "w1" in kv
    peaks = []
    for n_words in (50_000, 100_000):
        tracemalloc.start()
        evaluate_word_analogies(kv, {"a": [words[:4]]}, n_words, case_insensitive=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 50_000 * 64 * 4 / 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no questions"),
        (b": a\n: b\n", "has no questions"),
        (b"a b c d\n", r"line 1: a question stands before the first section"),
        (b": x\n\na b c\n", r"line 3: a question has four words, not 3: 'a b c'"),
        (b": x\na b c d e\n", "line 2: a question has four words, not 5"),
        (b": x\na b c \xff\n", "line 2: not UTF-8"),
    ],
)
def test_a_bad_file_of_analogies_is_refused_with_its_name_and_line(
    file: Path, content: bytes, message: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_analogies(file)
    assert "questions'" in str(caught.value)


@pytest.mark.parametrize("question", [("a", "b", "c"), "abcd"])
def test_a_question_in_memory_must_be_four_words(royal: KeyedVectors, question: Any) -> None:
    with pytest.raises(ValueError, match="a question must be four words, not "):
        evaluate_word_analogies(royal, {"a": [question]})


# ---- Word pairs ----------------------------------------------------------------------------


def test_pairs_that_people_and_vectors_rank_alike_have_spearman_one(
    royal: KeyedVectors, file: Path
) -> None:
    file.write_text("king queen 9\nking man 5\nking apple 1\nking empress 7\n")
    result = evaluate_word_pairs(royal, file)
    assert result.spearman == pytest.approx(1)
    assert 0.9 < result.pearson < 1
    assert (result.known, result.pairs, result.coverage) == (3, 4, 3 / 4)
    assert str(result).endswith("3/4 pairs known (75.0%)")


def test_unknown_pairs_can_be_counted_as_of_similarity_zero(
    royal: KeyedVectors, file: Path
) -> None:
    file.write_text("KING Queen 9\nking man 5\nking empress 7\n")
    result = evaluate_word_pairs(royal, file, dummy4unknown=True)
    assert result.spearman == pytest.approx(0.5)
    assert (result.known, result.pairs) == (2, 3)
    assert evaluate_word_pairs(royal, file, case_insensitive=False).known == 1


@pytest.mark.parametrize("content", ["x y 1\nz y 2\n", "king queen 1\n", "a man 1\nking man 1\n"])
def test_correlations_of_too_few_values_are_nan(
    royal: KeyedVectors, file: Path, content: str
) -> None:
    file.write_text(content)
    result = evaluate_word_pairs(royal, file)
    assert math.isnan(result.spearman)
    assert math.isnan(result.pearson)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("tiger cat 7.35\nbook\tpaper\t7\n", {}),
        ("# a comment\n\ntiger\tcat\t7.35\nbook\tpaper\t7\n", {}),
        ("\ufeffWord 1\tWord 2\tHuman (mean)\ntiger\tcat\t7.35\r\nbook\tpaper\t7\r\n", {}),
        ("tiger,cat,7.35\nbook, paper, 7\n", {"delimiter": ","}),
        ("w1\tw2\tPOS\tscore\ntiger\tcat\tN\t7.35\nbook\tpaper\tN\t7\n", {"score_column": 3}),
        ("w1 w2 POS score\ntiger cat N 7.35\nbook paper N 7\n", {"score_column": "score"}),
    ],
    ids=["mixed", "comments", "header", "commas", "column by place", "column by name"],
)
def test_pairs_are_read_from_many_layouts(
    file: Path, content: str, options: dict[str, Any]
) -> None:
    file.write_text(content, newline="")
    assert read_word_pairs(file, **options) == [("tiger", "cat", 7.35), ("book", "paper", 7.0)]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "has no word pairs"),
        (b"# only\n", {}, "has no word pairs"),
        (b"a b 1\na b\n", {}, "line 2: no column 2 in 'a b'"),
        (b"a b 1\n\na b x\n", {}, "line 3: the score is not a number: 'x'"),
        (b"a b 1\na b nan\n", {}, "line 2: the score is not a number"),
        (b"w1 w2 score\na b s\n", {}, "line 2: the score is not a number"),
        (b"w1 w2 score\na b 1\n", {"score_column": "mean"}, "line 1: the header has no column"),
        (b"a b \xff\n", {}, "line 1: not UTF-8"),
    ],
)
def test_a_bad_file_of_pairs_is_refused_with_its_name_and_line(
    file: Path, content: bytes, options: dict[str, Any], message: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_word_pairs(file, **options)
    assert "questions'" in str(caught.value)
