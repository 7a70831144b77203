# SPDX-License-Identifier: Apache-2.0
"""Position in the run -> chunk of the corpus and learning rate.

Both depend on the position alone, never on which worker takes a chunk or when, so that a run is the
same one whatever the machine is doing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig

#: Tokens of a chunk: some milliseconds of work, so that handing it out costs nothing.
CHUNK_TOKENS = 10_000
#: But a small corpus has so many chunks an epoch, that the learning rate may fall smoothly.
LEAST_CHUNKS = 100
LEAST_CHUNK_TOKENS = 500
#: A deterministic run has so many shards, however many workers, and chunks of at most so many
#: tokens. Neither matters much to the vectors: 4 x 1,000 to 4 x 10,000 tokens came to analogies of
#: .364 to .367 (100 MB of text, skip-gram, one seed), 8 x 1,000 to .356, 8 x 2,000 to .367,
#: 2 x 4,000 to .372. Two workers are idle a fifth of the time with 4 x 1,000, 14 % with 4 x 2,000.
N_SHARDS = 4
SHARD_CHUNK_TOKENS = 2_000
#: Epochs of a run that ends by the clock.
ENDLESS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Successive chunks of one epoch, which a worker trains in one call.

    Attributes
    ----------
    epoch : int
        From 0.
    index : int
        Of the first chunk in its epoch.
    borders : ndarray of shape (n_chunks + 1,), int64
        Chunk i is tokens ``borders[i]`` to ``borders[i + 1]`` of the corpus.
    sentence_ends : ndarray, int64
        From the first after ``borders[0]`` to the first at or after ``borders[-1]``.
    learning_rates : ndarray of shape (n_chunks,), float64
    """

    epoch: int
    index: int
    borders: NDArray[np.int64]
    sentence_ends: NDArray[np.int64]
    learning_rates: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learning_rates)

    @property
    def n_tokens(self) -> int:
        return int(self.borders[-1] - self.borders[0])


@dataclass(frozen=True, slots=True)
class Phase:
    """Chunks of one epoch that are trained side by side: chunk i by shard i.

    Attributes
    ----------
    epoch : int
        From 0.
    indices : ndarray of shape (n_chunks,), int64
        Of the chunks in their epoch.
    chunks : ndarray of shape (4, n_chunks), int64
        Where chunks begin and end in tokens, and where their sentence ends do.
    learning_rates : ndarray of shape (n_chunks,), float64
    """

    epoch: int
    indices: NDArray[np.int64]
    chunks: NDArray[np.int64]
    learning_rates: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learning_rates)

    @property
    def n_tokens(self) -> int:
        begins, ends = self.chunks[:2]
        return int((ends - begins).sum())


