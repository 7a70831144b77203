# SPDX-License-Identifier: Apache-2.0
"""How good vectors are: word analogies and word similarity, with the numbers of gensim 4."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.analogies import answer_by_product, answer_by_sum, unit_rows
from fastw2v.evaluation_sets import Question, read_analogies, read_word_pairs
from fastw2v.keyed_vectors import KeyedVectors

Ids = NDArray[np.intp]


# ---- Analogies ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnalogySection:
    """The score of one section of a set of analogies.

    Attributes
    ----------
    name : str
    correct, total : int
        How many questions were answered rightly, of how many that count.
    known, questions : int
        Of how many questions all four words are known, of how many in the set. `total` is
        `known`, or `questions` with ``dummy4unknown``.
    """

    name: str
    correct: int
    total: int
    known: int
    questions: int

    @property
    def accuracy(self) -> float:
        """`correct` / `total`; 0 if nothing counts."""
        return self.correct / self.total if self.total else 0.0

    @property
    def coverage(self) -> float:
        """Share of the questions whose words are known."""
        return self.known / self.questions if self.questions else 0.0


@dataclass(frozen=True)
class AnalogyResult:
    """The score of a set of analogies; ``str()`` is a table."""

    sections: tuple[AnalogySection, ...]

    @property
    def overall(self) -> AnalogySection:
        """All sections together, every question of equal weight."""
        return _together("total", self.sections)

    @property
    def accuracy(self) -> float:
        """Share of right answers among the questions that count."""
        return self.overall.accuracy

    @property
    def coverage(self) -> float:
        """Share of the questions whose words are all known."""
        return self.overall.coverage

    @property
    def semantic_accuracy(self) -> float | None:
        """Accuracy of the semantic sections of Google's set; None for another set."""
        return self._part("semantic", syntactic=False)

    @property
    def syntactic_accuracy(self) -> float | None:
        """Accuracy of the syntactic sections of Google's set ("gram1..."); None for another."""
        return self._part("syntactic", syntactic=True)

    def _part(self, name: str, *, syntactic: bool) -> float | None:
        if not any(section.name.startswith("gram") for section in self.sections):
            return None
        chosen = [s for s in self.sections if s.name.startswith("gram") == syntactic]
        return _together(name, chosen).accuracy

    def __str__(self) -> str:
        lines = [*self.sections, self.overall]
        width = max(len(section.name) for section in lines)
        table = [
            f"{s.name:<{width}}  {s.accuracy:6.1%}  {s.correct:>6}/{s.total:<6}"
            f" {s.coverage:6.1%} known"
            for s in lines
        ]
        if self.semantic_accuracy is not None and self.syntactic_accuracy is not None:
            table.append(
                f"semantic {self.semantic_accuracy:.1%}, syntactic {self.syntactic_accuracy:.1%}"
            )
        return "\n".join(table)


def _together(name: str, sections: Sequence[AnalogySection]) -> AnalogySection:
    sums = [
        sum(getattr(section, field) for section in sections)
        for field in ("correct", "total", "known", "questions")
    ]
    return AnalogySection(name, *sums)


