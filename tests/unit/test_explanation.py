# SPDX-License-Identifier: Apache-2.0
"""An explanation counts what stands in the windows of two words, and weighs it as it says."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import EncodedCorpus, KeyedVectors, encode_corpus
from fastw2v import explanation as module
from fastw2v.explanation import context_counts, explain, occurrences

Sentences = list[list[str]]


def random_sentences(n: int = 60) -> Sentences:
    rng = np.random.default_rng(6)
    words = [f"w{i}" for i in range(15)]
    return [rng.choice(words, rng.integers(1, 12)).tolist() for _ in range(n)]


def encoded(sentences: Sentences) -> EncodedCorpus:
    return encode_corpus(sentences, min_count=1)


def vectors_of(corpus: EncodedCorpus) -> KeyedVectors:
    rows = np.random.default_rng(1).normal(size=(len(corpus.vocabulary), 4)).astype(np.float32)
    return KeyedVectors(corpus.vocabulary, rows)


def counted(sentences: Sentences, word: str, window: int) -> tuple[Counter[str], dict[str, float]]:
    """Count contexts as one would by hand."""
    seen: Counter[str] = Counter()
    weighted: dict[str, float] = {}
    for sentence in sentences:
        for i, center in enumerate(sentence):
            for j, context in enumerate(sentence):
                if center == word and 0 < abs(i - j) <= window:
                    seen[context] += 1
                    weight = (window + 1 - abs(i - j)) / window
                    weighted[context] = weighted.get(context, 0) + weight
    return seen, weighted


@pytest.mark.parametrize("window", [1, 2, 5, 20])
def test_contexts_are_counted_within_window_and_sentence(window: int) -> None:
    sentences = random_sentences()
    corpus = encoded(sentences)
    words = corpus.vocabulary.words
    for word in words:
        found = context_counts(corpus, corpus.vocabulary.index[word], window)
        seen, weighted = counted(sentences, word, window)
        assert found[0].tolist() == [seen[w] for w in words], word
        np.testing.assert_allclose(found[1], [weighted.get(w, 0) for w in words], rtol=1e-12)


def test_a_corpus_is_scanned_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.array([3, 1, 3, 3, 0, 3, 1], np.int32)
    for tokens in (1, 2, 3, 7, 100):
        monkeypatch.setattr(module, "SCAN_TOKENS", tokens)
        assert occurrences(ids, 3).tolist() == [0, 2, 3, 5]
        assert occurrences(ids, 9).tolist() == []


def test_shares_are_the_parts_of_the_cosine_of_positive_associations() -> None:
    sentences = random_sentences()
    corpus = encoded(sentences)
    words, counts = corpus.vocabulary.words, corpus.vocabulary.counts.tolist()
    noise = {w: n**0.75 for w, n in zip(words, counts, strict=True)}
    associations, seen = [], []
    for word in ("w1", "w2"):
        times, weighted = counted(sentences, word, 3)
        total = sum(weighted.values())
        pmi = {
            w: math.log(weighted[w] / total / (noise[w] / sum(noise.values()))) for w in weighted
        }
        associations.append({w: max(0, x) if times[w] >= 2 else 0 for w, x in pmi.items()})
        seen.append(times)
    lengths = math.prod(math.sqrt(sum(x * x for x in a.values())) for a in associations)
    expected = {w: associations[0].get(w, 0) * associations[1].get(w, 0) / lengths for w in words}

    found = vectors_of(corpus).explain("w1", "w2", corpus, window=3, min_count=2, topn=100)
    assert {c.word for c in found.contexts} == {w for w, share in expected.items() if share > 0}
    assert 1 < len(found.contexts) < len(words)
    for context in found.contexts:
        assert context.share == pytest.approx(expected[context.word])
        assert context.associations == pytest.approx([a[context.word] for a in associations])
        assert context.counts == tuple(times[context.word] for times in seen)
    shares = [context.share for context in found.contexts]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(found.cosine)


def test_two_words_in_the_same_contexts_are_explained_by_these() -> None:
    sentences = [["red", x, "fruit"] for x in ("apple", "cherry")] * 9 + [["a", "big", "car"]] * 9
    corpus = encoded(sentences)
    found = vectors_of(corpus).explain("apple", "cherry", corpus, topn=1)
    assert found.contexts[0].word in ("red", "fruit")
    assert found.contexts[0].counts == (9, 9)
    assert found.cosine == pytest.approx(1)
    apart = vectors_of(corpus).explain("apple", "car", corpus)
    assert (apart.contexts, apart.cosine) == ([], 0)


def test_rare_contexts_are_left_out() -> None:
    sentences = [["x", "often"], ["y", "often"]] * 3 + [["x", "once"], ["y", "once"]]
    corpus = encoded(sentences)
    kv = vectors_of(corpus)
    for min_count, expected in ((1, {"often", "once"}), (2, {"often"}), (4, set())):
        found = kv.explain("x", "y", corpus, min_count=min_count)
        assert {context.word for context in found.contexts} == expected


def test_a_mapped_corpus_gives_the_same(tmp_path: Path) -> None:
    corpus = encoded(random_sentences())
    corpus.save(tmp_path / "corpus.ids")
    kv = vectors_of(corpus)
    mapped = EncodedCorpus.open(tmp_path / "corpus.ids")
    assert kv.explain("w1", "w2", mapped) == kv.explain("w1", "w2", corpus)


def test_an_explanation_prints_a_table() -> None:
    corpus = encoded([["red", "apple"], ["red", "cherry"]] * 5)
    kv = vectors_of(corpus)
    lines = repr(kv.explain("apple", "cherry", corpus)).splitlines()
    assert lines[0] == (
        f"Explanation: 'apple' and 'cherry', "
        f"cosine of vectors {kv.similarity('apple', 'cherry'):.3f}, of contexts 1.000"
    )
    noise = np.array([10, 5, 5]) ** 0.75
    with_each = f"{-math.log(noise[0] / noise.sum()):.2f} (5)"
    assert [line.split() for line in lines[1:]] == [
        ["context", "share", "with", "apple", "(times)", "with", "cherry", "(times)"],
        f"red 1.0000 {with_each} {with_each}".split(),
    ]
    assert len({len(line) for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window must be >= 1, got 0"),
        ({"min_count": 0}, "min_count must be >= 1, got 0"),
        ({"topn": -1}, "topn must be >= 0, got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments: Any, message: str) -> None:
    corpus = encoded(random_sentences())
    with pytest.raises(ValueError, match=message):
        vectors_of(corpus).explain("w1", "w2", corpus, **arguments)


def test_a_word_must_have_a_vector_and_be_in_the_corpus() -> None:
    corpus = encoded(random_sentences())
    with pytest.raises(KeyError, match="'nobody' has no vector"):
        vectors_of(corpus).explain("w1", "nobody", corpus)
    with pytest.raises(KeyError, match="'nobody' is not in the corpus"):
        explain(("w1", "nobody"), 0.0, corpus)
