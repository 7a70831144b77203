# SPDX-License-Identifier: Apache-2.0
"""Vectors with words in many scripts, some of which try to break a page."""

from __future__ import annotations

import numpy as np

from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.vocabulary import Vocabulary

HOSTILE = [
    *("</script><b>x</b>", "<img/src=x/onerror=alert(1)>", "<!--", "&lt;", '"quoted"', "it's"),
    *("back\\slash", "\\u003c", "{{data}}", "${1}", "__proto__", "constructor", "50%", "a/b", "#a"),
    *("tab\tword", "nul\0word", "new york", "\u2028", "]]>", "+", "C++"),
]
SCRIPTS = [
    *("ملك", "کتاب‌خانه", "שלום", "国王", "学校", "서울", "राजा", "ราชา", "βασιλιάς", "король"),
    *("Ångström", "naïve", "👑", "👩‍🚀", "தமிழ்", "አማርኛ"),
]
WORDS = ["king", "queen", "man", "woman", *HOSTILE, *SCRIPTS]


def vectors_of(words: list[str], *, vector_size: int = 16, seed: int = 1) -> KeyedVectors:
    """Return random vectors of words, the first with the largest count."""
    rows = np.random.default_rng(seed).normal(size=(len(words), vector_size))
    counts = np.arange(len(words), 0, -1) * 3
    return KeyedVectors(Vocabulary(words, counts), rows.astype(np.float32))
