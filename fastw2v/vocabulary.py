# SPDX-License-Identifier: Apache-2.0
"""Words, their ids and their counts: count, prune, order by frequency."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, partial
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import decode_words

# Spelling hints compare a word with so many of the most frequent ones: about 50 ms.
N_SPELLINGS = 20_000
LONGEST_SPELLING = 40

# How words become bytes: UTF-8, and a lone surrogate, for which UTF-8 has none, as if it had.
SURROGATES = "surrogatepass"


@dataclass(frozen=True, eq=False)
class WordCounts:
    """Words that were read, rare ones included, in order of first appearance.

    Compact, because most of these words are never looked at again: some 25 bytes a word where a
    dict of str takes 150.

    Parameters
    ----------
    text : bytes
        All words in UTF-8, end to end.
    offsets : ndarray of shape (n_words + 1,), int64
        Word i is ``text[offsets[i]:offsets[i + 1]]``.
    counts : ndarray of shape (n_words,), int64
        How often each was read.
    """

    text: bytes
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def from_words(cls, words: Sequence[str], counts: NDArray[np.int64]) -> WordCounts:
        """Pack words into one piece of text."""
        encoded = [word.encode(errors=SURROGATES) for word in words]
        return cls(b"".join(encoded), offsets_of([len(word) for word in encoded]), counts)

    def __len__(self) -> int:
        return len(self.counts)

    def words(self, positions: NDArray[np.intp] | None = None) -> list[str]:
        """Return the words at these positions, or all of them."""
        if positions is None:
            positions = np.arange(len(self))
        places = np.ascontiguousarray(positions, dtype=np.int64)
        return decode_words(self.text, self.offsets, places, SURROGATES)

    def without(self, positions: NDArray[np.intp]) -> WordCounts:
        """Return the words at all other positions."""
        rest = np.ones(len(self), dtype=bool)
        rest[positions] = False
        lengths = np.diff(self.offsets)
        letters = np.frombuffer(self.text, dtype=np.uint8)[np.repeat(rest, lengths)]
        return WordCounts(letters.tobytes(), offsets_of(lengths[rest]), self.counts[rest])

    def count(self, word: str) -> int:
        """Return how often a word was read; a scan of all words, for error messages."""
        wanted = word.encode(errors=SURROGATES)
        letters = np.frombuffer(self.text, dtype=np.uint8)
        positions = np.flatnonzero(np.diff(self.offsets) == len(wanted))
        for i, letter in enumerate(wanted[:8]):
            positions = positions[letters[self.offsets[positions] + i] == letter]
        for position in positions.tolist():
            if self.text.startswith(wanted, self.offsets[position]):
                return int(self.counts[position])
        return 0

    def is_utf8(self, errors: str = "strict") -> bool:
        """Whether every word is valid UTF-8 by itself, or what passes for it with `errors`.

        That is: all of them together are, and none begins in the middle of a character.
        """
        if self.text.isascii():
            return True
        begins = self.offsets[:-1][np.diff(self.offsets) > 0]
        first_bytes = np.frombuffer(self.text, dtype=np.uint8)[begins]
        if np.any(first_bytes & 0xC0 == 0x80):
            return False
        try:
            self.text.decode(errors=errors)
        except UnicodeDecodeError:
            return False
        return True

    def repaired(self) -> tuple[WordCounts, NDArray[np.int32]]:
        """Replace what is not UTF-8 by U+FFFD and merge words that become equal.

        Returns
        -------
        words : WordCounts
            Valid words, still in order of first appearance.
        id_map : ndarray of shape (n_words,), int32
            Where in `words` each word of `self` went.
        """
        positions: dict[bytes, int] = {}
        id_map = np.empty(len(self), dtype=np.int32)
        for i, (begin, end) in enumerate(pairwise(self.offsets.tolist())):
            word = self.text[begin:end].decode(errors="replace").encode()
            id_map[i] = positions.setdefault(word, len(positions))
        counts = np.zeros(len(positions), dtype=np.int64)
        np.add.at(counts, id_map, self.counts)
        offsets = offsets_of([len(word) for word in positions])
        return WordCounts(b"".join(positions), offsets, counts), id_map


def offsets_of(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where words of these lengths begin, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))


class PackedWords(Sequence[str]):
    """Words that are decoded when the first one is looked at.

    Parameters
    ----------
    n_words : int
    decode : callable
        Returns all of them as a list, or raises a ValueError.
    """

    def __init__(self, n_words: int, decode: Callable[[], list[str]]) -> None:
        self._n_words = n_words
        self._decode = decode

    @cached_property
    def decoded(self) -> list[str]:
        """All words."""
        return self._decode()

    def __len__(self) -> int:
        return self._n_words

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self.decoded[place]


class Vocabulary:
    """The words that are trained, in order of falling frequency; a word's place is its id.

    Parameters
    ----------
    words : sequence of str
        Distinct words. `PackedWords` stay packed until one is looked at.
    counts : ndarray of shape (vocab_size,), int64
        How often each word was read.
    dropped : WordCounts, or callable that returns them, optional
        All other words that were read, to explain why one is missing.
    min_count, max_final_vocab : int, optional
        The bounds that chose `words`.
    """

    def __init__(
        self,
        words: Sequence[str],
        counts: NDArray[np.int64],
        *,
        dropped: WordCounts | Callable[[], WordCounts] | None = None,
        min_count: int = 1,
        max_final_vocab: int | None = None,
    ) -> None:
        self._words: Sequence[str] = words if isinstance(words, PackedWords) else list(words)
        self.counts = np.asarray(counts, dtype=np.int64)
        self._dropped = dropped
        self.min_count = min_count
        self.max_final_vocab = max_final_vocab
        if self.counts.shape != (len(self),):
            raise ValueError(
                f"counts must have shape ({len(self)},), one a word, got {self.counts.shape}"
            )

    @classmethod
    def from_counts(
        cls, seen: WordCounts, *, min_count: int = 1, max_final_vocab: int | None = None
    ) -> tuple[Vocabulary, NDArray[np.int32]]:
        """Choose the words to train and put them in order of falling frequency.

        DIFFERS: from gensim, which raises min_count until at most `max_final_vocab` words remain
        and so may drop many words of equal count. Here the `max_final_vocab` most frequent words
        stay, and of words with the same count those that appear first.

        Parameters
        ----------
        seen : WordCounts
            What was read. Bytes that are not UTF-8 become U+FFFD before anything is compared.
        min_count : int
            Drop words that were read less often.
        max_final_vocab : int, optional
            Keep at most so many words.

        Returns
        -------
        vocabulary : Vocabulary
        id_map : ndarray of shape (n_words,), int32
            Id in the vocabulary of each word of `seen`, -1 for dropped ones.

        Raises
        ------
        ValueError
            If nothing was read, or no word often enough, or a bound is out of its range.
        """
        if min_count < 0:
            raise ValueError(f"min_count must be >= 0, got {min_count}")
        if max_final_vocab is not None and max_final_vocab < 1:
            raise ValueError(f"max_final_vocab must be >= 1 or None, got {max_final_vocab}")
        repair = None
        if not seen.is_utf8():
            seen, repair = seen.repaired()

        chosen = np.flatnonzero(seen.counts >= min_count)
        chosen = chosen[most_frequent_first(seen.counts[chosen])][:max_final_vocab]
        if len(chosen) == 0:
            raise ValueError(nothing_left(seen, min_count))
        id_map = np.full(len(seen), -1, dtype=np.int32)
        id_map[chosen] = np.arange(len(chosen), dtype=np.int32)
        vocabulary = cls(
            PackedWords(len(chosen), partial(seen.words, chosen)),
            seen.counts[chosen],
            min_count=min_count,
            max_final_vocab=max_final_vocab,
        )
        vocabulary._dropped = partial(seen.without, chosen)
        return vocabulary, id_map if repair is None else id_map[repair]

    @property
    def dropped(self) -> WordCounts | None:
        """All other words that were read, if they are known; put together when first asked for."""
        if callable(self._dropped):
            self._dropped = self._dropped()
        return self._dropped

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __repr__(self) -> str:
        head = ", ".join(map(repr, self.words[:3]))
        dots = ", ..." if len(self) > 3 else ""
        return f"Vocabulary({len(self):,} words: {head}{dots})"

    @property
    def lazy_words(self) -> Sequence[str]:
        """Words by id; those of a file are `PackedWords`."""
        return self._words

    @cached_property
    def words(self) -> list[str]:
        """Words by id."""
        words = self._words
        return words.decoded if isinstance(words, PackedWords) else list(words)

    @cached_property
    def index(self) -> dict[str, int]:
        """Word to id."""
        index = dict(zip(self.words, range(len(self)), strict=True))
        if len(index) < len(self):
            check_distinct(self.words)
        return index

    def missing_reason(self, word: str) -> str:
        """Say why a word has no vector, and which similar words have one.

        Returns
        -------
        str
            Such as ``"seen 3 times, fewer than min_count=5; did you mean 'house'?"``.
        """
        if word in self:
            return "in the vocabulary"
        dropped = self.dropped
        count = dropped.count(word) if dropped is not None else 0
        if dropped is None:
            reason = "not in the vocabulary"
        elif count == 0:
            reason = "not in the training corpus"
        elif count < self.min_count:
            times = "once" if count == 1 else f"{count} times"
            reason = f"seen {times}, fewer than min_count={self.min_count}"
        else:
            reason = f"not among the max_final_vocab={self.max_final_vocab} most frequent words"
        hints = self.near_spellings(word)
        return reason + (f"; did you mean {' or '.join(map(repr, hints))}?" if hints else "")

    def near_spellings(self, word: str, n: int = 3) -> list[str]:
        """Return up to `n` words of the vocabulary that are spelled almost like `word`.

        Other capitals are found for every word, other letters among the most frequent ones only.
        """
        if len(word) > LONGEST_SPELLING:
            return []
        cases = dict.fromkeys((word.strip(), word.lower(), word.capitalize(), word.upper()))
        hints = [case for case in cases if case in self.index]
        margin = 1 + len(word) // 4
        candidates = [
            known
            for known in self.words[:N_SPELLINGS]
            if abs(len(known) - len(word)) <= margin and known not in hints
        ]
        return (hints + get_close_matches(word, candidates, n, cutoff=0.75))[:n]


def most_frequent_first(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return positions in order of falling counts, those of equal ones in their own order."""
    n = len(counts)
    if n == 0:
        return np.empty(0, dtype=np.int64)
    greatest, least = int(counts.max()), int(counts.min())
    if (greatest - least + 1) * n > np.iinfo(np.int64).max:
        return np.argsort(-counts, kind="stable")
    # A number that holds both: NumPy sorts numbers several times as fast as it finds their order.
    keys = (greatest - counts) * n + np.arange(n)
    keys.sort()
    return keys % n


def check_distinct(words: Sequence[str]) -> None:
    """Refuse words of which one stands twice."""
    if len(set(words)) == len(words):
        return
    last = {word: place for place, word in enumerate(words)}
    twice = next(word for place, word in enumerate(words) if last[word] != place)
    raise ValueError(f"the word {twice!r} stands twice")


def placeholder_counts(n_words: int) -> NDArray[np.int64]:
    """Return falling counts, n_words, ..., 2, 1, for words whose own are not known."""
    return np.arange(n_words, 0, -1, dtype=np.int64)


def nothing_left(seen: WordCounts, min_count: int) -> str:
    """Explain why no word can be trained."""
    if len(seen) == 0:
        return "the corpus is empty: there is no word to train"
    top = most_frequent_first(seen.counts)[:5]
    counts = seen.counts[top].tolist()
    words = map(reprlib.repr, seen.words(top))
    listed = ", ".join(f"{word} ({count})" for word, count in zip(words, counts, strict=True))
    return (
        f"no word appears min_count={min_count} times: read {seen.counts.sum():,} tokens of "
        f"{len(seen):,} distinct words, the most frequent ones: {listed}"
    )
