# SPDX-License-Identifier: Apache-2.0
"""The specification of every random decision: counter-based draws and the noise distribution.

A draw is a pure function of a stream and a counter, so whole arrays of them are made at once, in
any order, in any language; this is the twin of the formulas in ``csrc/fastw2v.h``.

References
----------
.. [1] Steele, Lea, Flood (2014), "Fast Splittable Pseudorandom Number Generators", OOPSLA.
.. [2] Walker (1977), "An Efficient Method for Generating Discrete Random Variables with General
   Distributions"; Vose (1991), "A Linear Algorithm for Generating Random Numbers with a Given
   Distribution".
.. [3] Niederreiter (1992), "Random Number Generation and Quasi-Monte Carlo Methods", section 3.1:
   Kronecker sequences.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bits = NDArray[np.uint64]
Ids = NDArray[np.integer[Any]]

# ---- Random numbers -----------------------------------------------------------------------------
#
# All sums and products are modulo 2^64, as uint64 has them; errstate only keeps NumPy from warning
# about it when a number stands alone.

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: the step of SplitMix64
EPOCH_BITS = np.uint64(0xFFFFFF)  # of a stream
KEEP_STEP = np.uint64(0x6A09E667)  # the fraction of sqrt(2)
WINDOW_STEP = np.uint64(0x9E3779B9)  # and of the golden ratio, times 2^32


class Purpose(IntEnum):
    """What the draws of a substream are for."""

    TOKENS = 0
    NOISE = 1
    PICKS = 2


def as_bits(value: ArrayLike) -> Bits:
    """Return `value`, a number or an array of numbers in [0, 2^64), as uint64."""
    return np.asarray(value, dtype=np.uint64)


@np.errstate(over="ignore")
def mix(z: ArrayLike) -> Bits:
    """Scramble 64 bits, one to one, so that every bit depends on all (Stafford's "Mix13")."""
    bits = as_bits(z)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@np.errstate(over="ignore")
def splitmix(state: ArrayLike, i: ArrayLike) -> Bits:
    """Return output i = 0, 1, ... of the generator SplitMix64 [1]_ that starts from `state`."""
    return mix(as_bits(state) + (as_bits(i) + np.uint64(1)) * GOLDEN)


@np.errstate(over="ignore")
def stream(seed: ArrayLike, epoch: ArrayLike, chunk: ArrayLike) -> Bits:
    """Return the stream of one chunk of one epoch: it depends on nothing else, threads least.

    Those of all epochs have their upper 40 bits in common; the others are the epoch's.
    """
    of_seed = mix(as_bits(seed) + GOLDEN)
    of_chunk = mix(of_seed + as_bits(chunk) + GOLDEN)
    return (of_chunk & ~EPOCH_BITS) | (as_bits(epoch) & EPOCH_BITS)


def substream(stream: ArrayLike, purpose: ArrayLike) -> Bits:
    """Return the part of `stream` that serves `purpose`."""
    return splitmix(stream, purpose)


def draw(substream: ArrayLike, counter: ArrayLike) -> Bits:
    """Return draw number `counter` of a substream: 64 random bits."""
    return splitmix(substream, counter)


def high32(bits: Bits) -> Bits:
    """Return the upper half of each draw, in [0, 2^32)."""
    return bits >> np.uint64(32)


def low32(bits: Bits) -> Bits:
    """Return the lower half of each draw, in [0, 2^32)."""
    return bits & np.uint64(0xFFFFFFFF)


def below(n: int, bits32: Bits) -> Ids:
    """Return an integer in [0, n) for each 32 random bits, by a product instead of a division."""
    return ((bits32 * np.uint64(n)) >> np.uint64(32)).astype(np.int64)


@np.errstate(over="ignore")
def token_draws(stream: ArrayLike, t: ArrayLike) -> tuple[Bits, Bits]:
    """Return two draws of 32 bits for token `t` of a chunk: to keep it, and for its window.

    Those of successive epochs are multiples of an irrational number apart, modulo 1, which spreads
    any number of them evenly [3]_: a word kept with probability 2/5 is kept in 2 of 5 epochs.
    """
    epoch = as_bits(stream) & EPOCH_BITS
    bits = draw(substream(as_bits(stream) & ~EPOCH_BITS, Purpose.TOKENS), t)
    keep = low32(high32(bits) + epoch * KEEP_STEP)
    return keep, low32(low32(bits) + epoch * WINDOW_STEP)


@np.errstate(over="ignore")
def picks(n: int, substream: ArrayLike, i: ArrayLike) -> Ids:
    """Return pick number `i`, in [0, n): each is a golden ratio of n after the last, modulo n [3]_.

    Any n or so of them in a row are n different numbers but for a few, in no simple order.
    """
    return below(n, high32(as_bits(substream) + (as_bits(i) + np.uint64(1)) * GOLDEN))


# ---- Noise --------------------------------------------------------------------------------------


class AliasTable(NamedTuple):
    """A distribution as columns of equal probability, each shared by two ids at most [2]_."""

    threshold: NDArray[np.uint32]  # (size,): below it a column draws its own id,
    other: NDArray[np.int32]  # (size,): else this one


def alias_table(weights: ArrayLike) -> AliasTable:
    """Build the table of non-negative weights, which need not sum to 1.

    Each column that is less than full is topped up from one that is more than full. The engine's
    table may pair the columns otherwise and means the same distribution; for a replay take *its*
    table.
    """
    weight = np.asarray(weights, dtype=np.float64)
    fill = weight * (len(weight) / weight.sum())  # 1 is a full column
    other = np.arange(len(weight), dtype=np.int32)
    poor = [column for column in range(len(fill)) if fill[column] < 1]
    rich = [column for column in range(len(fill)) if fill[column] >= 1]
    while poor and rich:
        taker, giver = poor.pop(), rich[-1]
        other[taker] = giver
        fill[giver] -= 1 - fill[taker]
        if fill[giver] < 1:
            poor.append(rich.pop())
    # Columns left without a partner are full but for rounding, and keep to themselves.
    threshold = np.minimum(fill * 2.0**32, 2.0**32 - 1).astype(np.uint32)
    return AliasTable(threshold, other)


def noise_draw(noise: AliasTable, substream: ArrayLike, counter: ArrayLike) -> Ids:
    """Return the id of draw number `counter`; both halves of its 64 bits are used."""
    threshold, other = (np.asarray(column) for column in noise)
    bits = draw(substream, counter)
    column = below(len(threshold), high32(bits))
    return np.where(low32(bits) < threshold[column], column, other[column])
