# SPDX-License-Identifier: Apache-2.0
"""The training loop: worker threads take chunks in order until none is left, a stop or an error."""

from __future__ import annotations

import dataclasses
import logging
import threading

from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.signals import HeldSignals
from fastw2v.training.callbacks import Events
from fastw2v.training.checkpoints import Checkpoints
from fastw2v.training.history import EpochRecord, RunState
from fastw2v.training.parameters import Parameters
from fastw2v.training.phases import PhasedRun
from fastw2v.training.progress import Progress
from fastw2v.training.run import Run, diverged

logger = logging.getLogger(__name__)

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
    events: Events | None = None,
    max_seconds: float | None = None,
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
    events : Events, optional
        Told how the run goes; may stop it.
    max_seconds : float, optional
        Train for so long, however many epochs that is, instead of ``config.epochs``.
    show_progress : bool or None
        None: if standard error is a terminal.

    Raises
    ------
    FloatingPointError
        If training diverged: then `parameters` are of no use.
    KeyboardInterrupt, or what else a signal's handler raises
        After Ctrl-C, when all workers have stopped at a chunk border: `parameters` are usable.
    """
    run = (PhasedRun if config.deterministic else Run)(
        corpus,
        parameters,
        config,
        history,
        state or RunState(),
        max_seconds=max_seconds,
        waits_at_epochs=bool(events) or config.held_out > 0,
    )
    _Session(run, parameters, config, history, checkpoints, events).train(show_progress)


class _Session:
    """What the main thread does while the workers train."""

    def __init__(
        self,
        run: Run,
        parameters: Parameters,
        config: TrainingConfig,
        history: list[EpochRecord],
        checkpoints: Checkpoints | None,
        events: Events | None,
    ) -> None:
        self._run = run
        self._parameters = parameters
        self._config = config
        self._history = history
        self._checkpoints = checkpoints
        self._events = events
        self._signals = HeldSignals()
        self._n_announced = len(history)  # epochs whose end is dealt with

    def train(self, show_progress: bool | None) -> None:
        run, events = self._run, self._events
        workers = [
            threading.Thread(target=run.work, name=f"fastw2v-{i}", daemon=True)
            for i in range(run.n_workers)
        ]
        if events is not None:
            events.trained(run.epochs_done)  # before a break
        if events:
            events.train_begin()
            events.epoch_begin()
        with Progress(run.total_words, show_progress) as progress, self._signals:
            try:
                for worker in workers:
                    worker.start()
                while not (run.wait(_TICK) or self._stop_requested):
                    self._signals.check()
                    progress.show(run.words_done, run.total_words, run.recent_loss)
                    self._tick()
            finally:
                self._end(workers)
            progress.show(run.words_done, run.total_words, run.recent_loss)
        run.raise_error()
        self._end_epochs()
        self._check_finite()  # the loss is sampled, so it may have missed that
        if events:
            events.train_end()

    def _end(self, workers: list[threading.Thread]) -> None:
        self._run.stop_handing_out()
        for worker in workers:
            if worker.ident is not None:  # else it could not be started
                worker.join()
        if self._events is not None:
            self._events.trained(self._run.epochs_done)
        with self._signals.released():  # who does not want to wait presses Ctrl-C again
            self._save_checkpoint()

    @property
    def _stop_requested(self) -> bool:
        return self._events is not None and self._events.stop_requested

    def _tick(self) -> None:
        if self._events:
            status = self._run.status()
            with self._signals.released():
                self._events.progress(status)
        is_between_epochs = self._run.is_between_epochs
        self._end_epochs()
        if is_between_epochs and not self._stop_requested:
            if self._events and self._run.has_more:
                with self._signals.released():
                    self._events.epoch_begin()
            self._run.begin_next_epoch()  # or end, if the time is over by now
        if self._checkpoints is not None and self._checkpoints.are_due(self._run.words_done):
            with self._run.paused():
                self._save_checkpoint()

    def _end_epochs(self) -> None:
        """Deal with the epochs that have ended. Workers wait if they must."""
        for i, record in enumerate(self._history[self._n_announced :], self._n_announced):
            loss = self._run.held_out_loss()
            if loss is not None:
                self._history[i] = dataclasses.replace(record, held_out_loss=loss)
            self._n_announced += 1
            logger.info("%s", self._history[i])
            if self._events:
                with self._signals.released():
                    self._events.epoch_end()

    def _save_checkpoint(self) -> None:
        """Write a checkpoint, but none that is of no use in the place of one that is."""
        if self._checkpoints is None or self._run.failed:
            return
        self._check_finite()
        self._end_epochs()
        self._checkpoints.save(self._run.state(), self._parameters, self._run.words_done)

    def _check_finite(self) -> None:
        if not self._parameters.are_finite:
            raise diverged("a vector is not finite", self._config)
