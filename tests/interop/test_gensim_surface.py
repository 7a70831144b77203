# SPDX-License-Identifier: Apache-2.0
"""The methods of gensim's KeyedVectors give gensim's results on the same vectors."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

gensim_keyed_vectors = pytest.importorskip("gensim.models.keyedvectors")

# Both sum vector_size float32 products, in different orders.
TOLERANCE = 2e-6
VOCAB_SIZE, SIZE, SEED = 200, 7, 11
W = [f"w{i}" for i in range(VOCAB_SIZE)]
VECTOR = np.array([1, -2, 0.5, 0, 0, 3, 1], np.float32)
UNIT = VECTOR / np.linalg.norm(VECTOR)


def pair() -> tuple[KeyedVectors, Any]:
    """Return the same vectors here and in gensim."""
    rows = np.random.default_rng(SEED).normal(size=(VOCAB_SIZE, SIZE)).astype(np.float32)
    counts = np.random.default_rng(SEED).permutation(VOCAB_SIZE)
    theirs = gensim_keyed_vectors.KeyedVectors(SIZE)
    theirs.add_vectors(W, rows)
    for word, count in zip(W, counts.tolist(), strict=True):
        theirs.set_vecattr(word, "count", count)
    return KeyedVectors(Vocabulary(W, counts), rows), theirs


@pytest.fixture(scope="module")
def both() -> tuple[KeyedVectors, Any]:
    return pair()


def check_same(ours: Any, theirs: Any) -> None:
    """Compare words exactly and numbers to float32."""
    if isinstance(theirs, np.ndarray):
        np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            check_same(mine, other)
    elif isinstance(theirs, (float, np.floating)):
        assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=TOLERANCE)
    else:
        assert ours == theirs


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("get_vector", ("w3",), {}),
    ("get_vector", ("w3",), {"norm": True}),
    ("get_index", ("w3",), {}),
    ("get_index", ("unknown", -7), {}),
    ("has_index_for", ("w3",), {}),
    ("has_index_for", ("unknown",), {}),
    ("get_vecattr", ("w3", "count"), {}),
    ("get_normed_vectors", (), {}),
    ("similarity", ("w3", "w5"), {}),
    ("distance", ("w3", "w5"), {}),
    ("distances", ("w3",), {}),
    ("distances", (VECTOR,), {}),
    ("distances", ("w3", ["w5", "w3", "w9"]), {}),
    ("distances", (VECTOR, ["w5"]), {}),
    ("cosine_similarities", (VECTOR, np.outer(VECTOR, VECTOR) + 1), {}),
    ("n_similarity", (["w1", "w2"], ["w3", "w4", "w3"]), {}),
    ("n_similarity", (["w1", "unknown"], ["w3"]), {}),
    ("most_similar_to_given", ("w1", ["w5", "w6", "w7", "w8"]), {}),
    ("doesnt_match", (["w1", "w2", "w3", "w4"],), {}),
    ("doesnt_match", (["w1", "unknown", "w3", "w4"],), {}),
    ("rank_by_centrality", (["w1", "w2", "w3", "w4"],), {}),
    ("rank_by_centrality", (["w1", "w2", "w3", "w4"],), {"use_norm": False}),
    ("closer_than", ("w1", "w2"), {}),
    ("closer_than", ("w1", "w1"), {}),
    ("words_closer_than", ("w1", "w2"), {}),
    ("rank", ("w1", "w2"), {}),
    ("rank", ("w1", "w1"), {}),
    ("relative_cosine_similarity", ("w1", "w2"), {}),
    ("relative_cosine_similarity", ("w1", "w2", 3), {}),
    ("get_mean_vector", (["w1", "w2", "w3"],), {}),
    ("get_mean_vector", (["w1", "w2"], [2.0, -0.5]), {}),
    ("get_mean_vector", (["w1", VECTOR, "unknown"], np.array([1.0, 2.0, 4.0])), {}),
    ("get_mean_vector", (["w1", "w2"],), {"pre_normalize": False, "post_normalize": True}),
    ("get_mean_vector", (np.stack([VECTOR, UNIT]),), {"ignore_missing": False}),
    ("most_similar_cosmul", (["w1", "w2"], ["w3"]), {}),
    ("most_similar_cosmul", ("w1",), {"topn": 3}),
    ("most_similar_cosmul", ("w1", "w2"), {}),
    ("most_similar_cosmul", ([UNIT, "w4"], ["w3", "w5"]), {"topn": 500}),
    ("most_similar_cosmul", (["w1", "w2"], ["w3"]), {"topn": None}),
    ("most_similar", ("w1",), {"clip_start": 20, "clip_end": 60}),
    ("most_similar", (["w30", "w40"], ["w1"]), {"clip_start": 30}),
    ("most_similar", ("w1",), {"clip_end": 50, "topn": None}),
    ("most_similar", ("w1",), {"clip_start": 20, "restrict_vocab": 9}),
    ("most_similar", (np.stack([VECTOR, UNIT]),), {}),
    ("similar_by_word", ("w1", 4, 100), {}),
    ("similar_by_key", ("w1",), {}),
    ("similar_by_vector", (VECTOR,), {"topn": 4}),
]


def name_of(call: Any) -> str | None:
    return call if isinstance(call, str) else None


@pytest.mark.parametrize(("method", "arguments", "options"), CALLS, ids=name_of)
@pytest.mark.filterwarnings("ignore:Call to deprecated")
def test_a_method_gives_the_same_result(
    both: tuple[KeyedVectors, Any], method: str, arguments: Any, options: dict[str, Any]
) -> None:
    ours, theirs = both
    expected = getattr(theirs, method)(*arguments, **options)
    check_same(getattr(ours, method)(*arguments, **options), expected)


def check_same_table(ours: KeyedVectors, theirs: Any, *, counts: bool = True) -> None:
    assert ours.index_to_key == theirs.index_to_key
    assert ours.key_to_index == theirs.key_to_index
    np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=TOLERANCE)
    theirs.fill_norms(force=True)  # not kept right there
    np.testing.assert_allclose(ours.norms, theirs.norms, atol=TOLERANCE)
    if counts:
        assert ours.counts.tolist() == theirs.expandos["count"].tolist()


CHANGES: list[Any] = [
    lambda kv: kv.add_vectors(["x", "w1", "y"], np.ones((3, SIZE), np.float32)),
    lambda kv: kv.add_vectors(["x", "w1", "y"], [VECTOR, UNIT, VECTOR], replace=True),
    lambda kv: kv.add_vectors("x", VECTOR),
    lambda kv: kv.add_vector("x", VECTOR),
    lambda kv: kv.__setitem__("w3", VECTOR),
    lambda kv: kv.__setitem__("x", VECTOR),
    lambda kv: kv.__setitem__(["w3", "x"], np.stack([VECTOR, UNIT])),
    lambda kv: kv.add_vectors([1000, "x"], np.stack([VECTOR, UNIT])),
    lambda kv: kv.unit_normalize_all(),
    lambda kv: kv.sort_by_descending_frequency(),
    lambda kv: kv.set_vecattr("w4", "count", 99),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.filterwarnings("ignore:Adding single vectors")
def test_a_change_has_the_same_effect(change: Any) -> None:
    ours, theirs = pair()
    assert change(ours) == change(theirs)
    theirs.allocate_vecattrs()  # add_vectors leaves them short there
    check_same_table(ours, theirs)


@pytest.mark.parametrize("copy_vecattrs", [True, False])
def test_vectors_for_all_are_the_same(both: tuple[KeyedVectors, Any], copy_vecattrs: bool) -> None:
    keys = ["w9", "unknown", "w2", "w9"]
    ours, theirs = (kv.vectors_for_all(keys, copy_vecattrs=copy_vecattrs) for kv in both)
    check_same_table(ours, theirs, counts=copy_vecattrs)


def test_an_indexer_is_asked_for_the_same_vector(both: tuple[KeyedVectors, Any]) -> None:
    class Indexer:
        def most_similar(self, vector: Any, topn: int) -> list[Any]:
            return [("found", vector, topn)]

    ours, theirs = (kv.most_similar(["w1"], ["w2"], topn=5, indexer=Indexer()) for kv in both)
    check_same(ours, theirs)


# What gensim has and we do not: removed names of gensim 3, the growing of arrays by hand, and
# what needs other packages. Evaluation has functions of its own here.
MISSING = {
    "add_lifecycle_event", "allocate_vecattrs", "index2entity", "index2word", "init_sims",
    "intersect_word2vec_format", "resize_vectors", "vectors_norm", "vocab", "wmdistance",
    "word_vec", "evaluate_word_analogies", "evaluate_word_pairs", "log_accuracy",
    "log_evaluate_word_pairs", "similarity_unseen_docs",
}  # fmt: skip
OF_FILES = {"save", "load", "save_word2vec_format", "load_word2vec_format"}  # other parameters


def public(cls: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(cls) if not name.startswith("_")}


def test_every_public_name_of_gensim_is_here_or_is_left_out_on_purpose() -> None:
    missing = public(gensim_keyed_vectors.KeyedVectors) - public(KeyedVectors)
    assert missing <= MISSING


def test_parameters_of_methods_have_the_same_names_and_defaults() -> None:
    theirs = gensim_keyed_vectors.KeyedVectors
    ours_have = public(KeyedVectors) & public(theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        methods = [name for name in sorted(ours_have) if callable(getattr(theirs, name))]
    assert len(methods) > 25
    for name in methods:
        if name in OF_FILES:
            continue
        expected = inspect.signature(inspect.unwrap(getattr(theirs, name))).parameters
        found = inspect.signature(getattr(KeyedVectors, name)).parameters
        for parameter in expected.values():
            assert parameter.name in found, (name, parameter.name)
            default = found[parameter.name].default
            assert default == parameter.default or parameter.name == "other_words", name
