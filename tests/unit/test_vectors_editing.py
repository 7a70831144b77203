# SPDX-License-Identifier: Apache-2.0
"""Changes of vectors: whatever their sequence, the result is what a fresh object would be."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from fastw2v import Word2Vec
from fastw2v.keyed_vectors import Key, KeyedVectors
from fastw2v.vocabulary import Vocabulary

# Lengths are sums of a few float32 squares, which may be added in another order.
TOLERANCE = 2e-6
SIZE = 3


def make(words: list[str], vectors: Any, dtype: str = "float32") -> KeyedVectors:
    counts = np.arange(len(words), 0, -1) * 10
    rows = np.asarray(vectors, np.float32).reshape(len(words), SIZE)
    return KeyedVectors(Vocabulary(words, counts), rows).astype(dtype)


@pytest.fixture
def kv() -> KeyedVectors:
    return make(["a", "b", "c"], [[1, 0, 0], [0, 2, 0], [0, 3, 4]])


def fresh(keys: list[Key], rows: Any, counts: list[int]) -> KeyedVectors:
    """Return a table that is filled in one go."""
    table = KeyedVectors.empty(SIZE)
    table.add_vectors(keys, np.reshape(rows, (len(keys), SIZE)), {"count": counts})
    return table


def check_equal(kv: KeyedVectors, expected: KeyedVectors) -> None:
    assert kv.index_to_key == expected.index_to_key
    assert list(map(type, kv.index_to_key)) == list(map(type, expected.index_to_key))
    assert kv.key_to_index == expected.key_to_index
    assert len(kv) == len(kv.vectors) == len(kv.counts) == len(kv.norms) == len(expected)
    np.testing.assert_array_equal(kv.rows(slice(None)), expected.rows(slice(None)))
    np.testing.assert_array_equal(kv.counts, expected.counts)
    np.testing.assert_allclose(kv.norms, expected.norms, rtol=TOLERANCE)
    np.testing.assert_allclose(
        kv.get_normed_vectors(), expected.get_normed_vectors(), atol=TOLERANCE
    )


# ---- Any sequence of changes ---------------------------------------------------------------

keys = st.one_of(st.sampled_from("abcde"), st.integers(0, 2))
numbers = st.integers(-4, 4)
vectors = st.tuples(numbers, numbers, numbers)
entries = st.lists(st.tuples(keys, vectors), max_size=6)


class Changes(RuleBasedStateMachine):
    """A table beside a plain dict of key -> (vector, count)."""

    @initialize(
        words=st.lists(st.sampled_from("abcd"), unique=True),
        dtype=st.sampled_from(["float32", "float16", "int8"]),
        data=st.data(),
    )
    def begin(self, words: list[str], dtype: str, data: st.DataObject) -> None:
        rows = [data.draw(vectors) for _ in words]
        shared = make(words, rows, dtype)
        self.kv, self.shared = shared.astype(dtype), shared
        self.kv = KeyedVectors(shared.vocabulary, shared.vectors, scales=shared.scales)
        self.before = copy.deepcopy((shared.vocabulary.words, shared.vectors, shared.counts))
        first = zip(words, shared.rows(slice(None)).copy(), shared.counts.tolist(), strict=True)
        self.model: dict[Key, tuple[NDArray[Any], int]] = {k: (row, n) for k, row, n in first}

    def write(self, key: Key, vector: Any) -> None:
        count = self.model[key][1] if key in self.model else 0
        self.model[key] = np.array(vector, np.float32), count

    @rule()
    def look_at_norms(self) -> None:
        self.kv.fill_norms()

    @rule(wanted=st.sampled_from([True, False, None]))
    def use_a_sketch(self, wanted: bool | None) -> None:
        self.kv.use_sketch(wanted)

    @rule(key=keys, vector=vectors)
    def set_one(self, key: Key, vector: Any) -> None:
        self.kv[key] = np.array(vector)
        self.write(key, vector)

    @rule(key=keys, vector=vectors)
    def add_one(self, key: Key, vector: Any) -> None:
        if key in self.model:
            with pytest.raises(ValueError, match="has a vector already"):
                self.kv.add_vector(key, vector)
            return
        assert self.kv.add_vector(key, vector) == len(self.model)
        self.write(key, vector)

    @rule(given=entries, replace=st.booleans())
    def add_several(self, given: list[tuple[Key, Any]], replace: bool) -> None:
        self.kv.add_vectors([key for key, _ in given], [row for _, row in given], replace=replace)
        for key, row in given:
            if replace or key not in self.model:
                self.write(key, row)

    @rule(given=entries)
    def set_several(self, given: list[tuple[Key, Any]]) -> None:
        self.kv[[key for key, _ in given]] = np.reshape([row for _, row in given], (-1, SIZE))
        for key, row in given:
            self.write(key, row)

    @rule(data=st.data())
    def copy_one_to_another(self, data: st.DataObject) -> None:
        if self.model:
            source, target = (data.draw(st.sampled_from(list(self.model))) for _ in range(2))
            self.kv[target] = self.kv[source]
            self.write(target, self.model[source][0])

    @rule(data=st.data(), count=st.integers(0, 50))
    def count_one(self, data: st.DataObject, count: int) -> None:
        if self.model:
            key = data.draw(st.sampled_from(list(self.model)))
            self.kv.set_vecattr(key, "count", count)
            self.model[key] = self.model[key][0], count

    @rule()
    def sort(self) -> None:
        self.kv.sort_by_descending_frequency()
        self.model = dict(sorted(self.model.items(), key=lambda item: -item[1][1]))

    @rule()
    def normalise(self) -> None:
        self.kv.unit_normalize_all()
        for key, (row, count) in self.model.items():
            length = np.sqrt(np.sum(row * row))
            self.model[key] = (row / length if length > 0 else row), count

    @rule(n_keys=st.integers(0, 20))
    def allocate(self, n_keys: int) -> None:
        self.kv.allocate(n_keys)

    @rule(dtype=st.just("float32"))
    def go_on_with_a_copy(self, dtype: str) -> None:
        self.kv = self.kv.astype(dtype)

    @rule()
    def go_on_with_a_pickle(self) -> None:
        self.kv = pickle.loads(pickle.dumps(self.kv))

    @invariant()
    def it_is_what_a_fresh_object_is(self) -> None:
        rows = [row for row, _ in self.model.values()]
        counts = [count for _, count in self.model.values()]
        expected = fresh(list(self.model), rows, counts)
        # Normalised rows are rounded once more; all others are exact.
        np.testing.assert_allclose(
            self.kv.rows(slice(None)), expected.rows(slice(None)), atol=TOLERANCE
        )
        if self.model:
            np.testing.assert_allclose(self.kv.norms, expected.norms, rtol=1e-5)
        expected[list(self.model)] = self.kv.rows(slice(None))
        check_equal(self.kv, expected)
        queries = np.array([[1, 2, -3], [0, -1, 4]])
        for query, batched in zip(queries, self.kv.most_similar_batch(queries, 2), strict=True):
            every = expected.most_similar(query, topn=9)
            # Of a tie that rounding has broken either way both keys will do.
            for found in (self.kv.most_similar(query, topn=2), batched):
                cosines = [cosine for _, cosine in found]
                assert cosines == pytest.approx([c for _, c in every[:2]], abs=TOLERANCE)
                assert cosines == pytest.approx([dict(every)[k] for k, _ in found], abs=TOLERANCE)

    @invariant()
    def whoever_shares_the_first_rows_and_words_sees_nothing(self) -> None:
        words, rows, counts = self.before
        assert self.shared.vocabulary.words == words
        assert self.shared.vocabulary.index == {word: i for i, word in enumerate(words)}
        np.testing.assert_array_equal(self.shared.vectors, rows)
        np.testing.assert_array_equal(self.shared.vocabulary.counts, counts)


Changes.TestCase.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestAnySequenceOfChanges = Changes.TestCase


# ---- One at a time -------------------------------------------------------------------------


def test_adding_in_a_loop_moves_the_rows_seldom() -> None:
    kv = KeyedVectors.empty(SIZE)
    moves, place = 0, 0
    for i in range(1000):
        kv.add_vector(f"w{i}", np.full(SIZE, i))
        found = kv.vectors.__array_interface__["data"][0]
        moves, place = moves + (found != place), found
    assert moves <= 11  # 1, 2, 4, ..., 1024
    np.testing.assert_array_equal(kv.vectors[:, 0], np.arange(1000))


def test_adding_in_a_loop_computes_each_length_once(
    kv: KeyedVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    kv.fill_norms()
    computed = []

    def counting(rows: NDArray[Any], scales: Any = None) -> NDArray[Any]:
        computed.append(len(rows))
        return np.sqrt(np.sum(rows * rows, axis=1))

    monkeypatch.setattr("fastw2v.keyed_vectors.editing.row_norms", counting)
    monkeypatch.setattr("fastw2v.keyed_vectors.table.row_norms", counting)
    for i in range(50):
        kv.add_vector(i, np.ones(SIZE))
        assert kv.most_similar("a", topn=1)
    assert computed == [1] * 50


def test_allocated_room_is_filled_without_moving_the_rows(kv: KeyedVectors) -> None:
    kv.allocate(100)
    place = kv.vectors.__array_interface__["data"][0]
    for i in range(97):
        kv.add_vector(i, np.ones(SIZE))
    assert len(kv) == 100
    assert kv.vectors.__array_interface__["data"][0] == place


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_rows_that_are_changed_are_float32(dtype: str) -> None:
    kv = make(["a", "b"], np.eye(2, SIZE), dtype)
    kv["a"] = np.array([0.1, 0.2, 0.3])
    assert kv.vectors.dtype == np.float32
    assert kv.scales is None
    assert kv["a"].tolist() == np.array([0.1, 0.2, 0.3], np.float32).tolist()


def test_a_map_of_a_file_is_not_written_to(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.eye(2, SIZE, dtype=np.float32))
    for mode in ("r", "r+", "c"):
        mapped = np.load(tmp_path / "rows.npy", mmap_mode=mode)
        kv = KeyedVectors(Vocabulary(["a", "b"], np.ones(2, np.int64)), mapped)
        kv["a"] = np.array([7, 7, 7])
        assert type(kv.vectors) is np.ndarray
        assert mapped[0].tolist() == [1, 0, 0]


def test_the_vectors_of_a_model_go_their_own_way(tmp_path: Path) -> None:
    model = Word2Vec([["a", "b"]] * 20, vector_size=SIZE, min_count=1, workers=1).train()
    wv, vocabulary = model.wv, model.wv.vocabulary
    words, rows, counts = list(vocabulary.words), wv.vectors, vocabulary.counts.copy()
    before = rows.copy()
    model.save(tmp_path / "model")
    wv.set_vecattr("a", "colour", "red")
    model.save(tmp_path / "model")
    wv["new"] = np.ones(SIZE)
    wv.unit_normalize_all()
    wv.set_vecattr("a", "count", 5)
    assert (vocabulary.words, "new" in vocabulary) == (words, False)
    np.testing.assert_array_equal(vocabulary.counts, counts)
    np.testing.assert_array_equal(rows, before)
    assert wv.vocabulary.words == [*words, "new"]
    assert wv.vocabulary.counts.tolist() == wv.counts.tolist()
    assert wv.vocabulary.missing_reason("x") == vocabulary.missing_reason("x")
    with pytest.raises(RuntimeError, match=r"wv was changed.*model\.wv\.save\(path\)"):
        model.save(tmp_path / "model")
    wv.save(tmp_path / "v.safetensors")
    assert KeyedVectors.load(tmp_path / "v.safetensors").index_to_key == [*words, "new"]


def test_a_vocabulary_that_was_handed_out_is_not_changed_later(kv: KeyedVectors) -> None:
    kv["d"] = np.ones(SIZE)
    handed_out = kv.vocabulary
    assert handed_out is kv.vocabulary
    kv["e"] = np.ones(SIZE)
    kv.set_vecattr("a", "count", 99)
    assert handed_out.words == ["a", "b", "c", "d"]
    assert handed_out.counts.tolist() == [30, 20, 10, 0]
    assert kv.vocabulary.words == ["a", "b", "c", "d", "e"]


def test_a_copy_of_another_type_is_changed_apart(kv: KeyedVectors) -> None:
    kv.set_vecattr("a", "colour", "red")
    kv[1] = np.ones(SIZE)
    twin = kv.astype("float16")
    kv.set_vecattr("a", "colour", "blue")
    kv[2] = np.ones(SIZE)
    assert twin.index_to_key == ["a", "b", "c", 1]
    assert twin.get_vecattr("a", "colour") == "red"


@pytest.mark.parametrize(("replace", "row"), [(False, 1), (True, 2)])
def test_of_a_key_given_twice_the_first_is_added_or_the_last_replaces(
    kv: KeyedVectors, replace: bool, row: int
) -> None:
    rows = np.arange(2, 11).reshape(3, SIZE)
    kv.add_vectors(["a", "d", "d"], rows, {"count": [7, 8, 9]}, replace=replace)
    assert kv["d"].tolist() == rows[row].tolist()
    assert kv.get_vecattr("d", "count") == 7 + row
    assert kv["a"].tolist() == (rows[0].tolist() if replace else [1, 0, 0])
    assert kv.get_vecattr("a", "count") == (7 if replace else 30)


def test_sorting_takes_lengths_along_and_keeps_the_order_of_equal_counts() -> None:
    kv = make([f"w{i}" for i in range(40)], np.arange(120))
    lengths = dict(zip(kv.index_to_key, kv.norms.tolist(), strict=True))
    for i in range(40):
        kv.set_vecattr(f"w{i}", "count", i % 2)
    kv.sort_by_descending_frequency()
    assert kv.index_to_key == [f"w{i}" for i in (*range(1, 40, 2), *range(0, 40, 2))]
    assert kv.norms.tolist() == [lengths[word] for word in kv.index_to_key]


def test_a_count_that_is_changed_is_that_of_the_vocabulary(kv: KeyedVectors) -> None:
    shared = kv.vocabulary
    kv.set_vecattr("b", "count", 99)
    assert kv.changed
    assert kv.vocabulary.counts.tolist() == kv.counts.tolist() == [30, 99, 10]
    assert shared.counts.tolist() == [30, 20, 10]


@pytest.mark.parametrize("weights", [np.ones((1, SIZE)), [1, 1, 1], np.ones(SIZE, np.float64)])
def test_one_key_takes_a_vector_of_any_form(kv: KeyedVectors, weights: Any) -> None:
    kv["d"] = weights
    kv.add_vectors("e", weights)
    assert kv["d"].tolist() == kv["e"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda kv: kv.add_vectors(["d", "a"], np.ones((1, SIZE))), ValueError, r"\(2, 3\), not"),
        (lambda kv: kv.add_vectors(["d"], [[1, 2]]), ValueError, r"\(1, 3\), not \(1, 2\)"),
        (lambda kv: kv.add_vectors(["d"], [1, 2, 3]), ValueError, r"\(1, 3\), not \(3,\)"),
        (lambda kv: kv.add_vectors([], [[1, 2, 3]]), ValueError, r"\(0, 3\), not \(1, 3\)"),
        (lambda kv: kv.__setitem__("d", 1.0), ValueError, r"\(1, 3\), not \(\)"),
        (lambda kv: kv.__setitem__("d", ["x", "y", "z"]), ValueError, "could not convert"),
        (lambda kv: kv.__setitem__(["d", None], np.ones((2, SIZE))), TypeError, "must be a word"),
        (lambda kv: kv.__setitem__(True, np.ones(SIZE)), TypeError, "must be a word"),
        (lambda kv: kv.add_vectors(["d"], [[1, 2, 3]], {"x": [1, 2]}), ValueError, "one value a"),
        (lambda kv: kv.add_vectors(["d"], [[1, 2, 3]], {"count": [1.5]}), TypeError, "is of type"),
        (lambda kv: kv.set_vecattr("d", "count", 1), KeyError, "'d' has no vector"),
        (lambda kv: kv.set_vecattr("a", "count", 2**70), TypeError, "is of type int64"),
        (lambda kv: kv.allocate(-1), ValueError, "n_keys must be at least 0"),
        (lambda kv: kv.allocate(1.5), TypeError, "n_keys must be an integer"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    kv: KeyedVectors, change: Any, error: type[Exception], message: str
) -> None:
    before = copy.deepcopy(kv)
    with pytest.raises(error, match=message):
        change(kv)
    check_equal(kv, before)
    assert not kv.changed


def test_empty_vectors_can_be_searched_and_filled() -> None:
    kv = KeyedVectors.empty(2)
    assert kv.most_similar(np.ones(2)) == []
    assert kv[[]].shape == (0, 2)
    kv.add_vectors([], [])
    kv["a"] = [3, 4]
    assert kv.norms.tolist() == [5]
    with pytest.raises(TypeError, match=r"not 100: KeyedVectors.empty\(vector_size\)"):
        KeyedVectors(100, np.ones((0, 100)))  # type: ignore[arg-type]


# ---- Parts ---------------------------------------------------------------------------------


def test_vectors_for_all_is_a_table_of_its_own(kv: KeyedVectors) -> None:
    kv.set_vecattr("a", "colour", "red")
    part = kv.vectors_for_all(["c", "x", "a", "c"])
    check_equal(part, fresh(["c", "a"], kv[["c", "a"]], [0, 0]))
    with pytest.raises(KeyError, match="no attribute 'colour'"):
        part.get_vecattr("a", "colour")
    part = kv.vectors_for_all(iter(["c", "a"]), copy_vecattrs=True)
    assert part.counts.tolist() == [10, 30]
    assert [part.get_vecattr(key, "colour") for key in "ac"] == ["red", None]
    part["a"] = np.ones(SIZE)
    assert kv["a"].tolist() == [1, 0, 0]


def test_unit_vectors_leave_zero_and_what_is_not_finite_as_they_are() -> None:
    kv = make(["a", "zero", "nan"], [[0, 3, 4], [0, 0, 0], [np.nan, 1, 1]])
    units = kv.get_normed_vectors()
    assert kv["a"].tolist() == [0, 3, 4]
    kv.unit_normalize_all()
    np.testing.assert_array_equal(kv.vectors, units)
    np.testing.assert_allclose(units[:2], [[0, 0.6, 0.8], [0, 0, 0]], rtol=TOLERANCE)
    assert np.isnan(units[2, 0])
