# SPDX-License-Identifier: Apache-2.0
"""Files that are known and not opened: what they are, and how to get vectors out of them."""

from __future__ import annotations

import os

PICKLE_PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
ZIP_MAGIC = b"PK\x03\x04"
FASTTEXT_MAGIC = (793712314).to_bytes(4, "little")


def refuse_known(path: str | os.PathLike[str], first: bytes) -> None:
    """Refuse a file by its first bytes if it is of a kind that is never opened.

    Raises
    ------
    ValueError
        A pickle, which can run any code when it is opened; a zip archive; a model of fastText. The
        message has the recipe to convert it.
    """
    name = os.fspath(path)
    if first.startswith(PICKLE_PROTOCOLS):
        raise ValueError(
            f"{name!r} is a Python pickle, such as gensim's save() writes. A pickle can run any "
            "code when it is opened, so this is never done here. If you trust it, let gensim "
            "convert it: kv = gensim.models.KeyedVectors.load(path), or .wv of a model, then "
            "kv.save_word2vec_format('vectors.bin', binary=True), and load 'vectors.bin'"
        )
    if first.startswith(ZIP_MAGIC):
        raise ValueError(
            f"{name!r} is a zip archive, such as numpy.savez and torch.save write: unpack it, and "
            "load what is inside, or save the matrix with numpy.save"
        )
    if first.startswith(FASTTEXT_MAGIC):
        raise ValueError(
            f"{name!r} is a fastText model, whose subwords have no form here: load the '.vec' file "
            "beside it"
        )
