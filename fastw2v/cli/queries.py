# SPDX-License-Identifier: Apache-2.0
"""The commands ``fastw2v neighbors``, ``analogy`` and ``evaluate``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fastw2v.cli.options import VECTORS, Commands
from fastw2v.evaluation import evaluate
from fastw2v.keyed_vectors import KeyedVectors


def add_queries(commands: Commands) -> None:
    """Add the commands to a parser's."""
    neighbors = commands.add_parser("neighbors", help="words most similar to a word")
    neighbors.add_argument("model", type=Path, help=VECTORS)
    neighbors.add_argument("word")
    neighbors.add_argument("--topn", type=int, default=10)
    neighbors.set_defaults(run=_neighbors)

    analogy = commands.add_parser("analogy", help="A - B + C: what is to C as A is to B")
    analogy.add_argument("model", type=Path, help=VECTORS)
    for place in ("a", "b", "c"):
        analogy.add_argument(place)
    analogy.add_argument("--topn", type=int, default=10)
    analogy.set_defaults(run=_analogy)

    score = commands.add_parser("evaluate", help="score on analogies or word pairs")
    score.add_argument("model", type=Path, help=VECTORS)
    score.add_argument("set", help="google-analogies, wordsim353, or a file")
    score.add_argument("--restrict-vocab", type=int, default=300_000)
    score.set_defaults(run=_evaluate)


def _neighbors(options: argparse.Namespace) -> int:
    vectors = KeyedVectors.load(options.model)
    _print_similar(vectors.most_similar(options.word, topn=options.topn))
    return 0


def _analogy(options: argparse.Namespace) -> int:
    vectors = KeyedVectors.load(options.model)
    _print_similar(
        vectors.most_similar(
            positive=[options.a, options.c], negative=[options.b], topn=options.topn
        )
    )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    vectors = KeyedVectors.load(options.model)
    print(evaluate(vectors, options.set, restrict_vocab=options.restrict_vocab))
    return 0


def _print_similar(similar: Sequence[tuple[str, float]]) -> None:
    for word, similarity in similar:
        print(f"{similarity:.4f}  {word}")
