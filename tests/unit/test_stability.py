# SPDX-License-Identifier: Apache-2.0
"""How much of a word's neighbourhood is noise: `fastw2v.stability`."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import numpy as np
import pytest
from training_support import topic_sentences

from fastw2v import Word2Vec, encode_corpus, stability
from fastw2v.agreement import Stability, neighbours, overlaps
from fastw2v.cli import main

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 20, "epochs": 3, "workers": 1, "progress": False}


def report_of(tables: list[np.ndarray[Any, Any]], topn: int = 10) -> Stability:
    """Compare vectors as they are."""
    found = [neighbours(table.astype(np.float32), topn, 1) for table in tables]
    n_words = len(tables[0])
    return Stability(
        [f"w{i}" for i in range(n_words)],
        np.arange(n_words, 0, -1),
        list(range(len(tables))),
        np.stack([ids for ids, _ in found], axis=1),
        np.stack([cosines for _, cosines in found], axis=1),
    )


def test_the_same_seed_agrees_with_itself() -> None:
    report = stability(topic_sentences(300), seeds=[7, 7, 7], **HYPER)
    assert report.seeds == [7, 7, 7]
    assert (report.overlap == 1).all()
    assert report.mean == 1
    assert {near.share for near in report.neighbors("0.1")} == {1.0}


def test_unrelated_vectors_agree_by_chance_alone() -> None:
    generator = np.random.default_rng(0)
    n_words, topn = 500, 10
    report = report_of([generator.normal(size=(n_words, 30)) for _ in range(4)])
    chance = topn / (n_words - 1)  # 2 %
    assert abs(report.mean - chance) < 0.3 * chance


def test_words_with_neighbours_are_told_from_words_without() -> None:
    """Topics of 12 words, the nearest of each other, and words that stand anywhere."""
    generator = np.random.default_rng(3)
    sentences = [
        [f"{topic}.{word}" for word in generator.integers(12, size=10)]
        + [f"any{word}" for word in generator.integers(200, size=3)]
        for topic in generator.integers(6, size=3000).tolist()
    ]
    report = stability(sentences, seeds=3, **HYPER | {"sample": 0})
    topical = [report[word] for word in report.words if "." in word]
    anywhere = [report[word] for word in report.words if word.startswith("any")]
    assert len(topical) == 72
    assert len(anywhere) == 200
    assert np.mean(topical) > 0.75
    assert np.mean(anywhere) < 0.5
    assert all("." in word for word, _ in report.most_stable(10))
    assert all(word.startswith("any") for word, _ in report.least_stable(10))


def test_the_overlap_is_the_mean_over_pairs_of_seeds() -> None:
    generator = np.random.default_rng(1)
    ids = np.stack([[generator.permutation(9)[:4] for _ in range(5)] for _ in range(20)]).astype(
        np.int32
    )
    expected = [
        np.mean([len(set(a) & set(b)) / 4 for a, b in itertools.combinations(word, 2)])
        for word in ids.tolist()
    ]
    np.testing.assert_allclose(overlaps(ids), expected, rtol=1e-12)


def test_neighbours_are_those_of_each_seed() -> None:
    corpus = encode_corpus(topic_sentences(300))
    report = stability(corpus, seeds=[1, 2], topn=5, **HYPER)
    hyper = {name: value for name, value in HYPER.items() if name != "progress"}
    for place, seed in enumerate(report.seeds):
        wv = Word2Vec(corpus, **hyper, seed=seed).train(progress=False).wv
        for i in (0, 50):
            expected = wv.most_similar(report.words[i], topn=5)
            assert [report.words[j] for j in report.ids[i, place]] == [word for word, _ in expected]
            np.testing.assert_allclose(
                report.cosines[i, place], [c for _, c in expected], rtol=1e-6
            )


def test_what_seeds_agree_on_comes_first() -> None:
    ids = np.array([[[1, 2], [1, 3]], [[0, 2], [0, 2]], [[0, 1], [0, 1]], [[0, 1], [0, 1]]])
    cosines = np.full(ids.shape, 0.5)
    cosines[0] = [[0.9, 0.4], [0.7, 0.6]]
    report = Stability(["a", "b", "c", "d"], np.array([1000, 20, 11, 5]), [1, 2], ids, cosines)
    assert report.neighbors("a") == [
        ("b", 1.0, pytest.approx(0.8)),
        ("d", 0.5, pytest.approx(0.6)),
        ("c", 0.5, pytest.approx(0.4)),
    ]
    assert report["a"] == 0.5
    assert report.least_stable(1) == [("a", 0.5)]
    assert report.bands() == [(1000, 1, 0.5), (10, 2, 1.0), (1, 1, 1.0)]
    assert "87.5%" in str(report)
    assert "a" in report
    assert "e" not in report
    with pytest.raises(KeyError, match="'e' is not among the 4 words"):
        report["e"]


def test_only_the_most_frequent_words_are_compared_if_that_is_wanted() -> None:
    report = stability(topic_sentences(300), seeds=2, topn=100, restrict_vocab=30, **HYPER)
    assert len(report) == len(report.words) == 30
    assert report.ids.shape == (30, 2, 29)  # there are no more neighbours
    assert report.mean == 1


def test_the_text_is_read_once_and_each_seed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    sentences = (sentence for sentence in topic_sentences(100))
    with caplog.at_level(logging.INFO, "fastw2v.agreement"):
        report = stability(sentences, seeds=2, **HYPER | {"seed": 5})
    assert report.seeds == [5, 6]
    assert [record.message.split(":")[0] for record in caplog.records] == ["seed 5", "seed 6"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 1}, "seeds must be two or more, got 1"),
        ({"seeds": [3]}, r"seeds must be two or more, got \[3\]"),
        ({"seeds": [3, 4], "seed": 5}, "either seeds"),
        ({"topn": 0}, "topn must be at least 1, got 0"),
        ({"restrict_vocab": 0}, "restrict_vocab must be at least 1, got 0"),
        ({"restrict_vocab": 1}, "takes two words or more, got 1"),
        ({"window": 0}, "window must be"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stability(topic_sentences(50), **options)


def test_the_command_prints_the_report_and_words(tmp_path: Any, capsys: Any) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("".join(" ".join(line) + "\n" for line in topic_sentences(200)))
    options = ["--seeds=2", "--topn=3", "--vector-size=10", "--epochs=1", "--workers=1"]
    assert main(["stability", str(path), *options, "--word=0.1"]) == 0
    printed = capsys.readouterr().out
    assert "words two of 2 seeds have" in printed
    assert "0.1: " in printed
    assert main(["stability", str(path), *options, "--word=nothing"]) == 1
