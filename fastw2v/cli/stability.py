# SPDX-License-Identifier: Apache-2.0
"""The command ``fastw2v stability``."""

from __future__ import annotations

import argparse

from fastw2v.agreement import stability
from fastw2v.cli.options import (
    Commands,
    add_corpus,
    add_hyper_parameters,
    hyper_parameters_of,
)


def add_stability(commands: Commands) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser("stability", help="how far trainings from several seeds agree")
    add_corpus(parser)
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="how many (5)")
    parser.add_argument("--topn", type=int, default=10, metavar="N", help="nearest words (10)")
    parser.add_argument("--restrict-vocab", type=int, metavar="N", help="the first words alone")
    parser.add_argument(
        "--word", action="append", default=[], help="show what its seeds agree on; may be repeated"
    )
    add_hyper_parameters(parser)

    def run(options: argparse.Namespace) -> int:
        report = stability(
            options.corpus,
            options.seeds,
            options.topn,
            restrict_vocab=options.restrict_vocab,
            **hyper_parameters_of(options),
        )
        print(report)
        for word in options.word:
            print(f"{word}: {report[word]:.1%} in common")
            for near in report.neighbors(word)[: options.topn]:
                print(f"  {near.share:4.0%}  {near.similarity:.4f}  {near.word}")
        return 0

    parser.set_defaults(run=run)
