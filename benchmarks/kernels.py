# SPDX-License-Identifier: Apache-2.0
"""Measure the kernels against the multiply-adds that this core can do. See README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import numpy as np
import options
import runs
import table
from fma_peak import FmaPeak
from numpy.typing import NDArray
from timing import best_seconds

from fastw2v import _core
from fastw2v.training.parameters import page_aligned, zero_rows

#: Inputs x targets of a block step. 1 x 6: a pair and its negatives. 6 x 6: a window of skip-gram
#: on average, 10 x 6: at its widest, 6 x 4: with 3 shared negatives. 4 x 12: a group of CBOW.
BLOCK_SHAPES = [(1, 6), (6, 6), (10, 6), (6, 4), (4, 12)]
#: To x from: CBOW's gather of four hidden vectors from the words around them, and the way back.
COMBINE_SHAPES = [(4, 12), (12, 4)]
#: combine_rows has no repeat: rows that are named so many times over stand in for it.
COPIES = 256
#: Nanoseconds for asking the CPU what it can run, beyond which the time of a step is not its own.
CHECK_NS = 1000


def main() -> int:
    """Time every kernel, shape, dimension and instruction set; print the table."""
    available = _core.available_isas()
    chosen = _parser(available).parse_args()
    machine.pin(1)
    report: dict[str, Any] = {"machine": machine.describe(), "compiler": _core.compiler()}
    peak = FmaPeak()
    report["floor_unknown"] = peak.reason
    report["floor_gfma_per_second"] = floors = {}
    report["isa_check_ns"] = {isa: isa_check_seconds(isa) * 1e9 for isa in chosen.isa}
    report["runs"] = []
    for isa in chosen.isa:
        before = peak.gfma_per_second(isa, chosen.seconds)
        measured = list(_measure(isa, chosen.vector_size, chosen.seconds))
        after = peak.gfma_per_second(isa, chosen.seconds)
        floors[isa] = floor = max(before, after) if before and after else None
        for run in measured:
            run["share_of_floor"] = run["gfma_per_second"] / floor if floor else None
        report["runs"] += measured
        runs.save(report, chosen.json)
    print(_tables(report))
    print(machine.summary(report["machine"], chosen.isa))
    return 0


def _parser(available: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--isa",
        type=options.names_of(available),
        default=available,
        metavar="A,B,...",
        help=f"of {', '.join(available)}; default all",
    )
    parser.add_argument(
        "--vector-size", type=options.positives, default=[100, 300], metavar="N,M,..."
    )
    parser.add_argument(
        "--seconds", type=float, default=0.2, help="for each figure, about; default %(default)s"
    )
    parser.add_argument("--json", type=Path, metavar="OUT")
    return parser


def _measure(isa: str, vector_sizes: list[int], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a result for each kernel, dimension and shape."""
    for vector_size in vector_sizes:
        stride = zero_rows(1, vector_size).shape[1]
        for kernel, shapes, passes, time_one in (
            ("block_step", BLOCK_SHAPES, 3, block_step_seconds),
            ("combine_rows", COMBINE_SHAPES, 1, combine_rows_seconds),
        ):
            for n, m in shapes:
                each = time_one(isa, vector_size, n, m, seconds)
                yield {
                    "kernel": kernel,
                    "isa": isa,
                    "vector_size": vector_size,
                    "shape": [n, m],
                    "ns": each * 1e9,
                    "gfma_per_second": passes * n * m * stride / each / 1e9,
                }


def block_step_seconds(isa: str, vector_size: int, n: int, m: int, seconds: float) -> float:
    """Return the time of one block step on n distinct input rows and m distinct targets."""
    floats = _core.block_floats(n, m)
    labels, weights, logits, residuals = (_aligned(floats) for _ in range(4))
    labels[: n * m].reshape(n, m)[:, 0] = 1.0
    weights[: n * m] = 1.0
    inputs, targets = _rows(n, vector_size), _rows(m, vector_size)
    scratch = _aligned(_core.block_scratch(n, m, inputs.shape[1]))
    input_rows, target_rows = np.arange(n, dtype=np.int32), np.arange(m, dtype=np.int32)
    rate = 1e-6  # so small that millions of steps on one block leave its numbers ordinary

    def run(repeat: int) -> None:
        _core.block_step(
            isa,
            inputs,
            targets,
            input_rows,
            target_rows,
            labels,
            weights,
            rate,
            logits,
            residuals,
            scratch,
            repeat=repeat,
        )

    return best_seconds(run, seconds)


def combine_rows_seconds(isa: str, vector_size: int, n: int, m: int, seconds: float) -> float:
    """Return the time of making n rows from m rows, the cost of the call itself left out.

    The n rows are named `COPIES` times over in one call; the call with one copy is subtracted.
    """
    to, source = _rows(n, vector_size), _rows(m, vector_size)
    source_rows = np.arange(m, dtype=np.int32)

    def time_copies(copies: int) -> float:
        to_rows = np.tile(np.arange(n, dtype=np.int32), copies)
        coefficients = np.full(len(to_rows) * m, 1 / m, dtype=np.float32)

        def run(repeat: int) -> None:
            for _ in range(repeat):
                _core.combine_rows(isa, to, to_rows, source, source_rows, coefficients, False)

        return best_seconds(run, seconds / 2)

    return (time_copies(COPIES + 1) - time_copies(1)) / COPIES


def isa_check_seconds(isa: str) -> float:
    """Return the time of asking the CPU whether it can run an instruction set.

    A public kernel call may ask too. CPUID is quick on bare metal, but takes tens of microseconds
    in a virtual machine whose host traps it.
    """

    def run(repeat: int) -> None:
        for _ in range(repeat):
            _core.check_isa(isa)

    return best_seconds(run, 0.01)


def _rows(count: int, vector_size: int) -> NDArray[np.float32]:
    """Return rows like those of a model that has been trained a while; the padding is zero."""
    rows = zero_rows(count, vector_size)
    generator = np.random.default_rng(count)
    rows[:, :vector_size] = generator.normal(0.0, 0.2, (count, vector_size))
    return rows


def _aligned(floats: int) -> NDArray[np.float32]:
    return page_aligned(4 * floats).view(np.float32)


def _tables(report: dict[str, Any]) -> str:
    """Return the floors and the table of all kernels."""
    floors = report["floor_gfma_per_second"]
    lines = [f"floor: {isa} {floor:.1f} GFMA/s" for isa, floor in floors.items() if floor]
    if report["floor_unknown"]:
        lines.append(f"floor: unknown: {report['floor_unknown']}")
    lines += [
        f"WARNING: asking the CPU for {isa} takes {ns:,.0f} ns here; if each block_step asks, "
        "its figures are of that, not of the step"
        for isa, ns in report["isa_check_ns"].items()
        if ns > CHECK_NS
    ]
    header = ["kernel", "isa", "vector_size", "shape", "ns", "GFMA/s", "% of floor"]
    cells = [
        [
            run["kernel"],
            run["isa"],
            str(run["vector_size"]),
            "{} x {}".format(*run["shape"]),
            f"{run['ns']:,.1f}",
            f"{run['gfma_per_second']:.1f}",
            table.median([run["share_of_floor"]], table.percent),
        ]
        for run in report["runs"]
    ]
    return "\n".join([*lines, "", table.render(header, cells, n_names=2), ""])


if __name__ == "__main__":
    sys.exit(main())
