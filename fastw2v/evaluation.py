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

from fastw2v.evaluation_sets import Question, read_analogies, read_word_pairs
from fastw2v.keyed_vectors import KeyedVectors

Ids = NDArray[np.intp]

# One product is (questions x vector_size) times (vector_size x rows): large enough for BLAS to
# run at full speed also on a busy machine, small enough that memory stays bounded (16 MB).
BATCH_QUESTIONS = 512
BLOCK_ROWS = 8192


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
) -> AnalogyResult:
    """Answer questions such as "Athens is to Greece as Oslo is to ...".

    The answer is the word nearest to b - a + c in cosine, a, b and c left out.

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

    Returns
    -------
    AnalogyResult

    Raises
    ------
    ValueError
        The file is not as it should be; the message names it and the line.

    Notes
    -----
    DIFFERS: gensim looks for the answer among the five nearest words only, which matters if more
    than five spellings of a, b and c are nearest; and it skips lines that have not four words.

    References
    ----------
    Mikolov et al., "Efficient Estimation of Word Representations in Vector Space", 2013,
    section 4. Levy and Goldberg, CoNLL 2014, equation 1 ("3CosAdd").
    """
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
    right = lexicon.spelling_of[_answer(lexicon, asked[:, :3])] == asked[:, 3]
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
        norms = self.kv.norms[which]
        usable = np.isfinite(norms) & (norms > 0)
        lengths = np.where(usable, norms, 1).astype(np.float32, copy=False)
        rows: NDArray[np.float32] = self.kv.rows(which) / lengths[:, np.newaxis]
        rows[~usable] = 0
        return rows

    def excluded(self, questions: Ids) -> tuple[Ids, Ids]:
        """Return (question, word id) pairs: the spellings of its own words answer no question."""
        pairs = [
            (i, spelling)
            for i, question in enumerate(questions.tolist())
            for word_id in question
            for spelling in self._spellings.get(word_id, (word_id,))
        ]
        columns = np.array(pairs, np.intp).reshape(-1, 2).T
        return columns[0], columns[1]


def _answer(lexicon: _Lexicon, questions: Ids) -> Ids:
    """Return the id of the word nearest to b - a + c for each row (a, b, c) of `questions`."""
    answers = np.empty(len(questions), np.intp)
    for begin in range(0, len(questions), BATCH_QUESTIONS):
        batch = questions[begin : begin + BATCH_QUESTIONS]
        a, b, c = (lexicon.unit_rows(batch[:, i]) for i in range(3))
        answers[begin : begin + BATCH_QUESTIONS] = _nearest(
            lexicon, b - a + c, lexicon.excluded(batch)
        )
    return answers


def _nearest(lexicon: _Lexicon, queries: NDArray[np.float32], excluded: tuple[Ids, Ids]) -> Ids:
    """Return the id of the word of largest cosine with each query, walking over blocks of rows."""
    every = np.arange(len(queries))
    best = np.full(len(queries), -np.inf, np.float32)
    best_id = np.zeros(len(queries), np.intp)
    question, word_id = excluded
    buffer = np.empty((len(queries), min(BLOCK_ROWS, lexicon.n_words)), np.float32)
    for begin in range(0, lexicon.n_words, BLOCK_ROWS):
        end = min(begin + BLOCK_ROWS, lexicon.n_words)
        rows = lexicon.unit_rows(slice(begin, end))
        scores = np.matmul(queries, rows.T, out=buffer[:, : end - begin])
        here = (word_id >= begin) & (word_id < end)
        scores[question[here], word_id[here] - begin] = -np.inf
        top = scores.argmax(axis=1)
        value = scores[every, top]
        better = value > best
        best[better] = value[better]
        best_id[better] = begin + top[better]
    return best_id


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
