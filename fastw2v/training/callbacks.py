# SPDX-License-Identifier: Apache-2.0
"""What a run tells while it trains, and how it is told to stop."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds between two lines of a metrics file.
METRICS_SECONDS = 1.0


@dataclass(frozen=True)
class TrainingStatus:
    """Where a run stands.

    Attributes
    ----------
    epoch : int
        The one being trained, from 1.
    words : int
        Corpus words done, those that were dropped included, of all epochs.
    total_words : int
        Of the whole run; an estimate if it ends by the clock.
    seconds : float
        Since training began; without the time between a stop and its resumption.
    words_per_second : float
        Since this process began to train.
    loss : float
        Mean of this epoch so far, see `EpochRecord`.
    learning_rate : float
    """

    epoch: int
    words: int
    total_words: int
    seconds: float
    words_per_second: float
    loss: float
    learning_rate: float


class Callback:
    """Something that is told how a run goes; override what you need.

    All methods are called in the thread that called ``train``. At the beginning and the end of an
    epoch the workers wait, so the vectors of ``model.wv`` do not change meanwhile; in `on_progress`
    they do. ``model.stop()`` ends the run within some 10 ms, as if it had come to its end. An error
    that a method raises ends it too, and comes out of ``train``; the vectors stay usable.

    A callback of gensim (``CallbackAny2Vec``) works as it is.
    """

    def on_train_begin(self, model: Any) -> None:
        """Called before the first epoch."""

    def on_epoch_begin(self, model: Any) -> None:
        """Called before each epoch."""

    def on_progress(self, model: Any, status: TrainingStatus) -> None:
        """Called about ten times a second."""

    def on_epoch_end(self, model: Any) -> None:
        """Called after each epoch: ``model.history[-1]`` is its record."""

    def on_train_end(self, model: Any) -> None:
        """Called at the end of the run, also if it was stopped."""


class EarlyStopping(Callback):
    """Stops when the loss on held-out sentences has not fallen for some epochs.

    Parameters
    ----------
    patience : int
        So many epochs without a new least loss.
    min_delta : float
        A loss counts as less if it is so much less.
    """

    def __init__(self, patience: int = 2, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise ValueError(f"patience must be >= 1, got {patience!r}")
        if not min_delta >= 0:
            raise ValueError(f"min_delta must be >= 0, got {min_delta!r}")
        self.patience = patience
        self.min_delta = min_delta
        self._n_before = 0

    def on_train_begin(self, model: Any) -> None:
        self._n_before = len(model.history) - int(model.epochs_trained)  # of earlier runs
        if model.config.held_out == 0:
            raise ValueError("EarlyStopping needs a held-out loss: Word2Vec(..., held_out=0.01)")

    def on_epoch_end(self, model: Any) -> None:
        losses = [record.held_out_loss for record in model.history[self._n_before :]]
        best, best_epoch = math.inf, 0
        for epoch, loss in enumerate(losses, 1):
            if loss is not None and loss < best - self.min_delta:
                best, best_epoch = loss, epoch
        if len(losses) - best_epoch >= self.patience:
            model.stop()


class MetricsFile(Callback):
    """Appends a JSON object a line to a file: one about each second, and one for each epoch.

    Parameters
    ----------
    path : path-like
        Each line is written at once, so that a dashboard can follow.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._written_at = -math.inf
        self._failed = False

    def on_train_begin(self, model: Any) -> None:
        self._failed = False
        with self._path.open("a", encoding="utf-8"):
            pass  # refuse a path that cannot be written now
        self._write("begin", {"hyper_parameters": model.config.to_dict()})

    def on_progress(self, model: Any, status: TrainingStatus) -> None:
        if time.monotonic() - self._written_at >= METRICS_SECONDS:
            self._written_at = time.monotonic()
            self._write("progress", dataclasses.asdict(status))

    def on_epoch_end(self, model: Any) -> None:
        self._write("epoch", dataclasses.asdict(model.history[-1]))

    def on_train_end(self, model: Any) -> None:
        self._write("end", {"epochs": model.epochs_trained})

    def _write(self, event: str, values: dict[str, Any]) -> None:
        """Write a line; a full disk must not end the run."""
        if self._failed:
            return
        line = json.dumps({"event": event, "time": time.time()} | _without_nan(values))
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            self._failed = True
            warnings.warn(
                f"metrics are no longer written to {os.fspath(self._path)!r}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }


class Events:
    """Calls the callbacks of a model; what `loop.train` sees of them.

    Parameters
    ----------
    model : object
        Handed on. Its ``stop_requested`` is read and its ``epochs_trained`` written;
        ``renew_vectors()`` is called before every look at the vectors, since what was derived from
        them is out of date by then.
    callbacks : iterable of Callback
        Or of objects that have some of its methods.
    """

    def __init__(self, model: Any, callbacks: Iterable[Any] = ()) -> None:
        self._model = model
        self._callbacks = list(callbacks)
        methods = [name for name in vars(Callback) if name.startswith("on_")]
        for callback in self._callbacks:
            if not any(callable(getattr(callback, name, None)) for name in methods):
                raise TypeError(f"callbacks must have a method of {methods}, got {callback!r}")

    def __bool__(self) -> bool:
        """Whether anybody listens."""
        return bool(self._callbacks)

    @property
    def stop_requested(self) -> bool:
        """Whether a callback, or another thread, has called ``model.stop()``."""
        return bool(self._model.stop_requested)

    def train_begin(self) -> None:
        """Call on_train_begin."""
        self._call("on_train_begin")

    def epoch_begin(self) -> None:
        """Call on_epoch_begin."""
        self._call("on_epoch_begin")

    def progress(self, status: TrainingStatus) -> None:
        """Call on_progress."""
        self._call("on_progress", status)

    def epoch_end(self) -> None:
        """Call on_epoch_end."""
        self._call("on_epoch_end")

    def trained(self, epochs: float) -> None:
        """Say how many epochs the run came to, however it ended."""
        self._model.epochs_trained = epochs

    def train_end(self) -> None:
        """Call on_train_end."""
        self._call("on_train_end")

    def _call(self, name: str, *arguments: Any) -> None:
        if self._callbacks:
            self._model.renew_vectors()
        for callback in self._callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(self._model, *arguments)
