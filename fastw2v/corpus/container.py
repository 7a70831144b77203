# SPDX-License-Identifier: Apache-2.0
"""A file of named arrays: written beside and renamed into place, opened as memory maps.

The layout::

    8 bytes   magic
    8 bytes   length of the header, little-endian
    header    JSON: {..., "arrays": {name: {"dtype": ..., "length": ..., "offset": ...}}}
    arrays    little-endian, one-dimensional, each at a multiple of 64 bytes; offsets count from
              the first such place after the header
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64
LONGEST_HEADER = 1 << 20
DTYPES = ("|u1", "<i4", "<i8")


def aligned(position: int) -> int:
    """Round up to the alignment of arrays."""
    return -(-position // ALIGNMENT) * ALIGNMENT


def write_container(
    path: str | os.PathLike[str],
    magic: bytes,
    header: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> None:
    """Write a container; afterwards `path` is either the whole new file or what it was before."""
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with beside.open("xb") as file:
            write_arrays(file, magic, header, arrays)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_arrays(
    file: IO[bytes], magic: bytes, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write header and arrays to an open file."""
    little = {name: array.dtype.newbyteorder("<") for name, array in arrays.items()}
    specs, offset = {}, 0
    for name, array in arrays.items():
        specs[name] = {"dtype": little[name].str, "length": len(array), "offset": offset}
        offset = aligned(offset + array.nbytes)
    text = json.dumps({**header, "arrays": specs}).encode()
    file.write(magic + len(text).to_bytes(8, "little") + text)
    for name, array in arrays.items():
        file.write(bytes(aligned(file.tell()) - file.tell()))
        file.write(np.ascontiguousarray(array, dtype=little[name]).data)


def open_container(
    path: str | os.PathLike[str], magic: bytes
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Open a container without reading its arrays.

    Returns
    -------
    header : dict
    arrays : dict of str to ndarray
        Read-only memory maps.

    Raises
    ------
    ValueError
        If this is not such a file, or it is not exactly as long as its header says.
    """
    path = Path(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header, first = read_header(file, path, magic, size)
    specs = header.pop("arrays", None)
    if not isinstance(specs, dict):
        raise ValueError(f"{path} is damaged: its header lists no arrays")
    end = first
    places: dict[str, tuple[str, int, int]] = {}
    for name, spec in specs.items():
        dtype, length, begin = checked_spec(path, name, spec)
        if first + begin != aligned(end):
            raise ValueError(f"{path} is damaged: array {name!r} is not where it should be")
        end = first + begin + length * np.dtype(dtype).itemsize
        places[name] = dtype, length, first + begin
    if end != size:
        what = "truncated" if end > size else "damaged"
        raise ValueError(f"{path} is {what}: {end:,} bytes by its header, {size:,} in the file")
    return header, {name: map_array(path, *place) for name, place in places.items()}


def read_header(file: IO[bytes], path: Path, magic: bytes, size: int) -> tuple[dict[str, Any], int]:
    """Return the header and where the arrays begin."""
    if file.read(len(magic)) != magic:
        raise ValueError(f"{path} is not an encoded corpus: it does not begin with {magic!r}")
    n_bytes = int.from_bytes(file.read(8), "little")
    first = len(magic) + 8
    if n_bytes > min(LONGEST_HEADER, size - first):
        raise ValueError(f"{path} is truncated or damaged: a header of {n_bytes:,} bytes")
    try:
        header = json.loads(file.read(n_bytes))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: its header is no JSON ({error})") from None
    if not isinstance(header, dict):
        raise ValueError(f"{path} is damaged: its header is no JSON object")
    return header, aligned(first + n_bytes)


def checked_spec(path: Path, name: str, spec: object) -> tuple[str, int, int]:
    """Return dtype, length and offset of an array."""
    if isinstance(spec, dict) and spec.get("dtype") in DTYPES:
        length, offset = spec.get("length"), spec.get("offset")
        if type(length) is int and type(offset) is int and length >= 0 and offset >= 0:
            return spec["dtype"], length, offset
    raise ValueError(f"{path} is damaged: no dtype, length and offset for array {name!r}")


def map_array(path: Path, dtype: str, length: int, offset: int) -> NDArray[Any]:
    """Map an array; an empty one cannot be mapped."""
    if length == 0:
        return np.empty(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=(length,))
