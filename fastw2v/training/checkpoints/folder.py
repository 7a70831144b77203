# SPDX-License-Identifier: Apache-2.0
"""The folder of a run: its encoded corpus and its last two checkpoints."""

from __future__ import annotations

import os
import re
import time
import warnings
from pathlib import Path

from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.training.checkpoints.file import CheckpointFile, load_checkpoint, save_checkpoint
from fastw2v.training.checkpoints.interval import Interval
from fastw2v.training.history import RunState
from fastw2v.training.parameters import Parameters

CORPUS = "corpus.fastw2v"
KEPT = 2
_NAME = re.compile(r"checkpoint-(\d{12})\.fastw2v")
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.tmp")  # what atomic_file leaves if it is killed


class Checkpoints:
    """Writes the checkpoints of one run.

    Parameters
    ----------
    folder : path-like
        Made if it is not there.
    every : str
        See `Interval.parse`.
    corpus : EncodedCorpus
        Written to the folder, once.
    config : TrainingConfig
        With ``workers`` and ``isa`` as they are used, not as None.

    Raises
    ------
    FileExistsError
        The folder has checkpoints: of a run to resume, or to delete.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every: str,
        corpus: EncodedCorpus,
        config: TrainingConfig,
    ) -> None:
        self._every = every
        self._interval = Interval.parse(every)
        self._folder = Path(folder)
        self._config = config
        self._fingerprint = corpus.fingerprint()
        self._epoch_words = corpus.n_raw_words
        self._saved_at = self._now(0)
        self._saved: int | None = None
        remove_unfinished(self._folder)

    @classmethod
    def begin(
        cls,
        folder: str | os.PathLike[str],
        every: str,
        corpus: EncodedCorpus,
        config: TrainingConfig,
        parameters: Parameters,
    ) -> Checkpoints:
        """Set up the folder of a new run, with a checkpoint of its start."""
        prepare_folder(folder)
        checkpoints = cls(folder, every, corpus, config)
        corpus.save(Path(folder) / CORPUS)
        checkpoints.save(RunState(), parameters, 0)
        return checkpoints

    def are_due(self, words_done: int) -> bool:
        """Whether it is time for another."""
        return self._now(words_done) - self._saved_at >= self._interval.amount

    def save(self, state: RunState, parameters: Parameters, words_done: int) -> None:
        """Write a checkpoint and delete those before the last two.

        Training is worth more than a checkpoint: if it cannot be written there is a warning, the
        last ones stay, and the next comes after another interval.
        """
        if state.position == self._saved:
            return
        self._saved_at = self._now(words_done)
        path = self._folder / f"checkpoint-{state.position:012d}.fastw2v"
        try:
            save_checkpoint(
                path,
                state=state,
                parameters=parameters,
                config=self._config,
                every=self._every,
                corpus_fingerprint=self._fingerprint,
            )
        except OSError as error:
            warnings.warn(
                f"the checkpoint {os.fspath(path)!r} could not be written: {error}; "
                "training goes on",
                RuntimeWarning,
                stacklevel=4,
            )
            return
        self._saved = state.position
        for old in checkpoint_paths(self._folder)[KEPT:]:
            old.unlink(missing_ok=True)

    def _now(self, words_done: int) -> float:
        if self._interval.unit == "seconds":
            return time.monotonic()
        if self._interval.unit == "epochs":
            return words_done / self._epoch_words
        return words_done


def prepare_folder(folder: str | os.PathLike[str]) -> None:
    """Make the folder of a new run, or refuse one with checkpoints in it.

    Raises
    ------
    FileExistsError, OSError
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    if checkpoint_paths(path):
        raise FileExistsError(
            f"{os.fspath(folder)!r} holds the checkpoints of a run: go on with "
            f"Word2Vec.resume({os.fspath(folder)!r}), or name another folder"
        )


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, the newest first."""
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def remove_unfinished(folder: Path) -> None:
    """Delete what was being written when the run was killed."""
    for path in folder.iterdir():
        if _UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)


def load_newest(folder: str | os.PathLike[str]) -> CheckpointFile:
    """Open the newest checkpoint that is whole; one that is damaged is passed over with a warning.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        None can be used: the message says what is wrong with the newest.
    """
    paths = checkpoint_paths(Path(folder))
    if not paths:
        raise FileNotFoundError(
            f"{os.fspath(folder)!r} holds no checkpoint: train(checkpoint=...) writes them"
        )
    errors: list[ValueError] = []
    for path in paths:
        try:
            found = load_checkpoint(path)
        except ValueError as error:
            errors.append(error)
            continue
        for passed_over in errors:
            warnings.warn(
                f"{passed_over}; resuming from {os.fspath(path)!r}", RuntimeWarning, stacklevel=3
            )
        return found
    raise errors[0]


def check_same_run(found: CheckpointFile, corpus: EncodedCorpus) -> None:
    """Refuse to go on with another corpus than the run's, or where it would give other bits.

    Raises
    ------
    ValueError
    """
    if corpus.fingerprint() != found.corpus_fingerprint:
        raise ValueError(
            f"the run was trained on another corpus than this one: {corpus!r}; leave corpus out to "
            "go on with the one in the folder"
        )
    if len(corpus.vocabulary) != len(found.input_vectors):
        raise ValueError(
            f"the checkpoint has {len(found.input_vectors)} vectors, the corpus "
            f"{len(corpus.vocabulary)} words"
        )
