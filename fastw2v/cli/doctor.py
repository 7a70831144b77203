# SPDX-License-Identifier: Apache-2.0
"""The command ``fastw2v doctor``."""

from __future__ import annotations

import argparse

from fastw2v.cli.options import (
    Commands,
    add_corpus,
    add_hyper_parameters,
    hyper_parameters_of,
)
from fastw2v.doctor import diagnose


def add_doctor(commands: Commands) -> None:
    """Add the command to a parser's."""
    doctor = commands.add_parser("doctor", help="look at text files before a long run")
    add_corpus(doctor)
    add_hyper_parameters(doctor)

    def run(options: argparse.Namespace) -> int:
        print(diagnose(options.corpus, **hyper_parameters_of(options)))
        return 0

    doctor.set_defaults(run=run)
