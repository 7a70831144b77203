# SPDX-License-Identifier: Apache-2.0
"""One block step beside its reference, for the tests of the kernels.

The judge is the float64 reference. Where all results are exact in float32 the kernels must give its
bits; elsewhere each number must lie within the rounding error that its own computation can have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from support import ISAS, UNIT, Guards, padded

from fastw2v import _core, reference
from fastw2v.reference import Floats

# Rounding errors in units of 2^-24, to first order; magnitudes are sums of absolute values.
TOLERANCE = {
    # An element passes through stride / lanes additions, up to twice as many roundings where the
    # multiplication is rounded by itself, and log2(lanes) + 1 additions of lanes; 4 lanes at least.
    "dot product": lambda stride: 2 * stride / 4 + 4,
    # A running sum of n products, then its addition to what was there.
    "sum": lambda n: 2 * n + 2,
    # Of 1. The argument -s log2 e is rounded once and log2 e by 0.2: 1.2 s sigma'(s) < 0.4. Then
    # polynomial 1 * sigma (1 - sigma) < 0.3, addition 1, division 0.5, label - sigma 0.5.
    "sigmoid": 3,
    # Of sigma(s), s < 0: the argument, polynomial 1, addition 1, division 1.
    "sigmoid, relative": lambda s: 1.2 * s + 3,
    # The two products of a residual, relative.
    "residual": 2,
}
FLUSHED = 1e-37  # smaller numbers may be subnormal somewhere on the way; sigmoid never goes below

DIMS = [1, 2, 15, 16, 17, 31, 100, 300]
TARGETS = [1, 2, 5, 6, 9, 12, 13, 21]
SPARE = 3  # rows of each matrix that are in no block

each_isa = pytest.mark.parametrize("isa", ISAS)
each_dim = pytest.mark.parametrize("dim", DIMS)
each_m = pytest.mark.parametrize("m", TARGETS)
in_place_or_not = pytest.mark.parametrize("write_gradients", [False, True], ids=["inplace", "D"])


@dataclass
class Case:
    """One block step in buffers between guards, and what to say of it when it fails."""

    isa: str
    seed: int
    dim: int
    input_rows: np.ndarray  # (n,)
    target_rows: np.ndarray  # (m,)
    write_gradients: bool = False
    learning_rate: float = 0.05
    guards: Guards = field(default_factory=Guards)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.n, self.m = len(self.input_rows), len(self.target_rows)
        self.stride = padded(self.dim)
        floats = _core.block_floats(self.n, self.m)
        take = self.guards.take
        self.inputs = take("inputs", (max(self.input_rows) + SPARE, self.stride))
        self.targets = take("targets", (max(self.target_rows) + SPARE, self.stride))
        self.labels, self.weights = take("labels", floats), take("weights", floats)
        self.logits, self.residuals = take("logits", floats), take("residuals", floats)
        self.scratch = take("scratch", _core.block_scratch(self.n, self.m, self.stride))
        self.gradients = take("gradients", (self.n, self.stride)) if self.write_gradients else None
        # What is not theirs to read must not matter either.
        for array in (self.labels, self.weights, self.logits, self.residuals, self.scratch):
            array[:] = np.nan
        if self.gradients is not None:
            self.gradients[:] = np.nan
        self.fill(self.rng.normal(scale=0.6, size=(len(self.inputs), self.dim)),
                  self.rng.normal(scale=0.6, size=(len(self.targets), self.dim)),
                  self.rng.random((self.n, self.m)),
                  self.rng.choice([0, 1, 1, 5 / 3], (self.n, self.m)))  # fmt: skip

    def fill(self, inputs: Floats, targets: Floats, labels: Floats, weights: Floats) -> None:
        self.inputs[:, : self.dim], self.targets[:, : self.dim] = inputs, targets
        self.pairs(self.labels)[:] = labels
        self.pairs(self.weights)[:] = weights

    def pairs(self, buffer: np.ndarray) -> np.ndarray:
        return buffer[: self.n * self.m].reshape(self.n, self.m)

    def __str__(self) -> str:
        return (
            f"seed={self.seed} isa={self.isa} dim={self.dim} n={self.n} m={self.m} "
            f"input_rows={list(self.input_rows)} target_rows={list(self.target_rows)}"
        )

    def step(self) -> None:
        """Run the kernel, and the reference on copies."""
        self.old_inputs, self.old_targets = self.inputs.copy(), self.targets.copy()
        self.expected_inputs, self.expected_targets = (
            matrix.astype(np.float64) for matrix in (self.inputs, self.targets)
        )
        self.expected = reference.block_step(
            self.expected_inputs, self.expected_targets, self.input_rows, self.target_rows,
            self.pairs(self.labels).astype(np.float64), self.pairs(self.weights).astype(np.float64),
            float(np.float32(self.learning_rate)), self.write_gradients,
        )  # fmt: skip
        _core.block_step(
            self.isa, self.inputs, self.targets, self.input_rows, self.target_rows, self.labels,
            self.weights, self.learning_rate, self.logits, self.residuals, self.scratch,
            self.gradients,
        )  # fmt: skip

    def results(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return (name, actual, expected) of everything that a step writes."""
        found = [
            ("logits", self.pairs(self.logits), self.expected.logits),
            ("residuals", self.pairs(self.residuals), self.expected.residuals),
            ("inputs", self.inputs, self.expected_inputs),
            ("targets", self.targets, self.expected_targets),
        ]
        if self.gradients is not None:
            assert self.expected.gradients is not None
            found.append(("gradients", self.gradients, self.expected.gradients))
        return found

    def bounds(self) -> dict[str, Floats]:
        """Return how far each number may be from the reference, by what went into it."""
        x, y = (np.abs(m.astype(np.float64)) for m in (self.old_inputs, self.old_targets))
        e_x, e_y = np.zeros_like(x), np.zeros_like(y)  # errors of the updated matrices
        s, g = np.abs(self.expected.logits), np.abs(self.expected.residuals)
        y_block = y[self.target_rows]
        e_s = TOLERANCE["dot product"](self.stride) * UNIT * (x[self.input_rows] @ y_block.T)
        nearest = reference.sigmoid(np.maximum(s - e_s, 0.0))
        e_sigmoid = e_s * nearest * (1 - nearest) + TOLERANCE["sigmoid"] * UNIT
        weight = np.float32(self.learning_rate) * self.pairs(self.weights).astype(np.float64)
        e_g = weight * e_sigmoid + TOLERANCE["residual"] * UNIT * g + FLUSHED
        e_d = e_g @ y_block + TOLERANCE["sum"](self.m) * UNIT * (g @ y_block)
        e_update = np.zeros_like(y_block)
        size = np.zeros_like(y_block)
        for i, row in enumerate(self.input_rows):
            e_update += np.outer(e_g[i], x[row]) + np.outer(g[i] + e_g[i], e_x[row])
            size += np.outer(g[i], x[row])
            if not self.write_gradients:
                x[row] += g[i] @ y_block
                e_x[row] += e_d[i] + UNIT * x[row]
        e_update += TOLERANCE["sum"](self.n) * UNIT * size
        np.add.at(y, self.target_rows, size)
        np.add.at(e_y, self.target_rows, e_update + UNIT * y[self.target_rows])
        return {"logits": e_s, "residuals": e_g, "inputs": e_x, "targets": e_y, "gradients": e_d}

    def assert_close(self) -> None:
        bounds = self.bounds()
        for name, actual, expected in self.results():
            error = np.abs(actual - expected)
            worst = np.unravel_index(np.argmax(error - bounds[name]), error.shape)
            assert (error <= bounds[name]).all(), (
                f"{name}{list(map(int, worst))}: {actual[worst]!r}, not {expected[worst]!r} "
                f"within {bounds[name][worst]:.3g}; {self}"
            )

    def assert_exact(self) -> None:
        for name, actual, expected in self.results():
            np.testing.assert_array_equal(actual, expected, err_msg=f"{name}; {self}")

    def assert_nothing_else_is_touched(self) -> None:
        self.guards.check()
        for name, now, old, rows in (
            ("inputs", self.inputs, self.old_inputs, self.input_rows),
            ("targets", self.targets, self.old_targets, self.target_rows),
        ):
            others = np.setdiff1d(np.arange(len(now)), rows)
            np.testing.assert_array_equal(now[others], old[others], f"{name} outside; {self}")
            assert not now[:, self.dim :].any(), f"padding of {name}; {self}"
        if self.gradients is not None:
            np.testing.assert_array_equal(self.inputs, self.old_inputs, f"inputs; {self}")
            assert not self.gradients[:, self.dim :].any(), f"padding of gradients; {self}"


def distinct(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.permutation(n + SPARE)[:n].astype(np.int32)
