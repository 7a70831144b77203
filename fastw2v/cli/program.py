# SPDX-License-Identifier: Apache-2.0
"""The program: it parses, runs one command, and says what went wrong on one line."""

from __future__ import annotations

import argparse
import lzma
import os
import sys
import warnings
import zlib
from collections.abc import Sequence

import fastw2v
from fastw2v.cli.demo import add_demo
from fastw2v.cli.doctor import add_doctor
from fastw2v.cli.explore import add_explore
from fastw2v.cli.files import add_files
from fastw2v.cli.queries import add_queries
from fastw2v.cli.stability import add_stability
from fastw2v.cli.training import INTERRUPTED, add_training
from fastw2v.signals import termination_as_exit

#: In the order of ``--help``.
COMMANDS = (
    *(add_training, add_queries, add_files, add_explore, add_doctor, add_stability),
    add_demo,
)
#: Errors whose message says all: wrong input, damaged files, a missing module, a full disk or
#: memory. Anything else is a mistake of ours, and shows where it happened.
EXPECTED_ERRORS = (
    *(ValueError, TypeError, KeyError, OSError, EOFError, lzma.LZMAError, zlib.error),
    *(FloatingPointError, OverflowError, MemoryError, ModuleNotFoundError),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings(), termination_as_exit():
            warnings.showwarning = _show_warning
            status: int = options.run(options)
    except BrokenPipeError:
        raise
    except EXPECTED_ERRORS as error:
        print(f"fastw2v: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fastw2v: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


def _one_line(error: BaseException) -> str:
    """Return message and notes of an error, without the quotes that a KeyError has around it."""
    message = error.args[0] if isinstance(error, KeyError) else error
    notes = [f"({note})" for note in getattr(error, "__notes__", [])]
    return " ".join(" ".join([str(message) or type(error).__name__, *notes]).split())


def _show_warning(message: Warning | str, *_args: object, **_options: object) -> None:
    print(f"fastw2v: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fastw2v", description="Train and query word vectors.")
    parser.add_argument("--version", action="version", version=fastw2v.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_commands in COMMANDS:
        add_commands(commands)
    return parser


def silence_broken_pipe() -> None:
    """Let ``fastw2v neighbors ... | head`` end quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def entry_point() -> int:
    """Run `main` as a program."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        silence_broken_pipe()
        return 1
    return status
