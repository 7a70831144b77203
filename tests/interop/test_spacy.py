# SPDX-License-Identifier: Apache-2.0
"""Text that we write is what `spacy init vectors` takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastw2v import KeyedVectors

spacy = pytest.importorskip("spacy")

WORDS = ["the", "king", "café", "東京", "New_York"]
ROWS = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz"])
def test_init_vectors_makes_a_pipeline_with_the_same_vectors(name: str, tmp_path: Path) -> None:
    kv = KeyedVectors.empty(7)
    kv.add_vectors(WORDS, ROWS)
    kv.save(tmp_path / name)
    command = [sys.executable, "-m", "spacy", "init", "vectors", "en"]
    subprocess.run([*command, str(tmp_path / name), str(tmp_path / "pipeline")], check=True)
    nlp = spacy.load(tmp_path / "pipeline")
    for word, row in zip(WORDS, ROWS, strict=True):
        np.testing.assert_array_equal(nlp.vocab[word].vector, row)
    assert not nlp.vocab["queen"].has_vector
