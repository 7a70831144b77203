# SPDX-License-Identifier: Apache-2.0
"""What training leaves: both vectors of every word, a history, and the file of a model."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig
from fastw2v.fingerprint import fingerprint
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.persistence.model_file import load_model, save_model
from fastw2v.system import resolve_isa
from fastw2v.training.history import History
from fastw2v.training.parameters import Parameters
from fastw2v.training.start import InitCoverage, Learnt
from fastw2v.vocabulary import Vocabulary


class Model:
    """Hyper-parameters and what has been learnt with them; `Word2Vec` adds how."""

    def __init__(self, **hyper_parameters: Any) -> None:
        self.config = TrainingConfig.from_keywords(hyper_parameters)
        resolve_isa(self.config.isa)  # refuse a wrong name now, not after an hour of reading
        self.history = History()
        self.epochs_trained = 0.0
        self.init_coverage: InitCoverage | None = None
        self.stop_requested = False
        self._trained: tuple[Vocabulary, NDArray[np.float32]] | None = None
        self._vectors: KeyedVectors | None = None  # of `_trained`, perhaps changed since
        self._output_vectors: NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        kind = "skip-gram" if self.config.sg else "CBOW"
        size = "not trained" if self._vectors is None else f"{len(self._vectors):,} words"
        return f"{type(self).__name__}({kind}, {size}, vector_size={self.config.vector_size})"

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

    def stop(self) -> None:
        """End training soon, as if it had come to its end: for callbacks, and for other threads."""
        self.stop_requested = True

    def renew_vectors(self) -> None:
        """Make `wv` anew, since training has changed its rows; a callback's own changes go."""
        if self._trained is not None:
            self._vectors = KeyedVectors(*self._trained)

    def fingerprint(self) -> str:
        """Return a hash of words, counts and both matrices: equal if all are, bit for bit."""
        self._check_unchanged()
        return fingerprint(self.wv.vocabulary, self.wv.vectors, self._output_vectors)

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
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote; its matrices are mapped, not copied.

        Raises
        ------
        ValueError
            If the file is not a model, is cut short, or lies about its contents.
        """
        file = load_model(path)
        try:
            config = TrainingConfig.from_keywords(file.hyper_parameters)
            if config.vector_size != (n := file.input_vectors.shape[1]):
                raise ValueError(
                    f"vector_size is {config.vector_size}, its vectors have {n} numbers"
                )
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{os.fspath(path)!r} has hyper-parameters that this version does not know: {error}"
            ) from error
        model = cls(**file.hyper_parameters)
        model._trained = file.vocabulary, file.input_vectors
        model.renew_vectors()
        model._output_vectors = file.output_vectors
        return model

    def _learnt(self) -> Learnt:
        """Return what a further run begins with."""
        if self._output_vectors is None:
            raise RuntimeError("the model has no output vectors: it cannot be trained on")
        return Learnt(self.wv.vocabulary, self.wv.vectors, self._output_vectors)

    def _keep(self, vocabulary: Vocabulary, parameters: Parameters) -> None:
        self._trained = vocabulary, parameters.input_vectors
        self.renew_vectors()
        self._output_vectors = parameters.output_vectors

    def _check_unchanged(self) -> None:
        if self._vectors is not None and self._vectors.changed:
            raise RuntimeError(
                "wv was changed: a model is what was trained, so it can be neither saved nor "
                "trained on; save the vectors by themselves, model.wv.save(path)"
            )
