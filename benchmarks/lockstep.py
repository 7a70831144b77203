# SPDX-License-Identifier: Apache-2.0
"""Compile staleness.c with the engine, and train in it: many workers in lock step on one thread."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import ROOT

from fastw2v import EncodedCorpus, _core
from fastw2v.config import TrainingConfig
from fastw2v.system import resolve_isa
from fastw2v.training import sampling
from fastw2v.training.engine import LOSS_INTERVAL, build_noise_table
from fastw2v.training.parameters import Parameters
from fastw2v.training.schedule import Schedule

SOURCE = Path(__file__).with_name("staleness.c")
#: Modes of staleness.c, by their values there.
WRITE_BACKS = ("added", "lost", "fresh")
#: Enumerators of fastw2v.h, by their values there.
_ISAS = ("portable", "neon", "avx2", "avx512")
_ARCHITECTURES = ("cbow", "skip_gram")
_SCOPES = ("example", "window", "pool")


class _Settings(ctypes.Structure):  # fw_settings
    _fields_ = [
        ("isa", ctypes.c_int),
        ("architecture", ctypes.c_int),
        ("scope", ctypes.c_int),
        ("window", ctypes.c_int32),
        ("shrink_windows", ctypes.c_bool),
        ("negatives", ctypes.c_int32),
        ("negative_weight", ctypes.c_float),
        ("pool_size", ctypes.c_int32),
        ("pool_refresh", ctypes.c_uint32),
        ("cbow_mean", ctypes.c_bool),
        ("cbow_exact_gradient", ctypes.c_bool),
        ("chunk_tokens", ctypes.c_int32),
        ("loss_interval", ctypes.c_int32),
        ("private_rows", ctypes.c_int32),
    ]


class _Model(ctypes.Structure):  # fw_model
    _fields_ = [
        ("input", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("stride", ctypes.c_size_t),
        ("vector_size", ctypes.c_size_t),
        ("vocab_size", ctypes.c_int32),
        ("keep_threshold", ctypes.c_void_p),
        ("noise", ctypes.c_void_p),
        ("frozen", ctypes.c_void_p),
        ("anchor", ctypes.c_void_p),
    ]


class _Chunk(ctypes.Structure):  # fw_chunk
    _fields_ = [
        ("ids", ctypes.c_void_p),
        ("begin", ctypes.c_int64),
        ("end", ctypes.c_int64),
        ("sentence_ends", ctypes.c_void_p),
        ("n_sentences", ctypes.c_size_t),
        ("stream", ctypes.c_uint64),
        ("learning_rate", ctypes.c_float),
    ]


class _Totals(ctypes.Structure):  # staleness_totals
    _fields_ = [
        ("rounds", ctypes.c_int64),
        ("kept_tokens", ctypes.c_int64),
        ("uses", ctypes.c_int64),
        ("conflicts", ctypes.c_int64),
        ("loss_examples", ctypes.c_int64),
        ("loss_sum", ctypes.c_double),
    ]


@dataclass(frozen=True)
class Totals:
    """What a run came to.

    Attributes
    ----------
    kept_tokens : int
        Centers that were trained.
    uses : int
        Rows that a worker used in a round; a row that it used twice counts once.
    conflicts : int
        Of these, how many another worker used in the same round. ("fresh": had used before.)
    loss : float
        Mean over the sampled examples of the run.
    """

    kept_tokens: int
    uses: int
    conflicts: int
    loss: float


class Lockstep:
    """The compiled simulation.

    Raises
    ------
    RuntimeError
        If it cannot be compiled: it needs a C compiler (`CC` names it) and POSIX's ucontext.h.
    """

    def __init__(self) -> None:
        compiler = os.environ.get("CC") or shutil.which("cc")
        if compiler is None:
            raise RuntimeError("there is no C compiler (set CC)")
        engine = [path for path in sorted((ROOT / "csrc").glob("*.c")) if path.name != "walk.c"]
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "staleness.so"
            # The flags of setup.py, so that one worker has the bits of the package's engine.
            flags = ["-O3", "-ffp-contract=off", "-shared", "-fPIC", "-I", str(ROOT / "csrc")]
            files = [str(SOURCE), *map(str, engine)]
            command = [*compiler.split(), *flags, *files, "-lm", "-o", str(library)]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
                self._library = ctypes.CDLL(str(library))  # stays mapped when the file is gone
            except subprocess.CalledProcessError as error:
                raise RuntimeError(f"{compiler} failed: {error.stderr.strip()}") from None

    def train(
        self, corpus: EncodedCorpus, config: TrainingConfig, n_workers: int, write_back: str
    ) -> tuple[Parameters, Totals]:
        """Train as `Word2Vec` does, by `n_workers` in lock step; return vectors and totals."""
        counts = corpus.vocabulary.counts
        width = config.initial_width
        parameters = Parameters.initial(len(counts), config.vector_size, config.seed, width=width)
        schedule = Schedule(corpus.sentence_ends, config)
        keep_threshold = sampling.keep_threshold(counts, config.sample)
        noise_table = build_noise_table(counts, config.ns_exponent)
        model = _Model(
            input=parameters.input_rows.ctypes.data,
            output=parameters.output_rows.ctypes.data,
            stride=parameters.input_rows.shape[1],
            vector_size=config.vector_size,
            vocab_size=len(counts),
            keep_threshold=keep_threshold.ctypes.data,
            noise=noise_table.ctypes.data,
        )
        chunks = _chunks_of(corpus, schedule, config)
        totals = _Totals()
        status = self._library.staleness_train(
            ctypes.byref(_settings_of(config, schedule.chunk_tokens)),
            ctypes.byref(model),
            chunks,
            ctypes.c_int64(len(chunks)),
            ctypes.c_int32(n_workers),
            ctypes.c_int32(WRITE_BACKS.index(write_back)),
            ctypes.byref(totals),
        )
        _core.raise_status(status)
        loss = totals.loss_sum / totals.loss_examples if totals.loss_examples else float("nan")
        return parameters, Totals(totals.kept_tokens, totals.uses, totals.conflicts, loss)


def _settings_of(config: TrainingConfig, chunk_tokens: int) -> _Settings:
    settings = config.engine_settings()
    return _Settings(
        isa=_ISAS.index(resolve_isa(config.isa)),
        architecture=_ARCHITECTURES.index(settings.pop("architecture")),
        scope=_SCOPES.index(settings.pop("negative_scope")),
        **settings,
        chunk_tokens=chunk_tokens,
        loss_interval=LOSS_INTERVAL,
        private_rows=0,  # that all rows are shared is what is looked at
    )


def _chunks_of(
    corpus: EncodedCorpus, schedule: Schedule, config: TrainingConfig
) -> ctypes.Array[_Chunk]:
    """Return the chunks of a run. They point into `corpus`, which must be kept as long."""
    ids = np.ascontiguousarray(corpus.ids).ctypes.data
    chunks = (_Chunk * len(schedule))()
    for position, target in enumerate(chunks):
        chunk = schedule.stretch(position, 1)
        target.ids = ids
        target.begin, target.end = chunk.borders.tolist()
        target.sentence_ends = chunk.sentence_ends.ctypes.data
        target.n_sentences = len(chunk.sentence_ends)
        target.stream = _core.stream(config.seed, chunk.epoch, chunk.index)
        target.learning_rate = chunk.learning_rates[0]
    return chunks
