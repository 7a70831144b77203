# SPDX-License-Identifier: Apache-2.0
"""How much of a word's neighbourhood is noise: what trainings from several seeds agree on."""

from __future__ import annotations

import functools
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig
from fastw2v.corpus import encode_corpus
from fastw2v.nearest import invert, make_sketch, nearest, row_norms
from fastw2v.system import usable_cpus
from fastw2v.word2vec import Word2Vec

logger = logging.getLogger(__name__)

#: Words whose neighbours are searched at a time: their vectors, in float64, are all that it copies.
QUERIES = 4096
#: Longer rows have no sketch (`nearest.make_sketch`).
LONGEST_SKETCHED = 1 << 16


class Agreed(NamedTuple):
    """A neighbour of a word."""

    word: str
    share: float  # of the seeds, those that have it among the nearest
    similarity: float  # mean cosine in these


class Band(NamedTuple):
    """Words of similar frequency."""

    least_count: int
    n_words: int
    overlap: float


@dataclass(frozen=True, eq=False, repr=False)
class Stability:
    """What `stability` has found; ``str()`` is a report, ``report["word"]`` a word's overlap.

    Attributes
    ----------
    words : list of str
        Those that were compared, the most frequent first.
    counts : ndarray of shape (n_words,), int64
    seeds : list of int
    ids : ndarray of shape (n_words, n_seeds, topn), int32
        The nearest words of each word by each seed, the nearest first.
    cosines : ndarray of shape (n_words, n_seeds, topn), float32
    """

    words: list[str]
    counts: NDArray[np.int64]
    seeds: list[int]
    ids: NDArray[np.int32]
    cosines: NDArray[np.float32]

    @functools.cached_property
    def overlap(self) -> NDArray[np.float64]:
        """Share of a word's nearest that two seeds have in common, the mean over pairs of seeds.

        Of shape (n_words,). The rest is noise of training.
        """
        return overlaps(self.ids)

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._places

    def __getitem__(self, word: str) -> float:
        return float(self.overlap[self._place(word)])

    def __repr__(self) -> str:
        return f"Stability({len(self):,} words, {len(self.seeds)} seeds, mean {self.mean:.3f})"

    def __str__(self) -> str:
        n_seeds, topn = self.ids.shape[1:]
        lines = [
            f"of the {topn} nearest of {len(self):,} words two of {n_seeds} seeds have "
            f"{self.mean:.1%} in common",
            *(
                f"  read {band.least_count:>10,} times or more: {band.n_words:>7,} words, "
                f"{band.overlap:.1%}"
                for band in self.bands()
            ),
        ]
        for name, found in (("most", self.most_stable(8)), ("least", self.least_stable(8))):
            lines.append(
                f"{name} stable: " + "  ".join(f"{word} {share:.2f}" for word, share in found)
            )
        return "\n".join(lines)

    @property
    def mean(self) -> float:
        """The overlap of a word, on average over the words."""
        return float(self.overlap.mean())

    def bands(self) -> list[Band]:
        """Return the mean overlap of words by how often they were read: by powers of ten."""
        powers = np.floor(np.log10(np.maximum(self.counts, 1))).astype(int)
        return [
            Band(10 ** int(power), int(chosen.sum()), float(self.overlap[chosen].mean()))
            for power in sorted(set(powers.tolist()), reverse=True)
            for chosen in [powers == power]
        ]

    def most_stable(self, n: int = 10) -> list[tuple[str, float]]:
        """Return the words of the largest overlap, of equal ones the more frequent first."""
        return self._named(np.argsort(-self.overlap, kind="stable")[:n])

    def least_stable(self, n: int = 10) -> list[tuple[str, float]]:
        """Return the words of the smallest overlap, of equal ones the more frequent first."""
        return self._named(np.argsort(self.overlap, kind="stable")[:n])

    def neighbors(self, word: str) -> list[Agreed]:
        """Return every neighbour that a seed has found, those that most seeds agree on first.

        Raises
        ------
        KeyError
            The word was not compared.
        """
        place = self._place(word)
        found, at = np.unique(self.ids[place], return_inverse=True)
        n_seeds = np.bincount(at.ravel())
        cosines = np.bincount(at.ravel(), self.cosines[place].ravel().astype(np.float64)) / n_seeds
        order = np.lexsort((found, -cosines, -n_seeds))
        return [
            Agreed(self.words[found[i]], float(n_seeds[i] / len(self.seeds)), float(cosines[i]))
            for i in order
        ]

    def _place(self, word: str) -> int:
        if word not in self:
            raise KeyError(f"{word!r} is not among the {len(self):,} words that were compared")
        return self._places[word]

    def _named(self, places: NDArray[np.intp]) -> list[tuple[str, float]]:
        return [(self.words[i], float(self.overlap[i])) for i in places]


