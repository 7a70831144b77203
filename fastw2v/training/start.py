# SPDX-License-Identifier: Apache-2.0
"""Where the vectors of a run begin, which of them stay there, and how strongly others are held."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig
from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.system import usable_cpus
from fastw2v.training.parameters import Anchor, Parameters
from fastw2v.training.sampling import pull_per_token
from fastw2v.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

BLOCK_ROWS = 10_000


@dataclass(frozen=True)
class Learnt:
    """What a model has learnt before: words, and both vectors of each."""

    vocabulary: Vocabulary
    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32]

    def mean_cosine(self, vocabulary: Vocabulary, input_vectors: NDArray[np.float32]) -> float:
        """Return that of its input vectors with those of the same words elsewhere."""
        ids = ids_in(vocabulary, self.vocabulary.words)
        total = 0.0
        for begin in range(0, len(ids), BLOCK_ROWS):  # so that no copy of a matrix is made
            block = slice(begin, begin + BLOCK_ROWS)
            before, now = self.input_vectors[block], input_vectors[ids[block]]
            lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(now, axis=1)
            products = np.einsum("ij,ij->i", before, now)
            total += float((products / np.where(lengths > 0, lengths, 1)).sum())
        return total / len(ids)


@dataclass(frozen=True)
class InitCoverage:
    """How much of a vocabulary began at the vectors that were given.

    Attributes
    ----------
    words, vocab_size : int
        So many words of so many.
    token_share : float
        Of the corpus's tokens that are trained on, those of these words.
    """

    words: int
    vocab_size: int
    token_share: float

    def __str__(self) -> str:
        return (
            f"{self.words:,} of {self.vocab_size:,} words begin at init_vectors, "
            f"{self.token_share:.1%} of the tokens"
        )


class Start:
    """What a call of ``train()`` says about where vectors begin, checked before anything is read.

    Parameters
    ----------
    init_vectors : KeyedVectors or path-like, optional
        Words that the model does not know begin there.
    freeze : bool, mask or iterable of str, optional
        Words whose input vectors stay as they are. True, and a mask of bools, are about the words
        of `known` if there is one, else of `init_vectors`.
    anchor : float
        How strongly words that had vectors are held there.
    vector_size : int
    known : Vocabulary, optional
        Of the model that is trained on.

    Raises
    ------
    TypeError, ValueError, OSError
    """

    def __init__(
        self,
        init_vectors: Any = None,
        freeze: Any = None,
        anchor: float = 0.0,
        *,
        vector_size: int,
        known: Vocabulary | None = None,
    ) -> None:
        self._init = None if init_vectors is None else _opened(init_vectors, vector_size)
        keys = known.words if known is not None else self._init.index_to_key if self._init else None
        self._frozen_words = _frozen_words(freeze, keys)
        self._anchor = _checked_anchor(anchor)
        if anchor and keys is None:
            raise ValueError("anchor holds vectors where they were, and there are none before this")

    def parameters(
        self, corpus: EncodedCorpus, config: TrainingConfig, learnt: Learnt | None = None
    ) -> tuple[Parameters, InitCoverage | None]:
        """Return what is trained, and what `init_vectors` had to do with it.

        Words of `learnt` keep their rows, those of `init_vectors` begin there, others as ever.

        Raises
        ------
        ValueError
            `init_vectors` has no word that is new to the model, or `freeze` names one that nobody
            knows.
        """
        vocabulary = corpus.vocabulary
        matrices = Parameters.initial(
            len(vocabulary),
            config.vector_size,
            config.seed + (len(learnt.vocabulary) if learnt else 0),  # not where old words began
            config.workers or usable_cpus(),
            width=config.initial_width,
        )
        begun, coverage = np.empty(0, np.int32), None
        if self._init is not None:
            begun = self._begin_at_init_vectors(matrices, vocabulary, learnt)
            coverage = _coverage(corpus, begun)
            logger.info("%s", coverage)
        anchor = None
        if learnt is not None:
            places = ids_in(vocabulary, learnt.vocabulary.words)
            matrices.input_vectors[places] = learnt.input_vectors
            matrices.output_vectors[places] = learnt.output_vectors
            if self._anchor:
                anchor = anchor_to(learnt, corpus, self._anchor * pull_per_token(config))
        elif self._anchor:
            pull = self._anchor * pull_per_token(config)
            anchor = Anchor.at(matrices.input_vectors[begun], None, begun, len(vocabulary), pull)
        parameters = Parameters(
            matrices.input_rows,
            matrices.output_rows,
            config.vector_size,
            frozen=self._frozen(vocabulary),
            anchor=anchor,
        )
        return parameters, coverage

    def _begin_at_init_vectors(
        self, parameters: Parameters, vocabulary: Vocabulary, learnt: Learnt | None
    ) -> NDArray[np.int32]:
        """Copy the rows of new words; return the ids of these."""
        assert self._init is not None
        old = learnt.vocabulary if learnt is not None else ()
        words = [word for word in vocabulary.words if word in self._init and word not in old]
        if not words:
            new = (
                "no word that is new to the model"
                if learnt is not None
                else "no word of the corpus"
            )
            raise ValueError(f"init_vectors have {new}: {self._init!r}")
        vectors = self._init[words]
        if not np.isfinite([vectors.min(), vectors.max()]).all():
            bad = words[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
            raise ValueError(f"init_vectors has a vector that is not finite, that of {bad!r}")
        ids = ids_in(vocabulary, words)
        parameters.input_vectors[ids] = vectors
        return ids

    def _frozen(self, vocabulary: Vocabulary) -> NDArray[np.bool_] | None:
        if self._frozen_words is None:
            return None
        ids = ids_in(vocabulary, self._frozen_words)
        unknown = [
            word
            for word, word_id in zip(self._frozen_words, ids.tolist(), strict=True)
            if word_id < 0 and not (self._init is not None and word in self._init)
        ]
        if unknown:
            raise ValueError(
                f"freeze names {len(unknown)} words without a vector: {', '.join(unknown[:5])}"
            )
        frozen = np.zeros(len(vocabulary), dtype=bool)
        frozen[ids[ids >= 0]] = True
        logger.info("%d of %d input vectors are frozen", frozen.sum(), len(frozen))
        return frozen


def anchor_to(learnt: Learnt, corpus: EncodedCorpus, pull: float) -> Anchor:
    """Hold words by what they were learnt from: the tokens before, for each token now.

    With as many tokens before as now a word's loss over the old text, which nobody has any more, is
    taken for a parabola about its old vector, of the curvature that `pull_per_token` says.
    """
    vocabulary = corpus.vocabulary
    places = ids_in(vocabulary, learnt.vocabulary.words)
    tokens = np.bincount(corpus.ids, minlength=len(vocabulary))[places]
    pulls = pull * learnt.vocabulary.counts / np.maximum(tokens, 1)
    return Anchor.at(learnt.input_vectors, learnt.output_vectors, places, len(vocabulary), pulls)


def ids_in(vocabulary: Vocabulary, words: Iterable[Any]) -> NDArray[np.int32]:
    """Return the id of each word, -1 for those that are unknown."""
    index = vocabulary.index
    return np.array([index.get(word, -1) for word in words], dtype=np.int32)


def _opened(init_vectors: Any, vector_size: int) -> KeyedVectors:
    if isinstance(init_vectors, str | os.PathLike):
        init_vectors = KeyedVectors.load(init_vectors)
    if not isinstance(init_vectors, KeyedVectors):
        raise TypeError(
            "init_vectors must be KeyedVectors or the path of a file of vectors, got "
            f"{type(init_vectors).__name__}"
        )
    if init_vectors.vector_size != vector_size:
        raise ValueError(
            f"init_vectors have {init_vectors.vector_size} numbers each and the model "
            f"{vector_size}: give Word2Vec(vector_size={init_vectors.vector_size})"
        )
    return init_vectors


def _frozen_words(freeze: Any, keys: list[Any] | None) -> list[Any] | None:
    """Return the words that `freeze` means."""
    if freeze is None or freeze is False:
        return None
    if isinstance(freeze, str | bytes) or not (freeze is True or isinstance(freeze, Iterable)):
        raise TypeError(f"freeze must be a list of words, a mask of bools or True, got {freeze!r}")
    words = None if freeze is True else list(freeze)
    if words is not None and all(isinstance(word, str) for word in words):
        return words
    if keys is None:
        raise ValueError("freeze has no vectors to freeze before this run: name words in a list")
    if words is None:
        return keys
    if not all(isinstance(flag, bool | np.bool_) for flag in words):
        raise TypeError("freeze must be a list of words or a mask of bools: it has other values")
    if len(words) != len(keys):
        raise ValueError(f"freeze must have a bool for each of {len(keys)} words, has {len(words)}")
    return [key for key, flag in zip(keys, words, strict=True) if flag]


def _checked_anchor(anchor: Any) -> float:
    if isinstance(anchor, bool) or not isinstance(anchor, int | float | np.number):
        raise TypeError(f"anchor must be a number >= 0, got {anchor!r}")
    if not (math.isfinite(anchor) and anchor >= 0):
        raise ValueError(f"anchor must be a number >= 0, got {anchor!r}")
    return float(anchor)


def _coverage(corpus: EncodedCorpus, ids: NDArray[np.int32]) -> InitCoverage:
    tokens = np.bincount(corpus.ids, minlength=len(corpus.vocabulary))
    return InitCoverage(len(ids), len(corpus.vocabulary), float(tokens[ids].sum() / tokens.sum()))
