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
from fastw2v.memory import page_aligned
from fastw2v.system import usable_cpus
from fastw2v.training.callbacks import TrainingStatus
from fastw2v.training.engine import build_trainer
from fastw2v.training.history import EpochRecord, EpochSum, RunState
from fastw2v.training.parameters import Parameters
from fastw2v.training.schedule import Phase, Schedule, Stretch

#: Seconds that a call into C is to take. Around it Python holds the GIL for some 10 us, so that a
#: hundred workers leave it free for nine tenths of the time; and Ctrl-C need not wait for long.
CALL_SECONDS = 0.01
#: Of the held-out centers, one in so many has its loss taken.
HELD_OUT_INTERVAL = 4


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
        *,
        max_seconds: float | None = None,
        waits_at_epochs: bool = False,
    ) -> None:
        self._corpus = corpus
        self._parameters = parameters
        self._config = config
        self._history = history
        self._began = time.perf_counter()
        self._max_seconds = max_seconds
        self._schedule = Schedule(
            corpus.sentence_ends, config, self._time_share if max_seconds is not None else None
        )
        self._words_per_token = corpus.n_raw_words / corpus.n_tokens
        # More than there are chunks would only wait.
        self.n_workers = min(config.workers or usable_cpus(), len(self._schedule))
        self._trainer = build_trainer(
            corpus, parameters, config, self._schedule.chunk_tokens, self.n_workers
        )
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._n_busy = 0  # workers within a call
        self._is_paused = False
        self._waits_at_epochs = waits_at_epochs
        self._next_position = state.position
        self._epochs_ended, tokens = self._schedule.tokens_before(state.position)
        if state.epoch_sum.tokens != tokens:
            raise ValueError(f"{state} is not a state of this run, which has {tokens} tokens there")
        self._limit = self._end_of_epoch(self._epochs_ended)
        self._sums: defaultdict[int, EpochSum] = defaultdict(EpochSum)
        self._sums[self._epochs_ended] = dataclasses.replace(state.epoch_sum)
        self._epoch_began = self._began - state.epoch_seconds
        self._seconds_before = sum(record.seconds for record in state.history) + state.epoch_seconds
        self._tokens_done = self._tokens_before = (
            self._epochs_ended * self._schedule.n_tokens + tokens
        )
        self._has_ended = False  # a worker found nothing more to do
        self._stopped = False
        self._error: BaseException | None = None
        self.recent_loss = state.epoch_sum.loss

    def _time_share(self) -> float:
        assert self._max_seconds is not None
        if self._max_seconds <= 0:
            return 1.0
        return (time.perf_counter() - self._began) / self._max_seconds

    def _end_of_epoch(self, epoch: int) -> int:
        """Return the position up to which chunks are handed out during `epoch`."""
        if not self._waits_at_epochs:
            return len(self._schedule)
        return min((epoch + 1) * self._schedule.chunks_per_epoch, len(self._schedule))

    # ---- For the main thread ----

    @property
    def total_words(self) -> int:
        if self._max_seconds is not None:
            return round(self.words_done / max(min(self._time_share(), 1.0), 1e-9))
        n_tokens = self._schedule.n_tokens * self._config.epochs
        return round(n_tokens * self._words_per_token)

    @property
    def words_done(self) -> int:
        return round(self._tokens_done * self._words_per_token)

    @property
    def epochs_done(self) -> float:
        return self._tokens_done / self._schedule.n_tokens

    def status(self) -> TrainingStatus:
        """Return where the run stands."""
        now = time.perf_counter()
        with self._lock:
            words_here = (self._tokens_done - self._tokens_before) * self._words_per_token
            epoch, tokens = self._schedule.tokens_before(self._next_position)
            return TrainingStatus(
                epoch=self._epochs_ended + 1,
                words=self.words_done,
                total_words=self.total_words,
                seconds=self._seconds_before + now - self._began,
                words_per_second=words_here / max(now - self._began, 1e-9),
                loss=self.recent_loss,
                learning_rate=self._schedule.learning_rate(epoch, tokens),
            )

    def wait(self, seconds: float) -> bool:
        """Wait so long for the run to end, or for an epoch if it waits at epochs.

        Returns whether the run has ended: whether a worker has found nothing more to do.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended or self._is_at_limit, seconds)
            return self._has_ended

    @property
    def _is_at_limit(self) -> bool:
        return self._next_position == self._limit and self._n_busy == 0

    @property
    def _is_between_epochs(self) -> bool:
        return self._is_at_limit and self._limit < len(self._schedule)

    @property
    def is_between_epochs(self) -> bool:
        """Whether workers wait for `begin_next_epoch`; all of the last epoch is in the history."""
        with self._lock:
            return self._is_between_epochs

    @property
    def has_more(self) -> bool:
        """Whether anything is left to hand out."""
        return self._next_position < len(self._schedule) and not self._schedule.is_over

    def begin_next_epoch(self) -> None:
        """Let workers go beyond the end of an epoch, if they wait there."""
        with self._changed:
            if self._is_between_epochs:
                self._limit = self._end_of_epoch(self._epochs_ended)
                self._epoch_began = time.perf_counter()
                self._changed.notify_all()

    def held_out_loss(self) -> float | None:
        """Return the mean loss on what is held out, if anything is; workers must wait meanwhile.

        The engine trains it at a learning rate of 0.
        """
        stretches = self._schedule.held_out()
        if not stretches:
            return None
        trainer = build_trainer(
            self._corpus,
            self._parameters,
            self._config,
            self._schedule.chunk_tokens,
            n_workers=1,
            loss_interval=HELD_OUT_INTERVAL,
        )
        workspace = page_aligned(trainer.workspace_size)
        total = EpochSum()
        for stretch in stretches:
            for _, examples, loss_examples, loss_sum in self._train(trainer, stretch, workspace):
                total.add(examples, loss_examples, loss_sum)
        return total.loss

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have all workers wait, each from the end of its stretch on."""
        with self._changed:
            self._is_paused = True
            self._changed.wait_for(lambda: self._n_busy == 0 or self._stopped)
        try:
            yield
        finally:
            with self._changed:
                self._is_paused = False
                self._changed.notify_all()

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
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

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

    # ---- For the workers ----

    def work(self) -> None:
        """Train until nothing is left: the body of a worker thread."""
        try:
            self._work(page_aligned(self._trainer.workspace_size))
        except BaseException as error:  # whatever it is, it belongs to the thread that waits
            with self._lock:
                self._error = self._error or error
            self.stop_handing_out()
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _work(self, workspace: NDArray[np.uint8]) -> None:
        """Train stretch after stretch."""
        n_chunks = 1
        while (stretch := self._take(n_chunks)) is not None:
            began = time.perf_counter()
            stats = self._train(self._trainer, stretch, workspace)
            seconds = max(time.perf_counter() - began, 1e-9)  # a clock may stand still
            n_chunks = int(len(stretch) * CALL_SECONDS / seconds)
            self._add(stretch, stats, seconds)

    def _train(
        self, trainer: _core.Trainer, stretch: Stretch, workspace: NDArray[np.uint8]
    ) -> list[tuple[int, int, int, float]]:
        self._corpus.check_file()
        return trainer.train_chunks(
            self._corpus.ids,
            stretch.borders,
            stretch.sentence_ends,
            self._streams(stretch),
            stretch.learning_rates,
            workspace,
        )

    def _streams(self, stretch: Stretch) -> NDArray[np.uint64]:
        indices = range(stretch.index, stretch.index + len(stretch))
        streams = [_core.stream(self._config.seed, stretch.epoch, index) for index in indices]
        return np.array(streams, dtype=np.uint64)

    def _take(self, n_chunks: int) -> Stretch | None:
        """Hand out about `n_chunks`, at least one, and never so many that others wait at the end.

        Guided self-scheduling (Polychronopoulos and Kuck 1987): at most half of a fair share of
        what is left.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._must_wait)
            left = self._limit - self._next_position
            if self._stopped or left == 0 or self._schedule.is_over:
                return None
            n_chunks = max(1, min(n_chunks, left // (2 * self.n_workers)))
            stretch = self._schedule.stretch(self._next_position, n_chunks)
            self._next_position += len(stretch)
            self._n_busy += 1
        return stretch

    @property
    def _must_wait(self) -> bool:
        at_epoch = self._next_position == self._limit < len(self._schedule)
        return self._is_paused or (at_epoch and not self._schedule.is_over)

    def _add(
        self, stretch: Stretch, stats: list[tuple[int, int, int, float]], seconds: float
    ) -> None:
        with self._changed:
            self._n_busy -= 1
            self._changed.notify_all()
            self._count(stretch, stats, seconds)

    def _count(
        self, done: Stretch | Phase, stats: list[tuple[int, int, int, float]], seconds: float
    ) -> None:
        """Add what has come of these chunks; the lock is held."""
        epoch = self._sums[done.epoch]
        epoch.tokens += done.n_tokens
        epoch.busy_seconds += seconds
        for _kept_tokens, examples, loss_examples, loss_sum in stats:
            epoch.add(examples, loss_examples, loss_sum)
        self._tokens_done += done.n_tokens
        self.recent_loss = epoch.loss
        # In order: an epoch of fewer chunks than workers may end before the one before it.
        while self._sums[self._epochs_ended].tokens == self._schedule.n_tokens:
            self._record(self._epochs_ended, self._sums.pop(self._epochs_ended))
            self._epochs_ended += 1

    def _record(self, epoch: int, total: EpochSum) -> None:
        now = time.perf_counter()
        seconds = max(now - self._epoch_began, 1e-9)  # a clock may stand still
        self._epoch_began = now
        words = round(total.tokens * self._words_per_token)
        self._history.append(
            EpochRecord(
                epoch=len(self._history) + 1,
                seconds=seconds,
                words=words,
                words_per_second=words / seconds,
                examples=total.examples,
                loss=total.loss,
                loss_margin=total.loss_margin,
                learning_rate=self._schedule.learning_rate(epoch + 1, 0),
                idle_share=max(0.0, 1 - total.busy_seconds / (self.n_workers * seconds)),
            )
        )
