# SPDX-License-Identifier: Apache-2.0
"""EncodedCorpus: a corpus as word ids and sentence ends, in memory or in a file."""

from __future__ import annotations

import functools
import hashlib
import mmap
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import Encoder
from fastw2v.memory import file_map
from fastw2v.persistence.checks import checked_number, checked_tensor, checked_version
from fastw2v.persistence.native import load_tensors, refusing, save_tensors
from fastw2v.persistence.vocabulary_tensors import decode_vocabulary, encode_vocabulary
from fastw2v.vocabulary import Vocabulary, WordCounts

KIND = "an encoded corpus"
FORMAT = "fastw2v-corpus"
FORMAT_VERSION = 1
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

    Raises
    ------
    ValueError
        If an id is outside the vocabulary, or ends do not rise to n_tokens.
    """

    ids: NDArray[np.int32]
    sentence_ends: NDArray[np.int64]
    vocabulary: Vocabulary
    n_raw_words: int

    def __post_init__(self) -> None:
        for name, dtype in (("ids", np.int32), ("sentence_ends", np.int64)):
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 1 or not array.flags.c_contiguous:
                raise ValueError(
                    f"{name} must be a contiguous {np.dtype(dtype)} array of one dimension, "
                    f"got {array.dtype} of shape {array.shape}"
                )
            if not array.flags.aligned:  # in a file that we did not write
                raise ValueError(f"{name} must be aligned to {array.itemsize} bytes")
        self._make_read_only()
        check_sentence_ends(self.sentence_ends, len(self.ids))
        check_ids(self.ids, len(self.vocabulary))

    @classmethod
    def unchecked(
        cls,
        ids: NDArray[np.int32],
        sentence_ends: NDArray[np.int64],
        vocabulary: Vocabulary,
        n_raw_words: int,
    ) -> EncodedCorpus:
        """Make a corpus of what the encoder wrote, without reading it all once more."""
        corpus = object.__new__(cls)
        for name, value in (
            ("ids", ids),
            ("sentence_ends", sentence_ends),
            ("vocabulary", vocabulary),
            ("n_raw_words", n_raw_words),
        ):
            object.__setattr__(corpus, name, value)
        corpus._make_read_only()
        return corpus

    def _make_read_only(self) -> None:
        for name in ("ids", "sentence_ends"):
            array: NDArray[Any] = getattr(self, name)
            view = array.view(np.ndarray)  # of a memory map too: the door need not know
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def min_count(self) -> int:
        """Words that were read less often are dropped."""
        return self.vocabulary.min_count

    @property
    def max_final_vocab(self) -> int | None:
        """At most so many words were kept."""
        return self.vocabulary.max_final_vocab

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

    def through(self, id_map: NDArray[np.int32], vocabulary: Vocabulary) -> EncodedCorpus:
        """Return the corpus in ids of another vocabulary.

        Parameters
        ----------
        id_map : ndarray of shape (vocab_size,), int32
            The new id of each old one, or -1: then its tokens are dropped, and with them a sentence
            that has no other.
        vocabulary : Vocabulary
        """
        ends = self.sentence_ends.copy()
        encoder = Encoder(id_map, ends, 0)
        ids = np.empty(self.n_tokens, dtype=np.int32)
        ids = ids[: encoder.encode(self.ids, ids)]
        return EncodedCorpus(ids, ends[: encoder.n_sentences], vocabulary, self.n_raw_words)

    def check_file(self) -> None:
        """Refuse to go on with a file that has become shorter than what is mapped of it.

        To read beyond its end would end the process (SIGBUS).

        Raises
        ------
        OSError
        """
        if any(file.size() < len(file) for file in self._maps):
            raise OSError("the file of the encoded corpus became shorter while it was in use")

    @functools.cached_property
    def _maps(self) -> list[mmap.mmap]:
        maps = [file_map(self.ids), file_map(self.sentence_ends)]
        return [file for file in maps if file is not None]

    def fingerprint(self) -> str:
        """Return a hash of all that training sees: ids, sentence ends, words and counts."""
        return self._fingerprint

    @functools.cached_property
    def _fingerprint(self) -> str:
        words = WordCounts.from_words(self.vocabulary.words, self.vocabulary.counts)
        parts = (self.ids, self.sentence_ends, words.offsets, words.counts)
        digest = hashlib.blake2b(str(self.n_raw_words).encode(), digest_size=16)
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part.astype(part.dtype.newbyteorder("<"), copy=False).data)
        digest.update(words.text)
        return digest.hexdigest()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file (safetensors layout), atomically; `open` maps it again.

        The tensors are `ids`, `sentence_ends` and those of the vocabulary, the metadata `format` =
        "fastw2v-corpus", `format_version` = "1", `n_raw_words` and the bounds of the vocabulary:
        see `fastw2v.persistence.vocabulary_tensors`.
        """
        words, bounds = encode_vocabulary(self.vocabulary)
        metadata = {
            "format": FORMAT,
            "format_version": str(FORMAT_VERSION),
            "n_raw_words": str(self.n_raw_words),
        }
        ids: dict[str, NDArray[Any]] = {"ids": self.ids, "sentence_ends": self.sentence_ends}
        save_tensors(path, ids | words, metadata | bounds)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> EncodedCorpus:
        """Open a saved corpus; ids stay in the file and are read as training needs them.

        Raises
        ------
        ValueError
            If the file is no encoded corpus, is truncated, or contradicts itself.
        """
        tensors, metadata = load_tensors(path, KIND, read_only=True)
        with refusing(path, KIND):
            checked_version(metadata, FORMAT, FORMAT_VERSION)
            return cls(
                checked_tensor(tensors, "ids", np.int32, "tokens"),
                checked_tensor(tensors, "sentence_ends", np.int64, "sentences"),
                decode_vocabulary(tensors, metadata),
                checked_number(metadata, "n_raw_words"),
            )


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
