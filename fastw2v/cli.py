# SPDX-License-Identifier: Apache-2.0
"""The command line.

``fastw2v train | resume | neighbors | analogy | evaluate | convert | info | explore | doctor |
stability | demo``
"""

from __future__ import annotations

import argparse
import dataclasses
import errno
import inspect
import lzma
import os
import re
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import fastw2v
from fastw2v.cli_doctor import add_doctor
from fastw2v.cli_explore import add_explore
from fastw2v.cli_stability import add_stability
from fastw2v.config import CBOW_GRADIENTS, NEGATIVE_SCOPES, TrainingConfig
from fastw2v.evaluation import evaluate
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence.loading import load_vectors, load_with_vocabulary, sniff
from fastw2v.persistence.rows import DTYPES
from fastw2v.persistence.saving import SUFFIXES, save_vectors
from fastw2v.signals import HeldSignals, termination_as_exit
from fastw2v.word2vec import Word2Vec

DEMO_WORDS = ("king", "water", "war", "love", "money")
INFO_WORDS = 10
VECTORS = "a model, or vectors in any format"
INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended; 143 after SIGTERM
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

    train = commands.add_parser("train", help="train on text files, one sentence a line")
    train.add_argument("corpus", nargs="+", type=Path, help="text files, plain or compressed")
    train.add_argument("-o", "--output", required=True, type=Path, help="model file to write")
    train.add_argument("--quiet", action="store_true", help="say nothing")
    train.add_argument("--max-time", metavar="TIME", help='such as "10 min", in place of --epochs')
    train.add_argument("--metrics", type=Path, metavar="FILE", help="add lines of JSON to a file")
    train.add_argument("--checkpoint", type=Path, metavar="DIR", help="folder for checkpoints")
    train.add_argument("--every", default="10 min", help='how often, such as "1 epoch" (10 min)')
    _add_hyper_parameters(train)
    train.set_defaults(run=_train)

    resume = commands.add_parser("resume", help="go on with a run from its newest checkpoint")
    resume.add_argument("checkpoint", type=Path, metavar="DIR", help="train's --checkpoint")
    resume.add_argument("-o", "--output", required=True, type=Path, help="model file to write")
    resume.add_argument("--workers", type=int, help="instead of as many as the run had")
    resume.add_argument("--quiet", action="store_true", help="say nothing")
    resume.set_defaults(run=_resume)

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

    add_explore(commands)
    add_doctor(commands, _add_hyper_parameters, _hyper_parameters)
    add_stability(commands, _add_hyper_parameters, _hyper_parameters)

    demo = commands.add_parser("demo", help="train skip-gram on the text inside the package")
    _add_hyper_parameters(demo, sg=1)
    demo.set_defaults(run=_demo)
    return parser


def _add_hyper_parameters(parser: argparse.ArgumentParser, **defaults: object) -> None:
    """Add an option for every field of TrainingConfig, with its default or one of `defaults`."""
    choices = {"negative_scope": NEGATIVE_SCOPES, "cbow_gradient": CBOW_GRADIENTS}
    meaning = _explanations()
    group = parser.add_argument_group("hyper-parameters")
    for field in dataclasses.fields(TrainingConfig):
        option = "--" + field.name.replace("_", "-")
        kind = str(field.type)
        default = defaults.get(field.name, field.default)
        help_text = f"{meaning.get(field.name, '')} (default: {default})".replace("%", "%%")
        if kind == "bool" or field.name == "sg":
            group.add_argument(
                option,
                action=argparse.BooleanOptionalAction,
                default=default,
                help=help_text,
            )
        else:
            parse = int if "int" in kind else float if "float" in kind else str
            group.add_argument(
                option,
                type=parse,
                choices=choices.get(field.name),
                default=default,
                metavar=None if field.name in choices else kind.split(" ")[0].upper(),
                help=help_text,
            )


def _explanations() -> dict[str, str]:
    """Return what the docstring of TrainingConfig says of each field."""
    paragraphs = re.split(
        r"^(\w+) : .*\n", inspect.getdoc(TrainingConfig) or "", flags=re.MULTILINE
    )
    names, texts = paragraphs[1::2], paragraphs[2::2]
    return {
        name: " ".join(text.partition("\n\n")[0].replace("``", "").split())
        for name, text in zip(names, texts, strict=True)
    }


def _hyper_parameters(options: argparse.Namespace) -> dict[str, object]:
    return {
        field.name: getattr(options, field.name) for field in dataclasses.fields(TrainingConfig)
    }


def _train(options: argparse.Namespace) -> int:
    model = Word2Vec(options.corpus, **_hyper_parameters(options))
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
        _print_history(model)
        print(f"{state} in {options.output}: {len(model.wv):,} words")


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


def _demo(options: argparse.Namespace) -> int:
    """Train on the bundled text, unpacked beside other temporary files while it is read."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "public-domain.txt"
        with as_file(files("fastw2v") / "data" / "public-domain.txt.xz") as packed:
            text = lzma.decompress(packed.read_bytes())
        corpus.write_bytes(text.lower().translate(None, delete=b".,;:!?()[]\"'"))
        model = Word2Vec(corpus, **_hyper_parameters(options)).train()
    _print_history(model)
    for word in DEMO_WORDS:
        if word in model.wv:
            similar = "  ".join(near for near, _ in model.wv.most_similar(word, topn=6))
            print(f"{word:>8}: {similar}")
    print(f"{len(model.wv):,} words in {time.perf_counter() - began:.1f} s")
    return 0


def _print_history(model: Word2Vec) -> None:
    for record in model.history:
        print(
            f"epoch {record.epoch}: {record.words_per_second:,.0f} words/s, loss {record.loss:.4f}"
        )


def _print_similar(similar: Sequence[tuple[str, float]]) -> None:
    for word, similarity in similar:
        print(f"{similarity:.4f}  {word}")


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
