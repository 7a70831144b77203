# SPDX-License-Identifier: Apache-2.0
"""A run does what the specification says, reports it, and ends well whatever happens."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from training_support import (
    ARCHITECTURES,
    SCOPES,
    Corpus,
    fastw2v_threads,
    model_of,
    same_bits,
    topic_purity,
    topic_sentences,
)

from fastw2v import EncodedCorpus, Word2Vec, _core, encode_corpus, replay
from fastw2v.config import TrainingConfig
from fastw2v.draws import AliasTable
from fastw2v.training import engine, loop, sampling
from fastw2v.training.history import RunState
from fastw2v.training.parameters import Parameters
from fastw2v.training.run import Run
from fastw2v.training.schedule import Schedule, Stretch


@pytest.fixture(scope="module")
def topics() -> Corpus:
    return topic_sentences()


# ---- A run is the replay of its chunks -----------------------------------------------------------


def replayed(
    corpus: EncodedCorpus, config: TrainingConfig, loss_interval: int
) -> tuple[Parameters, list[replay.Stats]]:
    """Train by the specification, in float64: its parameters, and what each epoch came to."""
    counts = corpus.vocabulary.counts
    settings = replay.WalkSettings(**config.engine_settings(), loss_interval=loss_interval)
    table = engine.build_noise_table(counts, config.ns_exponent)
    width = config.initial_width
    initial = Parameters.initial(len(counts), config.vector_size, config.seed, width=width)
    input_vectors = initial.input_vectors.astype(np.float64)
    output_vectors = initial.output_vectors.astype(np.float64)
    schedule = Schedule(corpus.sentence_ends, config)
    epochs: list[list[replay.Stats]] = [[] for _ in range(config.epochs)]
    for chunk in (schedule.stretch(i, 1) for i in range(len(schedule))):
        stats = replay.train_chunk(
            settings,
            input_vectors,
            output_vectors,
            sampling.keep_threshold(counts, config.sample),
            AliasTable(table[:, 0], table[:, 1].astype(np.int32)),
            corpus.ids,
            *chunk.borders.tolist(),
            chunk.sentence_ends,
            _core.stream(config.seed, chunk.epoch, chunk.index),
            chunk.learning_rates[0],
        )
        epochs[chunk.epoch].append(stats)
    totals = [
        replay.Stats(*np.sum([tuple(vars(s).values()) for s in stats], axis=0)) for stats in epochs
    ]
    return Parameters(input_vectors, output_vectors, config.vector_size), totals


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_a_run_is_the_replay_of_its_chunks(
    architecture: dict[str, Any], scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the text to the vectors: schedule, streams, tables, settings and loss, all at once."""
    monkeypatch.setattr(engine, "LOSS_INTERVAL", 3)
    hyper_parameters = {
        **architecture,
        "negative_scope": scope,
        **{"vector_size": 10, "window": 3, "negative": 4, "epochs": 2, "seed": 11},
        **{"min_count": 1, "sample": 0.02, "pool_size": 32, "alpha": 0.05},
    }
    corpus = encode_corpus(topic_sentences(n_sentences=60), min_count=1)
    model = model_of(corpus, **hyper_parameters)
    assert corpus.n_tokens > 500, "one chunk only"
    expected, epochs = replayed(corpus, model.config, loss_interval=3)

    # Some 10^4 updates in float32: each rounds by 2^-24 of numbers of order 1.
    np.testing.assert_allclose(model.wv.vectors, expected.input_rows, atol=2e-5)
    np.testing.assert_allclose(model._output_vectors, expected.output_rows, atol=2e-5)
    assert [record.examples for record in model.history] == [stats.examples for stats in epochs]
    np.testing.assert_allclose(
        [record.loss for record in model.history],
        [stats.loss_sum / stats.loss_examples for stats in epochs],
        rtol=1e-5,
    )


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("negative", [0, 5])
def test_a_model_that_knows_nothing_loses_log_2_a_target(sg: int, negative: int) -> None:
    """All logits are 0: every target costs -log(1/2), but negatives that are the positive."""
    sentences = topic_sentences(300)
    model = model_of(sentences, sg=sg, negative=negative, alpha=1e-12, min_alpha=0, epochs=1)
    collisions = 1 / len(model.wv)  # on average: the words are equally frequent
    expected = (1 + negative * (1 - collisions)) * math.log(2)
    # 30 to 300 samples of up to 5 negatives that collide once in 200: a deviation below 0.02.
    assert model.history[0].loss == pytest.approx(expected, abs=0.08 if negative else 1e-5)


