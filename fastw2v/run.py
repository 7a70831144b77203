# SPDX-License-Identifier: Apache-2.0
"""What the workers of a run share: which chunks are next, and what has come of those before."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core
from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.engine import build_trainer
from fastw2v.history import EpochRecord, EpochSum, RunState
from fastw2v.memory import page_aligned
from fastw2v.parameters import Parameters
from fastw2v.schedule import Schedule, Stretch
from fastw2v.system import usable_cpus

#: Seconds that a call into C is to take. Around it Python holds the GIL for some 10 us, so that a
#: hundred workers leave it free for nine tenths of the time; and Ctrl-C need not wait for long.
CALL_SECONDS = 0.01


def diverged(reason: object, config: TrainingConfig) -> FloatingPointError:
    return FloatingPointError(f"{reason}: training diverged; lower alpha ({config.start_alpha})")


class Run:
    """What the workers of a run share. The lock guards everything that is not the matrices."""

    def __init__(
        self,
        corpus: EncodedCorpus,
        parameters: Parameters,
        config: TrainingConfig,
        history: list[EpochRecord],
        state: RunState,
    ) -> None:
        self._corpus = corpus
        self._config = config
        self._history = history
        self._schedule = Schedule(corpus.sentence_ends, config)
        self._words_per_token = corpus.n_raw_words / self._schedule.n_tokens
        # More than there are chunks would only wait.
        self.n_workers = min(config.workers or usable_cpus(), len(self._schedule))
        self._trainer = build_trainer(
            corpus, parameters, config, self._schedule.chunk_tokens, self.n_workers
        )
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._n_busy = 0  # workers within a call
        self._is_paused = False
        self._next_position = state.position
        self._epochs_ended, tokens = self._schedule.tokens_before(state.position)
        if state.epoch_sum.tokens != tokens:
            raise ValueError(f"{state} is not a state of this run, which has {tokens} tokens there")
        self._sums: defaultdict[int, EpochSum] = defaultdict(EpochSum)
        self._sums[self._epochs_ended] = dataclasses.replace(state.epoch_sum)
        self._epoch_began = time.perf_counter() - state.epoch_seconds
        self._tokens_done = self._epochs_ended * self._schedule.n_tokens + tokens
        self._nothing_to_do = threading.Event()
        self._stopped = False
        self._error: BaseException | None = None
        self.recent_loss = state.epoch_sum.loss

    @property
    def total_words(self) -> int:
        return self._corpus.n_raw_words * self._config.epochs

    @property
    def words_done(self) -> int:
        return round(self._tokens_done * self._words_per_token)

    def wait(self, seconds: float) -> bool:
        """Wait so long for a worker to find nothing more to do; say whether one has."""
        return self._nothing_to_do.wait(seconds)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have all workers wait, each from the end of its stretch on."""
        with self._idle:
            self._is_paused = True
            self._idle.wait_for(lambda: self._n_busy == 0 or self._stopped)
        try:
            yield
        finally:
            with self._idle:
                self._is_paused = False
                self._idle.notify_all()

    def state(self) -> RunState:
        """Return where the run stands; no worker may be within a call."""
        with self._lock:
            return RunState(
                self._next_position,
                dataclasses.replace(self._sums[self._epochs_ended]),
                time.perf_counter() - self._epoch_began,
                list(self._history),
            )

    def stop_handing_out(self) -> None:
        """Have every worker end when its stretch does."""
        with self._idle:
            self._stopped = True
            self._idle.notify_all()

    @property
    def failed(self) -> bool:
        """Whether a worker ended in an error: its stretch is trained in part."""
        return self._error is not None

    def raise_error(self) -> None:
        """Raise the first error of a worker, if there was one."""
        if isinstance(self._error, FloatingPointError):
            raise diverged("the loss is not finite", self._config) from None
        if self._error is not None:
            raise self._error

    def work(self) -> None:
        """Train stretch after stretch: the body of a worker thread."""
        try:
            workspace = page_aligned(self._trainer.workspace_size)
            n_chunks = 1
            while (stretch := self._take(n_chunks)) is not None:
                began = time.perf_counter()
                stats = self._trainer.train_chunks(
                    self._corpus.ids,
                    stretch.borders,
                    stretch.sentence_ends,
                    self._streams(stretch),
                    stretch.learning_rates,
                    workspace,
                )
                seconds = max(time.perf_counter() - began, 1e-9)  # a clock may stand still
                n_chunks = int(len(stretch) * CALL_SECONDS / seconds)
                self._add(stretch, stats)
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            with self._lock:
                self._error = self._error or error
            self.stop_handing_out()
        finally:
            self._nothing_to_do.set()

    def _streams(self, stretch: Stretch) -> NDArray[np.uint64]:
        indices = range(stretch.index, stretch.index + len(stretch))
        streams = [_core.stream(self._config.seed, stretch.epoch, index) for index in indices]
        return np.array(streams, dtype=np.uint64)

    def _take(self, n_chunks: int) -> Stretch | None:
        """Hand out about `n_chunks`, at least one, and never so many that others wait at the end.

        Guided self-scheduling (Polychronopoulos and Kuck 1987): at most half of a fair share of
        what is left.
        """
        with self._idle:
            self._idle.wait_for(lambda: self._stopped or not self._is_paused)
            left = len(self._schedule) - self._next_position
            if self._stopped or left == 0:
                return None
            n_chunks = max(1, min(n_chunks, left // (2 * self.n_workers)))
            stretch = self._schedule.stretch(self._next_position, n_chunks)
            self._next_position += len(stretch)
            self._n_busy += 1
        return stretch

    def _add(self, stretch: Stretch, stats: list[tuple[int, int, int, float]]) -> None:
        with self._idle:
            self._n_busy -= 1
            self._idle.notify_all()
            epoch = self._sums[stretch.epoch]
            epoch.tokens += stretch.n_tokens
            for _kept_tokens, examples, loss_examples, loss_sum in stats:
                epoch.examples += examples
                epoch.loss_examples += loss_examples
                epoch.loss_sum += loss_sum
            self._tokens_done += stretch.n_tokens
            self.recent_loss = epoch.loss
            # In order: an epoch of fewer chunks than workers may end before the one before it.
            while self._sums[self._epochs_ended].tokens == self._schedule.n_tokens:
                self._record(self._epochs_ended, self._sums.pop(self._epochs_ended))
                self._epochs_ended += 1

    def _record(self, epoch: int, total: EpochSum) -> None:
        now = time.perf_counter()
        seconds = max(now - self._epoch_began, 1e-9)  # a clock may stand still
        self._epoch_began = now
        words = self._corpus.n_raw_words
        self._history.append(
            EpochRecord(
                epoch=epoch + 1,
                seconds=seconds,
                words=words,
                words_per_second=words / seconds,
                examples=total.examples,
                loss=total.loss,
                learning_rate=self._schedule.learning_rate(epoch + 1, 0),
            )
        )
