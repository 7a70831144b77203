# SPDX-License-Identifier: Apache-2.0
"""A vocabulary as tensors and metadata, the same in model files and in encoded corpora.

    vocabulary          (bytes,) uint8, the words in UTF-8 one after the other
    vocabulary_offsets  (V + 1,) int64, word i is vocabulary[offsets[i] : offsets[i + 1]]
    counts              (V,)     int64

    dropped, dropped_offsets, dropped_counts    the same of the words that were read and not kept

Metadata: `min_count` and, if there was one, `max_final_vocab`, the bounds that chose the words.
The dropped words are there if they are known; with them, a word that is missing can be explained.

Any Python string is a word here, so that no model is lost at its last step: a lone surrogate, which
UTF-8 proper has no bytes for, is written as `vocabulary.SURROGATES` says. What is read from a
corpus never has one (the lexicon refuses such tokens), a vocabulary made by hand may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.persistence.checks import checked_number, checked_tensor
from fastw2v.vocabulary import SURROGATES, PackedWords, Vocabulary, WordCounts, check_distinct

# Names of text, offsets and counts.
KEPT = ("vocabulary", "vocabulary_offsets", "counts")
DROPPED = ("dropped", "dropped_offsets", "dropped_counts")


def encode_vocabulary(vocabulary: Vocabulary) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the tensors and the metadata of a vocabulary."""
    kept = WordCounts.from_words(vocabulary.words, vocabulary.counts)
    tensors = _encode_words(KEPT, kept)
    if vocabulary.dropped is not None:
        tensors |= _encode_words(DROPPED, vocabulary.dropped)
    metadata = {"min_count": str(vocabulary.min_count)}
    if vocabulary.max_final_vocab is not None:
        metadata["max_final_vocab"] = str(vocabulary.max_final_vocab)
    return tensors, metadata


def decode_vocabulary(
    tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]
) -> Vocabulary:
    """Return the vocabulary that `encode_vocabulary` took apart.

    Raises
    ------
    ValueError
        If something is missing, or contradicts itself; the message says what.
    """
    kept = _decode_words(KEPT, tensors)
    vocabulary = Vocabulary(
        kept.words(),
        kept.counts,
        dropped=_decode_words(DROPPED, tensors) if DROPPED[0] in tensors else None,
        **_checked_bounds(metadata),
    )
    vocabulary.index  # noqa: B018  # finds words that stand twice
    return vocabulary


def packed_vocabulary(
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    refusing: Callable[[], AbstractContextManager[None]],
) -> Vocabulary:
    """Return the vocabulary, its words decoded and checked when the first one is looked at.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        Shapes and dtypes are checked here, what is in them later.
    metadata : mapping of str to str
    refusing : callable
        Makes a context manager that turns a ValueError into one that names the file.
    """

    def decode_kept() -> list[str]:
        with refusing():
            words = _decode_words(KEPT, tensors).words()
            check_distinct(words)
            return words

    def decode_dropped() -> WordCounts:
        with refusing():
            return _decode_words(DROPPED, tensors)

    _, _, counts = _checked_tensors(KEPT, tensors)
    if DROPPED[0] in tensors:
        _checked_tensors(DROPPED, tensors)
    return Vocabulary(
        PackedWords(len(counts), decode_kept),
        counts,
        dropped=decode_dropped if DROPPED[0] in tensors else None,
        **_checked_bounds(metadata),
    )


def _checked_bounds(metadata: Mapping[str, str]) -> dict[str, int]:
    """Return min_count and, if there was one, max_final_vocab."""
    bounds = {"min_count": checked_number(metadata, "min_count")}
    if "max_final_vocab" in metadata:
        bounds["max_final_vocab"] = checked_number(metadata, "max_final_vocab", least=1)
    return bounds


def _encode_words(names: tuple[str, str, str], words: WordCounts) -> dict[str, NDArray[Any]]:
    text = np.frombuffer(words.text, np.uint8)
    return dict(zip(names, (text, words.offsets, words.counts), strict=True))


def _decode_words(names: tuple[str, str, str], tensors: Mapping[str, NDArray[Any]]) -> WordCounts:
    """Check every offset before the first is used."""
    text_name, offsets_name, counts_name = names
    text, offsets, counts = _checked_tensors(names, tensors)
    if offsets[0] != 0 or offsets[-1] != len(text) or np.any(offsets[1:] < offsets[:-1]):
        raise ValueError(f"{offsets_name!r} do not rise from 0 to the end of {text_name!r}")
    if np.any(counts < 0):
        raise ValueError(f"{counts_name!r} has a negative count")
    # A file may keep them at any place; C reads them where they are.
    words = WordCounts(text.tobytes(), np.require(offsets, requirements="A"), counts)
    if not words.is_utf8(SURROGATES):
        raise ValueError(f"a word of {text_name!r} is not UTF-8")
    return words


def _checked_tensors(
    names: tuple[str, str, str], tensors: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    text = checked_tensor(tensors, names[0], np.uint8, "bytes")
    counts = checked_tensor(tensors, names[2], np.int64, "words")
    return text, checked_tensor(tensors, names[1], np.int64, len(counts) + 1), counts