# ---- Handing out ---------------------------------------------------------------------------------


def handed_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the length of every stretch will be added."""
    lengths: list[int] = []
    stretch = Schedule.stretch

    def noted(schedule: Schedule, position: int, n_chunks: int) -> Stretch:
        result = stretch(schedule, position, n_chunks)
        lengths.append(len(result))
        return result

    monkeypatch.setattr(Schedule, "stretch", noted)
    return lengths


@pytest.mark.parametrize("sg", [0, 1])
def test_one_worker_learns_the_same_in_stretches_of_any_length(
    topics: Corpus, sg: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = encode_corpus(topics)
    lengths = handed_out(monkeypatch)
    monkeypatch.setattr("fastw2v.training.run.CALL_SECONDS", 0.0)
    first = model_of(corpus, sg=sg, epochs=2)
    assert set(lengths) == {1}
    lengths.clear()
    monkeypatch.setattr("fastw2v.training.run.CALL_SECONDS", 100.0)
    second = model_of(corpus, sg=sg, epochs=2)
    assert max(lengths) > 10
    assert same_bits(first, second)
    assert [record.loss for record in first.history] == [record.loss for record in second.history]


def test_no_stretch_is_longer_than_half_a_fair_share_of_what_is_left(
    topics: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = handed_out(monkeypatch)
    monkeypatch.setattr("fastw2v.training.run.CALL_SECONDS", 100.0)
    corpus = encode_corpus(topics)
    config = TrainingConfig(workers=3, epochs=2, vector_size=16)
    loop.train(
        corpus, Parameters.initial(200, 16, seed=1, width=1), config, [], show_progress=False
    )
    left = n_chunks = len(Schedule(corpus.sentence_ends, config))
    assert sum(lengths) == n_chunks > 50
    for length in lengths:
        assert length == 1 or length <= left / (2 * 3)
        left -= length


# ---- History -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_the_history_says_what_each_epoch_did(workers: int) -> None:
    sentences = [*topic_sentences(400), ["rare"] * 4]
    model = model_of(sentences, workers=workers, epochs=3, alpha=0.05, min_alpha=0.02)
    history = model.history
    assert [record.epoch for record in history] == [1, 2, 3]
    assert [record.words for record in history] == [400 * 12 + 4] * 3
    np.testing.assert_allclose(
        [record.learning_rate for record in history], [0.04, 0.03, 0.02], rtol=1e-12
    )
    for record in history:
        assert record.seconds > 0
        assert record.words_per_second == pytest.approx(record.words / record.seconds)
        assert 0 < record.examples <= 400 * 12
        assert 0 < record.loss < 10


def test_skip_gram_counts_pairs_and_cbow_windows() -> None:
    sentences = [["a", "b", "c", "d"], ["a", "b"], ["a"]]
    settings = {"min_count": 1, "sample": 0, "window": 2, "shrink_windows": False, "epochs": 1}
    pairs = 2 + 3 + 3 + 2 + 1 + 1
    assert model_of(sentences, sg=1, **settings).history[0].examples == pairs
    assert model_of(sentences, sg=0, **settings).history[0].examples == 4 + 2


def test_epochs_of_a_corpus_smaller_than_its_workers_are_in_order() -> None:
    for _ in range(20):
        model = model_of([["a", "b"] * 200], workers=8, epochs=40)
        assert [record.epoch for record in model.history] == list(range(1, 41))


def test_the_number_of_epochs_takes_no_memory() -> None:
    corpus = encode_corpus([["a", "b"] * 10])
    config = TrainingConfig(epochs=2**31 - 1)
    parameters = Parameters.initial(2, config.vector_size, seed=1, width=1)
    run = Run(corpus, parameters, config, [], RunState())
    assert run.total_words == 20 * (2**31 - 1)


def test_padding_stays_zero(topics: Corpus) -> None:
    corpus = encode_corpus(topics)
    parameters = Parameters.initial(len(corpus.vocabulary), 19, seed=1, width=1)
    loop.train(corpus, parameters, TrainingConfig(vector_size=19), [], show_progress=False)
    assert parameters.output_rows.any()
    assert not parameters.input_rows[:, 19:].any()
    assert not parameters.output_rows[:, 19:].any()


# ---- Odd corpora ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param([["a"]], id="one word"),
        pytest.param([["a"]] * 1000, id="no word has a context"),
        pytest.param([["a"] * 1000], id="one word, often"),
        pytest.param([["a", "b"]], id="one pair"),
    ],
)
@pytest.mark.parametrize("scope", SCOPES)
def test_the_smallest_corpora_can_be_trained_on(sentences: Corpus, scope: str, sg: int) -> None:
    model = model_of(sentences, min_count=1, sg=sg, negative_scope=scope, workers=4)
    assert np.all(np.isfinite(model.wv.vectors))
    assert model.wv.index_to_key[0] == "a"
    assert len(model.history) == 5


def test_a_corpus_without_contexts_has_no_loss_and_leaves_the_vectors_alone() -> None:
    model = model_of([["a"], ["b"]] * 100, min_count=1)
    assert [record.examples for record in model.history] == [0] * 5
    assert all(math.isnan(record.loss) for record in model.history)
    np.testing.assert_array_equal(
        model.wv.vectors, Parameters.initial(2, 100, seed=1, width=2).input_vectors
    )


def test_a_sentence_longer_than_many_chunks_is_learnt() -> None:
    words = [word for sentence in sorted(topic_sentences()) for word in sentence]
    model = model_of([words], sample=0, vector_size=32, workers=2)
    assert model.history[0].examples == pytest.approx(len(words), rel=0.001)
    assert topic_purity(model) > 0.95


def test_words_of_any_script_and_length_are_words() -> None:
    words = ["naïve", "слово", "言葉", "\N{GRINNING FACE}", "e\u0301", "é", "a b", "x" * 100_000]
    model = model_of([words] * 10)
    assert sorted(model.wv.index_to_key) == sorted(words)


def test_more_workers_than_chunks_do_no_harm() -> None:
    model = model_of(topic_sentences(20), workers=64, epochs=2, min_count=1)
    assert len(model.history) == 2


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("scope", SCOPES)
def test_extreme_settings_are_within_the_engines_bounds(sg: int, scope: str) -> None:
    model = model_of(
        [["a", "b", "c"] * 5],
        **{"sg": sg, "negative_scope": scope, "window": 10_000, "negative": 1000, "epochs": 1},
        **{"pool_size": 2**20, "pool_refresh": 1000.0, "vector_size": 1},
    )
    assert np.all(np.isfinite(model.wv.vectors))


# ---- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("sg", [0, 1])
def test_divergence_is_an_error_that_names_alpha(topics: Corpus, sg: int, workers: int) -> None:
    model = Word2Vec(topics, sg=sg, alpha=100, workers=workers, cbow_mean=False)
    with pytest.raises(FloatingPointError, match=r"training diverged; lower alpha \(100\.0\)"):
        model.train(progress=False)
    assert not model.is_trained
    assert fastw2v_threads() == []


def test_divergence_that_no_sampled_loss_has_seen_is_noticed(
    topics: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOSS_INTERVAL", 0)
    with pytest.raises(FloatingPointError, match="a vector is not finite: training diverged"):
        model_of(topics, sg=1, alpha=100)


class WorkerError(Exception):
    pass


@pytest.mark.parametrize("workers", [1, 3])
def test_what_a_worker_raises_reaches_the_caller(
    topics: Corpus, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = WorkerError("no workspace")

    def fail(n_bytes: int) -> None:
        raise failure

    monkeypatch.setattr("fastw2v.training.run.page_aligned", fail)
    model = Word2Vec(topics, workers=workers)
    with pytest.raises(WorkerError) as caught:
        model.train(progress=False)
    assert caught.value is failure
    assert fastw2v_threads() == []


def test_a_run_that_failed_can_be_tried_again(
    topics: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Word2Vec(iter(topics), workers=1, epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr("fastw2v.training.run.page_aligned", lambda n_bytes: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            model.train(progress=False)
    assert not model.is_trained
    model.train(progress=False)  # though its corpus was an iterator
    assert same_bits(model, model_of(topics, epochs=2))
    assert len(model.history) == 2


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_thread_that_cannot_start_stops_the_others(
    deterministic: bool, topics: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    started = []

    def start_one(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        model_of(encode_corpus(topics), workers=3, deterministic=deterministic)
    assert fastw2v_threads() == []
