# SPDX-License-Identifier: Apache-2.0
"""How a model is to be trained, checked before anything is read."""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass, field
from typing import Any

from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.system import resolve_isa, usable_cpus
from fastw2v.training.callbacks import Events
from fastw2v.training.checkpoints import Checkpoints, Interval, prepare_folder, seconds_of
from fastw2v.training.parameters import Parameters
from fastw2v.training.start import Start


@dataclass
class TrainingPlan:
    """What `Word2Vec.train` was told, beside the corpus.

    Raises
    ------
    ValueError, TypeError, OSError
        If something of it is wrong, or the checkpoints' folder cannot be used.
    """

    config: TrainingConfig
    start: Start
    events: Events
    show_progress: bool | None
    max_time: str | None = None
    checkpoint: str | os.PathLike[str] | None = None
    every: str = "10 min"
    ends_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.max_time is not None:
            if self.config.deterministic:
                raise ValueError(
                    "max_time cannot be kept by a deterministic run, whose vectors must not depend "
                    "on the clock: leave one out"
                )
            self.ends_at = time.monotonic() + seconds_of(self.max_time)
        if self.checkpoint is None:
            return
        if self.max_time is not None:
            raise ValueError("max_time cannot be kept by a run with checkpoints: leave one out")
        Interval.parse(self.every)
        prepare_folder(self.checkpoint)

    def options(self, corpus: EncodedCorpus, parameters: Parameters) -> dict[str, Any]:
        """Return what `loop.train` wants to know; checkpoints, and the clock, begin here."""
        checkpoints = None
        if self.checkpoint is not None:
            used = dataclasses.replace(
                self.config,
                workers=self.config.workers or usable_cpus(),
                isa=resolve_isa(self.config.isa),
            )
            checkpoints = Checkpoints.begin(self.checkpoint, self.every, corpus, used, parameters)
        return {
            "show_progress": self.show_progress,
            "events": self.events,
            "checkpoints": checkpoints,
            "max_seconds": None if self.ends_at is None else self.ends_at - time.monotonic(),
        }


def with_bounds_of(
    corpus: EncodedCorpus, config: TrainingConfig, given: dict[str, Any]
) -> TrainingConfig:
    """Take over how an encoded corpus was pruned; refuse to be `given` anything else."""
    if corpus.n_tokens == 0:
        raise ValueError("the corpus is empty: there is no word to train")
    bounds = {name: getattr(corpus, name) for name in ("min_count", "max_final_vocab")}
    for name, bound in bounds.items():
        if name in given and getattr(config, name) != bound:
            raise ValueError(
                f"{name} was {bound} when this corpus was encoded, got {given[name]}: "
                f"encode the text again, or leave {name} out"
            )
    return dataclasses.replace(config, **bounds)


def all_words(config: TrainingConfig) -> TrainingConfig:
    """Read every word: what a model knows, or is to know, is chosen by its own counts."""
    return dataclasses.replace(config, min_count=1, max_final_vocab=None)
