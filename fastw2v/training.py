# SPDX-License-Identifier: Apache-2.0
"""The training loop: worker threads take chunks in order until none is left, a stop or an error."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fastw2v import _core, sampling
from fastw2v.checkpoints import Checkpoints
from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.history import EpochRecord, EpochSum, RunState
from fastw2v.memory import page_aligned
from fastw2v.parameters import Parameters
from fastw2v.progress import Progress
from fastw2v.schedule import Schedule, Stretch
from fastw2v.system import resolve_isa, usable_cpus

#: One center in so many has its loss taken: 40,000 centers of 10 M tokens, for 1 % of the time.
LOSS_INTERVAL = 256
#: Words whose rows each of several workers trains in copies. On cores that are far apart, where two
#: workers without copies were no faster than one, 64 to 512 were alike: 1.6 to 1.9 times one.
PRIVATE_ROWS = 128
#: They do so if each has at least as many chunks an epoch, for copies are merged after each: eight
#: workers with 18 chunks each came to a loss of 2.36, without copies to 2.27.
PRIVATE_CHUNKS = 100
#: Seconds that a call into C is to take. Around it Python holds the GIL for some 10 us, so that a
#: hundred workers leave it free for nine tenths of the time; and Ctrl-C need not wait for long.
CALL_SECONDS = 0.01
#: Seconds between updates of the progress display.
_TICK = 0.1


def train(
    corpus: EncodedCorpus,
    parameters: Parameters,
    config: TrainingConfig,
    history: list[EpochRecord],
    *,
    state: RunState | None = None,
    checkpoints: Checkpoints | None = None,
    show_progress: bool | None = None,
) -> None:
    """Train `parameters` in place on `corpus`, adding a record to `history` as each epoch ends.

    Parameters
    ----------
    corpus : EncodedCorpus
    parameters : Parameters
        Rows of ``corpus.vocabulary``'s words. Updated in place.
    config : TrainingConfig
    history : list of EpochRecord
        Extended in place.
    state : RunState, optional
        Where the run stands to which `parameters` belong: it goes on from there.
    checkpoints : Checkpoints, optional
        Written when they are due, and when the run ends, after Ctrl-C too.
    show_progress : bool or None
        None: if standard error is a terminal.

    Raises
    ------
    FloatingPointError
        If training diverged: then `parameters` are of no use.
    KeyboardInterrupt
        After Ctrl-C, when all workers have stopped at a chunk border: `parameters` are usable.
    """
    run = _Run(corpus, parameters, config, history, state or RunState())
    workers = [
        threading.Thread(target=run.work, name=f"fastw2v-{i}", daemon=True)
        for i in range(run.n_workers)
    ]
    with Progress(run.total_words, show_progress) as progress:
        try:
            for worker in workers:
                worker.start()
            while not run.wait(_TICK):
                progress.show(run.words_done, run.recent_loss)
                if checkpoints is not None and checkpoints.are_due(run.words_done):
                    with run.paused():
                        _save(checkpoints, run, parameters, config)
        finally:
            run.stop_handing_out()
            _join(workers)
            if checkpoints is not None:
                _save(checkpoints, run, parameters, config)
        progress.show(run.words_done, run.recent_loss)
    run.raise_error()
    _check_finite(parameters, config)  # the loss is sampled, so it may have missed that


def _save(
    checkpoints: Checkpoints, run: _Run, parameters: Parameters, config: TrainingConfig
) -> None:
    """Write a checkpoint, but none that is of no use in the place of one that is."""
    if run.failed:
        return
    _check_finite(parameters, config)
    checkpoints.save(run.state(), parameters, run.words_done)


def _check_finite(parameters: Parameters, config: TrainingConfig) -> None:
    if not parameters.are_finite:
        raise _diverged("a vector is not finite", config)


def _join(workers: list[threading.Thread]) -> None:
    """Wait for all workers that were started.

    Ctrl-C within start() leaves a thread that is not alive yet and cannot be joined, but will run.
    """
    for worker in workers:
        while worker in threading.enumerate():
            if worker.is_alive():
                worker.join()
            else:
                time.sleep(0.001)


def _diverged(reason: object, config: TrainingConfig) -> FloatingPointError:
    return FloatingPointError(f"{reason}: training diverged; lower alpha ({config.start_alpha})")


def build_trainer(
    corpus: EncodedCorpus,
    parameters: Parameters,
    config: TrainingConfig,
    chunk_tokens: int,
    n_workers: int,
) -> _core.Trainer:
    """Return the engine set up for `config`: sampling tables from the counts, settings by name."""
    counts = corpus.vocabulary.counts
    chunks_an_epoch = corpus.n_tokens // chunk_tokens
    has_private_rows = n_workers > 1 and chunks_an_epoch >= PRIVATE_CHUNKS * n_workers
    return _core.Trainer(
        parameters.input_rows,
        parameters.output_rows,
        sampling.keep_threshold(counts, config.sample),
        build_noise_table(counts, config.ns_exponent),
        vector_size=config.vector_size,
        isa=resolve_isa(config.isa),
        **config.engine_settings(),
        chunk_tokens=chunk_tokens,
        loss_interval=LOSS_INTERVAL,
        private_pairs=private_pairs(counts, config) if has_private_rows else None,
        workers=n_workers,
    )


def private_pairs(counts: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.float32]:
    """Return how busy the rows are that each of several workers trains in copies of its own."""
    contexts = config.window + 1 if config.shrink_windows else 2 * config.window
    pairs = sampling.pairs_per_token(
        counts, config.sample, config.ns_exponent, contexts, config.negative
    )
    return np.ascontiguousarray(pairs[:PRIVATE_ROWS], dtype=np.float32)


def build_noise_table(counts: NDArray[np.int64], ns_exponent: float) -> NDArray[np.uint32]:
    """Return the alias table, of shape (vocab_size, 2), from which the engine draws negatives."""
    table = np.empty((len(counts), 2), dtype=np.uint32)
    _core.build_noise_table(
        sampling.noise_distribution(counts, ns_exponent),
        table,
        np.empty(len(counts)),
        np.empty(len(counts), dtype=np.int32),
    )
    return table


class _Run:
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
            raise _diverged("the loss is not finite", self._config) from None
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
