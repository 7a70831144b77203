# SPDX-License-Identifier: Apache-2.0
"""The tokens of one part of a corpus while it is read: provisional ids and sentence ends."""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray

from fastw2v._core import Encoder, Lexicon
from fastw2v.memory import page_aligned
from fastw2v.vocabulary import WordCounts

BLOCK_TOKENS = 1 << 22  # 16 MiB
BLOCK_ENDS = 1 << 18  # 2 MiB


class StoppedError(Exception):
    """Another thread failed, so this one gave up; never reaches the user."""


def new_block(n_ids: int) -> NDArray[np.int32]:
    """Return room for ids that costs memory as it is filled."""
    return page_aligned(4 * n_ids).view(np.int32)


def new_ends() -> NDArray[np.int64]:
    """Return room for as many sentence ends as one block has."""
    return page_aligned(8 * BLOCK_ENDS).view(np.int64)


class MemoryBudget:
    """How many more bytes of ids all streams together may keep in memory."""

    def __init__(self, n_bytes: int) -> None:
        self._left = n_bytes
        self._lock = threading.Lock()

    def take(self, n_bytes: int) -> bool:
        """Take `n_bytes` if there are as many."""
        with self._lock:
            if n_bytes > self._left:
                return False
            self._left -= n_bytes
            return True


class TokenStream:
    """Tokens in the order they were read, with a lexicon of their own.

    Ids stand in blocks: in memory as long as the budget lasts, then in a temporary file that has
    no name and so cannot be left behind. Close the stream, or use it in a ``with`` statement.

    Parameters
    ----------
    memory : MemoryBudget
        Shared by all streams.
    stop : threading.Event
        When it is set, reading and encoding raise `StoppedError`.
    """

    def __init__(self, memory: MemoryBudget, stop: threading.Event) -> None:
        self.lexicon = Lexicon()
        self.n_tokens = 0
        self._memory = memory
        self._stop = stop
        self._blocks: deque[NDArray[np.int32]] = deque()
        self._spill: IO[bytes] | None = None
        self._ids = new_block(BLOCK_TOKENS)
        self._n_ids = 0
        self._ends_blocks: list[NDArray[np.int64]] = []
        self._ends = new_ends()
        self._n_ends = 0
        self._sentence_begin = 0

    @property
    def spilled(self) -> bool:
        """Whether a part of the ids is in a file."""
        return self._spill is not None

    def close(self) -> None:
        """Forget everything and delete the temporary file."""
        self._blocks.clear()
        if self._spill is not None:
            self._spill.close()

    # ---- Reading ----

    def scan(self, text: memoryview, final: bool) -> int:
        """Add a block of text; return how many bytes of it are done with.

        The rest, a word that may go on, belongs before the next block.
        """
        n_done = 0
        while True:
            self._check_stop()
            room, ends_room = self._room(1), self._ends_room()
            n_bytes, n_ids, n_ends = self.lexicon.scan(
                text[n_done:], final, room, ends_room, self.n_tokens, self._sentence_begin
            )
            n_done += n_bytes
            self._n_ids += n_ids
            self._n_ends += n_ends
            self.n_tokens += n_ids
            if n_ends > 0:
                self._sentence_begin = int(ends_room[n_ends - 1])
            if n_ids < len(room) and n_ends < len(ends_room):
                return n_done

    def add_sentence(self, tokens: Sequence[str]) -> None:
        """Add one sentence; an empty one leaves no trace."""
        n_ids = self.lexicon.add_sentence(tokens, self._room(len(tokens)))
        if n_ids == 0:
            return
        self._n_ids += n_ids
        self.n_tokens += n_ids
        self._ends_room()[0] = self.n_tokens
        self._n_ends += 1

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _room(self, n_needed: int) -> NDArray[np.int32]:
        """Return the free end of the current block, which has at least `n_needed` elements."""
        if len(self._ids) - self._n_ids < n_needed:
            self._put_away()
            self._ids = new_block(max(BLOCK_TOKENS, n_needed))
        return self._ids[self._n_ids :]

    def _put_away(self) -> None:
        """Move the current block to memory or, beyond the budget, to the file."""
        block = self._ids[: self._n_ids]
        self._n_ids = 0
        if self._spill is None and self._memory.take(block.nbytes):
            self._blocks.append(block)
            return
        if self._spill is None:
            self._spill = tempfile.TemporaryFile(prefix="fastw2v-")  # noqa: SIM115
        self._spill.write(block.data)

    def _ends_room(self) -> NDArray[np.int64]:
        if self._n_ends == len(self._ends):
            self._ends_blocks.append(self._ends)
            self._ends = new_ends()
            self._n_ends = 0
        return self._ends[self._n_ends :]

    # ---- Encoding ----

    def word_counts(self) -> WordCounts:
        """Return the words and counts of the lexicon."""
        offsets = np.empty(len(self.lexicon) + 1, dtype=np.int64)
        counts = np.empty(len(self.lexicon), dtype=np.int64)
        text = self.lexicon.export(offsets, counts)
        return WordCounts(text, offsets, counts)

    def counts(self) -> NDArray[np.int64]:
        """Return the counts of the lexicon."""
        counts = np.empty(len(self.lexicon), dtype=np.int64)
        self.lexicon.counts(counts)
        return counts

    def merge_words(self, other: TokenStream) -> NDArray[np.int32]:
        """Add the words of `other` to this lexicon; return the id here of each of them."""
        id_map = np.empty(len(other.lexicon), dtype=np.int32)
        self.lexicon.merge(other.lexicon, id_map)
        return id_map

    def encode(self, id_map: NDArray[np.int32], n_before: int) -> Encoding:
        """Begin to map provisional ids to final ones; the stream is used up by it."""
        ends = np.concatenate([*self._ends_blocks, self._ends[: self._n_ends]])
        self._ends_blocks.clear()
        self.lexicon = Lexicon()  # the words are not needed any more
        return Encoding(Encoder(id_map, ends, n_before), ends, self._take_blocks())

    def _take_blocks(self) -> Iterator[NDArray[np.int32]]:
        """Give away the blocks in order, so that each can be freed once it is encoded."""
        if self._n_ids > 0 and self._spill is None:
            self._blocks.append(self._ids[: self._n_ids])
            self._n_ids = 0
        elif self._n_ids > 0:
            self._put_away()
        self._ids = np.empty(0, dtype=np.int32)
        while self._blocks:
            self._check_stop()
            yield self._blocks.popleft()
        if self._spill is None:
            return
        self._spill.seek(0)
        block = new_block(BLOCK_TOKENS)
        while n_bytes := self._spill.readinto(block.data):  # type: ignore[attr-defined]
            self._check_stop()
            yield block[: n_bytes // block.itemsize]


class Encoding:
    """Final ids of a stream, block after block, and then its sentence ends."""

    def __init__(
        self, encoder: Encoder, ends: NDArray[np.int64], blocks: Iterator[NDArray[np.int32]]
    ) -> None:
        self._encoder = encoder
        self._ends = ends
        self._blocks = blocks

    def blocks(self) -> Iterator[NDArray[np.int32]]:
        """Yield the ids that remain of each block; use a block before asking for the next."""
        for block in self._blocks:
            yield block[: self._encoder.encode(block, block)]

    def into(self, room: NDArray[np.int32]) -> None:
        """Fill `room` with the ids that remain of all blocks."""
        for block in self._blocks:
            room = room[self._encoder.encode(block, room) :]

    def sentence_ends(self) -> NDArray[np.int64]:
        """Return the ends of the sentences that remain; valid after all blocks."""
        return self._ends[: self._encoder.n_sentences]
