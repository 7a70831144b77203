# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastw2v.persistence.model_file import load_model, save_model
from fastw2v.persistence.native import load_tensors, save_tensors
from fastw2v.vocabulary import Vocabulary

safetensors = pytest.importorskip("safetensors")
safetensors_numpy = pytest.importorskip("safetensors.numpy")

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"]
SHAPES: list[tuple[int, ...]] = [(), (0,), (1,), (3, 5), (2, 0, 3)]
TENSORS = {
    f"{dtype}{shape}": np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    for dtype in DTYPES
    for shape in SHAPES
}
METADATA = {"format": "np", "note": "ø\n\"'"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tensors.safetensors"


def assert_same(loaded: dict[str, np.ndarray]) -> None:
    assert loaded.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert loaded[name].dtype == tensor.dtype
        np.testing.assert_array_equal(loaded[name], tensor)


def test_the_safetensors_package_reads_what_we_write(path: Path) -> None:
    save_tensors(path, TENSORS, METADATA)
    assert_same(safetensors_numpy.load_file(path))
    with safetensors.safe_open(path, "np") as file:
        assert file.metadata() == METADATA


@pytest.mark.parametrize("metadata", [METADATA, None])
def test_we_read_what_the_safetensors_package_writes(
    path: Path, metadata: dict[str, str] | None
) -> None:
    safetensors_numpy.save_file(TENSORS, path, metadata)
    tensors, loaded_metadata = load_tensors(path)
    assert_same(tensors)
    assert loaded_metadata == (metadata or {})


def test_a_model_can_go_through_the_safetensors_package_and_back(path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    save_model(
        path,
        vocabulary=Vocabulary(["a", "é", "c"], np.array([3, 2, 1])),
        input_vectors=vectors,
        output_vectors=None,
        hyper_parameters={"vector_size": 5},
    )
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
    safetensors_numpy.save_file(safetensors_numpy.load_file(path), path, metadata)
    model = load_model(path)
    assert model.vocabulary.words == ["a", "é", "c"]
    np.testing.assert_array_equal(model.input_vectors, vectors)
