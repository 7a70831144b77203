# SPDX-License-Identifier: Apache-2.0
"""A checkpoint: a run between two chunks, in one file of the safetensors layout.

Tensors (V = vocab_size, d = vector_size): `input_vectors` and `output_vectors`, (V, d) float32;
if words are frozen, `frozen`, (V,) uint8; if H of them are held, `anchor_input_vectors` and mostly
`anchor_output_vectors`, (H, d) float32, `anchor_rows`, (V,) int32, `anchor_strength`, (V,) float32.
Metadata: `format` = "fastw2v-checkpoint", `format_version` = "1", `fastw2v_version`, `config`,
`state` and `every` as JSON, `corpus`, the fingerprint of the encoded corpus.

To go on from a checkpoint must give the very bits that the run would have come to, so one that
another version of fastw2v has written is refused.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v._version import __version__
from fastw2v.config import TrainingConfig
from fastw2v.persistence.checks import checked_tensor, checked_version
from fastw2v.persistence.native import load_tensors, refusing, save_tensors
from fastw2v.training.history import EpochRecord, EpochSum, RunState
from fastw2v.training.parameters import Anchor, Parameters, zero_rows

KIND = "a checkpoint of fastw2v"
FORMAT = "fastw2v-checkpoint"
FORMAT_VERSION = 1

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class CheckpointFile:
    """What `load_checkpoint` finds."""

    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32]
    config: TrainingConfig
    state: RunState
    every: str
    corpus_fingerprint: str
    frozen: NDArray[np.bool_] | None
    anchor: Anchor | None

    def parameters(self) -> Parameters:
        """Return both matrices in padded rows, in memory."""
        rows = []
        for vectors in (self.input_vectors, self.output_vectors):
            rows.append(zero_rows(*vectors.shape))
            rows[-1][:, : vectors.shape[1]] = vectors
        return Parameters(
            rows[0], rows[1], self.input_vectors.shape[1], frozen=self.frozen, anchor=self.anchor
        )


def save_checkpoint(
    path: str | os.PathLike[str],
    *,
    state: RunState,
    parameters: Parameters,
    config: TrainingConfig,
    every: str,
    corpus_fingerprint: str,
) -> None:
    """Write a checkpoint, atomically.

    Raises
    ------
    OSError
        The file cannot be written; an old one is untouched.
    """
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "fastw2v_version": __version__,
        "config": json.dumps(dataclasses.asdict(config), allow_nan=False),
        "state": json.dumps(dataclasses.asdict(state)),
        "every": every,
        "corpus": corpus_fingerprint,
    }
    vectors = {
        "input_vectors": parameters.input_vectors,
        "output_vectors": parameters.output_vectors,
    }
    save_tensors(path, {**vectors, **_tensors_of_start(parameters)}, metadata)


def _tensors_of_start(parameters: Parameters) -> dict[str, NDArray[Any]]:
    tensors: dict[str, Any] = {}
    if parameters.frozen is not None:
        tensors["frozen"] = parameters.frozen.view(np.uint8)
    if parameters.anchor is not None:
        for field in dataclasses.fields(parameters.anchor):
            tensors[f"anchor_{field.name}"] = getattr(parameters.anchor, field.name)
    return {name: tensor for name, tensor in tensors.items() if tensor is not None}


def load_checkpoint(path: str | os.PathLike[str]) -> CheckpointFile:
    """Open a checkpoint; the matrices are mapped, not read.

    Raises
    ------
    ValueError
        The file is damaged, no checkpoint, or another version's.
    OSError
        The file cannot be read.
    """
    tensors, metadata = load_tensors(path, KIND, read_only=True)
    with refusing(path, KIND):
        checked_version(metadata, FORMAT, FORMAT_VERSION)
        if (version := metadata.get("fastw2v_version")) != __version__:
            raise ValueError(
                f"fastw2v {version} wrote it, and this is {__version__}, which would come to other "
                f"vectors: install fastw2v=={version} to go on"
            )
        config = _checked_config(_json_of(metadata, "config"))
        vectors = checked_tensor(
            tensors, "input_vectors", np.float32, "vocab_size", config.vector_size
        )
        return CheckpointFile(
            vectors,
            checked_tensor(tensors, "output_vectors", np.float32, *vectors.shape),
            config,
            _checked_state(_json_of(metadata, "state")),
            metadata.get("every", ""),
            metadata.get("corpus", ""),
            _checked_frozen(tensors, len(vectors)),
            _checked_anchor(tensors, *vectors.shape),
        )


def _checked_frozen(tensors: Tensors, vocab_size: int) -> NDArray[np.bool_] | None:
    if "frozen" not in tensors:
        return None
    return checked_tensor(tensors, "frozen", np.uint8, vocab_size).astype(bool)


def _checked_anchor(tensors: Tensors, vocab_size: int, vector_size: int) -> Anchor | None:
    """Return the anchor, in memory: its file will be deleted while the run goes on."""
    if "anchor_rows" not in tensors:
        return None
    rows = checked_tensor(tensors, "anchor_rows", np.int32, vocab_size)
    strength = checked_tensor(tensors, "anchor_strength", np.float32, vocab_size)
    held = checked_tensor(tensors, "anchor_input_vectors", np.float32, "n_held", vector_size)
    if rows.max(initial=-1) >= len(held):
        raise ValueError(f"its anchor has {len(held)} rows, and names row {rows.max()}")
    outputs = None
    if "anchor_output_vectors" in tensors:
        outputs = checked_tensor(tensors, "anchor_output_vectors", np.float32, *held.shape).copy()
    return Anchor(held.copy(), outputs, rows.copy(), strength.copy())


def _json_of(metadata: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        value = json.loads(metadata.get(name, ""))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"its {name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"its {name} is not a JSON object")
    return value


def _checked_config(values: dict[str, Any]) -> TrainingConfig:
    try:
        return TrainingConfig.from_keywords(values)
    except TypeError as error:
        raise ValueError(f"its config is none: {error}") from error


def _checked_state(values: dict[str, Any]) -> RunState:
    try:
        values["history"] = [_checked(EpochRecord, record) for record in values["history"]]
        values["epoch_sum"] = _checked(EpochSum, values["epoch_sum"])
        state: RunState = _checked(RunState, values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"its state is none: {error}") from error
    if state.position < 0 or state.epoch_sum.tokens < 0:
        raise ValueError(f"its state is none: {state}")
    return state


def _checked(kind: Any, values: dict[str, Any]) -> Any:
    """Make a dataclass of JSON values, each of which must have the type of its field."""
    types: dict[Any, Any] = {
        "int": int,
        "float": (int, float),
        "float | None": (int, float, type(None)),
        "EpochSum": EpochSum,
        "list[EpochRecord]": list,
    }
    made = kind(**values)
    for field in dataclasses.fields(kind):
        value = getattr(made, field.name)
        if isinstance(value, bool) or not isinstance(value, types[field.type]):
            raise TypeError(f"{field.name} must be {field.type}, not {value!r}")
    return made