def stability(
    corpus: Any,
    seeds: int | Sequence[int] = 5,
    topn: int = 10,
    *,
    restrict_vocab: int | None = None,
    progress: bool | None = None,
    **hyper_parameters: Any,
) -> Stability:
    """Train from several seeds, and say for each word how much of its neighbourhood is noise.

    The corpus is read once. One model is in memory at a time; what is kept of each are the nearest
    words of every word.

    Parameters
    ----------
    corpus
        What `Word2Vec` takes.
    seeds : int, or several
        How many, from the hyper-parameter ``seed`` on; or which. At least two.
    topn : int
        How many of the nearest words are compared.
    restrict_vocab : int, optional
        Compare only the so many most frequent words, and search among them alone. Every model is
        trained on all words.
    progress : bool or None
        Show the progress of each training; None: if standard error is a terminal.
    **hyper_parameters
        Those of `Word2Vec`. With ``workers=1`` the same seed gives the same vectors; with more,
        what threads do to each other is part of the noise.

    Raises
    ------
    ValueError, TypeError
        There are fewer than two seeds or two words, or a number is out of range; and as `Word2Vec`.

    Notes
    -----
    Two seeds differ in the initial vectors, and in what is drawn: which tokens are left out, window
    sizes, negatives. How stable a neighbourhood is when the text itself changes is another
    question: Antoniak and Mimno draw documents anew.

    References
    ----------
    Wendlandt, Kummerfeld and Mihalcea, "Factors Influencing the Surprising Instability of Word
    Embeddings", NAACL 2018, whose measure this is: the overlap of the ten nearest. Antoniak and
    Mimno, "Evaluating the Stability of Embedding-based Word Similarities", TACL 2018.
    """
    config = TrainingConfig.from_keywords(hyper_parameters)
    chosen = chosen_seeds(seeds, config.seed, "seed" in hyper_parameters)
    for name, value in (("topn", topn), ("restrict_vocab", restrict_vocab)):
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    threads = config.workers or usable_cpus()
    encoded = encode_corpus(
        corpus,
        min_count=config.min_count,
        max_final_vocab=config.max_final_vocab,
        threads=threads,
    )
    vocabulary = encoded.vocabulary
    n_words = min(len(vocabulary), restrict_vocab or len(vocabulary))
    if n_words < 2:
        raise ValueError(f"to compare neighbours takes two words or more, got {n_words}")
    found = []
    for seed in chosen:
        began = time.perf_counter()
        model = Word2Vec(encoded, **hyper_parameters | {"seed": seed}).train(progress=progress)
        trained = time.perf_counter()
        found.append(neighbours(model.wv.vectors[:n_words], topn, threads))
        searched = time.perf_counter() - trained
        logger.info(
            "seed %d: %.1f s of training, %.1f s of search", seed, trained - began, searched
        )
    return Stability(
        vocabulary.words[:n_words],
        vocabulary.counts[:n_words],
        chosen,
        np.stack([ids for ids, _ in found], axis=1),
        np.stack([cosines for _, cosines in found], axis=1),
    )


def chosen_seeds(seeds: int | Sequence[int], first: int, first_is_given: bool) -> list[int]:
    """Return which seeds to train from."""
    if isinstance(seeds, (int, np.integer)):
        chosen = list(range(first, first + int(seeds)))
    elif first_is_given:
        raise ValueError(f"give either seeds, {list(seeds)}, or a seed to begin with, {first}")
    else:
        chosen = [int(seed) for seed in seeds]
    if len(chosen) < 2:
        raise ValueError(f"seeds must be two or more, got {seeds}")
    return chosen


def neighbours(
    rows: NDArray[np.float32], topn: int, threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the `topn` nearest rows of each row, fewer if there are no more, and their cosines."""
    n_found = min(topn, len(rows) - 1)
    ids = np.empty((len(rows), n_found), np.int32)
    cosines = np.empty((len(rows), n_found), np.float32)
    inverse_norms = invert(row_norms(rows, threads=threads))
    has_sketch = rows.shape[1] <= LONGEST_SKETCHED
    sketch = make_sketch(rows, inverse_norms, threads=threads) if has_sketch else None
    for begin in range(0, len(rows), QUERIES):
        own = np.arange(begin, min(begin + QUERIES, len(rows)))
        ids[own], cosines[own] = nearest(
            rows,
            inverse_norms,
            rows[own],
            n_found,
            sketch=sketch,
            exclude=own[:, np.newaxis],
            threads=threads,
        )
    return ids, cosines


def overlaps(ids: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the share of its nearest that two seeds have in common, for each word.

    A neighbour that k of n seeds have found is common to k (k - 1) / 2 of their pairs: among ids in
    order, that is how many pairs of equal ones there are, at distances from 1 to k - 1.
    """
    n_words, n_seeds, topn = ids.shape
    ordered = np.sort(ids.reshape(n_words, n_seeds * topn), axis=1)
    common = np.zeros(n_words, np.int64)
    for distance in range(1, n_seeds):
        common += (ordered[:, distance:] == ordered[:, :-distance]).sum(axis=1)
    shares: NDArray[np.float64] = common / (math.comb(n_seeds, 2) * topn)
    return shares