def evaluate_word_analogies(
    kv: KeyedVectors,
    path_or_questions: str | os.PathLike[str] | Mapping[str, Sequence[Question]],
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    similarity_function: str = "most_similar",
    *,
    threads: int | None = 1,
) -> AnalogyResult:
    """Answer questions such as "Athens is to Greece as Oslo is to ...".

    The answer is the word nearest to b - a + c in cosine ("3CosAdd"), a, b and c left out.

    Parameters
    ----------
    kv : KeyedVectors
    path_or_questions : path-like, or mapping of section names to questions
        A file like questions-words.txt: lines ": name" begin sections, and each other line has
        four words. Or the same as sequences of four words.
    restrict_vocab : int, optional
        Only this many first, that is most frequent, words are known and can be answers.
    case_insensitive : bool
        Compare words in upper case; of the words that this makes equal, the first stands for all.
    dummy4unknown : bool
        Count questions with an unknown word as wrong rather than leave them out.
    similarity_function : {"most_similar", "most_similar_cosmul"}
        The latter is 3CosMul: the word of greatest cos(b) cos(c) / cos(a), each cosine shifted to
        0 .. 1.
    threads : int, optional
        How many to search with; None for all CPUs that there are.

    Returns
    -------
    AnalogyResult

    Raises
    ------
    ValueError
        The file is not as it should be; the message names it and the line. Or the similarity
        function is another.

    Notes
    -----
    DIFFERS: gensim looks for the answer among the five nearest words only, which matters if more
    than five spellings of a, b and c are nearest; it skips lines that have not four words; and it
    takes a `similarity_function` and does not use it.

    References
    ----------
    Mikolov et al., "Efficient Estimation of Word Representations in Vector Space", 2013,
    section 4. Levy and Goldberg, CoNLL 2014, equations 1 (3CosAdd) and 4 (3CosMul).
    """
    if similarity_function not in ("most_similar", "most_similar_cosmul"):
        raise ValueError(
            "similarity_function must be 'most_similar' or 'most_similar_cosmul', "
            f"not {similarity_function!r}"
        )
    if isinstance(path_or_questions, Mapping):
        sections = [(name, list(questions)) for name, questions in path_or_questions.items()]
        for question in (question for _, questions in sections for question in questions):
            if isinstance(question, str) or len(question) != 4:
                raise ValueError(f"a question must be four words, not {question!r}")
    else:
        sections = read_analogies(path_or_questions)
    lexicon = _Lexicon(kv, restrict_vocab, case_insensitive)
    results = []
    known = [[ids for q in questions if (ids := lexicon.ids(q))] for _, questions in sections]
    asked = np.array([ids for part in known for ids in part], np.intp).reshape(-1, 4)
    first = slice(lexicon.n_words)
    known_rows = kv.vectors[first], None if kv.scales is None else kv.scales[first], kv.norms[first]
    excluded = lexicon.excluded(asked[:, :3])
    if similarity_function == "most_similar":
        answers = answer_by_sum(*known_rows, asked[:, :3], excluded, threads=threads)
    else:
        answers = answer_by_product(*known_rows, asked[:, :3], excluded)
    right = (answers >= 0) & (lexicon.spelling_of[answers] == asked[:, 3])
    begin = 0
    for (name, questions), part in zip(sections, known, strict=True):
        correct = int(np.count_nonzero(right[begin : begin + len(part)]))
        begin += len(part)
        total = len(questions) if dummy4unknown else len(part)
        results.append(AnalogySection(name, correct, total, len(part), len(questions)))
    return AnalogyResult(tuple(results))


