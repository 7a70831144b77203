# SPDX-License-Identifier: Apache-2.0
"""How good vectors are: word analogies and word similarity, with the numbers of gensim 4."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastw2v.analogies import answer_by_product, answer_by_sum
from fastw2v.correlation import p_value, pearson, ranks
from fastw2v.evaluation_sets import Question, are_analogies, read_analogies, read_word_pairs
from fastw2v.evaluation_words import KnownWords
from fastw2v.keyed_vectors import KeyedVectors

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
    path_or_questions : path-like, name, or mapping of section names to questions
        A file like questions-words.txt: lines ": name" begin sections, and each other line has
        four words. "google-analogies" is that file, from the package. Or the same as sequences of
        four words.
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
    lexicon = KnownWords(kv, restrict_vocab, case_insensitive)
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


# ---- Similarity --------------------------------------------------------------------------------


@dataclass(frozen=True)
class WordPairsResult:
    """How the similarities of vectors agree with those that people gave; ``str()`` is a line.

    Attributes
    ----------
    spearman, pearson : float
        Correlation of ranks (ties share their mean rank) and of values; NaN if fewer than two
        different values are left on one of the sides.
    spearman_p, pearson_p : float
        How likely a correlation so far from 0 is if there is none, two-sided.
    known, pairs : int
        Of how many pairs both words are known, of how many in the set.
    """

    spearman: float
    pearson: float
    spearman_p: float
    pearson_p: float
    known: int
    pairs: int

    @property
    def coverage(self) -> float:
        """Share of the pairs whose words are both known."""
        return self.known / self.pairs

    def __str__(self) -> str:
        return (
            f"Spearman {self.spearman:.4f} (p = {self.spearman_p:.1e}), "
            f"Pearson {self.pearson:.4f} (p = {self.pearson_p:.1e}), "
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
    path : path-like or name
        A file, or "wordsim353", which is in the package.
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
    lexicon = KnownWords(kv, restrict_vocab, case_insensitive)
    ids = [lexicon.ids(pair[:2]) for pair in pairs]
    known = np.array([pair is not None for pair in ids])
    first, second = np.array([pair for pair in ids if pair], np.intp).reshape(-1, 2).T
    cosines = np.zeros(len(pairs))
    cosines[known] = np.sum(lexicon.unit_rows(first) * lexicon.unit_rows(second), axis=1)
    scores = np.array([pair[2] for pair in pairs])
    counted = known | dummy4unknown
    scores, cosines, n = scores[counted], cosines[counted], int(np.count_nonzero(counted))
    by_rank, by_value = pearson(ranks(scores), ranks(cosines)), pearson(scores, cosines)
    return WordPairsResult(
        spearman=by_rank,
        pearson=by_value,
        spearman_p=p_value(by_rank, n),
        pearson_p=p_value(by_value, n),
        known=int(np.count_nonzero(known)),
        pairs=len(pairs),
    )


# ---- Any set -------------------------------------------------------------------------------------


def evaluate(
    kv: KeyedVectors,
    name_or_path: str | os.PathLike[str],
    *,
    restrict_vocab: int | None = 300_000,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
    **options: Any,
) -> AnalogyResult | WordPairsResult:
    """Evaluate vectors on a set by name or in a file, analogies or word pairs as it may be.

    Parameters
    ----------
    kv : KeyedVectors
    name_or_path : str or path-like
        "google-analogies" (Mikolov et al. 2013) or "wordsim353" (Finkelstein et al. 2002), which
        are in the package, or a file. A file whose first line begins with ":" has analogies.
    restrict_vocab, case_insensitive, dummy4unknown
        As in `evaluate_word_analogies`.
    **options
        Others of `evaluate_word_analogies` or of `evaluate_word_pairs`.

    Returns
    -------
    AnalogyResult or WordPairsResult
        ``str()`` is a table or a line.

    Raises
    ------
    ValueError
        The file is not as it should be; the message names it and the line.
    OSError
        It cannot be read.

    Examples
    --------
    >>> from fastw2v import KeyedVectors, evaluate
    >>> wv = KeyedVectors.empty(2)
    >>> wv.add_vectors(["king", "queen"], [[1, 0], [1, 1]])
    >>> evaluate(wv, "wordsim353").coverage < 0.01
    True
    """
    run = evaluate_word_analogies if are_analogies(name_or_path) else evaluate_word_pairs
    return run(
        kv,
        name_or_path,
        restrict_vocab=restrict_vocab,
        case_insensitive=case_insensitive,
        dummy4unknown=dummy4unknown,
        **options,
    )
