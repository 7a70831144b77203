# SPDX-License-Identifier: Apache-2.0
"""The options that the benchmarks share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from machine import usable_cpus
from settings import PEERS, Setting, setting_of

from fastw2v.config import TrainingConfig


def existing_file(text: str) -> Path:
    """Parse the path of a file that is there."""
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return path


def positive(text: str) -> int:
    """Parse a number >= 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be >= 1, got {value}")
    return value


def names_of(known: list[str]) -> Callable[[str], list[str]]:
    """Return what parses names with commas between, all of them known."""

    def parse(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        for name in names:
            if name not in known:
                message = f"unknown: {name!r}; known: {', '.join(known)}"
                raise argparse.ArgumentTypeError(message)
        return names

    return parse


def settings_of(text: str) -> dict[str, Setting]:
    """Parse settings with commas between, each a name or NAME:KEY=VALUE:..."""
    try:
        settings = {part: setting_of(part) for part in map(str.strip, text.split(",")) if part}
        for setting in settings.values():
            if setting.trainer == "fastw2v":
                TrainingConfig.from_keywords(setting.arguments())
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return settings


def positives(text: str) -> list[int]:
    """Parse numbers >= 1 with commas between."""
    return [positive(part) for part in text.split(",")]


def worker_counts(text: str) -> list[int]:
    """Parse numbers of workers; each worker must have a CPU of its own."""
    counts = positives(text)
    if max(counts) > len(usable_cpus()):
        message = f"this process may use {len(usable_cpus())} CPUs, got {max(counts)} workers"
        raise argparse.ArgumentTypeError(message)
    return counts


def named_file(text: str) -> tuple[str, str]:
    """Parse NAME=FILE."""
    name, separator, path = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"must be NAME=FILE, got {text!r}")
    return name, str(existing_file(path))


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options of everything that starts runs."""
    parser.add_argument("--corpus", required=True, type=existing_file, help="one sentence a line")
    parser.add_argument("--repeat", type=positive, default=1, metavar="N", help="rounds of all")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every run and the summary")


def add_settings(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option of everything that trains."""
    parser.add_argument(
        "--settings",
        type=settings_of,
        default=settings_of(default),
        metavar="A,B:KEY=VALUE:...,...",
        help="names of settings.py, with hyper-parameters changed (values are Python literals); "
        f"default {default}",
    )


def add_peers(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add the option of everything that compares."""
    parser.add_argument(
        "--peers",
        type=names_of(list(PEERS)),
        default=[],
        metavar="A,B,...",
        help=f"of {', '.join(PEERS)}: {meaning}",
    )


def add_tests(parser: argparse.ArgumentParser) -> None:
    """Add the options of everything that scores vectors."""
    parser.add_argument("--analogies", type=existing_file, metavar="FILE")
    parser.add_argument("--restrict-vocab", type=positive, default=30_000, metavar="N")
    parser.add_argument("--word-pairs", type=named_file, nargs="+", default=[], metavar="NAME=FILE")
