# SPDX-License-Identifier: Apache-2.0
"""A deterministic run: the same bits, however many workers there are.

What is trained side by side depends on the position in the run alone: the chunks of a phase, one of
each shard. csrc/shards.h says how they are kept apart and merged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.memory import page_aligned
from fastw2v.training.engine import pairs_of_rows
from fastw2v.training.run import Run
from fastw2v.training.schedule import N_SHARDS, Phase

ChunkStats = tuple[int, int, int, float]


class _Seeded(NamedTuple):
    """A phase, and the random streams of its chunks."""

    phase: Phase
    streams: NDArray[np.uint64]

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.float64]]:
        return self.phase.chunks, self.streams, self.phase.learning_rates


@dataclass
class _Stage:
    """A call to make for each group of shards: all must return before the next stage begins."""

    is_training: bool
    call: Callable[..., list[ChunkStats] | None]
    of: _Seeded
    n_given: int = 0
    n_done: int = 0
    seconds: float = 0.0
    stats: dict[int, list[ChunkStats]] = field(default_factory=dict)  # by group


class PhasedRun(Run):
    """A run whose workers take groups of shards, stage by stage.

    More workers than shards would only wait.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.n_workers = min(self.n_workers, N_SHARDS)
        self._groups = [
            tuple(shards[[0, -1]] + (0, 1))
            for shards in np.array_split(np.arange(N_SHARDS), self.n_workers)
        ]
        self._staged = threading.Condition(self._lock)
        self._shards = self._make_shards()
        self._trained: _Stage | None = None  # of the phase that is being merged
        self._next = self._phase_at(self._next_position)
        # Before the first phase there is nothing to merge, but its rows must be marked.
        self._stage: _Stage | None = _Stage(False, self._shards.merge, self._next)

    def _make_shards(self) -> _core.Shards:
        vocab_size = len(self._corpus.vocabulary)
        size = _core.shard_size(self._trainer)
        return _core.Shards(
            self._trainer,
            self._corpus.ids,
            self._corpus.sentence_ends,
            pairs_of_rows(self._corpus.vocabulary.counts, self._config),
            page_aligned(_core.marks_size(vocab_size)),
            [page_aligned(size) for _ in range(N_SHARDS)],
        )

    def _phase_at(self, position: int) -> _Seeded:
        phase = self._schedule.phase(position)
        indices = phase.indices.tolist()
        streams = [_core.stream(self._config.seed, phase.epoch, index) for index in indices]
        return _Seeded(phase, np.array(streams, dtype=np.uint64))

    def stop_handing_out(self) -> None:
        """Have every worker end when its phase does."""
        super().stop_handing_out()
        with self._staged:
            self._staged.notify_all()

    def _work(self, workspace: NDArray[np.uint8]) -> None:
        """Train and merge groups of shards."""
        task = self._take_group()
        while task is not None:
            stage, group = task
            began = time.perf_counter()
            stats = stage.call(*stage.of.arrays, *self._groups[group], workspace)
            seconds = time.perf_counter() - began
            with self._lock:
                stage.n_done += 1
                stage.seconds += seconds
                stage.stats[group] = stats or []
                if stage.is_training and stage.n_done == 1:  # the others are still busy
                    self._next = self._phase_at(self._next_position)
                if stage.n_done == len(self._groups):
                    self._end_stage(stage)
            task = self._take_group()

    def _take_group(self) -> tuple[_Stage, int] | None:
        """Hand out a group of shards, as soon as there is one; a phase that began is ended."""
        with self._lock:
            while not self.failed:
                stage = self._stage
                if stage is None:
                    if self._stopped or self._next_position == self._limit == len(self._schedule):
                        return None
                    if self._must_wait:
                        self._changed.wait()
                    else:
                        self._begin_phase()
                elif stage.n_given < len(self._groups):
                    stage.n_given += 1
                    return stage, stage.n_given - 1
                else:
                    self._staged.wait()
        return None

    def _begin_phase(self) -> None:
        self._stage = _Stage(True, self._shards.train, self._next)
        self._next_position += len(self._next.phase)
        self._n_busy += 1

    def _end_stage(self, stage: _Stage) -> None:
        if stage.is_training:
            self._trained = stage
            self._stage = _Stage(False, self._shards.merge, self._next)
        else:
            self._stage = None
            self._end_phase(self._trained, stage.seconds)
        self._staged.notify_all()

    def _end_phase(self, trained: _Stage | None, merge_seconds: float) -> None:
        if trained is not None:
            self._n_busy -= 1
            stats = [chunk for group in sorted(trained.stats) for chunk in trained.stats[group]]
            self._count(trained.of.phase, stats, trained.seconds + merge_seconds)
        # The main thread is not woken a thousand times a second for nothing.
        if self._is_paused or self._next_position == self._limit:
            self._changed.notify_all()
