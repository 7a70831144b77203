# SPDX-License-Identifier: Apache-2.0
"""How good vectors are, by sets of questions and ratings that people made."""

from fastw2v.evaluation.analogies import AnalogyResult, AnalogySection, evaluate_word_analogies
from fastw2v.evaluation.any_set import evaluate
from fastw2v.evaluation.word_pairs import WordPairsResult, evaluate_word_pairs

__all__ = [
    "AnalogyResult",
    "AnalogySection",
    "WordPairsResult",
    "evaluate",
    "evaluate_word_analogies",
    "evaluate_word_pairs",
]
