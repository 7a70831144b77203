# SPDX-License-Identifier: Apache-2.0
"""Approximate indexes by usearch and faiss."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_support import vectors_of

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vector_index import VectorIndex

PACKAGES = {"usearch": "usearch", "faiss": "faiss"}
N_WORDS = 3000
TOLERANCE = 2e-6  # sums of 16 products of float32 numbers, in different orders

backends = pytest.mark.parametrize(
    "backend",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                importlib.util.find_spec(package) is None, reason=f"needs {package}"
            ),
        )
        for name, package in PACKAGES.items()
    ],
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of faiss's wrapper


def make_vectors() -> KeyedVectors:
    return vectors_of([f"w{i}" for i in range(N_WORDS)])


@pytest.fixture(scope="module")
def kv() -> KeyedVectors:
    return make_vectors()


def index_of(kv: KeyedVectors, backend: Any, **options: Any) -> VectorIndex:
    return kv.index(backend, threads=1, **options)


@backends
def test_a_thorough_search_finds_what_the_exact_one_does(kv: KeyedVectors, backend: str) -> None:
    index = index_of(kv, backend, ef_search=N_WORDS)
    for word in ("w0", "w7", "w2999"):
        exact = kv.similar_by_vector(kv[word], topn=20)
        found = index.most_similar(kv[word], topn=20)
        assert [key for key, _ in found] == [key for key, _ in exact]
        np.testing.assert_allclose([c for _, c in found], [c for _, c in exact], atol=TOLERANCE)


@backends
def test_recall_is_measured_and_grows_with_the_candidates(kv: KeyedVectors, backend: str) -> None:
    index = index_of(kv, backend, m=4, ef_construction=8, ef_search=1)
    few = index.recall(n_queries=100)
    index.ef_search = N_WORDS
    assert 0.1 < few < index.recall(n_queries=100) <= 1
    assert index.recall(n_queries=50) == index.recall(n_queries=50)


@backends
def test_recall_is_the_share_of_true_neighbours(
    kv: KeyedVectors, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = index_of(kv, backend)
    exact = kv.similar_by_vector

    def half_right(vector: Any, topn: int) -> Any:
        return exact(vector, topn)[: 1 + (topn - 1) // 2]  # the word itself and half of the others

    monkeypatch.setattr(index, "most_similar", half_right)
    assert index.recall(n_queries=20, topn=10) == 0.5


@backends
@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_rows_of_other_types_are_indexed(kv: KeyedVectors, backend: str, dtype: str) -> None:
    other = kv.astype(dtype)
    assert index_of(other, backend, ef_search=N_WORDS).recall(n_queries=20) > 0.99


@backends
def test_lengths_do_not_count_and_vectors_without_direction_are_left_out(backend: str) -> None:
    kv = vectors_of(["a", "b", "zero", "nan", "c"])
    kv.vectors[2] = 0
    kv.vectors[3, 1] = np.nan
    kv.vectors[1] = 100 * kv.vectors[4]
    index = index_of(kv, backend)
    found = index.most_similar(1e-3 * kv.vectors[4], topn=5)
    assert len(index) == 3
    assert {key for key, _ in found} == {"a", "b", "c"}
    assert {key for key, _ in found[:2]} == {"b", "c"}
    assert found[0][1] == pytest.approx(1, abs=TOLERANCE)


@backends
def test_an_index_is_saved_and_loaded(kv: KeyedVectors, backend: str, tmp_path: Path) -> None:
    index = index_of(kv, backend, m=8, ef_search=50)
    index.save(tmp_path / "words.index")
    loaded = make_vectors().load_index(tmp_path / "words.index")
    assert (loaded.settings, loaded.ef_search) == (index.settings, 50)
    assert loaded.most_similar(kv["w5"]) == index.most_similar(kv["w5"])
    assert loaded.recall(n_queries=20) == index.recall(n_queries=20)


@backends
def test_most_similar_takes_an_index(kv: KeyedVectors, backend: str) -> None:
    index = index_of(kv, backend, ef_search=N_WORDS)
    found = kv.most_similar(["w1", "w2"], ["w3"], topn=5, indexer=index)
    exact = kv.most_similar(["w1", "w2"], ["w3"], topn=8)
    others = [key for key, _ in found if key not in ("w1", "w2", "w3")]
    assert len(found) == 5
    assert others == [key for key, _ in exact][: len(others)]


@backends
def test_an_index_is_a_snapshot_of_keys_of_all_kinds(backend: str) -> None:
    kv = make_vectors()
    kv.add_vector(7, kv["w5"] * 2)
    index = index_of(kv, backend, ef_search=N_WORDS)
    before = index.most_similar(kv["w5"], topn=3)
    kv.add_vector("late", kv["w5"])
    kv["w5"] = -kv["w5"]
    assert {key for key, _ in before[:2]} == {7, "w5"}
    assert index.most_similar(kv["late"], topn=3) == before


@backends
@pytest.mark.parametrize("change", ["a number", "a word", "a row", "the type"])
def test_an_index_of_other_vectors_is_refused(
    kv: KeyedVectors, backend: str, change: str, tmp_path: Path
) -> None:
    index_of(kv, backend).save(tmp_path / "words.index")
    other = make_vectors()
    if change == "a number":
        other.vectors[1500, 3] = np.nextafter(other.vectors[1500, 3], np.float32(9))
    elif change == "a word":
        other = KeyedVectors(vectors_of([*other.index_to_key[:-1], "new"]).vocabulary, kv.vectors)
    elif change == "a row":
        other = KeyedVectors(vectors_of(other.index_to_key[:-1]).vocabulary, kv.vectors[:-1])
    else:
        other = other.astype("float16")
    with pytest.raises(ValueError, match=r"words.index' is of other vectors.* build it anew"):
        other.load_index(tmp_path / "words.index")


@backends
def test_recall_of_vectors_that_changed_meanwhile_is_refused(backend: str) -> None:
    kv = make_vectors()
    index = index_of(kv, backend)
    kv.vectors[0] = 1
    with pytest.raises(ValueError, match="these have changed: build it anew"):
        index.recall()


@backends
def test_a_damaged_file_is_refused_before_the_library_sees_it(backend: str, tmp_path: Path) -> None:
    kv = vectors_of(["a", "b", "c"])
    path = tmp_path / "index"
    index_of(kv, backend).save(path)
    whole = path.read_bytes()
    for n in range(0, len(whole), 7):  # a cut anywhere
        path.write_bytes(whole[:n])
        with pytest.raises(ValueError, match=r"not an index|damaged"):
            kv.load_index(path)
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=r"not an index|damaged"):
            kv.load_index(path)


def signed(line: bytes, graph: bytes) -> bytes:
    checksum = hashlib.sha256(line + graph).hexdigest().encode()
    return b"fastw2v index 1\n" + checksum + b" " + line + b"\n" + graph


HUGE = {"backend": "faiss", "m": 16, "ef_construction": 9, "ef_search": 2**40, "fingerprint": ""}


@pytest.mark.parametrize(
    "header", [[], {}, {"fingerprint": 1}, "x", None, {"backend": "annoy"}, HUGE]
)
def test_a_header_that_is_none_is_refused(header: Any, tmp_path: Path) -> None:
    path = tmp_path / "index"
    line = json.dumps(header).encode()
    path.write_bytes(signed(line, b""))
    with pytest.raises(ValueError, match="header that cannot be read"):
        vectors_of(["a"]).load_index(path)


@backends
def test_a_graph_that_does_not_fit_its_header_is_refused(backend: str, tmp_path: Path) -> None:
    kv, path = vectors_of(["a", "b", "c"]), tmp_path / "index"
    parts = []
    for vectors in (kv, vectors_of(["a", "b", "c", "d"])):
        index_of(vectors, backend).save(path)
        line, _, graph = path.read_bytes().partition(b" {")[2].partition(b"\n")
        parts.append((b"{" + line, graph))
    path.write_bytes(signed(*parts[0]))
    assert len(kv.load_index(path)) == 3
    path.write_bytes(signed(parts[0][0], parts[1][1]))
    with pytest.raises(ValueError, match=r"a graph of other vectors, of shape \(4, 16\)"):
        kv.load_index(path)
    path.write_bytes(signed(parts[0][0], b"no graph at all, " * 20))
    with pytest.raises(ValueError, match=f"no graph of {backend}"):
        kv.load_index(path)


@backends
@pytest.mark.parametrize(
    ("vector", "topn", "message"),
    [
        (np.zeros(16), 5, "zero or not finite"),
        (np.full(16, np.nan), 5, "zero or not finite"),
        (np.ones(3), 5, r"shape \(16,\), not \(3,\)"),
        (np.ones(16), -1, "topn must be at least 0"),
    ],
)
def test_a_query_without_an_answer_is_refused(
    kv: KeyedVectors, backend: str, vector: Any, topn: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        index_of(vectors_of(["a", "b"]), backend).most_similar(vector, topn)


@backends
def test_topn_of_none_and_of_more_than_there_are(backend: str) -> None:
    kv = vectors_of(["a", "b", "c"])
    index = index_of(kv, backend)
    assert index.most_similar(kv["a"], topn=0) == []
    assert len(index.most_similar(kv["a"], topn=99)) == 3


@backends
def test_an_index_of_one_word_or_of_none_answers_and_has_no_recall(backend: str) -> None:
    for n_usable in (1, 0):
        kv = vectors_of(["a", "b"])
        kv.vectors[n_usable:] = 0
        index = index_of(kv, backend)
        assert [key for key, _ in index.most_similar(np.ones(16))] == ["a"][:n_usable]
        with pytest.raises(ValueError, match="fewer than two words"):
            index.recall()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "annoy"}, "backend must be 'usearch' or 'faiss', not 'annoy'"),
        ({"m": 1}, "m must be at least 2"),
        ({"ef_construction": 0}, "ef_construction must be at least 1"),
        ({"ef_search": 0}, "ef_search must be at least 1"),
        ({"m": 1025}, "m must be at most 1024, not 1025"),
        ({"ef_construction": 2**40}, "ef_construction must be at most 1000000"),
        ({"ef_search": 2**40}, "ef_search must be at most 1000000"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_a_wrong_setting_is_refused(options: Any, message: str) -> None:
    pytest.importorskip("usearch")
    with pytest.raises(ValueError, match=message):
        vectors_of(["a", "b"]).index(**options)


@pytest.mark.parametrize(("backend", "module"), [("usearch", "usearch.index"), ("faiss", "faiss")])
def test_a_missing_package_is_said_with_the_way_to_get_it(
    backend: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'fastw2v\[{backend}\]'"):
        vectors_of(["a", "b"]).index(backend)
