# SPDX-License-Identifier: Apache-2.0
"""The training loop: worker threads take chunks in order until none is left, a stop or an error."""

from __future__ import annotations

import threading
import time

from fastw2v.checkpoints import Checkpoints
from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.history import EpochRecord, RunState
from fastw2v.parameters import Parameters
from fastw2v.progress import Progress
from fastw2v.run import Run, diverged

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
    run = Run(corpus, parameters, config, history, state or RunState())
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
    checkpoints: Checkpoints, run: Run, parameters: Parameters, config: TrainingConfig
) -> None:
    """Write a checkpoint, but none that is of no use in the place of one that is."""
    if run.failed:
        return
    _check_finite(parameters, config)
    checkpoints.save(run.state(), parameters, run.words_done)


def _check_finite(parameters: Parameters, config: TrainingConfig) -> None:
    if not parameters.are_finite:
        raise diverged("a vector is not finite", config)


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
