# SPDX-License-Identifier: Apache-2.0
"""Damaged files of vectors: a clear error, bounded memory, never a crash."""

from __future__ import annotations

import gzip
import math
import tracemalloc
from pathlib import Path

import fuzz_loaders
import fuzz_targets
import numpy as np
import pytest
import vector_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence import load_vectors
from fastw2v.persistence.loading import FORMATS

GOOD = vector_files.contents()
ODD = vector_files.odd_contents()
SAME_FOLDER = [HealthCheck.function_scoped_fixture]  # for all examples


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "v.txt").write_bytes(vector_files.WORD_LIST)
    return tmp_path / "v.npy"


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_file_is_loaded(path: Path, kind: str) -> None:
    path.write_bytes(GOOD[kind])
    words = list(load_vectors(path).words)
    assert words[-1] in {"5", "the"}


@pytest.mark.parametrize("kind", GOOD)
def test_every_truncation_is_refused(path: Path, kind: str) -> None:
    content = GOOD[kind]
    for size in range(len(content)):
        cut = content[:size]
        if kind == "glove" and cut.endswith(b"\n"):
            continue  # it has no header: a file of fewer words
        path.unlink(missing_ok=True)
        path.write_bytes(cut)
        with pytest.raises(ValueError, match=r"is not|is empty|is damaged"):
            load_vectors(path)


@pytest.mark.parametrize("kind", ["float32", "int8", "npy", "finalfusion", "gensim's binary"])
def test_bytes_behind_the_end_are_refused(path: Path, kind: str) -> None:
    path.write_bytes(GOOD[kind] + b"more")
    with pytest.raises(ValueError, match="is not"):
        load_vectors(path)


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.filterwarnings("ignore:.*stand more than once")
def test_an_odd_file_is_loaded_or_refused_in_little_memory(path: Path, kind: str) -> None:
    path.write_bytes(ODD[kind])
    tracemalloc.start()
    try:
        fuzz_targets.is_loaded(path, lambda: fuzz_targets.check_vectors(path, 0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A compressed file does not tell how much is in it: room for 16 MB, most of it never touched.
    assert peak < 40_000_000


def test_what_is_compressed_a_thousandfold_takes_no_more_memory_than_its_lines(path: Path) -> None:
    path.write_bytes(gzip.compress(b"2000 5000\nthe " + b"0 " * 30_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="line 2 of 2001 has no end"):
            load_vectors(path, binary=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000  # 16 MiB of room for rows, most of it never touched, and the line


def test_numbers_that_are_not_finite_come_as_they_are(path: Path) -> None:
    path.write_bytes(ODD["no numbers"])
    vectors = load_vectors(path).vectors
    expected = [[np.nan, np.inf, -np.inf], [np.nan, np.inf, np.inf]]
    np.testing.assert_array_equal(vectors, np.array(expected, np.float32))


def test_words_that_stand_twice_are_warned_of_at_the_call(path: Path) -> None:
    path.write_bytes(ODD["repeated words"])
    with pytest.warns(UserWarning, match="2 words stand more than once") as caught:
        assert list(load_vectors(path).words) == ["a", "b"]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("format", FORMATS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=80), begin=st.sampled_from([*GOOD]), n=st.integers(0, 60))
def test_random_bytes_are_loaded_or_refused_whatever_they_are_taken_for(
    path: Path, format: str, content: bytes, begin: str, n: int
) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(GOOD[begin][:n] + content)
    fuzz_targets.is_loaded(
        path, lambda: fuzz_targets.look_at(KeyedVectors.load(path, format=format))
    )


@pytest.mark.parametrize("name", fuzz_targets.TARGETS)
def test_the_fuzzer_begins_with_files_that_each_loader_takes(tmp_path: Path, name: str) -> None:
    seeds = fuzz_targets.all_seeds()
    mine = [data for kind, data in seeds.items() if kind.startswith(f"{name}: ")]
    assert mine
    loaded = [fuzz_targets.check(tmp_path, data) for data in mine]
    assert sum(loaded) >= len(loaded) * 3 / 4


def test_some_hundreds_of_mutations_are_loaded_or_refused(tmp_path: Path) -> None:
    n, n_good = fuzz_loaders.fuzz(tmp_path, seed=1, seconds=math.inf, most=1500)
    assert n == 1500
    assert 100 < n_good < 1400


def test_a_file_that_is_refused_in_another_way_is_a_finding_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(path: Path, option: int) -> None:
        raise KeyError("no such tensor")

    for name, target in fuzz_targets.TARGETS.items():
        monkeypatch.setitem(fuzz_targets.TARGETS, name, target._replace(check=damaged))
    with pytest.raises(KeyError, match="no such tensor"):
        fuzz_loaders.fuzz(tmp_path, seed=1, seconds=math.inf, most=1)
    assert (tmp_path / "crash").stat().st_size > 0
