# SPDX-License-Identifier: Apache-2.0
"""Make of a corpus what quality.py trains on: split words, and text kept out of training.

- A line of more than `LINE_WORDS` words is cut into lines of that many: no trainer cuts those
  again (fastText does after 1,024 tokens, gensim after 10,000).
- A random share of the lines is held out. Out of them examples are drawn just as training draws
  them: frequent words subsampled, windows shrunk.
- Some words of each frequency band get a *twin*: exactly half of their occurrences, chosen at
  random, become ``word__b``. The two names mean the same, so a good trainer puts them side by side.
  No word of an evaluation set is ever split.

All is a function of the corpus, the parameters and the words of the evaluation sets.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE_WORDS = 1000
SUFFIX = "__b"
#: Occurrences of one twin: half of the word's. Words beyond are function words, with no rare sense.
BANDS = ((5, 9), (10, 19), (20, 49), (50, 99), (100, 499), (500, 4999))
#: Counts up whenever this file makes other files of the same parameters.
VERSION = 1


@dataclass(frozen=True)
class Parameters:
    """What the prepared files depend on, besides the corpus and the evaluation sets."""

    twins_per_band: int = 500
    held_out: float = 0.01  # share of the lines
    examples: int = 100_000  # at most; centers of windows
    min_count: int = 5
    window: int = 5
    negative: int = 5
    sample: float = 1e-3
    seed: int = 1


def prepare(
    corpus: Path, checksum: str, work: Path, parameters: Parameters, kept_whole: Collection[str]
) -> dict[str, Any]:
    """Write the files into a folder of `work`, unless they are there; return what they are.

    The folder has ``corpus.txt``, ``twins.json`` and ``held_out.npz``, and ``about.json``, which is
    written last, so a folder with it is complete.
    """
    kept_whole = {word.lower() for word in kept_whole}
    identity = [VERSION, checksum, asdict(parameters), sorted(kept_whole), BANDS, LINE_WORDS]
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]
    folder = work / key
    about = folder / "about.json"
    if not about.exists():
        folder.mkdir(parents=True, exist_ok=True)
        facts = _write(corpus, folder, parameters, kept_whole)
        about.write_text(json.dumps({"key": key} | asdict(parameters) | facts, indent=1), "utf-8")
    made: dict[str, Any] = json.loads(about.read_text("utf-8"))
    return made | {"folder": str(folder)}


def _write(
    corpus: Path, folder: Path, parameters: Parameters, kept_whole: Collection[str]
) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    held_out: list[list[str]] = []
    for words, is_held_out in lines_of(corpus, parameters):
        if is_held_out:
            held_out.append(words)
        else:
            counts.update(words)
    generator = np.random.default_rng([parameters.seed, 1])
    bands = choose_twins(counts, parameters, kept_whole, generator)
    names = {word: _names(word, counts[word], generator) for band in bands for word in band}
    with (folder / "corpus.txt").open("w", encoding="utf-8", newline="\n") as output:
        for words, is_held_out in lines_of(corpus, parameters):
            if not is_held_out:
                words = [next(names[word]) if word in names else word for word in words]
                output.write(" ".join(words) + "\n")
    twins = [
        {"band": f"{low}-{high}", "words": [[word, word + SUFFIX] for word in band]}
        for (low, high), band in zip(BANDS, bands, strict=True)
    ]
    (folder / "twins.json").write_text(json.dumps(twins), "utf-8")
    for word in names:
        counts[word + SUFFIX] = counts[word] // 2
        counts[word] -= counts[word + SUFFIX]
    examples = draw_examples(held_out, counts, parameters)
    np.savez(folder / "held_out.npz", **examples)
    return {
        "words": counts.total(),
        "held_out_words": sum(map(len, held_out)),
        "held_out_examples": len(examples["centers"]),
        "twins": {entry["band"]: len(entry["words"]) for entry in twins},
    }


def lines_of(corpus: Path, parameters: Parameters) -> Iterator[tuple[list[str], bool]]:
    """Yield the words of each line, cut as said above, and whether it is held out."""
    generator = np.random.default_rng([parameters.seed, 0])
    with corpus.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            words = line.split()
            for begin in range(0, len(words), LINE_WORDS):
                piece = words[begin : begin + LINE_WORDS]
                yield piece, bool(generator.random() < parameters.held_out)


# ---- Twins -------------------------------------------------------------------------------------


def choose_twins(
    counts: Counter[str],
    parameters: Parameters,
    kept_whole: Collection[str],
    generator: np.random.Generator,
) -> list[list[str]]:
    """Return the words to split in each band, drawn from all whose twins both reach min_count."""
    chosen = []
    for low, high in BANDS:
        low = max(low, parameters.min_count)
        candidates = [
            word
            for word, count in counts.items()
            if low <= count // 2 <= high
            and word.lower() not in kept_whole
            and not word.endswith(SUFFIX)
            and word + SUFFIX not in counts
        ]
        candidates.sort()
        n_chosen = min(parameters.twins_per_band, len(candidates))
        drawn = generator.choice(len(candidates), n_chosen, replace=False) if n_chosen else []
        chosen.append([candidates[i] for i in sorted(drawn)])
    return chosen


def _names(word: str, count: int, generator: np.random.Generator) -> Iterator[str]:
    """Yield the name of each occurrence in turn: exactly ``count // 2`` are the twin's."""
    is_twin = np.arange(count) < count // 2
    generator.shuffle(is_twin)
    return (word + SUFFIX if twin else word for twin in is_twin)


