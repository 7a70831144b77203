# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from fastw2v.corpus import EncodedCorpus
from fastw2v.persistence.model_file import load_model, save_model
from fastw2v.persistence.native import DTYPES, load_tensors, save_tensors
from fastw2v.vocabulary import Vocabulary, WordCounts

Header = dict[str, Any]


def pack(header: Header | bytes, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def unpack(content: bytes) -> tuple[Header, bytes]:
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def save_small_model(path: Path, **changes: Any) -> None:
    rng = np.random.default_rng(0)
    arguments: dict[str, Any] = {
        "vocabulary": Vocabulary(["the", "café", "", "東京"], np.array([9, 5, 5, 1])),
        "input_vectors": rng.normal(size=(4, 3)).astype(np.float32),
        "output_vectors": rng.normal(size=(4, 3)).astype(np.float32),
        "hyper_parameters": {"vector_size": 3, "alpha": 0.025, "sg": False, "sample": None},
    }
    save_model(path, **arguments | changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.fw"


# ---- Tensors -------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(data=st.data(), metadata=st.dictionaries(st.text(), st.text(), max_size=3))
def test_tensors_and_metadata_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, metadata: dict[str, str]
) -> None:
    names = st.text().filter(lambda name: name != "__metadata__")
    some_array = st.sampled_from(list(DTYPES.values())).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
    )
    tensors = data.draw(st.dictionaries(names, some_array, max_size=4))
    metadata.pop("__metadata__", None)
    path = tmp_path_factory.mktemp("native") / "tensors"
    save_tensors(path, tensors, metadata)
    loaded, loaded_metadata = load_tensors(path)
    assert loaded_metadata == metadata
    assert loaded.keys() == tensors.keys()
    for name, array in tensors.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize(
    "strided",
    [
        lambda array: array[:, :5],
        lambda array: array[::2],
        lambda array: array[::-1],
        lambda array: array.T,
        lambda array: np.asfortranarray(array),
        lambda array: array.astype(">f4"),
    ],
    ids=["padded rows", "every other row", "backwards", "transposed", "Fortran", "big-endian"],
)
def test_any_strides_and_byte_order_are_written_as_the_plain_array(
    path: Path, strided: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    array = strided(np.arange(63, dtype=np.float32).reshape(9, 7))
    save_tensors(path, {"x": array}, {})
    np.testing.assert_array_equal(load_tensors(path)[0]["x"], array)


def test_padded_rows_are_written_without_a_full_copy(path: Path) -> None:
    array = np.zeros((400_000, 48), np.float32)[:, :33]
    tracemalloc.start()
    try:
        save_tensors(path, {"x": array}, {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < array.nbytes / 2


def test_the_data_are_aligned_to_a_cache_line_and_each_tensor_to_its_elements(path: Path) -> None:
    tensors = {"u8": np.zeros(3, np.uint8), "f4": np.zeros(3, "f4"), "i8": np.zeros(1, "i8")}
    save_tensors(path, tensors, {"key": "value"})
    header, _ = unpack(path.read_bytes())
    assert (8 + int.from_bytes(path.read_bytes()[:8], "little")) % 64 == 0
    for name, tensor in tensors.items():
        assert header[name]["data_offsets"][0] % tensor.itemsize == 0


def test_writing_to_a_loaded_tensor_does_not_change_the_file(path: Path) -> None:
    save_tensors(path, {"x": np.zeros(4, np.float32)}, {})
    before = path.read_bytes()
    array = load_tensors(path)[0]["x"]
    array[:] = 1
    del array
    assert path.read_bytes() == before


def test_a_dtype_outside_the_format_is_refused_before_anything_is_written(path: Path) -> None:
    with pytest.raises(TypeError, match=r"'x'.*complex64"):
        save_tensors(path, {"x": np.zeros(2, np.complex64)}, {})
    assert not path.exists()


def test_metadata_that_is_not_text_is_refused(path: Path) -> None:
    with pytest.raises(TypeError, match="metadata"):
        save_tensors(path, {}, {"n": 1})  # type: ignore[dict-item]


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
LIES = {
    "empty file": b"",
    "seven bytes": b"\0" * 7,
    "header longer than the file": (100).to_bytes(8, "little") + b"{}",
    "header longer than any": (2**63).to_bytes(8, "little") + b"{}",
    "empty header": pack(b""),
    "not JSON": pack(b"{]"),
    "not UTF-8": pack(b'{"\xff": 0}'),
    "a list": pack(b"[]"),
    "deep nesting": pack(b'{"x":' + b"[" * 100_000),
    "endless integer": pack(b'{"x":' + b"1" * 10_000 + b"}"),
    "name twice": pack(b'{"__metadata__":{},"__metadata__":{}}'),
    "metadata is a list": pack({"__metadata__": []}),
    "metadata of numbers": pack({"__metadata__": {"n": 1}}),
    "tensor is null": pack({"x": None}),
    "tensor lacks a shape": pack({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
    "unknown dtype": pack({"x": F32 | {"dtype": "F31"}}, bytes(8)),
    "dtype is a list": pack({"x": F32 | {"dtype": []}}, bytes(8)),
    "negative size": pack({"x": F32 | {"shape": [-2]}}, bytes(8)),
    "size is true": pack({"x": F32 | {"shape": [2, True]}}, bytes(8)),
    "size is a float": pack({"x": F32 | {"shape": [2.0]}}, bytes(8)),
    "shape is a number": pack({"x": F32 | {"shape": 2}}, bytes(8)),
    "too many dimensions": pack({"x": F32 | {"shape": [2] + [1] * 64}}, bytes(8)),
    "huge and empty": pack({"x": F32 | {"shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}}),
    "product wraps at 64 bits": pack({"x": F32 | {"shape": [2**62, 4, 2]}}, bytes(8)),
    "more than any disk": pack({"x": F32 | {"shape": [10**18], "data_offsets": [0, 4 * 10**18]}}),
    "offsets reversed": pack({"x": F32 | {"data_offsets": [8, 0]}}, bytes(8)),
    "three offsets": pack({"x": F32 | {"data_offsets": [0, 8, 8]}}, bytes(8)),
    "shape and offsets disagree": pack({"x": F32 | {"shape": [3]}}, bytes(12)),
    "data cut short": pack({"x": F32}, bytes(7)),
    "data too long": pack({"x": F32}, bytes(9)),
    "overlap": pack({"x": F32, "y": F32 | {"data_offsets": [4, 12]}}, bytes(12)),
    "gap": pack({"x": F32, "y": F32 | {"data_offsets": [12, 20]}}, bytes(20)),
}


@pytest.mark.parametrize(
    ("load", "kind"),
    [
        (load_tensors, "a safetensors file"),
        (load_model, "a fastw2v model"),
        (EncodedCorpus.open, "an encoded corpus"),
    ],
    ids=["tensors", "model", "corpus"],
)
@pytest.mark.parametrize("content", LIES.values(), ids=LIES.keys())
def test_a_header_that_lies_is_refused_before_much_is_allocated(
    path: Path, content: bytes, load: Callable[[Path], Any], kind: str
) -> None:
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"model\.fw' is not {kind}: .") as caught:
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 1000


@settings(max_examples=200, deadline=None)
@given(header=st.binary(max_size=200), data=st.binary(max_size=16))
def test_random_bytes_are_refused_or_read_but_never_crash(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("random") / "model.fw"
    path.write_bytes(pack(header, data))
    with pytest.raises(ValueError, match="not a fastw2v model"):
        load_model(path)


# ---- Models --------------------------------------------------------------------------------


@pytest.mark.parametrize("with_output", [True, False])
def test_a_model_comes_back_as_it_was(path: Path, with_output: bool) -> None:
    vectors = np.random.default_rng(1).normal(size=(4, 16)).astype(np.float32)[:, :3]
    save_small_model(path, input_vectors=vectors, output_vectors=-vectors if with_output else None)
    model = load_model(path)
    assert model.vocabulary.words == ["the", "café", "", "東京"]
    np.testing.assert_array_equal(model.vocabulary.counts, [9, 5, 5, 1])
    np.testing.assert_array_equal(model.input_vectors, vectors)
    if with_output:
        np.testing.assert_array_equal(model.output_vectors, -vectors)
    else:
        assert model.output_vectors is None
    assert model.hyper_parameters == {
        "vector_size": 3, "alpha": 0.025, "sg": False, "sample": None,
    }  # fmt: skip
    assert model.format_version == 1


def test_a_loaded_model_explains_a_missing_word_as_the_trained_one_did(path: Path) -> None:
    seen = WordCounts.from_words(["a", "naïve", "b", "c"], np.array([9, 3, 8, 7]))
    vocabulary, _ = Vocabulary.from_counts(seen, min_count=5, max_final_vocab=2)
    vectors = np.ones((2, 3), np.float32)
    save_small_model(path, vocabulary=vocabulary, input_vectors=vectors, output_vectors=None)
    loaded = load_model(path).vocabulary
    assert (loaded.min_count, loaded.max_final_vocab) == (5, 2)
    assert loaded.missing_reason("naïve") == "seen 3 times, fewer than min_count=5"
    for word in ("a", "c", "never"):
        assert loaded.missing_reason(word) == vocabulary.missing_reason(word)


def test_a_vocabulary_that_knows_no_dropped_words_stays_one(path: Path) -> None:
    save_small_model(path)
    assert load_model(path).vocabulary.dropped is None
    assert "dropped" not in load_tensors(path)[0]


def test_a_model_can_be_saved_over_the_file_that_it_is_mapped_from(path: Path) -> None:
    save_small_model(path)
    model = load_model(path)
    before = model.input_vectors.copy()
    save_small_model(path, input_vectors=model.input_vectors, output_vectors=None)
    np.testing.assert_array_equal(model.input_vectors, before)
    np.testing.assert_array_equal(load_model(path).input_vectors, before)


@settings(max_examples=50, deadline=None)
@example(words=["\ud800", "\udc80x"])
@given(words=st.lists(st.text(st.characters(codec=None)), unique=True, max_size=6))
def test_any_python_string_can_be_a_word(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    path = tmp_path_factory.mktemp("words") / "model.fw"
    vectors = np.ones((len(words), 2), np.float32)
    save_small_model(
        path,
        vocabulary=Vocabulary(words, np.ones(len(words), np.int64)),
        input_vectors=vectors,
        output_vectors=None,
    )
    assert load_model(path).vocabulary.words == words


def test_every_truncation_of_a_model_is_refused(path: Path) -> None:
    save_small_model(path)
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match="is not a fastw2v model"):
            load_model(path)


def edit(path: Path, change: Callable[[dict[str, NDArray[Any]], dict[str, str]], Any]) -> None:
    save_small_model(path)
    tensors, metadata = load_tensors(path)
    change(tensors, metadata)
    save_tensors(path, tensors, metadata)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t, m: m.update(format="pt"), "format 'pt'"),
        (lambda t, m: m.clear(), "format None"),
        (lambda t, m: m.update(format_version="2"), "a later fastw2v is needed"),
        (lambda t, m: m.update(format_version="-1"), "format_version is '-1'"),
        (lambda t, m: m.update(hyper_parameters="{"), "not JSON"),
        (lambda t, m: m.update(hyper_parameters="[]"), "not a JSON object"),
        (lambda t, m: t.pop("counts"), "no tensor 'counts'"),
        (lambda t, m: t.update(counts=t["counts"][:3]), "'counts' is int64 of shape"),
        (lambda t, m: t.update(counts=-t["counts"]), "negative count"),
        (lambda t, m: t.update(input_vectors=t["counts"]), "'input_vectors' is int64 of shape"),
        (lambda t, m: t.update(input_vectors=t["input_vectors"].astype("f8")), "float64"),
        (lambda t, m: t.update(output_vectors=t["output_vectors"][:, :2]), "'output_vectors' is"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(0, 1), "do not rise"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(1, 100), "do not rise"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(1, -(2**63)), "do not rise"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(4, 0), "do not rise"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(2, 7), "not UTF-8"),
        (lambda t, m: t["vocabulary"].__setitem__(0, 0xFF), "not UTF-8"),
        (lambda t, m: t["vocabulary_offsets"].__setitem__(1, 0), "'' stands twice"),
    ],
)
def test_a_damaged_model_is_refused_with_the_reason(
    path: Path, change: Callable[[dict[str, NDArray[Any]], dict[str, str]], Any], reason: str
) -> None:
    edit(path, change)
    with pytest.raises(ValueError, match=reason):
        load_model(path)


def test_a_hyper_parameter_that_is_not_finite_is_refused_before_anything_is_written(
    path: Path,
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_small_model(path, hyper_parameters={"alpha": float("nan")})
    assert not path.exists()


def test_vectors_that_do_not_fit_the_vocabulary_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="counts"):
        save_small_model(path, input_vectors=np.zeros((5, 3), np.float32), output_vectors=None)
    assert not path.exists()
