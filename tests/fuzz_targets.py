# SPDX-License-Identifier: Apache-2.0
"""What every loader is asked: take these bytes, or refuse them with an error that names the file.

An input is a byte that chooses the loader, a byte that chooses its options, and the file.
"""

from __future__ import annotations

import argparse
import bz2
import contextlib
import gzip
import hashlib
import importlib.util
import io
import lzma
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import vector_files
from explorer_support import vectors_of

from fastw2v import EncodedCorpus, KeyedVectors, Word2Vec, encode_corpus, evaluate
from fastw2v.cli import files as cli_files
from fastw2v.evaluation.sets import are_analogies, read_analogies, read_word_pairs
from fastw2v.persistence import load_vectors
from fastw2v.persistence.loading import DIALECTS, FORMATS
from fastw2v.persistence.saving import SUFFIXES
from fastw2v.training.checkpoints.file import load_checkpoint

NAME = "case"
COMPRESSED = 0x80  # the bit of the options by which a file is compressed before it is loaded
SENTENCES = [["the", "cat", "sat"], ["the", "café", "東京"], ["the", "cat"]] * 2
OPTIONS: list[dict[str, Any]] = [
    *({}, {"limit": 2}, {"words": ["5", "x"]}, {"binary": True}, {"binary": False}),
    *({"format": name} for name in (*FORMATS, *DIALECTS)),
]

Seeds = dict[str, bytes]


class Target(NamedTuple):
    """A loader: good files, made by its writer, and what is done with a file and an option.

    The option of a seed is 0, or its position.
    """

    seeds: Callable[[Path], Seeds]
    check: Callable[[Path, int], object]
    by_position: bool = False


# ---- Vectors -----------------------------------------------------------------------------------


def vector_seeds(_folder: Path) -> Seeds:
    return vector_files.contents() | vector_files.odd_contents()


def check_vectors(path: Path, option: int) -> None:
    """Load a file and look at all that was loaded."""
    look_at(KeyedVectors.load(path, **OPTIONS[option % len(OPTIONS)]))


MOST_NUMBERS = 1 << 20  # of a query; a header without rows may promise more


def look_at(vectors: KeyedVectors) -> None:
    words = list(vectors.index_to_key)
    assert len(words) == len(vectors) == len(set(words))
    assert all(isinstance(word, str) for word in words)
    assert vectors.vectors.ndim == 2
    np.sum(vectors.vectors, dtype=np.float64)  # touches every page that is mapped
    assert np.all(vectors.vocabulary.counts >= 0)
    if vectors.vector_size > MOST_NUMBERS:
        assert not len(vectors), "the file has no room for such a row"
        return
    for word, cosine in vectors.similar_by_vector(np.ones(vectors.vector_size), topn=3):
        assert word in vectors
        assert abs(cosine) < 1.001


def check_word_list(path: Path, _option: int) -> None:
    """Take the file for the words of a good matrix."""
    matrix = path.with_suffix(".npy")
    matrix.write_bytes(MATRIX)
    path.replace(path.with_suffix(".txt"))
    look_at(KeyedVectors.load(matrix))


def check_info(path: Path, _option: int) -> None:
    cli_files._info(argparse.Namespace(file=path))


def check_convert(path: Path, option: int) -> None:
    """Convert to some format, and compare if it could be."""
    before = load_vectors(path)
    format, suffix = CONVERTED[option % len(CONVERTED)]
    target = path.with_name(f"converted{suffix}")
    options = argparse.Namespace(source=path, target=target, limit=None, format=None, dtype=None)
    try:
        cli_files._convert(options)
    except ValueError as error:  # of a word that the format cannot hold
        raise ValueError(f"{path}: {error}") from error
    after = load_vectors(target, format=format)
    assert list(after.words) == list(before.words)
    if before.scales is None:
        np.testing.assert_array_equal(after.vectors, before.vectors)


CONVERTED = [(name, suffixes[0]) for name, suffixes in SUFFIXES.items() if suffixes]
MATRIX = vector_files.contents()["npy"]


# ---- Models, corpora, checkpoints, indexes -----------------------------------------------------


def model_seeds(folder: Path) -> Seeds:
    seeds = {}
    for options in ({"sg": 1}, {"max_final_vocab": 2, "deterministic": True}):
        model = Word2Vec(SENTENCES, vector_size=3, min_count=2, epochs=1, workers=1, **options)
        model.train(progress=False).save(folder / "model")
        seeds[f"model {options}"] = (folder / "model").read_bytes()
    return seeds


def check_model(path: Path, _option: int) -> None:
    model = Word2Vec.load(path)
    look_at(model.wv)
    assert repr(model)
    assert model.fingerprint()


def corpus_seeds(folder: Path) -> Seeds:
    encode_corpus(SENTENCES, min_count=1).save(folder / "all")
    encode_corpus(SENTENCES, min_count=3, max_final_vocab=2).save(folder / "few")
    return {name: (folder / name).read_bytes() for name in ("all", "few")}


def check_corpus(path: Path, _option: int) -> None:
    corpus = EncodedCorpus.open(path)
    assert repr(corpus)
    assert corpus.fingerprint()


