# SPDX-License-Identifier: Apache-2.0
"""The commands ``fastw2v convert`` and ``info``: from one format to another, and what is in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastw2v.cli.options import VECTORS, Commands
from fastw2v.persistence.loading import load_vectors, load_with_vocabulary, sniff
from fastw2v.persistence.rows import DTYPES
from fastw2v.persistence.saving import SUFFIXES, save_vectors

INFO_WORDS = 10


def add_files(commands: Commands) -> None:
    """Add the commands to a parser's."""
    convert = commands.add_parser("convert", help="vectors from one format to another")
    convert.add_argument("source", type=Path, help=VECTORS)
    convert.add_argument("target", type=Path, help="what to write; its suffix tells the format")
    convert.add_argument("--format", choices=SUFFIXES, help="of the target, whatever its suffix")
    convert.add_argument("--dtype", choices=DTYPES, help="of the numbers in fastw2v's own format")
    convert.add_argument("--limit", type=int, metavar="N", help="the first words alone")
    convert.set_defaults(run=_convert)

    info = commands.add_parser("info", help="what is in a file of vectors")
    info.add_argument("file", type=Path, help=VECTORS)
    info.set_defaults(run=_info)


def _convert(options: argparse.Namespace) -> int:
    vocabulary, vectors, scales = load_with_vocabulary(options.source, limit=options.limit)
    save_vectors(
        options.target,
        vocabulary,
        vectors,
        scales=scales,
        format=options.format,
        dtype=options.dtype,
    )
    print(f"{len(vocabulary):,} words x {vectors.shape[1]} in {options.target}")
    return 0


def _info(options: argparse.Namespace) -> int:
    """Print what a file has, all of which has been read or looked at then."""
    words, counts, vectors, scales = load_vectors(options.file)
    facts = {
        "format": sniff(options.file),
        "words": f"{len(words):,}",
        "vector size": vectors.shape[1],
        "numbers": vectors.dtype.name + (" and a scale a row" if scales is not None else ""),
        "counts": "none" if counts is None else f"{counts.sum():,} words read",
        "first words": " ".join(words[:INFO_WORDS]),
    }
    for name, value in facts.items():
        print(f"{name + ':':13}{value}")
    return 0