class Schedule:
    """The chunks of a run in order.

    In a deterministic run that is the order of phases, with one chunk of each shard; a shard is a
    piece of the corpus.

    Parameters
    ----------
    sentence_ends : ndarray of shape (n_sentences,), int64, rising
        The last is the number of tokens.
    config : TrainingConfig
        ``epochs``, ``alpha``, ``min_alpha``, ``held_out``, ``deterministic`` and ``seed`` are read.
    clock : callable, optional
        Returns the share of the run's time that has passed: the learning rate then falls with it,
        not with the position, and epochs follow one another until it is 1.
    """

    def __init__(
        self,
        sentence_ends: NDArray[np.int64],
        config: TrainingConfig,
        clock: Callable[[], float] | None = None,
    ) -> None:
        n_tokens = int(sentence_ends[-1])
        self.chunk_tokens = most_chunk_tokens(n_tokens, config.deterministic)
        self._sentence_ends = sentence_ends
        self._borders = cut(sentence_ends, self.chunk_tokens)
        self._first_end = np.searchsorted(sentence_ends, self._borders[:-1], side="right")
        self._last_end = np.searchsorted(sentence_ends, self._borders[1:], side="left") + 1
        n_chunks = len(self._borders) - 1
        self._held_out = held_out_chunks(n_chunks, config.held_out, config.seed)
        self._trained = np.setdiff1d(np.arange(n_chunks), self._held_out)
        if config.deterministic:
            self._trained = in_phases(self._trained, N_SHARDS)
        sizes = np.diff(self._borders)[self._trained]
        self._tokens_before = np.concatenate([[0], np.cumsum(sizes)])
        self._epochs = ENDLESS if clock else config.epochs
        self._alpha = config.start_alpha
        self._min_alpha = config.min_alpha
        self._clock = clock

    @property
    def chunks_per_epoch(self) -> int:
        return len(self._trained)

    @property
    def n_tokens(self) -> int:
        """Tokens that are trained in an epoch."""
        return int(self._tokens_before[-1])

    def __len__(self) -> int:
        return self._epochs * self.chunks_per_epoch

    @property
    def is_over(self) -> bool:
        """Whether the time of the run has passed, if it has one."""
        return self._clock is not None and self._clock() >= 1

    def tokens_before(self, position: int) -> tuple[int, int]:
        """Return how many epochs, and tokens of the next, are before a position of the run."""
        if not 0 <= position <= len(self):
            raise ValueError(f"position {position} is outside the {len(self)} chunks of the run")
        epoch, index = divmod(position, self.chunks_per_epoch)
        return epoch, int(self._tokens_before[index])

    def stretch(self, position: int, n_chunks: int) -> Stretch:
        """Return `n_chunks` chunks from `position` of the run on.

        Fewer where an epoch ends, or a chunk is held out.
        """
        if not 0 <= position < len(self):
            raise IndexError(f"position {position} is outside the {len(self)} chunks of the run")
        epoch, index = divmod(position, self.chunks_per_epoch)
        chunks = self._trained[index : index + n_chunks]
        n_adjacent = int(np.searchsorted(chunks - np.arange(len(chunks)), chunks[0], side="right"))
        stretch = self._adjacent(epoch, int(chunks[0]), n_adjacent)
        tokens = self._tokens_before[index : index + n_adjacent].tolist()
        rates = [self.learning_rate(epoch, token) for token in tokens]
        return dataclasses.replace(stretch, learning_rates=np.array(rates))

    def phase(self, position: int) -> Phase:
        """Return the chunks of the phase that begins at `position`; none at the end of the run.

        Without the last shards, if they are through with the epoch.
        """
        epoch, index = divmod(position, self.chunks_per_epoch)
        chunks = self._trained[index : index + N_SHARDS if position < len(self) else index]
        tokens = self._tokens_before[index : index + len(chunks)].tolist()
        borders, ends = self._borders, (self._first_end, self._last_end)
        places = np.array([borders[chunks], borders[chunks + 1], *(end[chunks] for end in ends)])
        rates = np.array([self.learning_rate(epoch, token) for token in tokens])
        return Phase(epoch, chunks, places, rates)

    def held_out(self) -> list[Stretch]:
        """Return the chunks that are kept out of training, at a learning rate of 0."""
        return [self._adjacent(0, chunk, 1) for chunk in self._held_out.tolist()]

    def _adjacent(self, epoch: int, first: int, n_chunks: int) -> Stretch:
        last = first + n_chunks
        ends = self._sentence_ends[self._first_end[first] : self._last_end[last - 1]]
        return Stretch(epoch, first, self._borders[first : last + 1], ends, np.zeros(n_chunks))

    def learning_rate(self, epoch: int, token: int) -> float:
        """Return alpha's linear fall to min_alpha, at `token` of `epoch` or by the clock."""
        if self._clock:
            progress = min(self._clock(), 1.0)
        else:
            progress = (epoch * self.n_tokens + token) / (self._epochs * self.n_tokens)
        return self._alpha - (self._alpha - self._min_alpha) * progress


def most_chunk_tokens(n_tokens: int, deterministic: bool) -> int:
    """Return the most tokens of a chunk of a corpus of `n_tokens`."""
    most = SHARD_CHUNK_TOKENS if deterministic else CHUNK_TOKENS
    return int(np.clip(n_tokens // LEAST_CHUNKS, LEAST_CHUNK_TOKENS, most))


def in_phases(chunks: NDArray[np.int64], n_shards: int) -> NDArray[np.int64]:
    """Cut `chunks` into shards of successive ones; return the first of each, the second, ..."""
    shards = np.array_split(chunks, n_shards)  # the first ones are longer, by one
    table = np.full((len(shards[0]), n_shards), -1)
    for shard, column in zip(shards, table.T, strict=True):
        column[: len(shard)] = shard
    return table[table >= 0]


def held_out_chunks(n_chunks: int, share: float, seed: int) -> NDArray[np.int64]:
    """Choose at random; at least one chunk if `share` is above 0, and never all."""
    n_held_out = min(max(1, round(share * n_chunks)), n_chunks - 1) if share > 0 else 0
    chosen = np.random.default_rng(seed).permutation(n_chunks)[:n_held_out]
    return np.sort(chosen)


def cut(sentence_ends: NDArray[np.int64], chunk_tokens: int) -> NDArray[np.int64]:
    """Return the borders of chunks of at most `chunk_tokens`, at sentence ends where they can be.

    A longer sentence is trained in pieces: only the windows across a cut are lost, no token.
    """
    n_tokens = int(sentence_ends[-1])
    borders = [0]
    while borders[-1] < n_tokens:
        begin = borders[-1]
        fitting = int(np.searchsorted(sentence_ends, begin + chunk_tokens, side="right")) - 1
        end = int(sentence_ends[fitting]) if fitting >= 0 else 0
        borders.append(end if end > begin else min(begin + chunk_tokens, n_tokens))
    return np.array(borders, dtype=np.int64)
