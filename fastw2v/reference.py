# SPDX-License-Identifier: Apache-2.0
"""The specification: skip-gram and CBOW with negative sampling, in plain NumPy.

This page is written to be read from top to bottom and to be tested against; it trains nothing in
production. It says three things:

1. the loss of one example, as layers that each have a ``forward`` and a ``backward``;
2. the block step, the one operation in which the engine does all of its training;
3. the weighted gather and scatter that turn context rows into a CBOW hidden row and back.

The walk over a corpus, which decides *what* goes into each block, is in :mod:`fastw2v.replay`.

Notation of the papers: ``v_w`` is a row of ``input_vectors``, ``v'_w`` a row of
``output_vectors``, ``h`` a hidden row, ``s = v' . h`` a logit, ``k`` the number of negatives. The
gradient of the loss with respect to ``x`` is called ``d_x``.

References
----------
.. [1] Mikolov, Sutskever, Chen, Corrado, Dean (2013), "Distributed Representations of Words and
   Phrases and their Compositionality", NIPS.
.. [2] Mikolov, Chen, Corrado, Dean (2013), "Efficient Estimation of Word Representations in Vector
   Space", ICLR workshop.
.. [3] Goldberg, Levy (2014), "word2vec Explained: Deriving Mikolov et al.'s Negative-Sampling
   Word-Embedding Method".
.. [4] Rong (2014), "word2vec Parameter Learning Explained".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
Ids = NDArray[np.integer[Any]]


# ---- The logistic function and the loss of one logit --------------------------------------------


def log_sigmoid(logits: Floats) -> Floats:
    """Return log(1 / (1 + exp(-s))) of each logit, exact at both ends and finite."""
    result: Floats = -np.logaddexp(0, -logits)
    return result


def sigmoid(logits: Floats) -> Floats:
    """Return 1 / (1 + exp(-s)) of each logit.

    DIFFERS: word2vec.c reads a table and saturates at abs(s) >= 6, gensim skips the update there.
    This is the logistic function itself, for every logit.
    """
    result: Floats = np.exp(log_sigmoid(logits))
    return result


def cross_entropy(logits: Floats, labels: Floats, weights: Floats) -> Floats:
    """Return ``-w (t log sigmoid(s) + (1 - t) log sigmoid(-s))`` of each logit s and label t.

    With t = 1 it is the first term of [1]_ eq. 4, with t = 0 one term of its sum, both negated.
    """
    return -weights * (labels * log_sigmoid(logits) + (1 - labels) * log_sigmoid(-logits))


# ---- Layers -------------------------------------------------------------------------------------


class Embedding:
    """Look rows up: the product of a one-hot row and a matrix, without the product.

    Parameters
    ----------
    vectors : ndarray of shape (vocab_size, vector_size), float
        Read, never written.
    """

    def __init__(self, vectors: Floats) -> None:
        self.vectors = vectors

    def forward(self, ids: Ids) -> Floats:
        """Return the rows of `ids`, of shape ``ids.shape + (vector_size,)``, as a copy."""
        self.ids = ids
        return self.vectors[ids]

    def backward(self, d_rows: Floats) -> Floats:
        """Return d_vectors, of the shape of `vectors`: an id that was looked up twice adds up."""
        d_vectors = np.zeros_like(self.vectors)
        np.add.at(d_vectors, self.ids, d_rows)
        return d_vectors


class EmbeddingDot:
    """Score targets: the logit of hidden row i and its j-th target is ``s_ij = v'_ij . h_i``.

    Parameters
    ----------
    output_vectors : ndarray of shape (vocab_size, vector_size), float
        Read, never written.
    """

    def __init__(self, output_vectors: Floats) -> None:
        self.embedding = Embedding(output_vectors)

    def forward(self, hidden: Floats, targets: Ids) -> Floats:
        """Return the logits of shape (n, m).

        Parameters
        ----------
        hidden : ndarray of shape (n, vector_size), float
        targets : ndarray of shape (n, m), integer
            Ids of the words that each hidden row is scored against.
        """
        self.hidden = hidden
        self.rows = self.embedding.forward(targets)  # (n, m, vector_size)
        logits: Floats = np.einsum("id,ijd->ij", hidden, self.rows)
        return logits

    def backward(self, d_logits: Floats) -> tuple[Floats, Floats]:
        """Return (d_hidden, d_output_vectors), each of the shape of what it belongs to."""
        d_hidden: Floats = np.einsum("ij,ijd->id", d_logits, self.rows)
        d_rows: Floats = np.einsum("ij,id->ijd", d_logits, self.hidden)
        return d_hidden, self.embedding.backward(d_rows)


class SigmoidWithLoss:
    """Compare logits with labels: weighted cross-entropy, summed to one number.

    Sigmoid and loss are one layer because their joint derivative is so simple:
    ``dE/ds = w (sigmoid(s) - t)``, prediction minus label.
    """

    def forward(self, logits: Floats, labels: Floats, weights: Floats) -> float:
        """Return the loss; the three arrays are of one shape, labels in [0, 1]."""
        self.predictions, self.labels, self.weights = sigmoid(logits), labels, weights
        return float(cross_entropy(logits, labels, weights).sum())

    def backward(self) -> Floats:
        """Return d_logits."""
        return self.weights * (self.predictions - self.labels)


class UnigramSampler:
    """Draw negatives from the noise distribution ``P_n(w) = count(w)^0.75 / sum``.

    The power of 3/4 is from [1]_, section 2.2: it lies between the uniform and the unigram
    distribution and beat both.

    Parameters
    ----------
    counts : array_like of shape (vocab_size,)
        How often each word occurs.
    exponent : float
        0 is uniform, 1 the unigram distribution.
    """

    def __init__(self, counts: ArrayLike, exponent: float = 0.75) -> None:
        weights = np.asarray(counts, dtype=np.float64) ** exponent
        self.probabilities = weights / weights.sum()

    def draw(
        self,
        generator: np.random.Generator,
        shape: int | tuple[int, ...],
        excluded: int | None = None,
    ) -> Ids:
        """Return ids of `shape`, never `excluded`, whose share goes to all others in proportion."""
        probabilities = self.probabilities
        if excluded is not None:
            probabilities = probabilities.copy()
            probabilities[excluded] = 0
            probabilities /= probabilities.sum()
        return generator.choice(len(probabilities), size=shape, p=probabilities)


class NegativeSamplingLoss:
    """Tell one positive target from k negatives: the loss of [1]_ eq. 4 ([4]_ eq. 55).

    ``E = -log sigmoid(v'_pos . h) - weight * sum_k log sigmoid(-v'_k . h)``, summed over examples.

    A negative that equals the positive has weight 0, so an example has *at most* k negatives.
    DIFFERS: word2vec.c and gensim skip such a negative, which is the same; fastText draws again.

    Parameters
    ----------
    output_vectors : ndarray of shape (vocab_size, vector_size), float
        Read, never written.
    negative_weight : float
        What each negative counts. K negatives of weight k / K stand for k of weight 1: the
        expected gradient is the same.
    """

    def __init__(self, output_vectors: Floats, negative_weight: float = 1.0) -> None:
        self.dot = EmbeddingDot(output_vectors)
        self.loss = SigmoidWithLoss()
        self.negative_weight = negative_weight

    def forward(self, hidden: Floats, positives: Ids, negatives: Ids) -> float:
        """Return the loss of n examples.

        Parameters
        ----------
        hidden : ndarray of shape (n, vector_size), float
        positives : ndarray of shape (n,), integer
            The word that each hidden row ought to predict.
        negatives : ndarray of shape (n, k) or (k,), integer
            A set for each example, or one set that all of them share.
        """
        negatives = np.broadcast_to(negatives, (len(hidden), negatives.shape[-1]))
        targets = np.column_stack([positives, negatives])
        labels = np.zeros(targets.shape)
        labels[:, 0] = 1
        weights = np.ones(targets.shape)
        weights[:, 1:] = self.negative_weight * (negatives != positives[:, np.newaxis])
        return self.loss.forward(self.dot.forward(hidden, targets), labels, weights)

    def backward(self) -> tuple[Floats, Floats]:
        """Return (d_hidden, d_output_vectors)."""
        return self.dot.backward(self.loss.backward())


# ---- The two models -----------------------------------------------------------------------------


class SkipGram:
    """One center and the words around it: each (context, center) pair is an example, h = v_context.

    DIFFERS: [1]_ eq. 1 predicts the context from the center. Like word2vec.c we feed the context
    and predict the center. Over a corpus both visit the same pairs; ours shares one positive
    target, and hence one set of negatives, among all pairs of a window.

    Parameters
    ----------
    input_vectors, output_vectors : ndarray of shape (vocab_size, vector_size), float
        Read, never written.
    negative_weight : float
        See :class:`NegativeSamplingLoss`.
    """

    def __init__(
        self, input_vectors: Floats, output_vectors: Floats, negative_weight: float = 1.0
    ) -> None:
        self.embedding = Embedding(input_vectors)
        self.loss = NegativeSamplingLoss(output_vectors, negative_weight)

    def forward(self, contexts: Ids, center: int, negatives: Ids) -> float:
        """Return the loss; `contexts` is of shape (n,), `negatives` of shape (n, k) or (k,)."""
        hidden = self.embedding.forward(contexts)
        return self.loss.forward(hidden, np.full(len(contexts), center), negatives)

    def backward(self) -> tuple[Floats, Floats]:
        """Return (d_input_vectors, d_output_vectors)."""
        d_hidden, d_output_vectors = self.loss.backward()
        return self.embedding.backward(d_hidden), d_output_vectors


class CBOW:
    """One center predicted from all of its context at once: h is the mean of the v_context.

    Parameters
    ----------
    input_vectors, output_vectors : ndarray of shape (vocab_size, vector_size), float
        Read, never written.
    negative_weight : float
        See :class:`NegativeSamplingLoss`.
    mean : bool
        Whether h is the mean of the context rows ([4]_ eq. 18) or their sum.
    exact_gradient : bool
        The derivative of a mean of n rows gives each of them 1/n of d_hidden. With False every row
        gets the whole of it, as in word2vec.c: n times the gradient, for input rows only. It has no
        meaning for a sum, whose derivative is the whole of d_hidden.
    """

    def __init__(
        self,
        input_vectors: Floats,
        output_vectors: Floats,
        negative_weight: float = 1.0,
        mean: bool = True,
        exact_gradient: bool = True,
    ) -> None:
        self.embedding = Embedding(input_vectors)
        self.loss = NegativeSamplingLoss(output_vectors, negative_weight)
        self.mean = mean
        self.exact_gradient = exact_gradient

    def forward(self, contexts: Ids, center: int, negatives: Ids) -> float:
        """Return the loss; `contexts` is of shape (n,), `negatives` of shape (k,)."""
        self.n = len(contexts)
        hidden = self.embedding.forward(contexts).sum(axis=0)
        if self.mean:
            hidden = hidden / self.n
        return self.loss.forward(hidden[np.newaxis], np.array([center]), negatives)

    def backward(self) -> tuple[Floats, Floats]:
        """Return (d_input_vectors, d_output_vectors)."""
        d_hidden, d_output_vectors = self.loss.backward()  # (1, vector_size), ...
        if self.mean and self.exact_gradient:
            d_hidden = d_hidden / self.n
        return self.embedding.backward(np.repeat(d_hidden, self.n, axis=0)), d_output_vectors


# ---- What the engine does -----------------------------------------------------------------------


class Block(NamedTuple):
    """What a block step leaves behind besides the updated rows."""

    logits: Floats  # (n, m), before the update
    residuals: Floats  # (n, m), learning_rate * weight * (label - sigmoid(logit))
    gradients: Floats | None  # (n, vector_size), what the input rows would have gained


def block_step(
    inputs: Floats,
    targets: Floats,
    input_rows: ArrayLike,
    target_rows: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike,
    learning_rate: float,
    write_gradients: bool = False,
) -> Block:
    """Update n input rows against m target rows, in place; the twin of ``fw_block_step``.

    All logits and all gradients of input rows are taken from the old target rows. A row that
    stands more than once adds its updates up, and an input row that stands twice shows the targets
    its first update. With distinct rows this is one exact gradient step on the weighted
    cross-entropy, that is to say on `NegativeSamplingLoss` for the labels that it has.

    Everything is computed in the dtype of `inputs`.

    Parameters
    ----------
    inputs : ndarray of shape (_, vector_size), float
        Written in place, unless `write_gradients`.
    targets : ndarray of shape (_, vector_size), float
        Written in place; shares no memory with `inputs`.
    input_rows : array_like of shape (n,), integer
        Rows of `inputs`.
    target_rows : array_like of shape (m,), integer
        Rows of `targets`.
    labels, weights : array_like of shape (n, m)
        Labels in [0, 1]; a weight of 0 takes a pair out of the step.
    learning_rate : float
    write_gradients : bool
        Leave `inputs` as it is and return what would have been added to it.
    """
    number = inputs.dtype.type
    input_rows, target_rows = np.asarray(input_rows), np.asarray(target_rows)
    labels, weights = np.asarray(labels, number), np.asarray(weights, number)

    old_targets = targets[target_rows]  # (m, vector_size), copied: Y
    logits = inputs[input_rows] @ old_targets.T
    residuals = number(learning_rate) * weights * (labels - sigmoid(logits))
    gradients = residuals @ old_targets  # (n, vector_size): D
    target_updates = np.zeros_like(old_targets)  # (m, vector_size): Y'
    for i, row in enumerate(input_rows):
        target_updates += np.outer(residuals[i], inputs[row])
        if not write_gradients:
            inputs[row] += gradients[i]
    np.add.at(targets, target_rows, target_updates)
    return Block(logits, residuals, gradients if write_gradients else None)


def combine_rows(
    destination: Floats,
    destination_rows: ArrayLike,
    source: Floats,
    source_rows: ArrayLike,
    coefficients: ArrayLike,
    accumulate: bool = False,
) -> None:
    """Write ``sum_j c_ij source_j`` to destination row i, or add it; twin of ``fw_combine_rows``.

    With c the window weights it gathers CBOW's hidden rows out of the context rows; with c
    transposed and `accumulate` it scatters their gradients back.

    Parameters
    ----------
    destination, source : ndarray of shape (_, vector_size), float
        `destination` is written in place; they share no memory.
    destination_rows : array_like of shape (n_to,), integer
        May repeat when accumulating: then the sums add up.
    source_rows : array_like of shape (n_from,), integer
        May repeat.
    coefficients : array_like of shape (n_to, n_from)
    accumulate : bool
    """
    combined = np.asarray(coefficients, destination.dtype) @ source[np.asarray(source_rows)]
    if accumulate:
        np.add.at(destination, np.asarray(destination_rows), combined)
    else:
        destination[np.asarray(destination_rows)] = combined
