# SPDX-License-Identifier: Apache-2.0
"""Small files of vectors in every format, as tests of loaders and the fuzzer begin with."""

from __future__ import annotations

import gzip
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence import save_vectors
from fastw2v.persistence.model_file import save_model
from fastw2v.vocabulary import Vocabulary

WORDS = ["the", "café", "東京", "a\u00a0b", "5"]
COUNTS = np.array([9, 7, 7, 2, 1])
VECTORS = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)
WORD_LIST = "".join(f"{word}\n" for word in WORDS).encode()  # beside a matrix of NumPy's

#: Name of each file, by which its writer is chosen, and the width of its numbers.
WRITTEN = {
    "float32": ("v.safetensors", "float32"),
    "float16": ("v.safetensors", "float16"),
    "int8": ("v.safetensors", "int8"),
    "text": ("v.txt", None),
    "text.gz": ("v.txt.gz", None),
    "binary": ("v.bin", None),
    "binary.gz": ("v.bin.gz", None),
    "glove": ("v.glove", None),
    "glove.gz": ("v.glove.gz", None),
    "npy": ("v.npy", None),
}


def contents() -> dict[str, bytes]:
    """Return the content of a good file of each kind."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, (name, dtype) in WRITTEN.items():
            path = Path(folder) / name
            save_vectors(path, WORDS, VECTORS, counts=COUNTS, dtype=dtype)
            found[kind] = path.read_bytes()
        path = Path(folder) / "model"
        vocabulary = Vocabulary(WORDS, COUNTS)
        save_model(
            path, vocabulary=vocabulary, input_vectors=VECTORS, output_vectors=None,
            hyper_parameters={"sg": 1},
        )  # fmt: skip
        found["model"] = path.read_bytes()
    return found | {
        "gensim's binary": b"5 3\n" + b"".join(
            word.encode() + b" " + row.tobytes() for word, row in zip(WORDS, VECTORS, strict=True)
        ),
        "fastText's .vec": b"2 3\n</s> 0.1 -0.2 0.3 \nthe 1 2 3 \n",
        "finalfusion": finalfusion(WORDS, VECTORS),
        "subwords": finalfusion(WORDS, np.vstack((VECTORS, VECTORS)), (3, 3, 6, 21)),
    }  # fmt: skip


def odd_contents() -> dict[str, bytes]:
    """Return files with something wrong or unusual in them, from which mutations go further."""
    return {
        "a header that lies": b"4000000000 300\nthe 1 2 3\n",
        "a wide header": b"1 9999999999\nthe 1 2 3\n",
        "a wide header and no vectors": b"0 9999999999\n",
        "a compressed header that lies": gzip.compress(b"9999999 9\nthe 1 2 3\n"),
        "repeated words": b"4 1\na 1\na 2\nb 3\na 4\n",
        "empty words": b"2 1\n 1\n 2\n",
        "spaces in words": b"the 0.5 1\n. . . 2 3\nat name@example.com 4 5\n",
        "words that are not UTF-8": b"2 2\ncaf\xc3 1 2\n\xff\xfe 3 4\n",
        "no numbers": b"2 3\na nan inf -inf\nb -nan +infinity 1e999\n",
        "long numbers": b"1 2\na 0." + b"1" * 300 + b" 1e-99999999999999999999\n",
        "zeros": b"2 2\na 0 0\nb -0 0.0\n",
        "a pickle": b"\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
        "nothing": b"",
        "nothing, compressed": gzip.compress(b""),
        "two pieces": gzip.compress(b"2 1\na 1\n") + gzip.compress(b"b 2\n"),
    }


def finalfusion(
    words: Sequence[str], rows: NDArray[np.float32], vocabulary: Sequence[int] = (1,)
) -> bytes:
    """Return a file of finalfusion; `vocabulary` is its kind, and bounds of subwords."""
    kind, *bounds = vocabulary
    text = struct.pack(f"<Q{len(bounds)}I", len(words), *bounds)
    for word in words:
        encoded = word.encode()
        text += struct.pack("<I", len(encoded)) + encoded
    content = b"FiFu" + struct.pack("<IIII", 0, 2, kind, 2)
    content += struct.pack("<IQ", kind, len(text)) + text
    matrix = struct.pack("<QII", *rows.shape, 10)
    matrix += b"\0" * (-(len(content) + 12 + len(matrix)) % 4) + rows.astype("<f4").tobytes()
    return content + struct.pack("<IQ", 2, len(matrix)) + matrix
