# SPDX-License-Identifier: Apache-2.0
"""The command ``fastw2v demo``."""

from __future__ import annotations

import argparse
import lzma
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

from fastw2v.cli.options import Commands, add_hyper_parameters, hyper_parameters_of
from fastw2v.cli.training import print_history
from fastw2v.word2vec import Word2Vec

DEMO_WORDS = ("king", "water", "war", "love", "money")


def add_demo(commands: Commands) -> None:
    """Add the command to a parser's."""
    demo = commands.add_parser("demo", help="train skip-gram on the text inside the package")
    add_hyper_parameters(demo, sg=1)
    demo.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    """Train on the bundled text, unpacked beside other temporary files while it is read."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "public-domain.txt"
        with as_file(files("fastw2v") / "data" / "public-domain.txt.xz") as packed:
            text = lzma.decompress(packed.read_bytes())
        corpus.write_bytes(text.lower().translate(None, delete=b".,;:!?()[]\"'"))
        model = Word2Vec(corpus, **hyper_parameters_of(options)).train()
    print_history(model)
    for word in DEMO_WORDS:
        if word in model.wv:
            similar = "  ".join(near for near, _ in model.wv.most_similar(word, topn=6))
            print(f"{word:>8}: {similar}")
    print(f"{len(model.wv):,} words in {time.perf_counter() - began:.1f} s")
    return 0
