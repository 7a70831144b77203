# SPDX-License-Identifier: Apache-2.0
"""A corpus is looked at before a long run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from training_support import topic_sentences

from fastw2v import diagnose
from fastw2v.cli import main

HYPER: dict[str, Any] = {"vector_size": 16, "workers": 1, "epochs": 2}


def test_a_sound_corpus_is_described() -> None:
    found = diagnose(topic_sentences(), **HYPER)
    assert (found.words, found.sentences, found.vocabulary) == (24_000, 2000, 200)
    assert (found.median_sentence, found.longest_sentence) == (12, 12)
    assert found.rare_share == found.repeated_share == found.broken_share == 0
    assert 0 < found.subsampled_share < 1
    assert 0 < found.seconds < 60
    assert found.megabytes == pytest.approx((2 * 4 * 16 * 200 + 4 * 24_000 + 8 * 2000) / 1e6)
    assert found.advice == [
        "there is little text: more epochs, a smaller vector_size and sg=1 help small corpora"
    ]
    assert "24,000 words in 2,000 sentences" in str(found)


def test_shares_are_those_of_the_words_read() -> None:
    sentences = [["a", "b", "c", "rare"]] + [["a", "b", "c"]] * 9 + [["c", "b", "a"]] * 10
    found = diagnose(sentences, min_count=5, sample=0, **HYPER)
    assert found.rare_share == pytest.approx(1 / 61)
    assert found.subsampled_share == 0
    assert found.repeated_share == pytest.approx(1 - 3 / 20)
    assert found.vocabulary == 3
    assert diagnose(sentences, min_count=1, max_final_vocab=2, **HYPER).vocabulary == 2


@pytest.mark.parametrize(
    ("corpus", "hyper", "advice"),
    [
        ([["a"]] * 50 + [["a", "b"]] * 9, {}, "most sentences have one word"),
        ([["a", "b\x07"]] * 50, {}, "control characters"),
        ([["a", "b"]] * 50, {}, "repeat earlier ones"),
        ([["a", "a", str(i), str(-i)] for i in range(1, 50)], {}, "min_count drops much"),
        ([["a", "b"] * 6000], {}, "crosses a cut"),
        (iter([["a", "b"]] * 50), {}, "used up now"),
    ],
)
def test_what_is_odd_is_said(corpus: Any, hyper: dict[str, Any], advice: str) -> None:
    found = diagnose(corpus, **HYPER, **hyper)
    assert any(advice in line for line in found.advice)
    assert advice in str(found)


def test_bytes_that_are_no_text_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(("caf\xe9 noir\n" * 50).encode("latin-1"))
    found = diagnose(path, **HYPER)
    assert found.broken_share == pytest.approx(0.5)


def test_what_cannot_be_trained_on_is_an_error_that_says_why() -> None:
    with pytest.raises(ValueError, match="split them first"):
        diagnose(["the king is dead", "long live the king"])
    with pytest.raises(ValueError, match="lower min_count"):
        diagnose([["a", "b"]], min_count=5)
    with pytest.raises(TypeError, match="vector_sise"):
        diagnose([["a", "b"]], vector_sise=5)


def test_the_command_prints_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(line) for line in topic_sentences(300)))
    assert main(["doctor", str(path), "--vector-size", "16", "--workers", "1"]) == 0
    assert "3,600 words in 300 sentences" in capsys.readouterr().out
