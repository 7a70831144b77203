# SPDX-License-Identifier: Apache-2.0
"""Feed loaders of vectors with files that were changed at random.

    python tests/fuzz_loaders.py --seconds 60 --seed 1

Every file must be loaded or refused with a ValueError, within a fixed amount of memory; anything
else is printed with the file, and the status is 1. A crash leaves the file in the folder that the
first line names. The same seed gives the same files, as far as the time allows.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import vector_files

from fastw2v.persistence import load_vectors
from fastw2v.persistence.loading import FORMATS

MOST_MEMORY = 4 << 30  # bytes of address space, far beyond what these small files need
TOKENS = [
    *(b"0", b"1", b"-1", b"4294967295", b"4294967296", b"9999999999", b"18446744073709551615"),
    *(
        b" ",
        b"\n",
        b"\r\n",
        b"\t",
        b"\0",
        b"nan",
        b"inf",
        b"1e38",
        b"1e-46",
        b".",
        b"e",
        b"{",
        b"}",
    ),
    *(b"\xff", b"\xc3", b"\xff\xff\xff\xff", b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\0" * 8),
    *(b"\x01\0\0\0\0\0\0\0", b"\0\0\0\x80", b"float16", b"F16", b"I8", b'"shape"', b"{", b"]"),
]


def mutated(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Return a content with a few changes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 30)))
        change = rng.randrange(7)
        if change == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            data[at:end] = rng.choice(TOKENS)
        elif change == 2:
            data[at:at] = rng.choice(TOKENS)
        elif change == 3:
            del data[at:end]
        elif change == 4:
            data[at:at] = data[at:end] * rng.choice((1, 2, 100))
        elif change == 5:
            del data[at:]
        else:
            other = rng.choice(others)
            data[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(data)


def check(path: Path, format: str | None, options: dict[str, object]) -> bool:
    """Load a file; return whether it was good. Anything but a ValueError gets through."""
    try:
        loaded = load_vectors(path, format=format, **options)  # type: ignore[arg-type]
        words = list(loaded.words)
    except ValueError as error:
        if not str(error):
            raise AssertionError("refused without a reason") from error
        return False
    assert len(words) == len(loaded.vectors)
    assert loaded.vectors.ndim == 2
    assert all(isinstance(word, str) for word in words)
    np.sum(loaded.vectors, dtype=np.float64)  # touches every page that is mapped
    return True


def new_case(rng: random.Random, seeds: list[bytes]) -> bytes:
    """Return a new file, often one that was changed before it was compressed."""
    content = rng.choice(seeds)
    if content.startswith(b"\x1f\x8b") and rng.random() < 0.7:
        return gzip.compress(mutated(rng, gzip.decompress(content), seeds), 1)
    return mutated(rng, content, seeds)


def fuzz(folder: Path, seed: int, seconds: float, most: int | None = None) -> tuple[int, int]:
    """Try new files for so many seconds, or so many of them; return how many, how many good."""
    rng = random.Random(seed)
    good = vector_files.contents()
    seeds = [*good.values(), *vector_files.odd_contents().values()]
    path = folder / "case"
    path.with_suffix(".txt").write_bytes(vector_files.WORD_LIST)
    end, n, n_good = time.monotonic() + seconds, 0, 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        while time.monotonic() < end and (most is None or n < most):
            content = new_case(rng, seeds)
            path.unlink(missing_ok=True)  # what is mapped keeps its file
            path.write_bytes(content)
            options = rng.choice([{}, {}, {"limit": 2}, {"words": ["5", "x"]}, {"binary": True}])
            format = rng.choice([None, None, None, *FORMATS])
            try:
                n_good += check(path, format, options)
            except BaseException:
                print(f"seed {seed}, case {n}, format {format}, {options}: {content!r}")
                raise
            n += 1
    return n, n_good


def main() -> int:
    """Fuzz for a while; the status tells whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    chosen = parser.parse_args()
    if sys.platform == "linux":
        _limit_memory()
    folder = Path(tempfile.mkdtemp())
    print(f"seed {chosen.seed}, files in {folder}", flush=True)
    n, n_good = fuzz(folder, chosen.seed, chosen.seconds)
    print(f"{n} files, {n_good} of them loaded, the others refused")
    return 0 if n_good else 1


def _limit_memory() -> None:
    """Make a MemoryError of what would take too much; a sanitizer's shadow makes this moot."""
    import os
    import resource

    if "LD_PRELOAD" not in os.environ:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    sys.exit(main())
