# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v.evaluation import evaluate_word_analogies, evaluate_word_pairs
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

gensim_keyed_vectors = pytest.importorskip("gensim.models.keyedvectors")

# Both sum vector_size float32 products, in different orders.
TOLERANCE = 2e-6
VOCAB_SIZE = 300
SEED = 5

formats = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
packings = pytest.mark.parametrize("suffix", ["", ".gz"], ids=["plain", "gzip"])


@pytest.fixture(scope="module")
def kv() -> KeyedVectors:
    rng = np.random.default_rng(SEED)
    # Few dimensions around a few centres: so that analogies are sometimes right.
    centres = rng.normal(size=(20, 6))
    rows = centres[rng.integers(0, 20, VOCAB_SIZE)] + 0.3 * rng.normal(size=(VOCAB_SIZE, 6))
    words = [f"wörd{i}" if i % 3 else f"WÖRD{i + 1}" for i in range(VOCAB_SIZE)]
    return KeyedVectors(Vocabulary(words, np.arange(VOCAB_SIZE, 0, -1)), rows.astype(np.float32))


@pytest.fixture(scope="module")
def gensim_kv(kv: KeyedVectors) -> Any:
    gensim_kv = gensim_keyed_vectors.KeyedVectors(kv.vector_size)
    gensim_kv.add_vectors(kv.index_to_key, kv.vectors)
    return gensim_kv


@formats
@packings
def test_gensim_reads_what_we_write(
    tmp_path: Path, kv: KeyedVectors, binary: bool, suffix: str
) -> None:
    path = tmp_path / f"vectors{suffix}"
    kv.save_word2vec_format(path, binary=binary)
    loaded = gensim_keyed_vectors.KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert loaded.index_to_key == kv.index_to_key
    np.testing.assert_array_equal(loaded.vectors, kv.vectors)


@formats
@packings
def test_we_read_what_gensim_writes(
    tmp_path: Path, kv: KeyedVectors, gensim_kv: Any, binary: bool, suffix: str
) -> None:
    path = tmp_path / f"vectors{suffix}"
    gensim_kv.save_word2vec_format(str(path), binary=binary)
    loaded = KeyedVectors.load_word2vec_format(path)
    assert loaded.index_to_key == kv.index_to_key
    np.testing.assert_array_equal(loaded.vectors, kv.vectors)


def test_placeholder_counts_are_those_of_gensim(tmp_path: Path, kv: KeyedVectors) -> None:
    path = tmp_path / "vectors"
    kv.save_word2vec_format(path)
    ours = KeyedVectors.load_word2vec_format(path, limit=7)
    theirs = gensim_keyed_vectors.KeyedVectors.load_word2vec_format(str(path), limit=7)
    for word in ours.index_to_key:
        assert ours.get_vecattr(word, "count") == theirs.get_vecattr(word, "count")


VECTOR = np.array([1, -2, 0.5, 0, 0, 3], np.float32)


@pytest.mark.parametrize(
    "query",
    [
        {"positive": "wörd1"},
        {"positive": ["wörd1", "wörd2"], "negative": ["wörd4"]},
        {"positive": ["wörd1", "wörd1"], "negative": "wörd5"},
        {"positive": [("wörd1", 2.5), "wörd2"], "negative": [("wörd4", -0.5)]},
        {"positive": [("wörd1", 1.0)], "negative": [("wörd4", 0.5)]},
        {"negative": ["wörd1"]},
        {"positive": VECTOR},
        {"positive": [VECTOR, "wörd1"], "negative": [(VECTOR[::-1], -0.25)]},
        {"positive": "wörd1", "topn": 1000},
        {"positive": "wörd1", "topn": 5, "restrict_vocab": 40},
        {"positive": "wörd299", "topn": 40, "restrict_vocab": 40},
    ],
    ids=str,
)
def test_most_similar_finds_the_same_words(
    kv: KeyedVectors, gensim_kv: Any, query: dict[str, Any]
) -> None:
    ours, theirs = kv.most_similar(**query), gensim_kv.most_similar(**query)
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    for (word, cosine), (_, expected) in zip(ours, theirs, strict=True):
        assert cosine == pytest.approx(expected, abs=TOLERANCE), word
    everything = kv.most_similar(**query | {"topn": None})
    np.testing.assert_allclose(
        everything, gensim_kv.most_similar(**query | {"topn": None}), atol=TOLERANCE
    )


