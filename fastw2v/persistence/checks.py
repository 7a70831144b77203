# SPDX-License-Identifier: Apache-2.0
"""What is asked of the metadata and tensors of a file before any of it is believed.

Each function raises a ValueError that says what is wrong with "it"; `native.refusing` adds the
name of the file and what it should have been.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def checked_version(metadata: Mapping[str, str], name: str, newest: int) -> int:
    """Return the `format_version` of a file whose `format` is `name`."""
    if metadata.get("format") != name:
        raise ValueError(f"its metadata names the format {metadata.get('format')!r}")
    version = checked_number(metadata, "format_version", least=1)
    if version > newest:
        raise ValueError(
            f"it has format_version {version}, and this fastw2v reads up to {newest}; "
            "a later fastw2v is needed"
        )
    return version


def checked_number(metadata: Mapping[str, str], name: str, least: int = 0) -> int:
    """Return a whole number of the metadata, where all values are text."""
    text = metadata.get(name)
    if text is None:
        raise ValueError(f"its metadata lack {name}")
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least):
        raise ValueError(f"its {name} is {reprlib.repr(text)}")
    return int(text)


def checked_tensor(
    tensors: Mapping[str, NDArray[Any]], name: str, dtype: DTypeLike, *shape: int | str
) -> NDArray[Any]:
    """Return the tensor of this name; sizes of `shape` that are words stand for any size."""
    if name not in tensors:
        raise ValueError(f"it has no tensor {name!r}")
    array = tensors[name]
    fits = len(shape) == array.ndim and all(
        isinstance(size, str) or size == found
        for size, found in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        expected = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
        raise ValueError(
            f"{name!r} is {array.dtype} of shape {array.shape}, "
            f"not {np.dtype(dtype)} of shape {expected}"
        )
    return array
