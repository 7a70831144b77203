# SPDX-License-Identifier: Apache-2.0
"""Every way in which a call into the engine can fail has its exception, and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import ALIGNMENT, ISAS, aligned, train_one_chunk

from fastw2v import _core

CSRC = Path(__file__).parents[2] / "csrc"

# One row a code of fw_status, in order: the exception and what its message says.
STATUSES: dict[str, tuple[type[Exception] | None, str]] = {
    "FW_OK": (None, ""),
    "FW_ERROR_ARGUMENT": (ValueError, "null or out of its range"),
    "FW_ERROR_ALIGNMENT": (ValueError, "not aligned or padded to 64 bytes"),
    "FW_ERROR_ID_RANGE": (IndexError, "token id is outside the vocabulary"),
    "FW_ERROR_SENTENCE_ENDS": (ValueError, "sentence ends must rise"),
    "FW_ERROR_PROBABILITY": (ValueError, "finite, >= 0 and not all zero"),
    "FW_ERROR_NOT_FINITE": (FloatingPointError, "training diverged"),
    "FW_ERROR_ISA_UNKNOWN": (ValueError, "unknown instruction set"),
    "FW_ERROR_ISA_UNAVAILABLE": (ValueError, "not available on this CPU or in this build"),
    "FW_ERROR_MEMORY": (MemoryError, "out of memory"),
    "FW_ERROR_VOCABULARY_SIZE": (OverflowError, "2,147,483,647 distinct words"),
}


def test_the_table_has_every_code_of_the_header() -> None:
    body = (CSRC / "status.h").read_text().split("typedef enum fw_status {")[1].split("}")[0]
    without_comments = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    assert re.findall(r"\bFW_\w+", without_comments) == [*STATUSES, "FW_STATUS_COUNT"]


@pytest.mark.parametrize("code", range(1, len(STATUSES)), ids=list(STATUSES)[1:])
def test_every_code_has_its_exception_and_message(code: int) -> None:
    exception, message = list(STATUSES.values())[code]
    assert exception is not None
    with pytest.raises(exception, match=re.escape(message)) as caught:
        _core.raise_status(code)
    assert type(caught.value) is exception


def test_success_raises_nothing() -> None:
    _core.raise_status(0)


@pytest.mark.parametrize("code", [len(STATUSES), 10_000, -1])
def test_codes_outside_the_enum_raise_too(code: int) -> None:
    with pytest.raises(ValueError, match="unknown status"):
        _core.raise_status(code)


# ---- Chunks that are refused --------------------------------------------------------------------

VOCAB_SIZE, N_TOKENS = 5, 12


def shifted(array: np.ndarray) -> np.ndarray:
    """Return an equal array that begins one element after a 64-byte border."""
    longer = aligned(array.size + ALIGNMENT, array.dtype)
    moved = longer[1 : 1 + array.size].reshape(array.shape)
    moved[:] = array
    return moved


class Run:
    """A trainer and the arguments of one good chunk."""

    def __init__(self, **changed: Any) -> None:
        rng = np.random.default_rng(1)
        self.arrays: dict[str, Any] = {
            "input_vectors": aligned((VOCAB_SIZE, 16)),
            "output_vectors": aligned((VOCAB_SIZE, 16)),
            "keep_threshold": np.full(VOCAB_SIZE, 2**32 - 1, np.uint32),
            "noise_table": np.column_stack([np.zeros(VOCAB_SIZE), np.arange(VOCAB_SIZE)])
            .astype(np.uint32),
        }  # fmt: skip
        for name in ("input_vectors", "output_vectors"):
            self.arrays[name][:] = rng.normal(size=(VOCAB_SIZE, 16))
        self.settings: dict[str, Any] = {
            "vector_size": 16, "isa": ISAS[-1], "architecture": "skip_gram",
            "negative_scope": "window", "window": 3, "shrink_windows": False, "negatives": 2,
            "negative_weight": 1.0, "pool_size": 4, "pool_refresh": 65536, "cbow_mean": True,
            "cbow_exact_gradient": True, "chunk_tokens": N_TOKENS, "loss_interval": 1,
        }  # fmt: skip
        for name, value in changed.items():
            (self.arrays if name in self.arrays else self.settings)[name] = value
        self.trainer = _core.Trainer(*self.arrays.values(), **self.settings)
        self.chunk: dict[str, Any] = {
            "ids": (np.arange(N_TOKENS) % VOCAB_SIZE).astype(np.int32),
            "begin": 2,
            "end": N_TOKENS,
            "sentence_ends": np.array([6, N_TOKENS], np.int64),
            "stream": 1,
            "learning_rate": 0.05,
            "workspace": aligned(self.trainer.workspace_size, np.uint8),
        }

    def vectors(self) -> bytes:
        return b"".join(self.arrays[n].tobytes() for n in ("input_vectors", "output_vectors"))

    def train(self, **changed: Any) -> Any:
        return train_one_chunk(self.trainer, **(self.chunk | changed))

    def assert_refused(self, status: str, **changed: Any) -> None:
        exception, message = STATUSES[status]
        assert exception is not None
        before = self.vectors()
        with pytest.raises(exception, match=re.escape(message)):
            self.train(**changed)
        assert self.vectors() == before


def with_id(place: int, word_id: int) -> np.ndarray:
    ids = (np.arange(N_TOKENS) % VOCAB_SIZE).astype(np.int32)
    ids[place] = word_id
    return ids


def test_the_good_chunk_trains() -> None:
    run = Run()
    before = run.vectors()
    assert run.train()[0] == N_TOKENS - 2
    assert run.vectors() != before


@pytest.mark.parametrize("rate", [np.nan, np.inf, -np.inf, 1e39])
def test_a_learning_rate_that_is_not_finite_is_refused(rate: float) -> None:
    Run().assert_refused("FW_ERROR_ARGUMENT", learning_rate=rate)


def test_a_chunk_longer_than_the_settings_say_is_refused() -> None:
    Run(chunk_tokens=N_TOKENS - 3).assert_refused("FW_ERROR_ARGUMENT")


@pytest.mark.parametrize("place", [2, 7, N_TOKENS - 1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("word_id", [-1, VOCAB_SIZE, 2**31 - 1, -(2**31)])
def test_an_id_outside_the_vocabulary_is_refused(place: int, word_id: int) -> None:
    Run().assert_refused("FW_ERROR_ID_RANGE", ids=with_id(place, word_id))


def test_ids_outside_the_chunk_are_not_looked_at() -> None:
    Run().train(ids=with_id(1, -1))


@pytest.mark.parametrize(
    "ends",
    [[2, 12], [1, 12], [-5, 12], [6, 6, 12], [8, 6, 12], [6, 11], [6], [12, 11], [2**63 - 1, 12]],
    ids=str,
)
def test_sentence_ends_that_do_not_rise_or_cover_the_chunk_are_refused(ends: list[int]) -> None:
    Run().assert_refused("FW_ERROR_SENTENCE_ENDS", sentence_ends=np.array(ends, np.int64))


def test_a_misaligned_workspace_is_refused() -> None:
    run = Run()
    run.assert_refused("FW_ERROR_ALIGNMENT", workspace=shifted(run.chunk["workspace"]))


@pytest.mark.parametrize("name", ["input_vectors", "output_vectors"])
def test_a_misaligned_matrix_is_refused(name: str) -> None:
    Run(**{name: shifted(np.ones((VOCAB_SIZE, 16), np.float32))}).assert_refused(
        "FW_ERROR_ALIGNMENT"
    )


@pytest.mark.parametrize("architecture", ["skip_gram", "cbow"])
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_model_that_is_not_finite_is_reported(architecture: str, poison: float) -> None:
    run = Run(architecture=architecture)
    run.arrays["input_vectors"][1] = poison
    with pytest.raises(FloatingPointError, match="training diverged"):
        run.train()


def test_training_that_diverges_is_reported() -> None:
    run = Run()
    with pytest.raises(FloatingPointError, match="training diverged"):  # noqa: PT012
        for _ in range(5):
            run.train(learning_rate=1e20)


# ---- What the door refuses by itself ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"begin": -1}, "chunks -1..12 are outside the 12 tokens"),
        ({"end": 13}, "chunks 2..13 are outside the 12 tokens"),
        ({"begin": 9, "end": 8}, "chunks 9..8 are outside the 12 tokens"),
        ({"sentence_ends": np.empty(0, np.int64)}, "sentence_ends is empty"),
        ({"workspace": aligned(64, np.uint8)}, "workspace must have"),
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(
    changed: dict[str, Any], message: str
) -> None:
    run = Run()
    before = run.vectors()
    with pytest.raises(ValueError, match=re.escape(message)):
        run.train(**changed)
    assert run.vectors() == before


@pytest.mark.parametrize(("n_borders", "n_streams", "n_rates"), [(2, 2, 2), (3, 2, 1), (1, 0, 0)])
def test_borders_streams_and_rates_must_make_chunks(
    n_borders: int, n_streams: int, n_rates: int
) -> None:
    run = Run()
    message = f"{n_borders} borders, {n_streams} streams and {n_rates} learning rates do not make"
    with pytest.raises(ValueError, match=message):
        run.trainer.train_chunks(
            run.chunk["ids"], np.arange(n_borders), run.chunk["sentence_ends"],
            np.ones(n_streams, np.uint64), np.full(n_rates, 0.05), run.chunk["workspace"],
        )  # fmt: skip


def test_a_stretch_ends_with_the_first_chunk_that_is_refused() -> None:
    run = Run()
    borders, ends = np.array([2, 6, 9, N_TOKENS]), np.array([6, 9, N_TOKENS])
    with pytest.raises(IndexError):
        run.trainer.train_chunks(
            with_id(7, -1), borders, ends, np.ones(3, np.uint64), np.full(3, 0.05),
            run.chunk["workspace"],
        )  # fmt: skip
    after_the_first = Run()
    after_the_first.train(end=6, sentence_ends=ends[:1])
    assert run.vectors() == after_the_first.vectors()


@pytest.mark.parametrize("place", [0, 5, N_TOKENS])
def test_an_empty_chunk_trains_nothing(place: int) -> None:
    run = Run()
    before = run.vectors()
    assert run.train(begin=place, end=place) == (0, 0, 0, 0.0)
    assert run.vectors() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 0),
        ("window", 2**20 + 1),
        ("window", -1),
        ("negatives", -1),
        ("negatives", 2**20 + 1),
        ("negative_weight", -0.1),
        ("negative_weight", np.nan),
        ("negative_weight", np.inf),
        ("pool_size", 0),
        ("pool_size", 2**20 + 1),
        ("chunk_tokens", 0),
        ("chunk_tokens", 2**31 - 1),
        ("loss_interval", -1),
    ],
)
def test_settings_out_of_their_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="a training setting is out of its range"):
        Run(**{name: value})


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("input_vectors", aligned((0, 16)), "must have 1 to 2,147,483,647 rows, got 0"),
        ("input_vectors", aligned((5, 15)), "output_vectors has shape (5, 16), input_vectors"),
        ("output_vectors", aligned((4, 16)), "output_vectors has shape (4, 16), input_vectors"),
        ("keep_threshold", np.zeros(4, np.uint32), "keep_threshold must have 5 elements"),
        ("noise_table", np.zeros((5, 3), np.uint32), "noise_table must have shape (5, 2)"),
        ("noise_table", np.zeros((4, 2), np.uint32), "noise_table must have shape (5, 2)"),
    ],
)
def test_arrays_of_other_shapes_are_refused_by_name(
    name: str, array: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Run(**{name: array})


@pytest.mark.parametrize("name", ["input_vectors", "output_vectors"])
def test_a_matrix_that_may_not_be_written_is_refused(name: str) -> None:
    frozen = aligned((VOCAB_SIZE, 16))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        Run(**{name: frozen})


@pytest.mark.parametrize("size", [1, 15, 17])
def test_rows_that_are_not_padded_are_refused(size: int) -> None:
    rows: Callable[[], np.ndarray] = lambda: aligned((VOCAB_SIZE, size))  # noqa: E731
    with pytest.raises(ValueError, match="a training setting is out of its range"):
        Run(input_vectors=rows(), output_vectors=rows(), vector_size=1)


@pytest.mark.parametrize("vector_size", [0, 17])
def test_a_vector_size_beyond_the_rows_is_refused(vector_size: int) -> None:
    with pytest.raises(ValueError, match=rf"vector_size must be in 1\.\.16, got {vector_size}"):
        Run(vector_size=vector_size)
