# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence.native import load_tensors, save_tensors
from fastw2v.vocabulary import Vocabulary

# Cosines are sums of vector_size float32 products, each off by at most a few 2^-24.
TOLERANCE = 2e-6


def make(words: list[str], vectors: Any) -> KeyedVectors:
    counts = np.arange(len(words), 0, -1) * 10
    return KeyedVectors(Vocabulary(words, counts), np.asarray(vectors, np.float32))


def random_vectors(vocab_size: int, vector_size: int, padding: int = 0) -> KeyedVectors:
    rows = np.random.default_rng(7).normal(size=(vocab_size, vector_size + padding))
    vectors = rows.astype(np.float32)[:, :vector_size]
    return KeyedVectors(
        Vocabulary([f"w{i}" for i in range(vocab_size)], np.ones(vocab_size, np.int64)), vectors
    )


@pytest.fixture
def kv() -> KeyedVectors:
    words = ["king", "queen", "man", "woman", "zero"]
    return make(words, [[3, 1], [3, -1], [0, 2], [0, -2], [0, 0]])


def unit(vector: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(vector, np.float64) / np.linalg.norm(vector)


# ---- Look-up -------------------------------------------------------------------------------


def test_the_vectors_are_kept_as_a_view() -> None:
    vectors = np.zeros((2, 16), np.float32)[:, :3]
    assert KeyedVectors(Vocabulary(["a", "b"], np.ones(2, np.int64)), vectors).vectors is vectors


def test_words_ids_counts_and_sizes_are_those_of_the_vocabulary(kv: KeyedVectors) -> None:
    assert kv.index_to_key == ["king", "queen", "man", "woman", "zero"]
    assert kv.key_to_index["man"] == 2
    assert (len(kv), kv.vector_size) == (5, 2)
    assert "king" in kv
    assert "knig" not in kv
    assert kv.get_vecattr("queen", "count") == kv.counts[1] == 40
    assert repr(kv) == "KeyedVectors<vector_size=2, 5 keys>"


def test_one_key_gives_a_read_only_view_and_several_give_an_array(kv: KeyedVectors) -> None:
    assert kv["king"].tolist() == [3, 1]
    assert np.shares_memory(kv["king"], kv.vectors)
    with pytest.raises(ValueError, match="read-only"):
        kv["king"][0] = 1
    kv.vectors[0, 0] = 3  # the matrix itself is as writable as it was
    assert kv[["man", "king"]].tolist() == [[0, 2], [3, 1]]
    assert kv[[]].shape == (0, 2)


def test_get_vector_normalises_on_request_and_leaves_zero_alone(kv: KeyedVectors) -> None:
    np.testing.assert_allclose(kv.get_vector("king", norm=True), unit(kv["king"]), rtol=1e-6)
    assert kv.get_vector("zero", norm=True).tolist() == [0, 0]


def test_get_index_gives_the_default_for_an_unknown_word_only(kv: KeyedVectors) -> None:
    assert kv.get_index("man", -1) == 2
    assert kv.get_index("mna", -1) == -1


@pytest.mark.parametrize(
    "look_up",
    [
        lambda kv: kv["kign"],
        lambda kv: kv[["king", "kign"]],
        lambda kv: kv.get_index("kign"),
        lambda kv: kv.get_vector("kign"),
        lambda kv: kv.get_vecattr("kign", "count"),
        lambda kv: kv.similarity("king", "kign"),
        lambda kv: kv.most_similar("kign"),
        lambda kv: kv.most_similar("king", "kign"),
        lambda kv: kv.similar_by_word("kign"),
    ],
)
def test_an_unknown_word_is_a_key_error_with_the_reason_of_the_vocabulary(
    kv: KeyedVectors, look_up: Any
) -> None:
    with pytest.raises(KeyError) as caught:
        look_up(kv)
    reason = kv.vocabulary.missing_reason("kign")
    assert caught.value.args == (f"'kign' has no vector: {reason}",)


@pytest.mark.parametrize("key", [None, 1.5, True, b"king"])
def test_a_key_that_is_neither_a_word_nor_an_int_is_a_type_error(
    kv: KeyedVectors, key: Any
) -> None:
    with pytest.raises(TypeError, match="a key must be a word"):
        kv.get_index(key)
    with pytest.raises(TypeError, match="a key must be a word"):
        kv[key]


def test_an_attribute_that_was_never_set_is_a_key_error(kv: KeyedVectors) -> None:
    with pytest.raises(KeyError, match="no attribute 'colour': known are 'count'"):
        kv.get_vecattr("king", "colour")


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        (np.zeros((2, 3)), TypeError, "float32 ndarray, not float64"),
        ([[0.0]], TypeError, "float32 ndarray, not list"),
        (np.zeros((3, 2), np.float32), ValueError, r"vocab_size = 2, not \(3, 2\)"),
        (np.zeros(2, np.float32), ValueError, "must have the shape"),
    ],
)
def test_vectors_that_do_not_fit_the_vocabulary_are_refused(
    vectors: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        KeyedVectors(Vocabulary(["a", "b"], np.ones(2, np.int64)), vectors)


# ---- Similarity ----------------------------------------------------------------------------


def test_similarity_is_the_cosine_and_zero_for_a_zero_vector(kv: KeyedVectors) -> None:
    assert kv.similarity("king", "queen") == pytest.approx(0.8, abs=TOLERANCE)
    assert kv.similarity("king", "zero") == 0.0


def test_the_analogy_of_the_paper_is_solved(kv: KeyedVectors) -> None:
    assert kv.most_similar(["king", "woman"], ["man"], topn=1)[0][0] == "queen"


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    topn=st.integers(0, 45),
    restrict_vocab=st.none() | st.integers(1, 45),
    padding=st.integers(0, 3),
)
def test_most_similar_agrees_with_sorting_all_cosines(
    seed: int, topn: int, restrict_vocab: int | None, padding: int
) -> None:
    kv = random_vectors(40, 6, padding)
    a, b, c = np.random.default_rng(seed).choice(40, size=3, replace=False)
    query = unit(kv.vectors[a]) + unit(kv.vectors[b]) - unit(kv.vectors[c])
    cosines = {
        f"w{i}": unit(kv.vectors[i]) @ unit(query)
        for i in range(min(40, restrict_vocab or 40))
        if i not in (a, b, c)
    }
    expected = sorted(cosines, key=lambda word: -cosines[word])[:topn]
    found = kv.most_similar([f"w{a}", f"w{b}"], [f"w{c}"], topn, restrict_vocab=restrict_vocab)
    assert [word for word, _ in found] == expected
    for word, cosine in found:
        assert cosine == pytest.approx(cosines[word], abs=TOLERANCE)


