# SPDX-License-Identifier: Apache-2.0
"""Vectors in the plane."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from fastw2v.drawing.projection import METHODS, MOST_TSNE_ROWS, pca, project

in_numpy = pytest.mark.parametrize("method", ["pca", "tsne"])


def clusters(n: int, n_clusters: int, spread: float) -> tuple[Any, Any]:
    """Return vectors around some centres, and which centre each belongs to."""
    rng = np.random.default_rng(3)
    belongs = np.arange(n) % n_clusters
    centres = rng.normal(size=(n_clusters, 20))
    return (centres[belongs] + spread * rng.normal(size=(n, 20))).astype(np.float32), belongs


def test_principal_components_are_those_of_the_singular_value_decomposition() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 7)) * np.arange(1, 8)
    left, values, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(pca(rows)), np.abs((left * values)[:, :2]), atol=1e-9)


def test_principal_components_do_not_turn_round_with_the_order_of_rows() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 7))
    np.testing.assert_allclose(pca(rows[::-1]), pca(rows)[::-1], atol=1e-9)


@in_numpy
def test_lengths_of_vectors_do_not_count(method: str) -> None:
    rows, _ = clusters(60, 3, 0.3)
    np.testing.assert_allclose(project(rows * 8, method), project(rows, method), atol=1e-9)


def test_tsne_keeps_neighbours_together() -> None:
    rows, belongs = clusters(300, 12, 0.2)  # more groups than a plane has room for linearly
    agreeing = {}
    for method in ("pca", "tsne"):
        places = project(rows, method)
        distances = np.square(places[:, np.newaxis] - places).sum(axis=-1)
        np.fill_diagonal(distances, np.inf)
        agreeing[method] = np.mean(belongs[distances.argmin(axis=1)] == belongs)
    assert agreeing["tsne"] == 1
    assert agreeing["pca"] < 1


@in_numpy
def test_a_projection_is_the_same_each_time(method: str) -> None:
    rows, _ = clusters(50, 3, 0.3)
    np.testing.assert_array_equal(project(rows, method), project(rows, method))


@in_numpy
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("vector_size", [1, 2, 20])
@pytest.mark.parametrize("kind", ["random", "alike", "zero"])
def test_few_narrow_and_equal_vectors_have_places(
    method: str, n: int, vector_size: int, kind: str
) -> None:
    rows = np.random.default_rng(n).normal(size=(n, vector_size)).astype(np.float32)
    rows *= {"random": 1, "alike": 0, "zero": 0}[kind]
    rows += kind == "alike"
    places = project(rows, method)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()


def test_a_vector_that_is_not_finite_is_named() -> None:
    rows = np.ones((5, 3), np.float32)
    rows[3, 1] = np.nan
    with pytest.raises(ValueError, match="vector 3 is not finite"):
        project(rows)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of 'pca', 'tsne', 'umap', not 'lda'"):
        project(np.ones((5, 3), np.float32), "lda")
    assert METHODS == ("pca", "tsne", "umap")


def test_tsne_refuses_what_would_not_fit_into_memory() -> None:
    rows = np.ones((MOST_TSNE_ROWS + 1, 2), np.float32)
    with pytest.raises(ValueError, match="at most 10,000 words, not 10,001"):
        project(rows, "tsne")


def test_umap_says_which_package_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'fastw2v\[umap\]'"):
        project(clusters(20, 2, 0.3)[0], "umap")
