# SPDX-License-Identifier: Apache-2.0
"""Two small random matrices, for the tests of the specification."""

from __future__ import annotations

import numpy as np
import pytest
from reference_support import VECTOR_SIZE, VOCAB_SIZE

from fastw2v.reference import Floats


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20130116)


@pytest.fixture
def input_vectors(rng: np.random.Generator) -> Floats:
    return rng.normal(size=(VOCAB_SIZE, VECTOR_SIZE))


@pytest.fixture
def output_vectors(rng: np.random.Generator) -> Floats:
    return rng.normal(size=(VOCAB_SIZE, VECTOR_SIZE))
