# SPDX-License-Identifier: Apache-2.0
"""The safetensors layout: named arrays in one file, mapped into memory rather than read.

    8 bytes   n, the length of the header, little-endian
    n bytes   JSON: {"__metadata__": {str: str}, name: {"dtype", "shape", "data_offsets"}, ...}
    the rest  the arrays, little-endian, row-major, back to back; offsets count from here

Numbers in the header come from a stranger, so all of them are checked against each other and
against the size of the file before anything is mapped.

References
----------
https://huggingface.co/docs/safetensors, section Format.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.atomic import atomic_file

# bool is left out: the bytes 2..255 would have no meaning in it. NumPy has no bfloat16.
DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"), "I32": np.dtype("<i4"), "I16": np.dtype("<i2"), "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"), "U32": np.dtype("<u4"), "U16": np.dtype("<u2"), "U8": np.dtype("u1"),
}  # fmt: skip
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}

ALIGNMENT = 64  # of the first array: a cache line
MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors library
BLOCK_BYTES = (
    1 << 20
)  # most that is copied at a time when rows have gaps between them: in the L2 cache


class _Entry(NamedTuple):
    """What the header says about one array."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def save_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
) -> None:
    """Write arrays and a few strings to one file, atomically.

    Parameters
    ----------
    path : path-like
    tensors : mapping of str to ndarray
        Arrays of any shape, with strides of any kind: rows with padding between them are copied
        block by block. The widest dtypes come first in the file, so that each array is aligned
        to its elements.
    metadata : mapping of str to str

    Raises
    ------
    TypeError
        A dtype that the format does not have, or metadata that is not str to str.
    OSError
        The file cannot be written; an old one is untouched.
    """
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeError(f"metadata must map str to str, not {key!r} to {value!r}")
    names = sorted(tensors, key=lambda name: -tensors[name].dtype.itemsize)
    header = _encode_header({name: tensors[name] for name in names}, metadata)
    with atomic_file(path) as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for name in names:
            _write_array(file, tensors[name])


def load_tensors(
    path: str | os.PathLike[str], kind: str = "a safetensors file", *, read_only: bool = False
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Map the arrays of a file that `save_tensors`, or any safetensors writer, has written.

    Parameters
    ----------
    path : path-like
    kind : str
        What the file should be, for the message of an error.
    read_only : bool
        Arrays cannot be written to, and may be larger than the memory: for a mapping that can be
        written to, Linux wants to have room for all of it.

    Returns
    -------
    tensors : dict of str to ndarray
        Views of one mapping, copy-on-write unless `read_only`: nothing is read before it is used,
        and what is written to an array stays in memory and never reaches the file.
    metadata : dict of str to str

    Raises
    ------
    ValueError
        The file is cut short or is not what it should be; the message names it and says why.
    OSError
        The file cannot be read.
    """
    with Path(path).open("rb") as file, refusing(path, kind):
        entries, metadata, data_begin = _read_header(file, os.fstat(file.fileno()).st_size)
        mapped = np.memmap(file, np.uint8, "r" if read_only else "c")
        data = np.asarray(mapped)[data_begin:]
        tensors = {
            entry.name: data[entry.begin : entry.end].view(entry.dtype).reshape(entry.shape)
            for entry in entries
        }
    return tensors, metadata


@contextmanager
def refusing(path: str | os.PathLike[str], kind: str) -> Iterator[None]:
    """Turn a ValueError into the one that a file of the wrong content gets."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r} is not {kind}: {error}") from error


# ---- Writing -----------------------------------------------------------------------------------


def _encode_header(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Describe `tensors` in this order; spaces at the end put the first array at `ALIGNMENT`."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    begin = 0
    for name, array in tensors.items():
        dtype_name = DTYPE_NAMES.get(array.dtype.newbyteorder("<"))
        if dtype_name is None:
            raise TypeError(
                f"tensor {name!r} must have a dtype of {list(DTYPES)}, not {array.dtype}"
            )
        header[name] = {
            "dtype": dtype_name,
            "shape": list(array.shape),
            "data_offsets": [begin, begin + array.nbytes],
        }
        begin += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    return text + b" " * (-(8 + len(text)) % ALIGNMENT)


def _write_array(file: BinaryIO, array: NDArray[Any]) -> None:
    """Write the elements in row-major order and little-endian, about `BLOCK_BYTES` at a time."""
    rows = np.atleast_1d(array)
    block = max(1, BLOCK_BYTES * len(rows) // max(1, rows.nbytes))
    for begin in range(0, len(rows), block):
        part = rows[begin : begin + block]
        part = np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<"))
        file.write(part.reshape(-1).view(np.uint8).data)


# ---- Reading -----------------------------------------------------------------------------------


def _read_header(file: BinaryIO, file_size: int) -> tuple[list[_Entry], dict[str, str], int]:
    """Read and check the header: what is in the file, and where the data begin."""
    if file_size < 8:
        raise ValueError(f"it has {file_size} bytes and no header")
    n = int.from_bytes(file.read(8), "little")
    if n > MAX_HEADER_BYTES:
        raise ValueError(f"its header would have {n} bytes, more than {MAX_HEADER_BYTES}")
    if n > file_size - 8:
        raise ValueError(
            f"its header has {n} bytes and the file only {file_size - 8} after it began"
        )
    header = _decode_header(file.read(n))
    metadata = _checked_metadata(header.pop("__metadata__", {}))
    entries = [_checked_entry(name, value) for name, value in header.items()]
    _check_layout(entries, file_size - 8 - n)
    return entries, metadata, 8 + n


def _decode_header(text: bytes) -> dict[str, Any]:
    """Parse the JSON object; a name must not stand twice."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = dict(pairs)
        if len(names) < len(pairs):
            raise ValueError("a name stands twice in its header")
        return names

    if not text.startswith(b"{"):
        raise ValueError("its header does not begin with '{'")
    try:
        header = json.loads(text.decode(), object_pairs_hook=distinct)
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"its header is not JSON: {error}") from error
    assert isinstance(header, dict)  # JSON that begins with '{'
    return header


def _checked_metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("its __metadata__ does not map strings to strings")
    return value


def _checked_entry(name: str, value: Any) -> _Entry:
    """Check all that can be said about one array by itself."""
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name!r} is not described by dtype, shape and data_offsets")
    dtype = DTYPES.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if dtype is None:
        raise ValueError(
            f"tensor {name!r} has the dtype {value['dtype']!r}, not one of {list(DTYPES)}"
        )
    shape, offsets = value["shape"], value["data_offsets"]
    if not _are_sizes(shape) or len(shape) > 32:
        raise ValueError(f"tensor {name!r} has the shape {shape!r}, not a few sizes")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"tensor {name!r} has the data_offsets {offsets!r}, not [begin, end]")
    begin, end = offsets
    if end - begin != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"tensor {name!r} of shape {shape} and dtype {value['dtype']} has {end - begin} bytes"
        )
    return _Entry(name, dtype, tuple(shape), begin, end)


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
        for value in values
    )


def _check_layout(entries: list[_Entry], data_bytes: int) -> None:
    """The arrays must fill the data from end to end: no gap, no overlap, nothing left over."""
    end = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != end:
            fault = "overlaps the one before" if entry.begin < end else "leaves a gap before it"
            raise ValueError(f"tensor {entry.name!r} {fault}")
        end = entry.end
    if end != data_bytes:
        state = "cut short" if end > data_bytes else "too long"
        raise ValueError(f"it is {state}: {data_bytes} bytes of data instead of {end}")