@pytest.mark.parametrize(
    "same",
    [
        {"positive": ["w1"]},
        {"positive": ("w1", 2.5)},
        {"positive": [("w1", 1)]},
        {"positive": ("w1", "w1")},
        {"negative": ("w1", 0.5)},
        {"positive": ["w1", "w2"], "negative": ["w2"]},
        {"positive": ["w1", ("w2", 0.0)]},
    ],
)
def test_words_can_be_given_alone_in_sequences_and_with_weights(same: dict[str, Any]) -> None:
    kv = random_vectors(20, 4)
    expected = kv.most_similar("w1", topn=None)
    np.testing.assert_allclose(kv.most_similar(**same, topn=None), expected, atol=TOLERANCE)


def test_a_vector_counts_as_it_is_and_hides_no_word() -> None:
    kv = random_vectors(20, 4)
    vector = 3 * kv["w1"]
    found = kv.similar_by_vector(vector)
    assert found[0] == ("w1", pytest.approx(1, abs=TOLERANCE))
    assert found == kv.most_similar(vector) == kv.most_similar([vector])
    assert found == kv.most_similar(vector[np.newaxis]) == kv.similar_by_vector(vector.tolist())
    mixed = kv.most_similar(["w2", vector], topn=None)
    query = unit(kv["w2"]) + vector
    assert mixed[5] == pytest.approx(unit(query) @ unit(kv["w5"]), abs=TOLERANCE)


def test_similar_by_word_leaves_the_word_out() -> None:
    kv = random_vectors(20, 4)
    assert kv.similar_by_word("w3", 4, 10) == kv.most_similar("w3", topn=4, restrict_vocab=10)
    assert "w3" not in dict(kv.similar_by_word("w3", topn=20))


def test_topn_none_gives_every_similarity_and_zero_gives_none(kv: KeyedVectors) -> None:
    assert kv.most_similar("king", topn=0) == []
    assert kv.most_similar("king", topn=None).shape == (5,)
    assert kv.similar_by_word("king", topn=None, restrict_vocab=3).shape == (3,)
    assert kv.similar_by_vector(kv["king"], topn=None)[0] == pytest.approx(1)


