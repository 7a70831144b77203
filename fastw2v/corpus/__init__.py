# SPDX-License-Identifier: Apache-2.0
"""What may be trained on: text files, lists of words, encoded corpora."""

from __future__ import annotations

import errno
import os
import re
import reprlib
from collections.abc import Iterable, Sequence

from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.corpus.encoding import MEMORY_LIMIT, encode
from fastw2v.corpus.text import TextFiles
from fastw2v.corpus.tokens import TokenLists

__all__ = ["EncodedCorpus", "TextFiles", "TokenLists", "as_corpus", "encode_corpus"]

Path = str | os.PathLike[str]
CorpusLike = (
    Path | Sequence[Path] | Iterable[Sequence[str]] | TextFiles | TokenLists | EncodedCorpus
)


def encode_corpus(
    corpus: CorpusLike,
    *,
    min_count: int = 5,
    max_final_vocab: int | None = None,
    threads: int = 1,
    memory_limit: int = MEMORY_LIMIT,
) -> EncodedCorpus:
    """Read a corpus once and turn it into word ids.

    Parameters
    ----------
    corpus : path, list of paths, iterable of token lists, or EncodedCorpus
        See `as_corpus`. An `EncodedCorpus` is returned as it is, with the bounds it was made with.
    min_count : int
        Drop words that are read less often.
    max_final_vocab : int, optional
        Keep the so many most frequent words; of equally frequent ones those that appear first.
    threads : int
        Read plain text with so many threads. The result does not depend on it.
    memory_limit : int
        Bytes of word ids (4 a token) to keep in memory; beyond, they go to temporary files that
        have no name. Sentence ends (8 bytes each) and words always stay in memory.

    Raises
    ------
    ValueError
        If the corpus is empty, or no word is frequent enough.
    TypeError
        If `corpus`, a sentence or a token has a type that cannot be trained on.
    OSError
        If a file cannot be read, or a temporary one cannot be written.
    """
    source = as_corpus(corpus)
    if isinstance(source, EncodedCorpus):
        return source
    return encode(
        source,
        min_count=min_count,
        max_final_vocab=max_final_vocab,
        threads=threads,
        memory_limit=memory_limit,
    )


def as_corpus(corpus: object) -> TextFiles | TokenLists | EncodedCorpus:
    """Decide what a corpus is, by its type; nothing is read yet.

    Parameters
    ----------
    corpus : object
        - a path (str or path-like) of a text file, or a list of them: a sentence a line, words
          between white space; ``.gz``, ``.bz2``, ``.xz`` and ``.zst`` are decompressed;
        - an iterable of sentences, each a list of words; a generator will do;
        - an `EncodedCorpus`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If a path leads to no file.
    TypeError, ValueError
        If this is nothing of the kind, with a hint to what may have been meant.
    """
    if isinstance(corpus, (EncodedCorpus, TextFiles, TokenLists)):
        return corpus
    if isinstance(corpus, (str, os.PathLike)):
        return TextFiles([checked_path(corpus)])
    if isinstance(corpus, (list, tuple)) and is_all_paths_or_strings(corpus):
        if not looks_like_path(corpus[0]):
            raise ValueError(
                f"sentences must be lists of words, got a list of strings, the first "
                f"{reprlib.repr(corpus[0])}; split them first: [s.split() for s in sentences]"
            )
        return TextFiles([checked_path(path) for path in corpus])
    if isinstance(corpus, (bytes, bytearray, memoryview)) or not isinstance(corpus, Iterable):
        raise TypeError(
            "corpus must be a path to a text file, a list of paths, an iterable of lists of "
            f"words, or an EncodedCorpus, got {type(corpus).__name__}"
        )
    return TokenLists(corpus)


def is_all_paths_or_strings(items: Sequence[object]) -> bool:
    """Whether there are items, none of which can be a list of words."""
    return len(items) > 0 and all(isinstance(item, (str, os.PathLike)) for item in items)


def looks_like_path(value: Path) -> bool:
    """Whether a path, or a string that someone may have meant as one, rather than as text."""
    if isinstance(value, os.PathLike) or os.path.exists(value):  # noqa: PTH110 (any string is fine)
        return True
    if "\n" in value or len(value) > 1000:
        return False
    known_suffix = re.search(r"\.(txt|text|gz|bz2|xz|zst)$", value, re.IGNORECASE)
    one_word = re.search(r"^(\S*[/\\]\S*|\S+\.\w{1,5})$", value)
    return bool(known_suffix or one_word)


def checked_path(path: Path) -> Path:
    """Return a path, or explain why it is none."""
    if looks_like_path(path):
        if not os.path.exists(path):  # noqa: PTH110
            raise FileNotFoundError(errno.ENOENT, "no such corpus file", os.fspath(path))
        return path
    raise ValueError(
        "corpus must be a path to a text file, an iterable of lists of words, or an "
        f"EncodedCorpus; got a string that is no existing file: {reprlib.repr(path)}; "
        "to train on one text pass [text.split()]"
    )
