# SPDX-License-Identifier: Apache-2.0
"""Evaluate on whatever a set has, by its name or from a file."""

from __future__ import annotations

import os
from typing import Any

from fastw2v.evaluation.analogies import AnalogyResult, evaluate_word_analogies
from fastw2v.evaluation.sets import are_analogies
from fastw2v.evaluation.word_pairs import WordPairsResult, evaluate_word_pairs
from fastw2v.keyed_vectors import KeyedVectors


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
