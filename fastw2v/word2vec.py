# SPDX-License-Identifier: Apache-2.0
"""The estimator: a corpus and hyper-parameters in, word vectors out."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig, signature_after
from fastw2v.corpus import as_corpus, encode_corpus
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence.model_file import load_model, save_model
from fastw2v.signals import termination_as_exit
from fastw2v.system import resolve_isa, usable_cpus
from fastw2v.training.callbacks import Events, MetricsFile
from fastw2v.training.checkpoints import CORPUS, Checkpoints, check_same_run, load_newest
from fastw2v.training.growth import UpdateReport, carried_over, encoded_by, grow
from fastw2v.training.history import History
from fastw2v.training.loop import train
from fastw2v.training.parameters import Parameters
from fastw2v.training.plan import TrainingPlan, all_words, with_bounds_of
from fastw2v.vocabulary import Vocabulary


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
    history : History, a list of EpochRecord
        Speed and loss of each epoch; ``history.plot()`` draws them.
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
        self.history = History()
        self.epochs_trained = 0.0
        self.stop_requested = False
        self._corpus = None if corpus is None else as_corpus(corpus)
        if isinstance(self._corpus, EncodedCorpus):
            self.config = with_bounds_of(self._corpus, self.config, hyper_parameters)
        self._trained: tuple[Vocabulary, NDArray[np.float32]] | None = None
        self._vectors: KeyedVectors | None = None  # of `_trained`, perhaps changed since
        self._output_vectors: NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        kind = "skip-gram" if self.config.sg else "CBOW"
        size = "not trained" if self._vectors is None else f"{len(self._vectors):,} words"
        return f"Word2Vec({kind}, {size}, vector_size={self.config.vector_size})"

    @termination_as_exit()
    def train(
        self,
        corpus: Any = None,
        *,
        epochs: int | None = None,
        alpha: float | None = None,
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
        corpus : optional
            In place of the one that the model was made with. A model that is trained goes on with
            it: words that it does not know are passed over (`update` takes them in), and counts
            stay as they are.
        epochs, alpha : optional
            For this run, in place of the hyper-parameters.
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
            If there is no corpus (a trained model has let go of its own), or `wv` was changed.
        FileExistsError
            If the folder has checkpoints of another run.
        ValueError
            If the corpus is empty or no word reaches ``min_count``.
        FloatingPointError
            If training diverged. The vectors are those from before, if there were any.
        KeyboardInterrupt, SystemExit
            After Ctrl-C; after SIGTERM or SIGHUP, if they have no handler. What was trained until
            then is in `wv`, as after an error of a callback.
        """
        self._check_unchanged()
        if corpus is not None and not self.is_trained:
            self._corpus = as_corpus(corpus)
        if corpus is None and self._corpus is None:
            reason = " (the model is trained already)" if self.is_trained else ""
            raise RuntimeError(f"there is no corpus to train on{reason}: give one, train(corpus)")
        plan = self._plan(
            epochs=epochs,
            alpha=alpha,
            progress=progress,
            callbacks=callbacks,
            metrics=metrics,
            max_time=max_time,
            checkpoint=checkpoint,
            every=every,
        )
        if self.is_trained:
            encoded = encoded_by(self._encode(corpus, all_words(plan.config)), self.wv.vocabulary)
            self._train(plan, encoded, self._carried_over(encoded.vocabulary))
            return self
        self.config = plan.config
        self._corpus = encoded = self._encode(self._corpus, plan.config)
        self.history.clear()  # of a run that failed
        parameters = Parameters.initial(
            len(encoded.vocabulary),
            self.config.vector_size,
            self.config.seed,
            self.config.workers or usable_cpus(),
        )
        self._train(plan, encoded, parameters)
        return self

    @termination_as_exit()
    def update(self, corpus: Any, **options: Any) -> UpdateReport:
        """Take in the words of a new corpus, and train on it.

        Words are counted on from what the model has read before, the rare ones that it dropped
        included: a word that was seen twice, and now twice again, gets in under ``min_count=3``.
        Known words keep their vectors as a start, and stay in the vocabulary.

        Parameters
        ----------
        corpus
            The new text alone.
        **options
            Those of `train`: ``epochs``, ``alpha``, ``callbacks``, ``checkpoint`` and the rest.

        Returns
        -------
        UpdateReport
            What was added.

        Raises
        ------
        RuntimeError
            If the model is not trained, or `wv` was changed since it was; and as `train`.
        """
        if not self.is_trained:
            raise RuntimeError("there is nothing to update yet: call train() first")
        self._check_unchanged()
        plan = self._plan(**options)
        read = self._encode(corpus, all_words(plan.config))
        encoded, report = grow(
            self.wv.vocabulary,
            read,
            min_count=self.config.min_count,
            max_final_vocab=self.config.max_final_vocab,
        )
        self._train(plan, encoded, self._carried_over(encoded.vocabulary))
        return report

    def _carried_over(self, vocabulary: Vocabulary) -> Parameters:
        if self._output_vectors is None:
            raise RuntimeError("the model has no output vectors: it cannot be trained on")
        return carried_over(
            self.wv.vocabulary,
            self.wv.vectors,
            self._output_vectors,
            vocabulary,
            self.config.seed + len(self.history),  # new words begin elsewhere than the old ones did
        )

    def _encode(self, corpus: Any, config: TrainingConfig) -> EncodedCorpus:
        return encode_corpus(
            corpus,
            min_count=config.min_count,
            max_final_vocab=config.max_final_vocab,
            threads=config.workers or usable_cpus(),
        )

    @classmethod
    @termination_as_exit()
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
        model._run(
            encoded,
            newest.parameters(),
            newest.config,
            show_progress=progress,
            events=model._events(callbacks, metrics),
            state=newest.state,
            checkpoints=Checkpoints(checkpoint, newest.every, encoded, newest.config),
        )
        return model

    def _plan(
        self,
        *,
        epochs: int | None = None,
        alpha: float | None = None,
        progress: bool | None = None,
        callbacks: Iterable[Any] = (),
        metrics: str | os.PathLike[str] | None = None,
        **rest: Any,
    ) -> TrainingPlan:
        given: dict[str, Any] = {"epochs": epochs, "alpha": alpha}
        given = {name: value for name, value in given.items() if value is not None}
        config = dataclasses.replace(self.config, **given)
        return TrainingPlan(config, self._events(callbacks, metrics), progress, **rest)

    def _events(self, callbacks: Iterable[Any], metrics: str | os.PathLike[str] | None) -> Events:
        files = [] if metrics is None else [MetricsFile(metrics)]
        return Events(self, [*callbacks, *files])

    def _train(self, plan: TrainingPlan, corpus: EncodedCorpus, parameters: Parameters) -> None:
        self._run(corpus, parameters, plan.config, **plan.options(corpus, parameters))

    def _run(
        self, corpus: EncodedCorpus, parameters: Parameters, config: TrainingConfig, **options: Any
    ) -> None:
        """Train, and keep what was trained; if nothing was, or it diverged, what was before."""
        before = self._corpus, self._trained, self._vectors, self._output_vectors
        self.stop_requested = False
        self.epochs_trained = 0.0
        self._keep(corpus, parameters)  # callbacks may look at the vectors
        try:
            train(corpus, parameters, config, self.history, **options)
        except Exception as error:
            if isinstance(error, FloatingPointError) or self.epochs_trained == 0:
                self._corpus, self._trained, self._vectors, self._output_vectors = before
            raise
        finally:
            self.renew_vectors()

    def stop(self) -> None:
        """End training soon, as if it had come to its end: for callbacks, and for other threads."""
        self.stop_requested = True

    def renew_vectors(self) -> None:
        """Make `wv` anew, since training has changed its rows; a callback's own changes go."""
        if self._trained is not None:
            self._vectors = KeyedVectors(*self._trained)

    def _keep(self, corpus: EncodedCorpus, parameters: Parameters) -> None:
        self._trained = corpus.vocabulary, parameters.input_vectors
        self.renew_vectors()
        self._output_vectors = parameters.output_vectors
        self._corpus = None

    def _check_unchanged(self) -> None:
        if self._vectors is not None and self._vectors.changed:
            raise RuntimeError(
                "wv was changed: a model is what was trained, so it can be neither saved nor "
                "trained on; save the vectors by themselves, model.wv.save(path)"
            )

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
        self._check_unchanged()
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
            size, n = config.vector_size, file.input_vectors.shape[1]
            if size != n:
                raise ValueError(f"vector_size is {size}, its vectors have {n} numbers")
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)!r} has hyper-parameters that this version does not know: {error}"
            ) from error
        model = cls(**file.hyper_parameters)
        model._trained = file.vocabulary, file.input_vectors
        model.renew_vectors()
        model._output_vectors = file.output_vectors
        return model


Word2Vec.__signature__ = signature_after(  # type: ignore[attr-defined]
    inspect.Parameter("corpus", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
)