# ---- Held-out examples -------------------------------------------------------------------------


def draw_examples(
    lines: list[list[str]], counts: Counter[str], parameters: Parameters
) -> dict[str, NDArray[Any]]:
    """Draw windows and negatives from lines that training does not see.

    Parameters
    ----------
    lines : list of list of str
    counts : Counter
        Of the words in the training text.
    parameters : Parameters

    Returns
    -------
    dict
        ``vocabulary`` : ndarray of str, whose positions are the ids of the others.
        ``centers`` : ndarray of shape (n,).
        ``contexts`` : ndarray of shape (n, 2 window), -1 where a window has fewer words.
        ``negatives`` : ndarray of shape (n, negative).
    """
    generator = np.random.default_rng([parameters.seed, 2])
    vocabulary = [word for word, count in counts.most_common() if count >= parameters.min_count]
    ids = {word: i for i, word in enumerate(vocabulary)}
    frequency = np.array([counts[word] for word in vocabulary], dtype=np.float64)
    keep = _keep_probabilities(frequency, parameters.sample)
    centers, contexts = [], []
    for words in lines:
        line = np.array([ids[word] for word in words if word in ids], dtype=np.int32)
        line = line[generator.random(len(line)) < keep[line]]
        for pos, width in enumerate(generator.integers(1, parameters.window + 1, len(line))):
            around = [*line[max(0, pos - width) : pos], *line[pos + 1 : pos + 1 + width]]
            if around:
                centers.append(line[pos])
                contexts.append(around + [-1] * (2 * parameters.window - len(around)))
    order = generator.permutation(len(centers))[: parameters.examples]
    noise = frequency**0.75 / (frequency**0.75).sum()
    negatives = generator.choice(len(noise), (len(order), parameters.negative), p=noise)
    return {
        "vocabulary": np.array(vocabulary),
        "centers": np.array(centers, dtype=np.int32)[order],
        "contexts": np.array(contexts, np.int32).reshape(-1, 2 * parameters.window)[order],
        "negatives": negatives.astype(np.int32),
    }


def _keep_probabilities(frequency: NDArray[Any], sample: float) -> NDArray[Any]:
    """Return word2vec.c's probability of keeping each word: sqrt(t/f) + t/f, at most 1."""
    if sample == 0:
        return np.ones_like(frequency)
    ratio = sample * frequency.sum() / frequency
    return np.minimum(1, np.sqrt(ratio) + ratio)
