# SPDX-License-Identifier: Apache-2.0
"""Reproduce every table and the plot, part after part, into one folder. See README.md."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import options
from machine import usable_cpus
from settings import PEERS

from fastw2v import _core

BENCHMARKS = Path(__file__).resolve().parent
VECTOR_SIZES = (100, 300)
TRAINING = "skip-gram,skip-gram-window,skip-gram-example,cbow,cbow-example,cbow-exact"


class Part(NamedTuple):
    """One command: what it prints becomes NAME.txt, its runs NAME.json.

    What it reads may be written by another part, the one that it `needs`.
    """

    name: str
    script: str
    arguments: list[str]
    needs: str | None = None

    @property
    def command(self) -> list[str]:
        """What to run."""
        return [sys.executable, str(BENCHMARKS / self.script), *self.arguments]


def main() -> int:
    """Do, or list, the parts that were chosen; return 0 if all ended well."""
    chosen = _parser().parse_args()
    wanted = [part for part in parts(chosen) if not chosen.only or part.name in chosen.only]
    if chosen.list:
        for part in wanted:
            print(f"{part.name}:\n    {shlex.join(part.command)}")
        return 0
    chosen.out.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    for part in wanted:
        if part.needs in failed:
            print(f"{part.name}: not begun, for it needs {part.needs}", file=sys.stderr, flush=True)
        if part.needs in failed or not _do(part, chosen.out):
            failed.append(part.name)
    if failed:
        print(f"did not end well: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, type=options.existing_file)
    options.add_tests(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    options.add_peers(parser, "beside us in all tables; default all")
    parser.set_defaults(peers=list(PEERS))
    parser.add_argument("--repeat", type=options.positive, default=3, metavar="N", help="rounds")
    parser.add_argument("--epochs", type=options.positive, default=5)
    parser.add_argument("--seeds", default="1,2,3", metavar="N,M,...", help="of the quality")
    parser.add_argument(
        "--words",
        type=options.positive,
        default=500_000,
        metavar="N",
        help="of the enlarged text: more than it has",
    )
    parser.add_argument("--list", action="store_true", help="print the commands, run nothing")
    parser.add_argument(
        "--only", type=options.names_of(PARTS), metavar="A,B,...", help=f"of {', '.join(PARTS)}"
    )
    return parser


PARTS = [
    *(f"training-{size}" for size in VECTOR_SIZES),
    *(f"isas-{size}" for size in VECTOR_SIZES),
    *(
        "vocabulary",
        "enlarge",
        "vocabulary-enlarged",
        "reading",
        "kernels",
        "search",
        "formats",
        "sentence-vectors",
        "quality",
        "plot",
        "staleness",
    ),
]


def parts(chosen: argparse.Namespace) -> Iterator[Part]:
    """Yield all parts in order, those named in `PARTS`."""
    corpus = ["--corpus", str(chosen.corpus)]
    peers = ["--peers", ",".join(chosen.peers)]
    repeat = ["--repeat", str(chosen.repeat)]
    workers = ["--workers", "1,2" if len(usable_cpus()) > 1 else "1"]
    epochs = ["--epochs", str(chosen.epochs)]

    def part(name: str, script: str, *arguments: list[str], needs: str | None = None) -> Part:
        output = ["--json", str(chosen.out / f"{name}.json")]
        return Part(name, script, [*chain(*arguments), *output], needs)

    sizes = {size: ["--vector-size", str(size)] for size in VECTOR_SIZES}
    common = [*workers, *repeat]
    training = ["--settings", TRAINING, *peers, *epochs, *_tests(chosen)]
    for size, of_size in sizes.items():
        yield part(f"training-{size}", "train.py", corpus, common, training, of_size)
    isas = ["--settings", ",".join(_every_isa()), "--epochs", "1"]
    for size, of_size in sizes.items():
        yield part(f"isas-{size}", "train.py", corpus, common, isas, of_size)
    with_rare = ["--min-count", "5,1", "--epochs", "1"]
    yield part("vocabulary", "train.py", corpus, common, with_rare)
    text = str(chosen.out / "enlarged.txt")
    words = ["--words", str(chosen.words), "--output", text]
    yield Part("enlarge", "enlarge.py", [*corpus, *words])
    enlarged = ["--corpus", text]
    yield part("vocabulary-enlarged", "train.py", enlarged, common, with_rare, needs="enlarge")
    yield part("reading", "read.py", corpus, peers, repeat)
    yield part("kernels", "kernels.py", ["--vector-size", ",".join(map(str, VECTOR_SIZES))])
    yield part("search", "search.py", repeat)
    yield part("formats", "formats.py", repeat)
    gensim = ["--peers", "gensim"] if any("gensim" in peer for peer in chosen.peers) else []
    yield part("sentence-vectors", "sentence_vectors.py", corpus, repeat, gensim)
    sweep = ["--settings", _quality_settings(chosen.peers), "--seeds", chosen.seeds, *epochs]
    yield part("quality", "quality.py", corpus, sweep, _tests(chosen))
    runs = str(chosen.out / "quality.json")
    yield Part("plot", "plot.py", [runs, "--output", str(chosen.out / "plot.svg")])
    simulated = ["--workers", "1,2,4,8,16,32,64"]
    yield part("staleness", "staleness.py", corpus, simulated, _tests(chosen))


def _every_isa() -> list[str]:
    return [
        f"{name}:isa={isa}"
        for name in ("skip-gram", "skip-gram-example", "cbow")
        for isa in _core.available_isas()
    ]


def _quality_settings(peers: list[str]) -> str:
    """Return what the plot shows: gensim learns the same from sentences as from a file."""
    theirs = [PEERS[peer].values() for peer in peers if peer != "gensim-sentences"]
    return ",".join([TRAINING, *chain(*theirs)])


def _tests(chosen: argparse.Namespace) -> list[str]:
    """Return the arguments of `options.add_tests`."""
    arguments = ["--restrict-vocab", str(chosen.restrict_vocab)]
    if chosen.analogies:
        arguments += ["--analogies", str(chosen.analogies)]
    if chosen.word_pairs:
        arguments += ["--word-pairs", *(f"{name}={path}" for name, path in chosen.word_pairs)]
    return arguments


def _do(part: Part, out: Path) -> bool:
    """Run a part, unless its table is there already; return whether all is well.

    The table gets its name when the command has ended well: a part that was stopped is done again.
    """
    table = out / f"{part.name}.txt"
    if table.exists():
        print(f"{part.name}: {table} is there", file=sys.stderr)
        return True
    print(f"{part.name}: {shlex.join(part.command)}", file=sys.stderr, flush=True)
    began = time.monotonic()
    unfinished = table.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as output:
        status = subprocess.run(part.command, stdout=output, check=False).returncode
    minutes = (time.monotonic() - began) / 60
    print(f"{part.name}: status {status}, {minutes:.1f} minutes", file=sys.stderr, flush=True)
    if status == 0:
        unfinished.replace(table)
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
