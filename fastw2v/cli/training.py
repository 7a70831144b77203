# SPDX-License-Identifier: Apache-2.0
"""The commands ``fastw2v train``, ``update`` and ``resume``."""

from __future__ import annotations

import argparse
import dataclasses
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastw2v.cli.options import Commands, add_corpus, add_hyper_parameters, hyper_parameters_of
from fastw2v.signals import HeldSignals
from fastw2v.word2vec import Word2Vec

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended; 143 after SIGTERM


def add_training(commands: Commands) -> None:
    """Add the commands to a parser's."""
    train = commands.add_parser("train", help="train on text files, one sentence a line")
    add_corpus(train)
    _add_output(train)
    _add_run(train, anchor=0.0)
    add_hyper_parameters(train)
    train.set_defaults(run=_train)

    update = commands.add_parser("update", help="take the words of new text into a model")
    update.add_argument("model", type=Path, help="what train wrote")
    add_corpus(update)
    _add_output(update)
    update.add_argument("--epochs", type=int, help="instead of as many as the model had")
    update.add_argument("--alpha", type=float, help="instead of the model's")
    update.add_argument("--workers", type=int, help="threads (default: the CPUs there are)")
    _add_run(update, anchor=1.0)
    update.set_defaults(run=_update)

    resume = commands.add_parser("resume", help="go on with a run from its newest checkpoint")
    resume.add_argument("checkpoint", type=Path, metavar="DIR", help="train's --checkpoint")
    _add_output(resume)
    resume.add_argument("--workers", type=int, help="instead of as many as the run had")
    resume.set_defaults(run=_resume)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", required=True, type=Path, help="model file to write")
    parser.add_argument("--quiet", action="store_true", help="say nothing")


def _add_run(parser: argparse.ArgumentParser, anchor: float) -> None:
    """Add what `Word2Vec.train` and `Word2Vec.update` can be told of a run."""
    parser.add_argument("--max-time", metavar="TIME", help='such as "10 min", in place of --epochs')
    parser.add_argument("--metrics", type=Path, metavar="FILE", help="add lines of JSON to a file")
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="folder for checkpoints")
    parser.add_argument("--every", default="10 min", help='how often, such as "1 epoch" (10 min)')
    parser.add_argument(
        "--init-vectors", type=Path, metavar="FILE", help="vectors at which new words begin"
    )
    parser.add_argument("--freeze", action="store_true", help="keep the vectors that words had")
    parser.add_argument(
        "--anchor", type=float, default=anchor, help=f"how strongly to hold them ({anchor:g})"
    )


def _run_options(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "progress": False if options.quiet else None,
        "max_time": options.max_time,
        "metrics": options.metrics,
        "checkpoint": options.checkpoint,
        "every": options.every,
        "init_vectors": options.init_vectors,
        "freeze": options.freeze,
        "anchor": options.anchor,
    }


def _train(options: argparse.Namespace) -> int:
    model = Word2Vec(options.corpus, **hyper_parameters_of(options))
    return _run_and_save(model, options, lambda: model.train(**_run_options(options)))


def _update(options: argparse.Namespace) -> int:
    model = Word2Vec.load(options.model)
    if options.workers is not None:
        model.config = dataclasses.replace(model.config, workers=options.workers)
    given = {"epochs": options.epochs, "alpha": options.alpha, **_run_options(options)}

    def update() -> None:
        report = model.update(options.corpus, **given)
        if not options.quiet:
            print(report)

    return _run_and_save(model, options, update)


def _run_and_save(model: Word2Vec, options: argparse.Namespace, run: Callable[[], object]) -> int:
    """Run, and save the model; an interrupted one too, if anything was trained."""
    _check_output(options.output)
    status = 0
    try:
        run()
    except (KeyboardInterrupt, SystemExit) as stop:
        if model.epochs_trained == 0:  # it came while the corpus was read
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
        if model.init_coverage is not None:
            print(model.init_coverage)
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
