# SPDX-License-Identifier: Apache-2.0
"""Give a text a larger vocabulary: every occurrence of its rarest words becomes a word of its own.

The number of tokens and all frequent words stay as they are, so what differs in speed is due to the
number of rows. It is a hard case: the new words are met once, so their rows are never in the cache.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import options


def main() -> int:
    """Write the text."""
    parser = _parser()
    chosen = parser.parse_args()
    counts: Counter[bytes] = Counter()
    with chosen.corpus.open("rb") as lines:
        for line in lines:
            counts.update(line.split())
    try:
        split = words_to_split(counts, chosen.words)
    except ValueError as error:
        parser.error(str(error))
    write(chosen.corpus, chosen.output, split)
    print(f"{chosen.output}: {chosen.words:,} words, {len(counts):,} before")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, type=options.existing_file)
    parser.add_argument("--words", required=True, type=options.positive, metavar="N")
    parser.add_argument("--output", required=True, type=Path, metavar="OUT.txt")
    return parser


def words_to_split(counts: Counter[bytes], n_words: int) -> dict[bytes, int]:
    """Return the words to split, and into how many, for a text of `n_words` distinct words.

    They are the rarest that occur more than once; the last one may be split in part.

    Raises
    ------
    ValueError
        The text has more words than that, or too few tokens.
    """
    missing = n_words - len(counts)
    if missing < 0:
        raise ValueError(f"the text has {len(counts):,} words already, got {n_words:,}")
    split: dict[bytes, int] = {}
    for word, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        if missing and count > 1:
            split[word] = min(count, missing + 1)
            missing -= split[word] - 1
    if missing:
        raise ValueError(f"the text has {counts.total():,} tokens: {n_words:,} words are too many")
    return split


def write(corpus: Path, output: Path, split: dict[bytes, int]) -> None:
    """Write the text, with occurrence i of a word that is split renamed ``word~i``, from i = 1."""
    used: Counter[bytes] = Counter()
    with corpus.open("rb") as lines, output.open("wb") as file:
        for line in lines:
            words = line.split()
            for i, word in enumerate(words):
                if word in split:
                    number = used[word]
                    used[word] = (number + 1) % split[word]
                    words[i] = word + b"~%d" % number if number else word
            file.write(b" ".join(words) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
