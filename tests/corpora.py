# SPDX-License-Identifier: Apache-2.0
"""What tests of corpora share."""

from __future__ import annotations

from itertools import pairwise

from fastw2v.corpus import EncodedCorpus


def sentences_of(corpus: EncodedCorpus) -> list[list[str]]:
    """Return the words of each sentence."""
    words = [corpus.vocabulary.words[i] for i in corpus.ids]
    return [words[begin:end] for begin, end in pairwise([0, *corpus.sentence_ends.tolist()])]