def test_a_topn_beyond_the_vocabulary_gives_all_other_words(kv: KeyedVectors) -> None:
    assert [word for word, _ in kv.most_similar("king", topn=99)] == [
        "queen", "man", "zero", "woman",
    ]  # fmt: skip


def test_equal_similarities_come_in_the_order_of_the_vocabulary() -> None:
    kv = make([f"w{i}" for i in range(50)], np.ones((50, 3)))
    assert [word for word, _ in kv.most_similar("w2", topn=4)] == ["w0", "w1", "w3", "w4"]


def test_a_vector_that_is_not_finite_is_never_a_neighbour() -> None:
    kv = make(["a", "b", "nan", "inf"], [[1, 2], [2, 1], [np.nan, 1], [np.inf, 1]])
    assert [word for word, _ in kv.most_similar("a")] == ["b"]
    for word in ("nan", "inf"):
        with pytest.raises(ValueError, match="query is not finite"):
            kv.most_similar(word)


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ({}, ValueError, "query is empty"),
        ({"positive": []}, ValueError, "query is empty"),
        ({"positive": "zero"}, ValueError, "query is zero"),
        ({"positive": "king", "negative": "king"}, ValueError, "query is zero"),
        ({"positive": ("king", 0)}, ValueError, "query is zero"),
        ({"positive": np.zeros(3)}, ValueError, r"shape \(2,\), not \(3,\)"),
        ({"positive": np.array([np.nan, 1])}, ValueError, "query is not finite"),
        ({"positive": 0.5}, TypeError, "positive must be a key, a vector or several of them, not"),
        ({"positive": [None]}, TypeError, "positive must be made of keys"),
        ({"negative": [0.5, 0.5]}, TypeError, "negative must be made of keys"),
        ({"positive": "king", "topn": -1}, ValueError, "topn must be at least 0, not -1"),
        ({"positive": "king", "topn": 2.5}, TypeError, "topn must be an integer or None, not 2.5"),
        ({"positive": "king", "topn": True}, TypeError, "topn must be an integer"),
        ({"positive": "king", "restrict_vocab": 0}, ValueError, "restrict_vocab must be at least"),
        ({"positive": "king", "restrict_vocab": "9"}, TypeError, "restrict_vocab must be an int"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_the_reason(
    kv: KeyedVectors, query: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kv.most_similar(**query)


def test_norms_are_kept_until_they_are_asked_for_anew(kv: KeyedVectors) -> None:
    np.testing.assert_allclose(kv.norms, np.linalg.norm(kv.vectors, axis=1))
    assert kv.norms is kv.norms
    kv.vectors[4] = [3, 4]
    kv.fill_norms(force=True)
    assert kv.norms[4] == 5


@pytest.mark.parametrize("padding", [0, 12])
def test_no_search_copies_the_matrix(padding: int) -> None:
    kv = random_vectors(20_000, 100, padding)
    assert "w1" in kv  # builds the index of words, which is not what is measured
    tracemalloc.start()
    try:
        kv.most_similar(["w1", "w2"], ["w3"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < kv.vectors.nbytes / 10


def test_read_only_vectors_mapped_from_a_file_can_be_searched(tmp_path: Path) -> None:
    kv = random_vectors(30, 5)
    save_tensors(tmp_path / "v", {"vectors": kv.vectors}, {})
    mapped = load_tensors(tmp_path / "v")[0]["vectors"]
    mapped.flags.writeable = False
    assert KeyedVectors(kv.vocabulary, mapped).most_similar("w1") == kv.most_similar("w1")


# ---- Files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_word2vec_format_brings_words_and_vectors_back_with_placeholder_counts(
    tmp_path: Path, kv: KeyedVectors, binary: bool
) -> None:
    kv.save_word2vec_format(tmp_path / "v", binary=binary)
    loaded = KeyedVectors.load_word2vec_format(tmp_path / "v")
    assert loaded.index_to_key == kv.index_to_key
    np.testing.assert_array_equal(loaded.vectors, kv.vectors)
    assert loaded.counts.tolist() == [5, 4, 3, 2, 1]
    assert len(KeyedVectors.load_word2vec_format(tmp_path / "v", limit=2)) == 2


def test_the_warning_of_repeated_words_points_at_the_caller(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"2 2\na 1 2\na 3 4\n")
    with pytest.warns(UserWarning, match="more than once") as caught:
        KeyedVectors.load_word2vec_format(tmp_path / "v")
    assert caught[0].filename == __file__
