# SPDX-License-Identifier: Apache-2.0
"""Look at a corpus before a long run: what is odd about it, and what the run will take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.config import TrainingConfig
from fastw2v.corpus import EncodedCorpus, encode_corpus
from fastw2v.system import usable_cpus
from fastw2v.training.loop import train
from fastw2v.training.parameters import ROW_FLOATS, Parameters
from fastw2v.training.sampling import keep_probability
from fastw2v.vocabulary import Vocabulary

#: Tokens that are trained on to see how fast this machine is.
TRIAL_TOKENS = 300_000
#: Beyond, a sentence is cut for training (`schedule.CHUNK_TOKENS`).
LONG_SENTENCE = 10_000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` has found; ``str()`` is a report.

    Attributes
    ----------
    words, sentences, vocabulary : int
        Words read, sentences with a word in them, different words of at least ``min_count``.
    rare_share : float
        Of the words read, those that ``min_count`` and ``max_final_vocab`` drop.
    subsampled_share : float
        Of the words that remain, those that ``sample`` leaves out of an epoch, on average.
    median_sentence, longest_sentence : int
        In words.
    repeated_share : float
        Of the sentences, those that stood there before, word for word.
    broken_share : float
        Of the words read, those with bytes that are no UTF-8, or with control characters.
    seconds : float
        That training will take on this machine, by a trial; reading comes on top.
    megabytes : float
        Of memory that the matrices and the encoded corpus take.
    advice : list of str
        What to look at, the most important first.
    """

    words: int
    sentences: int
    vocabulary: int
    rare_share: float
    subsampled_share: float
    median_sentence: int
    longest_sentence: int
    repeated_share: float
    broken_share: float
    seconds: float
    megabytes: float
    advice: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.words:,} words in {self.sentences:,} sentences, a vocabulary of "
            f"{self.vocabulary:,}",
            f"sentences: median {self.median_sentence:,} words, longest {self.longest_sentence:,}; "
            f"{self.repeated_share:.1%} repeat an earlier one",
            f"words: {self.rare_share:.1%} too rare, {self.subsampled_share:.1%} of the rest left "
            f"out by subsampling, {self.broken_share:.2%} broken",
            f"training: about {self.seconds:,.1f} s and {self.megabytes:,.0f} MB",
        ]
        return "\n".join(lines + [f"- {advice}" for advice in self.advice])


def diagnose(corpus: Any, **hyper_parameters: Any) -> Diagnosis:
    """Read a corpus, and say what is odd about it and what training on it will take.

    Parameters
    ----------
    corpus
        What `Word2Vec` takes. A generator is used up by it.
    **hyper_parameters
        Those of `Word2Vec`.

    Raises
    ------
    ValueError, TypeError, OSError
        If it cannot be trained on at all: the message says why, and often what to do.
    """
    config = TrainingConfig.from_keywords(hyper_parameters)
    threads = config.workers or usable_cpus()
    read = encode_corpus(corpus, min_count=1, threads=threads)
    vocabulary, id_map = chosen_words(read.vocabulary, config)
    encoded = read.through(id_map, vocabulary)
    counts = vocabulary.counts
    lengths = np.diff(read.sentence_ends, prepend=0)
    found = Diagnosis(
        words=read.n_raw_words,
        sentences=read.n_sentences,
        vocabulary=len(vocabulary),
        rare_share=1 - encoded.n_tokens / read.n_raw_words,
        subsampled_share=1
        - float(keep_probability(counts, config.sample) @ counts) / encoded.n_tokens,
        median_sentence=int(np.median(lengths)),
        longest_sentence=int(lengths.max()),
        repeated_share=repeated_share(read),
        broken_share=broken_share(read.vocabulary),
        seconds=expected_seconds(encoded, config),
        megabytes=expected_megabytes(encoded, config),
    )
    found.advice.extend(advice(found, is_one_shot=isinstance(corpus, Iterator)))
    return found


