# SPDX-License-Identifier: Apache-2.0
"""The estimator: a corpus and hyper-parameters in, word vectors out."""

from __future__ import annotations

import dataclasses
import inspect
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.callbacks import Events, MetricsFile
from fastw2v.checkpoints import (
    CORPUS,
    Checkpoints,
    Interval,
    check_same_run,
    load_newest,
    prepare_folder,
    seconds_of,
)
from fastw2v.config import TrainingConfig
from fastw2v.corpus import as_corpus, encode_corpus
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.history import EpochRecord
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.parameters import Parameters
from fastw2v.persistence.model_file import load_model, save_model
from fastw2v.system import resolve_isa, usable_cpus
from fastw2v.training import train


class Word2Vec:
    """Skip-gram or CBOW with negative sampling.

    Parameters
    ----------
    corpus : path, list of paths, iterable of lists of words, or EncodedCorpus
        Text files have one sentence a line, words between white space, and may be compressed. An
        iterable is read once, so a generator will do. Nothing is read before `train`.
    **hyper_parameters
        The fields of `TrainingConfig`: ``sg``, ``vector_size``, ``window``, ``min_count``,
        ``negative``, ``sample``, ``alpha``, ``epochs``, ``seed``, ``workers`` and the rest.

    Attributes
    ----------
    config : TrainingConfig
    history : list of EpochRecord
        Speed and loss of each epoch.
    epochs_trained : float
        How many, the last perhaps in part; 0 for a model that was loaded.

    Raises
    ------
    ValueError, TypeError
        If a hyper-parameter is unknown, of the wrong type or out of its range.

    Examples
    --------
    >>> sentences = [["a", "b"], ["b", "c"]] * 50
    >>> model = Word2Vec(sentences, sg=1, vector_size=16, min_count=1, workers=1).train()
    >>> model.wv.index_to_key[0]
    'b'
    """

    def __init__(self, corpus: Any = None, **hyper_parameters: Any) -> None:
        self.config = TrainingConfig.from_keywords(hyper_parameters)
        resolve_isa(self.config.isa)  # refuse a wrong name now, not after an hour of reading
        self.history: list[EpochRecord] = []
        self.epochs_trained = 0.0
        self.stop_requested = False
        self._corpus = None if corpus is None else as_corpus(corpus)
        if isinstance(self._corpus, EncodedCorpus):
            self.config = _with_bounds_of(self._corpus, self.config, hyper_parameters)
        self._vectors: KeyedVectors | None = None
        self._output_vectors: NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        kind = "skip-gram" if self.config.sg else "CBOW"
        size = "not trained" if self._vectors is None else f"{len(self._vectors):,} words"
        return f"Word2Vec({kind}, {size}, vector_size={self.config.vector_size})"

    def train(
        self,
        *,
        progress: bool | None = None,
        callbacks: Iterable[Any] = (),
        metrics: str | os.PathLike[str] | None = None,
        max_time: str | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        every: str = "10 min",
    ) -> Word2Vec:
        """Read the corpus, train on it, and return the model itself.

        Parameters
        ----------
        progress : bool or None
            Show progress on standard error; None: if it is a terminal.
        callbacks : iterable of Callback
            Told how the run goes; may stop it.
        metrics : path-like, optional
            A file to which a line of JSON is added each second and for each epoch.
        max_time : str, optional
            "10 min", "2 h", "45 s": the time from now, reading included, at which the run ends with
            its learning rate at ``min_alpha``, in place of ``epochs``. `epochs_trained` says how
            many it came to. Not together with `checkpoint`.
        checkpoint : path-like, optional
            A folder for the encoded corpus and the last two checkpoints of the run, with which
            `resume` goes on if the run does not come to its end.
        every : str
            How often: "30 s", "10 min", "2 h", "1 epoch", "50_000_000 words". A checkpoint is also
            written when the run ends, or is interrupted.

        Raises
        ------
        RuntimeError
            If there is no corpus, or the model is trained already.
        FileExistsError
            If the folder has checkpoints of another run.
        ValueError
            If the corpus is empty or no word reaches ``min_count``.
        FloatingPointError
            If training diverged. There are no vectors then.
        KeyboardInterrupt
            After Ctrl-C. What was trained until then is in `wv`, as after an error of a callback.
        """
        if self._vectors is not None:
            raise RuntimeError("the model is trained already; make a new Word2Vec to train again")
        if self._corpus is None:
            raise RuntimeError("there is no corpus to train on: give one, Word2Vec(corpus).train()")
        ends_at = None if max_time is None else time.monotonic() + seconds_of(max_time)
        if checkpoint is not None:  # refuse now, not after an hour of reading
            if max_time is not None:
                raise ValueError("max_time cannot be kept by a run with checkpoints: leave one out")
            Interval.parse(every)
            prepare_folder(checkpoint)
        events = self._events(callbacks, metrics)
        n_threads = self.config.workers or usable_cpus()
        encoded = encode_corpus(
            self._corpus,
            min_count=self.config.min_count,
            max_final_vocab=self.config.max_final_vocab,
            threads=n_threads,
        )
        self._corpus = encoded  # whatever may fail from here on, the text need not be read again
        parameters = Parameters.initial(
            len(encoded.vocabulary), self.config.vector_size, self.config.seed, n_threads
        )
        self.history.clear()  # of a run that failed
        checkpoints = None
        if checkpoint is not None:
            used = dataclasses.replace(
                self.config, workers=n_threads, isa=resolve_isa(self.config.isa)
            )
            checkpoints = Checkpoints.begin(checkpoint, every, encoded, used, parameters)
        self._train(
            encoded,
            parameters,
            show_progress=progress,
            events=events,
            checkpoints=checkpoints,
            max_seconds=None if ends_at is None else ends_at - time.monotonic(),
        )
        return self

    @classmethod
    def resume(
        cls,
        checkpoint: str | os.PathLike[str],
        *,
        corpus: EncodedCorpus | None = None,
        progress: bool | None = None,
        callbacks: Iterable[Any] = (),
        metrics: str | os.PathLike[str] | None = None,
    ) -> Word2Vec:
        """Go on with a run from its newest checkpoint, to its end, and return the model.

        With one worker the vectors are those, bit for bit, that the run would have come to without
        the break. Checkpoints go on being written to the same folder.

        Parameters
        ----------
        checkpoint : path-like
            The folder that `train` was given. A checkpoint that is damaged is passed over, with a
            warning, for the one before.
        corpus : EncodedCorpus, optional
            In place of the one in the folder; it must be the same.
        progress, callbacks, metrics
            As for `train`.

        Raises
        ------
        FileNotFoundError
            If there is no checkpoint.
        ValueError
            If no checkpoint can be used: damaged, of another version, of another corpus, or of an
            instruction set that this machine does not have.
        """
        newest = load_newest(checkpoint)
        encoded = corpus or EncodedCorpus.open(Path(checkpoint) / CORPUS)
        check_same_run(newest, encoded)
        model = cls(**dataclasses.asdict(newest.config))
        model.history.extend(newest.state.history)
        model._train(
            encoded,
            newest.parameters(),
            show_progress=progress,
            events=model._events(callbacks, metrics),
            state=newest.state,
            checkpoints=Checkpoints(checkpoint, newest.every, encoded, newest.config),
        )
        return model

    def _events(self, callbacks: Iterable[Any], metrics: str | os.PathLike[str] | None) -> Events:
        files = [] if metrics is None else [MetricsFile(metrics)]
        return Events(self, [*callbacks, *files])

    def _train(self, corpus: EncodedCorpus, parameters: Parameters, **how: Any) -> None:
        """Train, and keep what was trained, whatever ends the run but divergence."""
        self.stop_requested = False
        self.epochs_trained = 0.0
        self._keep(corpus, parameters)  # callbacks may look at the vectors
        try:
            train(corpus, parameters, self.config, self.history, **how)
        except Exception as error:
            if isinstance(error, FloatingPointError) or self.epochs_trained == 0:
                self._vectors = self._output_vectors = None
                self._corpus = corpus
            raise
        finally:
            self.renew_vectors()

    def stop(self) -> None:
        """End training soon, as if it had come to its end: for callbacks, and for other threads."""
        self.stop_requested = True

    def renew_vectors(self) -> None:
        """Forget what was derived from the vectors of `wv`, which training has changed since."""
        if self._vectors is not None:
            self._vectors = KeyedVectors(self._vectors.vocabulary, self._vectors.vectors)

    def _keep(self, corpus: EncodedCorpus, parameters: Parameters) -> None:
        self._vectors = KeyedVectors(corpus.vocabulary, parameters.input_vectors)
        self._output_vectors = parameters.output_vectors
        self._corpus = None

    @property
    def is_trained(self) -> bool:
        """Whether there are vectors, perhaps of a run that was interrupted."""
        return self._vectors is not None

    @property
    def wv(self) -> KeyedVectors:
        """The word vectors: a view of the input matrix, not a copy."""
        if self._vectors is None:
            raise RuntimeError("there are no vectors yet: call train() first")
        return self._vectors

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file (safetensors layout), atomically.

        Raises
        ------
        RuntimeError
            If the model is not trained, or `wv` was changed since then.
        OSError
            If it cannot be written; a file that was there before is as it was.
        """
        if self._vectors is None:
            raise RuntimeError("there is nothing to save yet: call train() first")
        if self._vectors.changed:
            raise RuntimeError(
                "wv was changed, and a model is what was trained: save the vectors by "
                "themselves, model.wv.save_word2vec_format(path)"
            )
        save_model(
            path,
            vocabulary=self._vectors.vocabulary,
            input_vectors=self._vectors.vectors,
            output_vectors=self._output_vectors,
            hyper_parameters=self.config.to_dict(),
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Word2Vec:
        """Read a model that `save` wrote; its matrices are mapped, not copied.

        Raises
        ------
        ValueError
            If the file is not a model, is cut short, or lies about its contents.
        """
        file = load_model(path)
        try:
            config = TrainingConfig.from_keywords(file.hyper_parameters)
            if config.vector_size != file.input_vectors.shape[1]:
                raise ValueError(
                    f"vector_size is {config.vector_size}, its vectors have "
                    f"{file.input_vectors.shape[1]} numbers"
                )
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)!r} has hyper-parameters that this version does not know: {error}"
            ) from error
        model = cls(**file.hyper_parameters)
        model._vectors = KeyedVectors(file.vocabulary, file.input_vectors)
        model._output_vectors = file.output_vectors
        return model


def _with_bounds_of(
    corpus: EncodedCorpus, config: TrainingConfig, given: dict[str, Any]
) -> TrainingConfig:
    """Take over how an encoded corpus was pruned; refuse to be `given` anything else."""
    if corpus.n_tokens == 0:
        raise ValueError("the corpus is empty: there is no word to train")
    bounds = {name: getattr(corpus, name) for name in ("min_count", "max_final_vocab")}
    for name, bound in bounds.items():
        if name in given and getattr(config, name) != bound:
            raise ValueError(
                f"{name} was {bound} when this corpus was encoded, got {given[name]}: "
                f"encode the text again, or leave {name} out"
            )
    return dataclasses.replace(config, **bounds)


def _signature() -> inspect.Signature:
    """Word2Vec's signature with every hyper-parameter, for help() and completion."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    fields = [
        inspect.Parameter(field.name, keyword, default=field.default, annotation=field.type)
        for field in dataclasses.fields(TrainingConfig)
    ]
    corpus = inspect.Parameter("corpus", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
    return inspect.Signature([corpus, *fields])


Word2Vec.__signature__ = _signature()  # type: ignore[attr-defined]
