# SPDX-License-Identifier: Apache-2.0
"""Maps by umap-learn."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v.drawing.projection import project

pytest.importorskip("umap")


@pytest.mark.filterwarnings("ignore")
def test_umap_keeps_clusters_together_and_gives_the_same_map_again() -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(3, 20))
    rows = (np.repeat(centres, 30, axis=0) + 0.1 * rng.normal(size=(90, 20))).astype(np.float32)
    places = project(rows, "umap")
    assert places.shape == (90, 2)
    groups = places.reshape(3, 30, 2)
    middles = groups.mean(axis=1)
    spread = np.linalg.norm(groups - middles[:, np.newaxis], axis=2).max()
    apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > 2 * spread
    np.testing.assert_array_equal(project(rows, "umap"), places)