def chosen_words(read: Vocabulary, config: TrainingConfig) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Return the vocabulary that `config` would keep, and the new id of each word, or -1.

    `read` has all words, by falling frequency, so that those to keep are its first.
    """
    n_kept = int(np.count_nonzero(read.counts >= config.min_count))
    n_kept = min(n_kept, config.max_final_vocab or n_kept)
    if n_kept == 0:
        raise ValueError(f"no word stands {config.min_count} times: lower min_count")
    id_map = np.arange(len(read), dtype=np.int32)
    id_map[n_kept:] = -1
    return Vocabulary(read.words[:n_kept], read.counts[:n_kept]), id_map


def repeated_share(corpus: EncodedCorpus) -> float:
    """Return the share of sentences that are equal to an earlier one, by a hash of 64 bits."""
    random = np.random.default_rng(0).integers(2**63, size=len(corpus.vocabulary), dtype=np.uint64)
    begins = np.concatenate([[0], corpus.sentence_ends[:-1]])
    lengths = np.diff(corpus.sentence_ends, prepend=0)
    places = np.arange(corpus.n_tokens, dtype=np.uint64) - np.repeat(begins, lengths).astype(
        np.uint64
    )
    # A sum in which each word's number depends on its place in the sentence.
    mixed = random[corpus.ids] * (2 * places + 1)
    hashes = np.add.reduceat(mixed ^ (mixed >> np.uint64(29)), begins)
    return 1 - len(np.unique(hashes)) / corpus.n_sentences


def broken_share(vocabulary: Vocabulary) -> float:
    """Return the share of words read that are no text."""
    broken = [REPLACEMENT in word or not word.isprintable() for word in vocabulary.words]
    return float(vocabulary.counts[np.array(broken)].sum() / vocabulary.counts.sum())


def expected_seconds(corpus: EncodedCorpus, config: TrainingConfig) -> float:
    """Train on the beginning of the corpus, and multiply."""
    n_sentences = max(1, int(np.searchsorted(corpus.sentence_ends, TRIAL_TOKENS, side="right")))
    ends = corpus.sentence_ends[:n_sentences]
    part = EncodedCorpus(corpus.ids[: ends[-1]], ends, corpus.vocabulary, corpus.n_raw_words)
    size = len(corpus.vocabulary), config.vector_size
    parameters = Parameters.initial(*size, config.seed, width=config.initial_width)
    began = time.perf_counter()
    once = TrainingConfig.from_keywords(config.to_dict() | {"epochs": 1, "held_out": 0.0})
    train(part, parameters, once, [], show_progress=False)
    seconds = time.perf_counter() - began
    return seconds * config.epochs * corpus.n_tokens / part.n_tokens


def expected_megabytes(corpus: EncodedCorpus, config: TrainingConfig) -> float:
    """Return the size of both matrices and the corpus."""
    stride = -(-config.vector_size // ROW_FLOATS) * ROW_FLOATS
    matrices = 2 * 4 * stride * len(corpus.vocabulary)
    return (matrices + 4 * corpus.n_tokens + 8 * corpus.n_sentences) / 1e6


def advice(found: Diagnosis, is_one_shot: bool) -> list[str]:
    """Return what is worth a second look."""
    checks = [
        (
            found.median_sentence <= 1,
            "most sentences have one word, and so no context: is it a sentence a line, and white "
            "space between words?",
        ),
        (
            found.broken_share > 0.001,
            "some words are not UTF-8 or have control characters: is the encoding right?",
        ),
        (
            found.repeated_share > 0.05,
            "many sentences repeat earlier ones: they count as often as they stand there",
        ),
        (
            found.rare_share > 0.2,
            "min_count drops much of the text: lower it, or see whether words are split as meant",
        ),
        (
            found.longest_sentence > LONG_SENTENCE,
            f"sentences of more than {LONG_SENTENCE:,} words are cut: no window crosses a cut",
        ),
        (
            found.words < 1_000_000,
            "there is little text: more epochs, a smaller vector_size and sg=1 help small corpora",
        ),
        (
            is_one_shot,
            "the corpus was an iterator, which is used up now: make it again for training",
        ),
    ]
    return [text for is_so, text in checks if is_so]
