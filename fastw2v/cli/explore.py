# SPDX-License-Identifier: Apache-2.0
"""The command ``fastw2v explore``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastw2v.cli.options import VECTORS, Commands
from fastw2v.drawing.projection import METHODS
from fastw2v.keyed_vectors import KeyedVectors


def add_explore(commands: Commands) -> None:
    """Add the command to a parser's."""
    explore = commands.add_parser("explore", help="write an HTML page to look around in vectors")
    explore.add_argument("model", type=Path, help=VECTORS)
    explore.add_argument("-o", "--output", type=Path, help="page to write (default: MODEL.html)")
    explore.add_argument(
        *("--limit", "-n"), type=int, default=20_000, help="words in the page (default: 20000)"
    )
    explore.add_argument(
        "--map-words", type=int, default=1_000, help="words on the map (default: 1000)"
    )
    explore.add_argument(
        "--method", choices=METHODS, default="tsne", help="of making the map (default: tsne)"
    )
    explore.add_argument("--title", help="of the page (default: the model's name)")

    def run(options: argparse.Namespace) -> int:
        page: Path = options.output or options.model.with_name(options.model.name + ".html")
        KeyedVectors.load(options.model).explore(
            page,
            limit=options.limit,
            map_words=options.map_words,
            method=options.method,
            title=options.model.stem if options.title is None else options.title,
        )
        print(f"page in {page}: {page.stat().st_size / 1e6:.1f} MB")
        return 0

    explore.set_defaults(run=run)
