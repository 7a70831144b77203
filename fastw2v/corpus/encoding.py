# SPDX-License-Identifier: Apache-2.0
"""From any corpus to an EncodedCorpus: read once, choose the vocabulary, map the ids."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Sequence
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
        seen, id_maps = merge(streams)
        vocabulary, final_ids = Vocabulary.from_counts(
            seen, min_count=min_count, max_final_vocab=max_final_vocab
        )
        id_maps = [final_ids[id_map] for id_map in id_maps]
        n_kept = int(vocabulary.counts.sum())
        if 4 * n_kept <= memory_limit and not any(stream.spilled for stream in streams):
            ids, ends = encode_in_memory(streams, id_maps, n_kept, threads, stop)
        else:
            ids, ends = encode_in_file(streams, id_maps)
    finally:
        for stream in opened:
            stream.close()
    encoded = EncodedCorpus.unchecked(ids, ends, vocabulary, n_raw_words)
    logger.info("read %d tokens: %r", n_raw_words, encoded)
    return encoded


def merge(streams: Sequence[TokenStream]) -> tuple[WordCounts, list[NDArray[np.int32]]]:
    """Merge the words of all streams into the first, in the order in which the corpus has them.

    Returns
    -------
    words : WordCounts
        Of the whole corpus.
    id_maps : list of ndarray
        Where in `words` each word of each stream went.
    """
    first, *others = streams
    id_maps = [np.arange(len(first.lexicon), dtype=np.int32)]
    id_maps += [first.merge_words(stream) for stream in others]
    return first.word_counts(), id_maps


def encode_in_memory(
    streams: Sequence[TokenStream],
    id_maps: Sequence[NDArray[np.int32]],
    n_kept: int,
    threads: int,
    stop: threading.Event,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Encode all streams at once, each to its own part of one array of `n_kept` ids.

    The array costs memory as it is filled, and a stream frees each block that it has copied: both
    together stay at about one copy of the ids.
    """
    # Each lexicon but the first, which has the words of all, still has the counts of its stream.
    n_others = [
        int(stream.counts() @ (id_map >= 0))
        for stream, id_map in zip(streams[1:], id_maps[1:], strict=True)
    ]
    begins = [0, *accumulate(n_others, initial=n_kept - sum(n_others))]
    ids = new_block(n_kept)
    ends = [np.empty(0, dtype=np.int64)] * len(streams)

    def encode_stream(i: int) -> None:
        encoding = streams[i].encode(id_maps[i], begins[i])
        encoding.into(ids[begins[i] : begins[i + 1]])
        ends[i] = encoding.sentence_ends()

    longest_first = sorted(range(len(streams)), key=lambda i: -streams[i].n_tokens)
    jobs = [partial(encode_stream, i) for i in longest_first]
    run_all(jobs, threads=threads, stop=stop.set)
    return ids, np.concatenate(ends)


def encode_in_file(
    streams: Sequence[TokenStream], id_maps: Sequence[NDArray[np.int32]]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Encode one stream after another to a temporary file without a name, and map it.

    Written, not filled through the map: a full disk is then an OSError and no crash.
    """
    n_tokens = 0
    ends = []
    with tempfile.TemporaryFile(prefix="fastw2v-") as file:
        for stream, id_map in zip(streams, id_maps, strict=True):
            encoding = stream.encode(id_map, n_tokens)
            for block in encoding.blocks():
                file.write(block.data)
                n_tokens += len(block)
            ends.append(encoding.sentence_ends())
            stream.close()  # the temporary file goes as soon as it can
        file.flush()
        ids = np.memmap(file, dtype=np.int32, mode="r", shape=(n_tokens,))
    return ids, np.concatenate(ends)