def checkpoint_seeds(folder: Path) -> Seeds:
    seeds = {}
    for name, options in {"plain": {}, "held": {"anchor": 1.0, "freeze": ["the"]}}.items():
        model = Word2Vec(SENTENCES, vector_size=3, min_count=1, workers=1, epochs=1)
        if options:
            model.train(progress=False)
        model.train(
            SENTENCES if options else None, progress=False, checkpoint=folder / name, **options
        )
        newest = max((folder / name).glob("checkpoint-*"))
        seeds[name] = newest.read_bytes()
    return seeds


def check_checkpoint(path: Path, _option: int) -> None:
    load_checkpoint(path).parameters()


INDEXED = vectors_of([f"w{i}" for i in range(20)], vector_size=4)
BACKENDS = [name for name in ("usearch", "faiss") if importlib.util.find_spec(name)]
GRAPHS: list[bytes] = []  # of each backend, when the seeds have been made


def index_seeds(folder: Path) -> Seeds:
    """Return files, and their headers alone: a graph is taken on trust, as `load_index` says."""
    seeds = {}
    for backend in BACKENDS:
        INDEXED.index(backend, threads=1).save(folder / backend)
        whole = (folder / backend).read_bytes()
        line, _, graph = whole.partition(b" {")[2].partition(b"\n")
        GRAPHS.append(graph)
        seeds |= {backend: b"W" + whole, f"{backend}'s header": b"H{" + line}
    return seeds


def check_index(path: Path, option: int) -> None:
    """Open an index as it is, or a good graph under this header."""
    content = path.read_bytes()
    if content.startswith(b"H"):
        line, graph = content[1:].replace(b"\n", b" "), GRAPHS[option // 2 % len(BACKENDS)]
        checksum = hashlib.sha256(line + graph).hexdigest().encode()
        path.write_bytes(b"fastw2v index 1\n" + checksum + b" " + line + b"\n" + graph)
    else:
        path.write_bytes(content[1:])
    index = INDEXED.load_index(path)
    assert index.most_similar(INDEXED["w1"], topn=3)


# ---- Texts -------------------------------------------------------------------------------------


def set_seeds(_folder: Path) -> Seeds:
    return {
        "analogies": b": capital\nathens greece oslo norway\n: gram1\nking queen man woman\n",
        "pairs": b"# comment\nword1\tword2\tscore\nthe\tcaf\xc3\xa9\t8.5\nwater war 1.2\n",
    }


def check_set(path: Path, option: int) -> None:
    read = (read_analogies, read_word_pairs, are_analogies, lambda path: evaluate(INDEXED, path))
    read[option % len(read)](path)


def text_seeds(_folder: Path) -> Seeds:
    text = "\ufeffthe cat sat\n\nthe café 東京\t\x1f the\r\nthe".encode()
    compressors = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    return {"plain": text} | {name: compress(text) for name, compress in compressors.items()}


def check_text(path: Path, option: int) -> None:
    suffix = ("", ".gz", ".bz2", ".xz")[option % 4]
    named = path.rename(path.with_name(path.name + suffix))
    try:
        encode_corpus(named, min_count=1)
    except OSError as error:  # it is damaged
        raise ValueError(" ".join([str(error), *getattr(error, "__notes__", [])])) from error
    except ValueError as error:  # there is nothing in it, or a word that is too long
        raise ValueError(f"{named}: {error}") from error


TARGETS = {
    "vectors": Target(vector_seeds, check_vectors),
    "word list": Target(lambda _folder: {"words": vector_files.WORD_LIST}, check_word_list),
    "info": Target(vector_seeds, check_info),
    "convert": Target(vector_seeds, check_convert),
    "model": Target(model_seeds, check_model),
    "encoded corpus": Target(corpus_seeds, check_corpus),
    "checkpoint": Target(checkpoint_seeds, check_checkpoint),
    "evaluation set": Target(set_seeds, check_set, by_position=True),
    "text": Target(text_seeds, check_text, by_position=True),
}
if BACKENDS:
    TARGETS["index"] = Target(index_seeds, check_index, by_position=True)


# ---- One input ---------------------------------------------------------------------------------


def all_seeds() -> Seeds:
    """Return inputs of good and of odd files for all loaders, made by their writers."""
    seeds = {}
    for number, (name, target) in enumerate(TARGETS.items()):
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of faiss's wrapper
            made = target.seeds(Path(folder))
        for position, (kind, content) in enumerate(made.items()):
            option = position if target.by_position else 0
            seeds[f"{name}: {kind}"] = bytes([number, option]) + content
    return seeds


def check(folder: Path, data: bytes) -> bool:
    """Load an input; return whether it was good. Anything but a proper ValueError gets through."""
    if len(data) < 2:
        return False
    target, option, content = [*TARGETS.values()][data[0] % len(TARGETS)], data[1], data[2:]
    path = folder / NAME
    path.unlink(missing_ok=True)  # what is mapped keeps its file
    (folder / f"{NAME}.txt").write_bytes(vector_files.WORD_LIST)
    path.write_bytes(gzip.compress(content, 1) if option & COMPRESSED else content)
    return is_loaded(path, lambda: target.check(path, option & ~COMPRESSED))


def is_loaded(path: Path, load: Callable[[], object]) -> bool:
    """Return whether a file is loaded; if not, it must be refused by its name."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        try:
            load()
        except ValueError as error:
            refusal = str(error)
        else:
            return True
    assert str(path) in refusal, f"the file is not named: {refusal}"
    return False
