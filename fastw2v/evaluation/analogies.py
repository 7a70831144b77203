# SPDX-License-Identifier: Apache-2.0
"""Word analogies, with the numbers of gensim 4."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastw2v.evaluation.answers import answer_by_product, answer_by_sum
from fastw2v.evaluation.known_words import KnownWords
from fastw2v.evaluation.sets import Question, read_analogies
from fastw2v.keyed_vectors import KeyedVectors


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
        sketch = None if kv.sketch is None else kv.sketch.first(lexicon.n_words)
        answers = answer_by_sum(*known_rows, asked[:, :3], excluded, sketch=sketch, threads=threads)
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
