# SPDX-License-Identifier: Apache-2.0
"""The estimator: a corpus and hyper-parameters in, word vectors out."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastw2v.config import TrainingConfig, signature_after
from fastw2v.corpus import as_corpus, encode_corpus
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.model import Model
from fastw2v.signals import termination_as_exit
from fastw2v.system import usable_cpus
from fastw2v.training.callbacks import Events, MetricsFile
from fastw2v.training.checkpoints import CORPUS, Checkpoints, check_same_run, load_newest
from fastw2v.training.growth import UpdateReport, encoded_by, grow
from fastw2v.training.loop import train
from fastw2v.training.parameters import Parameters
from fastw2v.training.plan import TrainingPlan, all_words, with_bounds_of
from fastw2v.training.start import Start


class Word2Vec(Model):
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
    init_coverage : InitCoverage or None
        How much of the vocabulary began at the ``init_vectors`` of the last run.

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
        super().__init__(**hyper_parameters)
        self._corpus = None if corpus is None else as_corpus(corpus)
        if isinstance(self._corpus, EncodedCorpus):
            self.config = with_bounds_of(self._corpus, self.config, hyper_parameters)

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
        init_vectors: KeyedVectors | str | os.PathLike[str] | None = None,
        freeze: Any = None,
        anchor: float = 0.0,
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
            many it came to. Not together with `checkpoint` or ``deterministic``.
        checkpoint : path-like, optional
            A folder for the encoded corpus and the last two checkpoints of the run, with which
            `resume` goes on if the run does not come to its end.
        every : str
            How often: "30 s", "10 min", "2 h", "1 epoch", "50_000_000 words". A checkpoint is also
            written when the run ends, or is interrupted.
        init_vectors : KeyedVectors or path-like, optional
            Vectors, or a file of any format that `KeyedVectors.load` reads, at which words begin
            that it has and the model does not; `init_coverage` says how many. Output vectors begin
            as ever, at zero.
        freeze : list of str, mask of bools or True, optional
            Words whose vectors (input vectors, that is) stay as they are, bit for bit. A mask has a
            bool for each word of `wv`, or in a first training of `init_vectors`; True is all these.
        anchor : float
            How strongly words that had vectors are held there: 1 by as much as what they were
            learnt from weighs against the new text, 0 not at all. `update` says more.

        Raises
        ------
        RuntimeError
            If there is no corpus (a trained model has let go of its own), or `wv` was changed.
        FileExistsError
            If the folder has checkpoints of another run.
        ValueError
            If the corpus is empty or no word reaches ``min_count``, or `init_vectors` or `freeze`
            do not fit the model.
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
            init_vectors=init_vectors,
            freeze=freeze,
            anchor=anchor,
        )
        if self.is_trained:
            encoded = encoded_by(self._encode(corpus, all_words(plan.config)), self.wv.vocabulary)
        else:
            self.config = plan.config
            self._corpus = encoded = self._encode(self._corpus, plan.config)
            self.history.clear()  # of a run that failed
        self._train(plan, encoded)
        return self

    @termination_as_exit()
    def update(self, corpus: Any, *, anchor: float = 1.0, **options: Any) -> UpdateReport:
        """Take in the words of a new corpus, and train on it.

        Words are counted on from what the model has read before, the rare ones that it dropped
        included: a word that was seen twice, and now twice again, gets in under ``min_count=3``.
        Known words keep their vectors as a start, and stay in the vocabulary.

        Parameters
        ----------
        corpus
            The new text alone.
        anchor : float
            How strongly both vectors of known words are held where they were: 1 by as much as the
            text that they were learnt from weighs against the new one, so that a word moves far if
            most of what is known about it is new. 0: not at all, and what was learnt before is
            forgotten. More than 1 keeps them closer. The vectors from before are kept in memory.
        **options
            Those of `train`: ``epochs``, ``alpha``, ``freeze``, ``checkpoint`` and the rest.

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
        plan = self._plan(anchor=anchor, **options)
        read = self._encode(corpus, all_words(plan.config))
        encoded, report = grow(
            self.wv.vocabulary,
            read,
            min_count=self.config.min_count,
            max_final_vocab=self.config.max_final_vocab,
        )
        learnt = self._learnt()
        self._train(plan, encoded)
        cosine = learnt.mean_cosine(self.wv.vocabulary, self.wv.vectors)
        return dataclasses.replace(report, mean_cosine=cosine)

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
        workers: int | None = None,
        progress: bool | None = None,
        callbacks: Iterable[Any] = (),
        metrics: str | os.PathLike[str] | None = None,
    ) -> Word2Vec:
        """Go on with a run from its newest checkpoint, to its end, and return the model.

        With one worker, or ``deterministic``, the vectors are bit for bit those that the run would
        have come to without the break. Checkpoints go on being written to the same folder.

        Parameters
        ----------
        checkpoint : path-like
            The folder that `train` was given. A checkpoint that is damaged is passed over, with a
            warning, for the one before.
        corpus : EncodedCorpus, optional
            In place of the one in the folder; it must be the same.
        workers : int, optional
            In place of as many as the run had. With ``deterministic=True`` the bits stay the same.
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
        config = newest.config
        if workers is not None:
            config = dataclasses.replace(config, workers=workers)
        model = cls(**dataclasses.asdict(config))
        model.history.extend(newest.state.history)
        model._run(
            encoded,
            newest.parameters(),
            config,
            show_progress=progress,
            events=model._events(callbacks, metrics),
            state=newest.state,
            checkpoints=Checkpoints(checkpoint, newest.every, encoded, config),
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
        init_vectors: Any = None,
        freeze: Any = None,
        anchor: float = 0.0,
        **rest: Any,
    ) -> TrainingPlan:
        given: dict[str, Any] = {"epochs": epochs, "alpha": alpha}
        given = {name: value for name, value in given.items() if value is not None}
        config = dataclasses.replace(self.config, **given)
        known = self.wv.vocabulary if self.is_trained else None
        start = Start(
            init_vectors, freeze, anchor, vector_size=self.config.vector_size, known=known
        )
        return TrainingPlan(config, start, self._events(callbacks, metrics), progress, **rest)

    def _events(self, callbacks: Iterable[Any], metrics: str | os.PathLike[str] | None) -> Events:
        files = [] if metrics is None else [MetricsFile(metrics)]
        return Events(self, [*callbacks, *files])

    def _train(self, plan: TrainingPlan, corpus: EncodedCorpus) -> None:
        learnt = self._learnt() if self.is_trained else None
        parameters, self.init_coverage = plan.start.parameters(corpus, plan.config, learnt)
        self._run(corpus, parameters, plan.config, **plan.options(corpus, parameters))

    def _run(
        self, corpus: EncodedCorpus, parameters: Parameters, config: TrainingConfig, **options: Any
    ) -> None:
        """Train, and keep what was trained; if nothing was, or it diverged, what was before."""
        before = self._corpus, self._trained, self._vectors, self._output_vectors
        n_epochs = len(self.history)
        self.stop_requested = False
        self.epochs_trained = 0.0
        self._keep(corpus.vocabulary, parameters)  # callbacks may look at the vectors
        self._corpus = None
        try:
            train(corpus, parameters, config, self.history, **options)
        except Exception as error:
            if isinstance(error, FloatingPointError) or self.epochs_trained == 0:
                self._corpus, self._trained, self._vectors, self._output_vectors = before
                del self.history[n_epochs:]
            raise
        finally:
            self.renew_vectors()


Word2Vec.__signature__ = signature_after(  # type: ignore[attr-defined]
    inspect.Parameter("corpus", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
)
