# SPDX-License-Identifier: Apache-2.0
"""The command ``fastw2v doctor``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from fastw2v.doctor import diagnose


def add_doctor(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_hyper_parameters: Callable[[argparse.ArgumentParser], None],
    hyper_parameters_of: Callable[[argparse.Namespace], dict[str, object]],
) -> None:
    """Add the command to a parser's."""
    doctor = commands.add_parser("doctor", help="look at text files before a long run")
    doctor.add_argument("corpus", nargs="+", type=Path, help="text files, plain or compressed")
    add_hyper_parameters(doctor)

    def run(options: argparse.Namespace) -> int:
        print(diagnose(options.corpus, **hyper_parameters_of(options)))
        return 0

    doctor.set_defaults(run=run)
