# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: a folder from which a run that was killed goes on as if it had not been."""

from fastw2v.training.checkpoints.folder import (
    CORPUS,
    Checkpoints,
    check_same_run,
    load_newest,
    prepare_folder,
)
from fastw2v.training.checkpoints.interval import Interval, seconds_of

__all__ = [
    "CORPUS",
    "Checkpoints",
    "Interval",
    "check_same_run",
    "load_newest",
    "prepare_folder",
    "seconds_of",
]
