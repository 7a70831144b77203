# SPDX-License-Identifier: Apache-2.0
"""Train, save, load and ask in several threads for minutes: nothing may pile up.

    python tests/soak.py --minutes 10           several threads, each in a folder of its own
    python tests/soak.py --trainings 10000      one short training after the other

Memory must stay within a bound of what it was after a warm-up; threads, open files and temporary
files must be gone in the end. The status is 1 if one is not. It reads /proc, so it needs Linux.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastw2v import KeyedVectors, Word2Vec

#: Resident memory may be so much larger in the end than after the warm-up. A model that is trained
#: here has 0.5 MB, so that a leak of one in a hundred of them is found after ten thousand.
MOST_GROWTH = 24 << 20
#: Share of the time, or of the trainings, in which caches and arenas fill.
WARM_UP = 0.25
N_REPORTS = 10
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Return the bytes of memory that the process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (it opens one itself, each time)


def sentences(rng: random.Random, n: int = 300) -> list[list[str]]:
    """Return text of a few hundred words, whose number changes."""
    words = [f"w{i}" for i in range(rng.randrange(100, 600))]
    return [rng.choices(words, k=10) for _ in range(n)]


def one_round(rng: random.Random, folder: Path) -> None:
    """Train, with checkpoints or a callback now and then, save, load, ask, update."""
    hyper: dict[str, Any] = {
        "sg": rng.randrange(2),
        "negative_scope": rng.choice(["pool", "window", "example"]),
        "vector_size": rng.choice([20, 50, 100]),
        "workers": rng.choice([1, 2]),
        "min_count": 1,
        "epochs": 2,
        "held_out": rng.choice([0.0, 0.1]),
    }
    text = folder / "corpus.txt"
    text.write_text("".join(" ".join(line) + "\n" for line in sentences(rng)))
    corpus = rng.choice([str(text), sentences(rng), iter(sentences(rng))])
    options: dict[str, Any] = {"metrics": folder / "run.jsonl"} if rng.random() < 0.3 else {}
    model = Word2Vec(corpus, **hyper).train(progress=False, **options)
    path = folder / rng.choice(["model", "model.safetensors"])
    model.save(path)
    model = Word2Vec.load(path)
    if rng.random() < 0.5:
        model.update(sentences(rng), epochs=1, progress=False)
    vectors = folder / rng.choice(["v.bin", "v.txt", "v.npy", "v.safetensors"])
    model.wv.save(vectors)
    wv = KeyedVectors.load(vectors)
    word = rng.choice(model.wv.index_to_key)
    assert np.isfinite(wv[word]).all()
    assert len(wv.most_similar_batch(model.wv.index_to_key[:50], topn=5, threads=2)) == 50
    assert word not in [near for near, _ in wv.most_similar(word, topn=10)]


def short_training(rng: random.Random, _folder: Path) -> None:
    """Train a small model from a list, and forget it."""
    lines = sentences(rng, 30)
    model = Word2Vec(lines, sg=1, vector_size=100, min_count=1, epochs=1, workers=2)
    model.train(progress=False).wv.most_similar(lines[0][0], topn=3)


class Memory:
    """Resident memory from time to time, and whether it grew after the warm-up."""

    def __init__(self) -> None:
        self.base: int | None = None
        self.last = resident()

    def report(self, share_done: float, label: str) -> None:
        """Print how much there is now."""
        self.last = resident()
        if share_done >= WARM_UP and self.base is None:
            self.base = self.last
        print(f"{label}: {self.last / 1e6:.1f} MB resident, {open_files()} files", flush=True)

    @property
    def growth(self) -> int:
        assert self.base is not None
        return self.last - self.base


def in_threads(seconds: float, n_threads: int, folder: Path, memory: Memory) -> list[str]:
    """Run rounds in several threads until the time is up; return what went wrong."""
    end = time.monotonic() + seconds
    rounds, errors = [0] * n_threads, list[str]()

    def work(number: int) -> None:
        rng = random.Random(number)
        own = folder / str(number)
        own.mkdir()
        while time.monotonic() < end and not errors:
            try:
                one_round(rng, own)
            except BaseException as error:
                errors.append(f"thread {number}, round {rounds[number]}: {error!r}")
            rounds[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n_threads)]
    for thread in threads:
        thread.start()
    for i in range(1, N_REPORTS + 1):
        pause = end - seconds * (1 - i / N_REPORTS) - time.monotonic()
        if not errors:
            time.sleep(max(0.0, pause))
        memory.report(i / N_REPORTS, f"{sum(rounds)} rounds")
    for thread in threads:
        thread.join()
    return errors


def one_after_the_other(
    n: int, train: Callable[[random.Random, Path], None], folder: Path, memory: Memory
) -> None:
    """Run so many trainings in this thread."""
    rng = random.Random(1)
    for i in range(1, n + 1):
        train(rng, folder)
        if i % max(1, n // N_REPORTS) == 0:
            memory.report(i / n, f"{i} trainings")


def main() -> int:
    """Soak; the status tells whether nothing has piled up."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--trainings", type=int, help="so many short ones, in place of minutes")
    chosen = parser.parse_args()
    errors: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        tempfile.tempdir = temporary  # whatever is left behind is left here
        folder = Path(temporary, "work")
        folder.mkdir()
        short_training(random.Random(0), folder)  # threads and files of the first use
        files, memory = open_files(), Memory()
        if chosen.trainings:
            one_after_the_other(chosen.trainings, short_training, folder, memory)
        else:
            errors = in_threads(chosen.minutes * 60, chosen.threads, folder, memory)
        gc.collect()
        left = [str(path) for path in Path(temporary).rglob("*") if is_left_over(path)]
    if memory.growth > MOST_GROWTH:
        errors.append(f"memory grew by {memory.growth / 1e6:.1f} MB after the warm-up")
    if threading.active_count() > 1:
        errors.append(f"threads are left: {threading.enumerate()}")
    if open_files() > files:
        errors.append(f"{open_files()} files are open, {files} were")
    if left:
        errors.append(f"files are left: {left}")
    print(f"grew by {memory.growth / 1e6:.1f} MB after the warm-up; {len(errors)} errors")
    print(*errors, sep="\n", end="" if not errors else "\n")
    return bool(errors)


def is_left_over(path: Path) -> bool:
    """Whether a file is not one of those that rounds write under their own names."""
    known = {"corpus.txt", "run.jsonl", "model", "model.safetensors"}
    is_ours = path.name in known or path.stem in {"v", "v.bin", "v.npy"} or path.is_dir()
    return not is_ours


if __name__ == "__main__":
    sys.exit(main())
