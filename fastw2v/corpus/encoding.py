# SPDX-License-Identifier: Apache-2.0
"""From any corpus to an EncodedCorpus: read once, choose the vocabulary, map the ids."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fastw2v.corpus.encoded import EncodedCorpus
from fastw2v.corpus.stream import MemoryBudget, TokenStream, new_block
from fastw2v.threads import run_all
from fastw2v.vocabulary import Vocabulary, WordCounts

logger = logging.getLogger(__name__)

MEMORY_LIMIT = 2 << 30  # bytes of ids: 500 million tokens


class Corpus(Protocol):
    """Something that can be read once."""

    def read(
        self, threads: int, new_stream: Callable[[], TokenStream], stop: threading.Event
    ) -> Sequence[TokenStream]:
        """Read into streams that, one after another, are the corpus; there is at least one."""


def encode(
    corpus: Corpus,
    *,
    min_count: int,
    max_final_vocab: int | None,
    threads: int,
    memory_limit: int,
) -> EncodedCorpus:
    """Read a corpus; see `fastw2v.corpus.encode_corpus`."""
    if threads < 1:
        raise ValueError(f"threads must be >= 1, got {threads}")
    if memory_limit < 0:
        raise ValueError(f"memory_limit must be >= 0 bytes, got {memory_limit}")
    stop, memory = threading.Event(), MemoryBudget(memory_limit)
    opened: list[TokenStream] = []

    def new_stream() -> TokenStream:
        opened.append(TokenStream(memory, stop))
        return opened[-1]

    try:
        streams = corpus.read(threads, new_stream, stop)
        n_raw_words = sum(stream.n_tokens for stream in streams)
        seen, lexicons = merge(streams)
        vocabulary, id_map = Vocabulary.from_counts(
            seen, min_count=min_count, max_final_vocab=max_final_vocab
        )
        final = [lexicon.through(id_map) for lexicon in lexicons]
        in_memory = 4 * sum(part.n_kept for part in final) <= memory_limit
        if in_memory and not any(stream.spilled for stream in streams):
            ids, ends = encode_in_memory(streams, final, threads, stop)
        else:
            ids, ends = encode_in_file(streams, final)
    finally:
        for stream in opened:
            stream.close()
    encoded = EncodedCorpus.unchecked(ids, ends, vocabulary, n_raw_words)
    logger.info("read %d tokens: %r", n_raw_words, encoded)
    return encoded


@dataclass(frozen=True)
class StreamWords:
    """The words of one stream: where each went, and how often the stream has it."""

    id_map: NDArray[np.int32]
    counts: NDArray[np.int64]

    def through(self, id_map: NDArray[np.int32]) -> StreamWords:
        """Follow another map after this one."""
        return StreamWords(id_map[self.id_map], self.counts)

    @property
    def n_kept(self) -> int:
        """Tokens of the stream whose words are not dropped."""
        return int(self.counts @ (self.id_map >= 0))


def merge(streams: Sequence[TokenStream]) -> tuple[WordCounts, list[StreamWords]]:
    """Merge the words of all streams, in the order in which they first appear in the corpus."""
    counts = [stream.counts() for stream in streams]
    id_maps = [np.arange(len(counts[0]), dtype=np.int32)]
    id_maps += [streams[0].merge_words(stream) for stream in streams[1:]]
    return streams[0].word_counts(), list(map(StreamWords, id_maps, counts))


def encode_in_memory(
    streams: Sequence[TokenStream],
    words: Sequence[StreamWords],
    threads: int,
    stop: threading.Event,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Encode all streams at once, each to its own part of one array.

    The array costs memory as it is filled, and a stream frees each block that it has copied: both
    together stay at about one copy of the ids.
    """
    begins = [0, *accumulate(part.n_kept for part in words)]
    ids = new_block(begins[-1])
    ends = [np.empty(0, dtype=np.int64)] * len(streams)

    def encode_stream(i: int) -> None:
        encoding = streams[i].encode(words[i].id_map, begins[i])
        encoding.into(ids[begins[i] : begins[i + 1]])
        ends[i] = encoding.sentence_ends()

    longest_first = sorted(range(len(streams)), key=lambda i: -streams[i].n_tokens)
    jobs = [partial(encode_stream, i) for i in longest_first]
    run_all(jobs, threads=threads, stop=stop.set)
    return ids, np.concatenate(ends)


def encode_in_file(
    streams: Sequence[TokenStream], words: Sequence[StreamWords]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Encode one stream after another to a temporary file without a name, and map it.

    Written, not filled through the map: a full disk is then an OSError and no crash.
    """
    n_tokens = 0
    ends = []
    with tempfile.TemporaryFile(prefix="fastw2v-") as file:
        for stream, part in zip(streams, words, strict=True):
            encoding = stream.encode(part.id_map, n_tokens)
            for block in encoding.blocks():
                file.write(block.data)
                n_tokens += len(block)
            ends.append(encoding.sentence_ends())
            stream.close()  # the temporary file goes as soon as it can
        file.flush()
        ids = np.memmap(file, dtype=np.int32, mode="r", shape=(n_tokens,))
    return ids, np.concatenate(ends)
