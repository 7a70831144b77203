# SPDX-License-Identifier: Apache-2.0
"""Files that finalfusion itself wrote are read as it reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastw2v import KeyedVectors

finalfusion = pytest.importorskip("finalfusion")

WORDS = ["the", "king", "café", "東京"]
ROWS = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)


def subwords() -> Any:
    from finalfusion.subword import FinalfusionHashIndexer
    from finalfusion.vocab import FinalfusionBucketVocab

    return FinalfusionBucketVocab(WORDS, FinalfusionHashIndexer(bucket_exp=4, min_n=3, max_n=6))


def plain() -> Any:
    from finalfusion.vocab import SimpleVocab

    return SimpleVocab(WORDS)


@pytest.mark.parametrize("vocabulary", [plain, subwords])
@pytest.mark.parametrize("extras", [False, True], ids=["bare", "norms and metadata"])
def test_words_and_rows_are_those_of_finalfusion(
    vocabulary: Any, extras: bool, tmp_path: Path
) -> None:
    from finalfusion.metadata import Metadata
    from finalfusion.norms import Norms
    from finalfusion.storage import NdArray

    vocab, path = vocabulary(), tmp_path / "vectors.fifu"
    rows = np.zeros((vocab.upper_bound, 5), np.float32)
    rows[:4] = ROWS
    rows[4:] = 7  # of subwords
    norms = Norms(np.arange(1, 5, dtype=np.float32)) if extras else None
    metadata = Metadata({"corpus": "a"}) if extras else None
    finalfusion.Embeddings(NdArray(rows), vocab, norms, metadata).write(str(path))
    kv, theirs = KeyedVectors.load(path), finalfusion.load_finalfusion(str(path))
    assert list(kv.index_to_key) == theirs.vocab.words == WORDS
    for word in WORDS:
        np.testing.assert_array_equal(kv[word], theirs.embedding(word))
    assert not kv.vectors.flags.writeable  # mapped


def test_quantized_rows_are_refused_by_name(tmp_path: Path) -> None:
    from finalfusion.storage.quantized import PQ, QuantizedArray

    path = tmp_path / "vectors.fifu"
    quantizers = np.random.default_rng(2).normal(size=(1, 4, 5)).astype(np.float32)
    codes = np.zeros((4, 1), np.uint8)
    storage = QuantizedArray(PQ(quantizers, None), codes, None)
    finalfusion.Embeddings(storage, plain()).write(str(path))
    with pytest.raises(ValueError, match="quantized"):
        KeyedVectors.load(path)
