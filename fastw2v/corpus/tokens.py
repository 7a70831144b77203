# SPDX-License-Identifier: Apache-2.0
"""Iterables of sentences that are lists of words, one-shot iterators included."""

from __future__ import annotations

import reprlib
import threading
from collections.abc import Callable, Iterable, Sequence

from fastw2v.corpus.stream import TokenStream


class TokenLists:
    """A corpus of sentences, each a list of words; iterated over once.

    Parameters
    ----------
    sentences : iterable of sequences of str
        What it raises while it is iterated over reaches the caller unchanged.
    """

    def __init__(self, sentences: Iterable[Sequence[str]]) -> None:
        self.sentences = sentences

    def __repr__(self) -> str:
        return f"TokenLists({type(self.sentences).__name__})"

    def read(
        self, threads: int, new_stream: Callable[[], TokenStream], stop: threading.Event
    ) -> list[TokenStream]:
        """Read into one stream: an iterator belongs to one thread, whatever `threads` says."""
        stream = new_stream()
        self.read_into(stream)
        return [stream]

    def read_into(self, stream: TokenStream) -> None:
        """Read all sentences into a stream."""
        iterator = iter(self.sentences)
        n_sentences = 0
        for sentence in iterator:
            if isinstance(sentence, (list, tuple)):
                tokens: Sequence[str] = sentence
            else:
                tokens = unpack(sentence, n_sentences)
            try:
                stream.add_sentence(tokens)
            except (TypeError, ValueError) as error:
                raise type(error)(f"sentence {n_sentences}: {error}") from None
            n_sentences += 1
        if n_sentences == 0 and iterator is self.sentences:
            raise ValueError(
                "the corpus is empty: its iterator gave no sentence; "
                "an iterator can be read only once"
            )


def unpack(sentence: object, number: int) -> Sequence[str]:
    """Make a list of a sentence that is neither list nor tuple; refuse a plain string."""
    if isinstance(sentence, (str, bytes)):
        found = f"the {type(sentence).__name__} {reprlib.repr(sentence)}"
        raise TypeError(
            f"sentence {number}: a sentence must be a list of words, got {found}; "
            "split it first: [s.split() for s in sentences]"
        )
    if not isinstance(sentence, Iterable):
        raise TypeError(
            f"sentence {number}: a sentence must be a list of words, got {type(sentence).__name__}"
        )
    return list(sentence)