def test_look_ups_are_the_same(kv: KeyedVectors, gensim_kv: Any) -> None:
    words = kv.index_to_key[:9]
    np.testing.assert_array_equal(kv[words], gensim_kv[words])
    for a, b in pairwise(words):
        assert kv.similarity(a, b) == pytest.approx(gensim_kv.similarity(a, b), abs=TOLERANCE)
        np.testing.assert_allclose(
            kv.get_vector(a, norm=True), gensim_kv.get_vector(a, norm=True), atol=TOLERANCE
        )
    np.testing.assert_allclose(kv.norms, gensim_kv.norms, rtol=TOLERANCE)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory, kv: KeyedVectors) -> Path:
    """Questions that are sometimes answered, half of them with the answer that is right."""
    rng = np.random.default_rng(SEED)
    lines = []
    for i in range(600):
        if i % 100 == 0:
            lines.append(f": section {i}")
        a, b, c, d = (kv.index_to_key[j] for j in rng.integers(0, VOCAB_SIZE, size=4))
        if i % 2 == 0:
            d = kv.most_similar([b, c], [a], topn=1)[0][0]
        lines.append(" ".join([a, b, c, d if i % 13 else "unknown"]))
    path = tmp_path_factory.mktemp("analogies") / "questions.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("restrict_vocab", [300_000, 200])
@pytest.mark.parametrize("case_insensitive", [True, False])
@pytest.mark.parametrize("dummy4unknown", [True, False])
def test_analogies_get_the_same_score(
    kv: KeyedVectors, gensim_kv: Any, questions: Path, restrict_vocab: int,
    case_insensitive: bool, dummy4unknown: bool,
) -> None:  # fmt: skip
    options = {
        "restrict_vocab": restrict_vocab,
        "case_insensitive": case_insensitive,
        "dummy4unknown": dummy4unknown,
    }
    ours = evaluate_word_analogies(kv, questions, **options)  # type: ignore[arg-type]
    score, sections = gensim_kv.evaluate_word_analogies(str(questions), **options)
    assert ours.accuracy == score
    assert 0 < score < 1
    expected = [(s["section"], len(s["correct"]), len(s["incorrect"])) for s in sections[:-1]]
    assert [(s.name, s.correct, s.total - s.correct) for s in ours.sections] == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gensim calls its own init_sims
def test_analogies_by_product_are_answered_as_by_most_similar_cosmul(
    kv: KeyedVectors, gensim_kv: Any
) -> None:
    rng = np.random.default_rng(SEED)
    questions = []
    for a, b, c in (rng.choice(kv.index_to_key, 3, replace=False).tolist() for _ in range(200)):
        (answer, _), *_ = gensim_kv.most_similar_cosmul([b, c], [a], topn=1)
        questions.append((a, b, c, answer))
    options: dict[str, Any] = {"case_insensitive": False, "restrict_vocab": None}
    by_product = evaluate_word_analogies(
        kv, {"a": questions}, similarity_function="most_similar_cosmul", **options
    )
    assert by_product.accuracy == 1
    assert evaluate_word_analogies(kv, {"a": questions}, **options).accuracy < 1


@pytest.mark.parametrize("dummy4unknown", [True, False])
@pytest.mark.parametrize("case_insensitive", [True, False])
def test_word_pairs_get_the_same_correlations(
    tmp_path: Path, kv: KeyedVectors, gensim_kv: Any, dummy4unknown: bool, case_insensitive: bool
) -> None:
    rng = np.random.default_rng(SEED)
    lines = ["# word 1\tword 2\tscore"]
    for i in range(200):
        a, b = (kv.index_to_key[j] for j in rng.integers(0, VOCAB_SIZE, size=2))
        lines.append(f"{a if i % 9 else 'unknown'}\t{b.lower()}\t{rng.integers(0, 20) / 2}")
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {"dummy4unknown": dummy4unknown, "case_insensitive": case_insensitive}
    ours = evaluate_word_pairs(kv, path, **options)
    pearson, spearman, unknown = gensim_kv.evaluate_word_pairs(str(path), **options)
    assert ours.pearson == pytest.approx(pearson[0], abs=TOLERANCE)
    # Two cosines that are equal but for rounding may change places: one rank of 200.
    assert ours.spearman == pytest.approx(spearman[0], abs=1e-4)
    assert ours.pearson_p == pytest.approx(pearson[1], rel=1e-3)
    assert ours.spearman_p == pytest.approx(spearman[1], rel=1e-2)
    assert 1 - ours.coverage == pytest.approx(unknown / 100)
