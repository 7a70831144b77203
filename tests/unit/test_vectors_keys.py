# SPDX-License-Identifier: Apache-2.0
"""Keys, words or ints, and their attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

SIZE = 3


@pytest.fixture
def kv() -> KeyedVectors:
    rows = np.array([[1, 0, 0], [0, 2, 0], [0, 3, 4]], np.float32)
    return KeyedVectors(Vocabulary(["a", "b", "c"], np.array([30, 20, 10])), rows)


@pytest.mark.parametrize(
    ("value", "other", "dtype"),
    [
        (3, 0, np.int64),
        (2.5, 0.0, np.float64),
        (True, False, np.bool_),
        (np.float32(2.5), 0.0, np.float32),
        (np.uint8(7), 0, np.uint8),
        ("red", None, object),
        ((1, 2), None, object),
        (np.arange(3), None, object),
    ],
    ids=repr,
)
def test_an_attribute_has_the_type_of_its_first_value_and_begins_empty(
    kv: KeyedVectors, value: Any, other: Any, dtype: Any
) -> None:
    kv.set_vecattr("b", "mark", value)
    kv["d"] = np.ones(SIZE)
    assert np.array_equal(kv.get_vecattr("b", "mark"), value)
    for key in ("a", "c", "d"):
        assert kv.get_vecattr(key, "mark") == other
    assert kv.vectors_for_all(["b"], copy_vecattrs=True)._keys.attribute("mark").dtype == dtype


def test_attributes_follow_their_keys(kv: KeyedVectors) -> None:
    kv.add_vectors(["d", "a"], np.ones((2, SIZE)), {"mark": ["new", "old"], "count": [15, 5]})
    assert [kv.get_vecattr(key, "mark") for key in "abcd"] == [None, None, None, "new"]
    kv.add_vectors(["d", "a"], np.ones((2, SIZE)), {"mark": ["x", "y"]}, replace=True)
    kv.sort_by_descending_frequency()
    assert kv.index_to_key == ["a", "b", "d", "c"]
    assert [kv.get_vecattr(key, "mark") for key in "abcd"] == ["y", None, None, "x"]


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        (3, 2.5, TypeError),
        (3, "red", TypeError),
        (True, 2, TypeError),
        (np.uint8(7), 300, OverflowError),
        (np.uint8(7), -1, OverflowError),
    ],
)
def test_a_value_of_another_type_is_refused(
    kv: KeyedVectors, first: Any, second: Any, error: type[Exception]
) -> None:
    kv.set_vecattr("b", "mark", first)
    with pytest.raises(error, match="the attribute 'mark' is of type"):
        kv.set_vecattr("a", "mark", second)
    assert kv.get_vecattr("a", "mark") == 0


# ---- Integers as keys ----------------------------------------------------------------------


def test_an_int_is_a_key_and_never_a_position(kv: KeyedVectors, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"0 has no vector: .* index_to_key\[0\]"):
        kv[0]
    assert 0 not in kv
    assert kv.get_index(0, -1) == -1
    kv[0], kv[np.int64(7)] = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert kv.index_to_key == ["a", "b", "c", 0, 7]
    assert type(kv.index_to_key[4]) is int
    assert (kv[0].tolist(), kv.get_index(0)) == ([0, 0, 1], 3)
    assert kv[["a", 0]].tolist() == kv[np.array(["a", 0], object)].tolist()
    assert kv.most_similar(7, topn=1)[0][0] == "c"
    assert kv.most_similar([7, 0], topn=9)[0][0] == "c"
    assert 0.0 not in kv
    assert True not in kv
    assert "0" not in kv
    with pytest.raises(TypeError, match=r"the key 0 is an int: .* hold words"):
        kv.save_word2vec_format(tmp_path / "v")