class _Lexicon:
    """The words that an evaluation knows, and which of them are spellings of one another.

    Attributes
    ----------
    n_words : int
        Words 0 .. n_words - 1 of the vocabulary are known.
    spelling_of : ndarray of shape (n_words,), intp
        The first word that differs from this one in case only: the one that stands for it.
    """

    def __init__(
        self, kv: KeyedVectors, restrict_vocab: int | None, case_insensitive: bool
    ) -> None:
        if restrict_vocab is not None and restrict_vocab < 1:
            raise ValueError(f"restrict_vocab must be None or at least 1, not {restrict_vocab}")
        self.kv = kv
        self.n_words = min(len(kv), restrict_vocab or len(kv))
        self._fold = str.upper if case_insensitive else str
        self._ids: dict[str, int] = {}
        self.spelling_of = np.array(
            [
                self._ids.setdefault(self._fold(word), word_id)
                for word_id, word in enumerate(kv.index_to_key[: self.n_words])
            ],
            np.intp,
        )
        self._spellings: dict[int, list[int]] = {}
        for word_id in np.flatnonzero(self.spelling_of != np.arange(self.n_words)).tolist():
            first = int(self.spelling_of[word_id])
            self._spellings.setdefault(first, [first]).append(word_id)

    def ids(self, words: Sequence[str]) -> list[int] | None:
        """Return the ids of words, or None if one is unknown."""
        ids = [self._ids.get(self._fold(word), -1) for word in words]
        return None if min(ids) < 0 else ids

    def unit_rows(self, which: slice | Ids) -> NDArray[np.float32]:
        """Return a copy of some vectors at length 1, or 0 if they are zero or not finite."""
        scales = None if self.kv.scales is None else self.kv.scales[which]
        return unit_rows(self.kv.vectors[which], scales, self.kv.norms[which])

    def excluded(self, questions: Ids) -> Ids:
        """Return the words that do not answer each question, all spellings of its own; -1 pads."""
        if not self._spellings:
            return questions
        lists = [
            [id_ for word_id in question for id_ in self._spellings.get(word_id, (word_id,))]
            for question in questions.tolist()
        ]
        padded = np.full((len(lists), max(map(len, lists), default=0)), -1, np.intp)
        for row, ids in zip(padded, lists, strict=True):
            row[: len(ids)] = ids
        return padded


# ---- Similarity --------------------------------------------------------------------------------


@dataclass(frozen=True)
class WordPairsResult:
    """How the similarities of vectors agree with those that people gave; ``str()`` is a line.

    Attributes
    ----------
    spearman, pearson : float
        Correlation of ranks (ties share their mean rank) and of values; NaN if fewer than two
        different values are left on one of the sides.
    known, pairs : int
        Of how many pairs both words are known, of how many in the set.
    """

    spearman: float
    pearson: float
    known: int
    pairs: int

    @property
    def coverage(self) -> float:
        """Share of the pairs whose words are both known."""
        return self.known / self.pairs

    def __str__(self) -> str:
        return (
            f"Spearman {self.spearman:.4f}, Pearson {self.pearson:.4f}, "
            f"{self.known}/{self.pairs} pairs known ({self.coverage:.1%})"
        )


def evaluate_word_pairs(
    kv: KeyedVectors,
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    score_column: int | str = 2,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> WordPairsResult:
    """Compare the cosines of word pairs with the similarities that people gave.

    Parameters
    ----------
    kv : KeyedVectors
    path : path-like
    delimiter, score_column
        What separates columns, and which has the scores: see `evaluation_sets.read_word_pairs`.
    restrict_vocab, case_insensitive
        As in `evaluate_word_analogies`.
    dummy4unknown : bool
        Count pairs with an unknown word as of similarity 0 rather than leave them out.

    Returns
    -------
    WordPairsResult

    Raises
    ------
    ValueError
        The file is not as it should be; the message names it and the line.
    """
    pairs = read_word_pairs(path, delimiter=delimiter, score_column=score_column)
    lexicon = _Lexicon(kv, restrict_vocab, case_insensitive)
    ids = [lexicon.ids(pair[:2]) for pair in pairs]
    known = np.array([pair is not None for pair in ids])
    first, second = np.array([pair for pair in ids if pair], np.intp).reshape(-1, 2).T
    cosines = np.zeros(len(pairs))
    cosines[known] = np.sum(lexicon.unit_rows(first) * lexicon.unit_rows(second), axis=1)
    scores = np.array([pair[2] for pair in pairs])
    counted = known | dummy4unknown
    return WordPairsResult(
        spearman=_pearson(_ranks(scores[counted]), _ranks(cosines[counted])),
        pearson=_pearson(scores[counted], cosines[counted]),
        known=int(np.count_nonzero(known)),
        pairs=len(pairs),
    )


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return ranks from 1; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def _pearson(x: NDArray[Any], y: NDArray[Any]) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    x, y = x - np.mean(x), y - np.mean(y)
    return float(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)))
