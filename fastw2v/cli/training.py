# SPDX-License-Identifier: Apache-2.0
"""The commands ``fastw2v train`` and ``resume``."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

from fastw2v.cli.options import Commands, add_corpus, add_hyper_parameters, hyper_parameters_of
from fastw2v.signals import HeldSignals
from fastw2v.word2vec import Word2Vec

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended; 143 after SIGTERM


def add_training(commands: Commands) -> None:
    """Add the commands to a parser's."""
    train = commands.add_parser("train", help="train on text files, one sentence a line")
    add_corpus(train)
    train.add_argument("-o", "--output", required=True, type=Path, help="model file to write")
    train.add_argument("--quiet", action="store_true", help="say nothing")
    train.add_argument("--max-time", metavar="TIME", help='such as "10 min", in place of --epochs')
    train.add_argument("--metrics", type=Path, metavar="FILE", help="add lines of JSON to a file")
    train.add_argument("--checkpoint", type=Path, metavar="DIR", help="folder for checkpoints")
    train.add_argument("--every", default="10 min", help='how often, such as "1 epoch" (10 min)')
    add_hyper_parameters(train)
    train.set_defaults(run=_train)

    resume = commands.add_parser("resume", help="go on with a run from its newest checkpoint")
    resume.add_argument("checkpoint", type=Path, metavar="DIR", help="train's --checkpoint")
    resume.add_argument("-o", "--output", required=True, type=Path, help="model file to write")
    resume.add_argument("--workers", type=int, help="instead of as many as the run had")
    resume.add_argument("--quiet", action="store_true", help="say nothing")
    resume.set_defaults(run=_resume)


def _train(options: argparse.Namespace) -> int:
    model = Word2Vec(options.corpus, **hyper_parameters_of(options))
    _check_output(options.output)
    status = 0
    try:
        model.train(
            progress=False if options.quiet else None,
            metrics=options.metrics,
            max_time=options.max_time,
            checkpoint=options.checkpoint,
            every=options.every,
        )
    except (KeyboardInterrupt, SystemExit) as stop:
        if not model.is_trained:  # it came while the corpus was read
            raise
        status = INTERRUPTED if isinstance(stop, KeyboardInterrupt) else int(str(stop.code))
    with HeldSignals():  # whoever presses Ctrl-C again would lose everything by it
        _save(model, options, "interrupted; what was trained is" if status else "model")
    return status


def _resume(options: argparse.Namespace) -> int:
    _check_output(options.output)
    model = Word2Vec.resume(
        options.checkpoint, workers=options.workers, progress=False if options.quiet else None
    )
    _save(model, options, "model")
    return 0


def _save(model: Word2Vec, options: argparse.Namespace, state: str) -> None:
    model.save(options.output)
    if not options.quiet:
        print_history(model)
        print(f"{state} in {options.output}: {len(model.wv):,} words")


def print_history(model: Word2Vec) -> None:
    """Print a line for each epoch."""
    for record in model.history:
        print(
            f"epoch {record.epoch}: {record.words_per_second:,.0f} words/s, loss {record.loss:.4f}"
        )


def _check_output(path: Path) -> None:
    """Refuse a path that cannot be written now, not after an hour of training."""
    target = Path(os.path.realpath(path))
    folder = target.parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such directory for the output", str(folder))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "the output must be a file", str(path))
    if target.exists() and not target.is_file():
        return  # a device or a pipe is written straight away
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "the output's directory cannot be written", str(folder))
