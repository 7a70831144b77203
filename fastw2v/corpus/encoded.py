# SPDX-License-Identifier: Apache-2.0
"""EncodedCorpus: a corpus as word ids and sentence ends, in memory or in a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.corpus.container import open_container, write_container
from fastw2v.vocabulary import Vocabulary, WordCounts

MAGIC = b"fw2vcorp"
FORMAT = 1
CHECK_TOKENS = 1 << 20  # so many ids are checked at a time: 4 MiB, whatever the corpus weighs


@dataclass(frozen=True, eq=False, repr=False)
class EncodedCorpus:
    """What training reads: pruned, in ids of the vocabulary, sentence after sentence.

    Parameters
    ----------
    ids : ndarray of shape (n_tokens,), int32, C-contiguous
        Word ids; read-only, perhaps memory-mapped.
    sentence_ends : ndarray of shape (n_sentences,), int64, C-contiguous
        Sentence i is ``ids[sentence_ends[i - 1]:sentence_ends[i]]``; the first begins at 0. Ends
        rise strictly, the last one is n_tokens. Read-only.
    vocabulary : Vocabulary
        The words of the ids.
    n_raw_words : int
        Tokens that were read, before rare words were dropped.
    min_count : int
        Words that were read less often are dropped.
    max_final_vocab : int, optional
        At most so many words were kept.

    Raises
    ------
    ValueError
        If an id is outside the vocabulary, or ends do not rise to n_tokens.
    """

    ids: NDArray[np.int32]
    sentence_ends: NDArray[np.int64]
    vocabulary: Vocabulary
    n_raw_words: int
    min_count: int = 1
    max_final_vocab: int | None = None

    def __post_init__(self) -> None:
        for name, dtype in (("ids", np.int32), ("sentence_ends", np.int64)):
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 1 or not array.flags.c_contiguous:
                raise ValueError(
                    f"{name} must be a contiguous {np.dtype(dtype)} array of one dimension, "
                    f"got {array.dtype} of shape {array.shape}"
                )
            view = array.view(np.ndarray)  # of a memory map too: the door need not know
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        check_sentence_ends(self.sentence_ends, len(self.ids))
        check_ids(self.ids, len(self.vocabulary))

    @property
    def n_tokens(self) -> int:
        """Tokens that remain after pruning."""
        return len(self.ids)

    @property
    def n_sentences(self) -> int:
        """Sentences that remain after pruning."""
        return len(self.sentence_ends)

    def __len__(self) -> int:
        """Return the number of sentences."""
        return self.n_sentences

    def __repr__(self) -> str:
        bounds = f"min_count={self.min_count}"
        if self.max_final_vocab is not None:
            bounds += f", max_final_vocab={self.max_final_vocab}"
        return (
            f"EncodedCorpus({self.n_tokens:,} tokens in {self.n_sentences:,} sentences, "
            f"{len(self.vocabulary):,} words, {bounds})"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file, atomically; `open` maps it into memory again."""
        words = WordCounts.from_words(self.vocabulary.words, self.vocabulary.counts)
        arrays: dict[str, NDArray[Any]] = {"ids": self.ids, "sentence_ends": self.sentence_ends}
        arrays |= pack("words", words)
        if self.vocabulary.seen is not None:
            arrays |= pack("seen", self.vocabulary.seen)
        header = {
            "format": FORMAT,
            "n_raw_words": self.n_raw_words,
            "min_count": self.min_count,
            "max_final_vocab": self.max_final_vocab,
        }
        write_container(path, MAGIC, header, arrays)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> EncodedCorpus:
        """Open a saved corpus; ids stay in the file and are read as training needs them.

        Raises
        ------
        ValueError
            If the file is no encoded corpus, is truncated, or contradicts itself.
        """
        header, arrays = open_container(path, MAGIC)
        if header.get("format") != FORMAT:
            raise ValueError(
                f"{os.fspath(path)} has format {header.get('format')!r}; "
                f"this version of fastw2v reads format {FORMAT}"
            )
        try:
            return cls.from_parts(header, arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(path)} is damaged: {error}") from None

    @classmethod
    def from_parts(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> EncodedCorpus:
        """Put together what `open` found; believe nothing."""
        bounds = {name: header[name] for name in ("n_raw_words", "min_count", "max_final_vocab")}
        for name, value in bounds.items():
            if type(value) is not int and (name != "max_final_vocab" or value is not None):
                raise ValueError(f"{name} is {value!r}")
        words = unpack("words", arrays)
        vocabulary = Vocabulary(
            words.words(np.arange(len(words))),
            words.counts,
            seen=unpack("seen", arrays) if "seen.text" in arrays else None,
            min_count=bounds["min_count"],
            max_final_vocab=bounds["max_final_vocab"],
        )
        if len(vocabulary.index) != len(vocabulary):
            raise ValueError("a word stands twice in the vocabulary")
        return cls(arrays["ids"], arrays["sentence_ends"], vocabulary, **bounds)


def check_sentence_ends(ends: NDArray[np.int64], n_tokens: int) -> None:
    """Refuse ends that do not rise strictly to the number of tokens."""
    last = int(ends[-1]) if len(ends) > 0 else 0
    if last != n_tokens:
        raise ValueError(f"sentence_ends must end at the {n_tokens} tokens, got {last}")
    if len(ends) > 0 and (ends[0] <= 0 or np.any(ends[1:] <= ends[:-1])):
        raise ValueError("sentence_ends must rise, and begin above 0")


def check_ids(ids: NDArray[np.int32], vocab_size: int) -> None:
    """Refuse ids outside the vocabulary, a piece at a time."""
    for begin in range(0, len(ids), CHECK_TOKENS):
        piece = ids[begin : begin + CHECK_TOKENS]
        for extreme in (piece.min(), piece.max()):
            if not 0 <= extreme < vocab_size:
                raise ValueError(f"ids must be in [0, {vocab_size}), got {extreme}")


def pack(name: str, words: WordCounts) -> dict[str, NDArray[Any]]:
    """Return words as arrays for a file."""
    text = np.frombuffer(words.text, dtype=np.uint8)
    return {f"{name}.text": text, f"{name}.offsets": words.offsets, f"{name}.counts": words.counts}


def unpack(name: str, arrays: dict[str, NDArray[Any]]) -> WordCounts:
    """Return the words that `pack` made arrays of, checked."""
    text, offsets, counts = (arrays[f"{name}.{part}"] for part in ("text", "offsets", "counts"))
    for array, dtype in ((text, np.uint8), (offsets, np.int64), (counts, np.int64)):
        if array.dtype != dtype:
            raise ValueError(f"{name} have arrays of {array.dtype}")
    if len(offsets) != len(counts) + 1 or offsets[0] != 0 or offsets[-1] != len(text):
        raise ValueError(f"the offsets of {name} do not fit their text")
    if np.any(offsets[1:] < offsets[:-1]) or np.any(counts < 0):
        raise ValueError(f"offsets or counts of {name} fall")
    words = WordCounts(text.tobytes(), np.array(offsets), np.array(counts))
    if not words.is_utf8:
        raise ValueError(f"{name} are not UTF-8")
    return words
