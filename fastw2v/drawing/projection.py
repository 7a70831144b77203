# SPDX-License-Identifier: Apache-2.0
"""From many dimensions to two: principal components and t-SNE in NumPy, UMAP where it is installed.

Everything here knows arrays only, and is deterministic.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Literal["pca", "tsne", "umap"]
METHODS: tuple[str, ...] = get_args(Method)
METHOD_NAMES = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}  # for readers

#: t-SNE compares all pairs: beyond this its matrices, four of n x n float32, take 1.6 GB.
MOST_TSNE_ROWS = 10_000
_PERPLEXITY = 30.0  # about so many neighbours of each row are kept together
_ITERATIONS = 500
_EXAGGERATION, _EXAGGERATED_ITERATIONS = 12.0, 125  # attraction is stronger at first
_TINY = 1e-12


def project(vectors: NDArray[np.float32], method: str = "pca") -> Floats:
    """Lay out vectors in the plane by their directions.

    Parameters
    ----------
    vectors : ndarray of shape (n, vector_size), float32
        Their lengths do not count.
    method : "pca", "tsne" or "umap"
        "pca": the two directions of largest variance, at once. "tsne": neighbours stay together,
        distances between groups say little; it takes n * n steps. "umap": alike, for many rows;
        needs the package umap-learn.

    Returns
    -------
    ndarray of shape (n, 2), float64
        Centred at the origin.

    Raises
    ------
    ValueError
        The method is unknown, a vector is not finite, or there are too many for "tsne".
    ModuleNotFoundError
        The package for "umap" is not installed.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}")
    rows = np.asarray(vectors, np.float64)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ValueError(f"vector {finite.argmin()} is not finite: it has no place on a map")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = rows / np.where(lengths > 0, lengths, 1)
    if method == "pca" or len(units) < 4:  # too few to have neighbours and others
        return pca(units)
    if method == "tsne":
        return tsne(units)
    return _umap(units)


def pca(rows: Floats) -> Floats:
    """Project rows on the two orthogonal directions of largest variance.

    The sign of a direction is arbitrary: its largest coordinate is made positive.
    """
    centred = rows - rows.mean(axis=0) if len(rows) else rows
    _, directions = np.linalg.eigh(centred.T @ centred)  # in order of rising variance
    chosen = directions[:, ::-1][:, :2]
    largest = np.take_along_axis(chosen, np.abs(chosen).argmax(axis=0)[np.newaxis], axis=0)
    projected = centred @ (chosen * np.sign(largest))
    planar: Floats = np.pad(projected, ((0, 0), (0, 2 - projected.shape[1])))
    return planar


def tsne(rows: Floats) -> Floats:
    """Place rows so that those near to each other in space are near to each other in the plane.

    Gradient descent from the principal components on the Kullback-Leibler divergence of
    similarities in the plane (Student's t) from those in space (Gaussian).

    References
    ----------
    van der Maaten and Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008. Starting from
    principal components: Kobak and Berens, Nature Communications 10, 2019.
    """
    n = len(rows)
    if n > MOST_TSNE_ROWS:
        raise ValueError(f"'tsne' is for at most {MOST_TSNE_ROWS:,} words, not {n:,}")
    affinities = _affinities(_square_distances(rows.astype(np.float32)))
    start = pca(rows)
    places = (start / (start[:, 0].std() or 1) * 1e-4).astype(np.float32)
    rate = max(n / _EXAGGERATION / 4, 50.0)
    step, gains = np.zeros_like(places), np.ones_like(places)
    affinities *= _EXAGGERATION
    for iteration in range(_ITERATIONS):
        if iteration == _EXAGGERATED_ITERATIONS:
            affinities /= _EXAGGERATION
        gradient = _gradient(places, affinities)
        same_way = gradient * step < 0
        gains = np.maximum(np.where(same_way, gains + 0.2, gains * 0.8), 0.01)
        momentum = 0.5 if iteration < _EXAGGERATED_ITERATIONS else 0.8
        step = momentum * step - rate * gains * gradient
        places += step
    centred: Floats = (places - places.mean(axis=0)).astype(np.float64)
    return centred


def _gradient(places: NDArray[np.float32], affinities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 4 * sum over j of (p_ij - q_ij) * t_ij * (y_i - y_j), where q is t, normalised."""
    kernel = _square_distances(places)  # in place from here on: 1 / (1 + distance^2)
    kernel += 1
    np.reciprocal(kernel, out=kernel)
    np.fill_diagonal(kernel, 0)
    forces = kernel * np.float32(-1 / kernel.sum(dtype=np.float64))
    forces += affinities
    forces *= kernel
    pulled: NDArray[np.float32] = 4 * (forces.sum(axis=1)[:, np.newaxis] * places - forces @ places)
    return pulled


def _square_distances(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.einsum("ij,ij->i", rows, rows)
    distances: NDArray[np.float32] = rows @ rows.T
    distances *= -2
    distances += squares
    distances += squares[:, np.newaxis]
    np.maximum(distances, 0, out=distances)
    return distances


def _affinities(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the symmetric similarities p_ij, which add up to 1.

    The width of each row's Gaussian is found by bisection, so that the entropy of its similarities
    is the logarithm of the perplexity.
    """
    n = len(distances)
    wanted = np.log(min(_PERPLEXITY, (n - 1) / 3))
    precision = np.ones((n, 1), np.float32)
    low, high = np.zeros_like(precision), np.full_like(precision, np.inf)
    np.fill_diagonal(distances, np.inf)
    distances -= distances.min(axis=1, keepdims=True)  # the nearest has weight 1: no underflow
    np.fill_diagonal(distances, 0)
    for _ in range(30):
        weights = np.exp(-precision * distances)
        np.fill_diagonal(weights, 0)
        total = np.maximum(weights.sum(axis=1, keepdims=True), _TINY)
        mean = np.einsum("ij,ij->i", weights, distances)[:, np.newaxis] / total
        too_wide = np.log(total) + precision * mean > wanted
        low, high = np.where(too_wide, precision, low), np.where(too_wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    weights /= total
    affinities: NDArray[np.float32] = (weights + weights.T) / np.float32(2 * n)
    affinities[affinities < _TINY] = 0  # denormal numbers would slow every step down
    return affinities


def _umap(units: Floats) -> Floats:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "method 'umap' needs the package umap-learn: pip install 'fastw2v[umap]'; "
            "'pca' and 'tsne' need none"
        ) from error
    n_neighbours = min(15, len(units) - 1)
    reducer = UMAP(n_neighbors=n_neighbours, metric="cosine", random_state=1, n_jobs=1)
    places = np.asarray(reducer.fit_transform(units), np.float64)
    centred: Floats = places - places.mean(axis=0)
    return centred
