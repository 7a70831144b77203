# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

class Lexicon:
    """Words in order of first appearance, with counts; used by one thread at a time."""

    def __len__(self) -> int: ...
    @property
    def word_bytes(self) -> int:
        """Lengths of all words together, in bytes."""
    def scan(
        self,
        text: bytes | bytearray | memoryview,
        final: bool,
        ids: NDArray[np.int32],
        ends: NDArray[np.int64],
        n_tokens: int,
        sentence_begin: int,
    ) -> tuple[int, int, int]:
        """Count the words of a block; return bytes consumed, ids written and ends written.

        `n_tokens` is the number of tokens of the text before this block, `sentence_begin` of those
        before its open sentence, that is the last end written, or 0. See csrc/lexicon.h.
        """
    def add_sentence(self, tokens: Sequence[str], ids: NDArray[np.int32]) -> int:
        """Count the words of a sentence, write their ids and return how many there are."""
    def merge(self, other: Lexicon, id_map: NDArray[np.int32]) -> None:
        """Add the counts of `other`; write the id here of each of its words to `id_map`."""
    def export(
        self, words: NDArray[np.uint8], offsets: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> None:
        """Write all words, end to end in UTF-8, where they begin and end, and their counts."""

class Encoder:
    """Provisional ids to final ones, block after block, in place; used by one thread at a time.

    Parameters
    ----------
    id_map : ndarray of shape (n_words,), int32
        Final id of each provisional one, -1 to drop the word.
    ends : ndarray of shape (n_sentences,), int64
        Sentence ends of the whole stream; overwritten.
    n_before : int
        Tokens of the corpus before this stream, added to every end.
    """

    def __init__(
        self, id_map: NDArray[np.int32], ends: NDArray[np.int64], n_before: int
    ) -> None: ...
    @property
    def n_sentences(self) -> int:
        """How many ends remain so far, at the front of `ends`."""
    def encode(self, ids: NDArray[np.int32]) -> int:
        """Overwrite the next block of the stream; return how many ids of it remain."""
