# SPDX-License-Identifier: Apache-2.0
"""Folders of static embeddings, loaded by the libraries that they are for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fastw2v.persistence import save_vectors

WORDS = ["the", "king", "café", "[UNK]", "東京"]
VECTORS = np.random.default_rng(4).normal(size=(5, 8)).astype(np.float32)
SENTENCES = ["the king café", "東京", "the unheard king", "the\tking\nThe"]
# The rows of the words that are known, in each sentence.
KNOWN = [[0, 1, 2], [4], [0, 1], [0, 1]]
N_WORDS = [3, 1, 3, 3]
TOLERANCE = 1e-6  # sums of at most three float32 of about 1


def sums(n: list[int]) -> NDArray[np.float32]:
    return np.array([VECTORS[ids].sum(axis=0) / m for ids, m in zip(KNOWN, n, strict=True)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_model2vec_averages_the_vectors_of_the_words_that_are_known(tmp_path: Path) -> None:
    model2vec = pytest.importorskip("model2vec")
    save_vectors(tmp_path / "model", WORDS, VECTORS, format="model2vec")
    model = model2vec.StaticModel.from_pretrained(tmp_path / "model")
    found = model.encode(SENTENCES, use_multiprocessing=False)
    np.testing.assert_allclose(found, sums([len(ids) for ids in KNOWN]), atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_model2vec_takes_float16(tmp_path: Path) -> None:
    model2vec = pytest.importorskip("model2vec")
    rows = VECTORS.astype(np.float16)
    save_vectors(tmp_path / "model", WORDS, rows, format="model2vec")
    model = model2vec.StaticModel.from_pretrained(tmp_path / "model")
    assert model.embedding.dtype == np.float16
    np.testing.assert_array_equal(model.embedding[:5], rows)


@pytest.mark.filterwarnings("ignore")
def test_sentence_transformers_average_with_zeros_for_unknown_words(tmp_path: Path) -> None:
    library = pytest.importorskip("sentence_transformers")
    save_vectors(tmp_path / "model", WORDS, VECTORS, format="sentence-transformers")
    model = library.SentenceTransformer(str(tmp_path / "model"), device="cpu")
    found = model.encode(SENTENCES)
    np.testing.assert_allclose(found, sums(N_WORDS), atol=TOLERANCE)
