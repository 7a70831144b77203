# SPDX-License-Identifier: Apache-2.0
"""`deterministic=True`: the same bits for any number of workers, whatever else a run does."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_support import (
    ARCHITECTURES,
    ISAS,
    SCOPES,
    Corpus,
    fastw2v_threads,
    model_of,
    same_bits,
    topic_purity,
    topic_sentences,
)

from fastw2v import (
    Callback,
    EncodedCorpus,
    TrainingConfig,
    TrainingStatus,
    Vocabulary,
    Word2Vec,
    encode_corpus,
)
from fastw2v.fingerprint import fingerprint
from fastw2v.training import engine, schedule
from fastw2v.training.schedule import N_SHARDS, Schedule, in_phases

HYPER: dict[str, Any] = {"vector_size": 20, "epochs": 2, "deterministic": True}
WORKERS = [2, 3, 4, 7]


@pytest.fixture(scope="module")
def topics() -> EncodedCorpus:
    return encode_corpus(topic_sentences())


def check_all_workers(corpus: Any, **hyper: Any) -> Word2Vec:
    """Train with one worker and with several; fail if they differ in a bit or in their losses."""
    alone = model_of(corpus, **HYPER | hyper)
    for workers in WORKERS:
        model = model_of(corpus, workers=workers, **HYPER | hyper)
        assert same_bits(model, alone)
        assert model.fingerprint() == alone.fingerprint()
        np.testing.assert_array_equal(  # for which NaN is NaN, the loss if no example was sampled
            [record.loss for record in model.history], [record.loss for record in alone.history]
        )
    return alone


# ---- Any number of workers -----------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_any_number_of_workers_gives_the_same_bits(
    architecture: dict[str, Any], scope: str, topics: EncodedCorpus
) -> None:
    check_all_workers(topics, negative_scope=scope, **architecture)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("vector_size", [1, 16, 100])
def test_so_on_every_instruction_set_and_for_every_size(
    isa: str, vector_size: int, topics: EncodedCorpus
) -> None:
    check_all_workers(topics, isa=isa, vector_size=vector_size)


@pytest.mark.parametrize("hyper", [{"held_out": 0.2}, {"negative": 0}, {"window": 30}, {"seed": 9}])
def test_so_whatever_the_hyper_parameters(hyper: dict[str, Any], topics: EncodedCorpus) -> None:
    model = check_all_workers(topics, sg=1, **hyper)
    assert all((record.held_out_loss is None) != ("held_out" in hyper) for record in model.history)


@pytest.mark.parametrize("n_sentences", [1, 43, 130, 1000])
def test_so_for_corpora_of_one_chunk_and_of_many(n_sentences: int) -> None:
    """One chunk, one phase that lacks a shard, phases whose last lacks some."""
    sentences = topic_sentences(n_sentences)
    corpus = encode_corpus(sentences, min_count=1)
    model = check_all_workers(corpus, min_count=1)
    assert model.history[0].words == corpus.n_tokens


@pytest.mark.parametrize("options", [{}, {"anchor": 1.0}, {"freeze": ["0.1", "3.2"]}])
def test_so_for_an_update(options: dict[str, Any], topics: EncodedCorpus) -> None:
    hashes = set()
    for workers in (1, 2, 4):
        model = model_of(topics, workers=workers, **HYPER)
        before = model.wv["0.1"].copy()
        model.update([["new", "words", "0.1"] * 10] * 20, progress=False, **options)
        hashes.add(model.fingerprint())
        assert np.array_equal(model.wv["0.1"], before) == ("freeze" in options)
    assert len(hashes) == 1


def test_so_for_a_run_that_callbacks_watch_and_stop(topics: EncodedCorpus) -> None:
    class StopAfterTwo(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            if len(model.history) == 2:
                model.stop()

    hyper = HYPER | {"epochs": 4}
    hashes = set()
    for workers in (1, 2, 3):
        model = Word2Vec(topics, workers=workers, **hyper)
        model.train(progress=False, callbacks=[StopAfterTwo()])
        assert model.epochs_trained == 2
        hashes.add(model.fingerprint())
    assert len(hashes) == 1


def test_a_seed_and_the_mode_make_a_difference(topics: EncodedCorpus) -> None:
    models = [
        model_of(topics, **HYPER),
        model_of(topics, **HYPER | {"seed": 2}),
        model_of(topics, **HYPER | {"deterministic": False}),
    ]
    assert len({model.fingerprint() for model in models}) == 3


@pytest.mark.parametrize("sg", [0, 1])
def test_it_learns_as_the_default_does(sg: int, topics: EncodedCorpus) -> None:
    hyper = {"sg": sg, "epochs": 5, "vector_size": 32, "held_out": 0.1}
    model, other = (model_of(topics, deterministic=mode, **hyper) for mode in (True, False))
    assert topic_purity(model) > 0.95
    loss, other_loss = (m.history[-1].held_out_loss for m in (model, other))
    assert loss is not None
    assert other_loss is not None
    # Seeds differ by 0.01; rows that are merged with the share of one copy in four lose 0.5.
    assert loss < other_loss + 0.1


# ---- Interruptions -------------------------------------------------------------------------------


class Interrupt(Callback):
    """Ctrl-C at some moment within the run."""

    def on_progress(self, model: Word2Vec, status: TrainingStatus) -> None:
        if status.words > 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("resumed_by", [1, 2, 4])
def test_a_run_that_was_interrupted_goes_on_to_the_same_bits(
    workers: int,
    resumed_by: int,
    topics: EncodedCorpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also if it goes on with another number of workers."""
    monkeypatch.setattr("fastw2v.training.loop._TICK", 0.001)
    hyper = HYPER | {"epochs": 20}
    model = Word2Vec(topics, workers=workers, **hyper)
    with pytest.raises(KeyboardInterrupt):
        model.train(progress=False, checkpoint=tmp_path / "run", callbacks=[Interrupt()])
    assert fastw2v_threads() == []
    assert 0 < model.epochs_trained < 20
    resumed = Word2Vec.resume(tmp_path / "run", workers=resumed_by, progress=False)
    assert resumed.config.workers == resumed_by
    assert same_bits(resumed, model_of(topics, **hyper))


def test_checkpoints_in_between_change_nothing(topics: EncodedCorpus, tmp_path: Path) -> None:
    model = Word2Vec(topics, workers=3, **HYPER)
    model.train(progress=False, checkpoint=tmp_path / "run", every="1000 words")
    assert same_bits(model, model_of(topics, **HYPER))


def test_a_time_limit_is_refused(topics: EncodedCorpus) -> None:
    model = Word2Vec(topics, **HYPER)
    with pytest.raises(ValueError, match="max_time cannot be kept by a deterministic run"):
        model.train(max_time="1 s")


# ---- Errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
def test_divergence_ends_all_workers(topics: EncodedCorpus, workers: int) -> None:
    model = Word2Vec(topics, sg=1, alpha=100, workers=workers, **HYPER)
    with pytest.raises(FloatingPointError, match="training diverged"):
        model.train(progress=False)
    assert fastw2v_threads() == []


def test_a_worker_without_memory_ends_the_others(
    topics: EncodedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastw2v.training import run

    given: list[int] = []

    def page_aligned(n_bytes: int) -> Any:
        given.append(n_bytes)
        if len(given) == 3:
            raise MemoryError("no workspace")
        return page_aligned_before(n_bytes)

    page_aligned_before = run.page_aligned
    monkeypatch.setattr(run, "page_aligned", page_aligned)
    with pytest.raises(MemoryError, match="no workspace"):
        model_of(topics, workers=3, **HYPER | {"epochs": 10_000})
    assert fastw2v_threads() == []


# ---- The order of chunks -------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 8))
def test_a_phase_has_one_chunk_of_each_shard(n_chunks: int, n_shards: int) -> None:
    order = in_phases(np.arange(n_chunks), n_shards)
    assert sorted(order.tolist()) == list(range(n_chunks))
    shards = np.array_split(np.arange(n_chunks), n_shards)
    for i, chunk in enumerate(order.tolist()):
        assert chunk == shards[i % n_shards][i // n_shards]


def test_the_phases_of_a_run_are_its_chunks_in_order(topics: EncodedCorpus) -> None:
    config = TrainingConfig.from_keywords(HYPER | {"held_out": 0.1})
    run = Schedule(topics.sentence_ends, config)
    position, seen, rates = 0, [], []
    while len(phase := run.phase(position)):
        assert phase.epoch == position // run.chunks_per_epoch
        for i in range(len(phase)):
            stretch = run.stretch(position + i, 1)
            ends = topics.sentence_ends[phase.chunks[2, i] : phase.chunks[3, i]]
            assert phase.chunks[:2, i].tolist() == stretch.borders.tolist()
            assert ends.tolist() == stretch.sentence_ends.tolist()
            assert phase.indices[i] == stretch.index
        seen += phase.indices.tolist()
        rates += phase.learning_rates.tolist()
        position += len(phase)
        assert len(phase) == N_SHARDS or position % run.chunks_per_epoch == 0
    assert position == len(run)
    assert len(set(seen)) == run.chunks_per_epoch
    assert rates == sorted(rates, reverse=True)


def test_short_chunks_draw_as_many_negatives_for_a_center_as_long_ones() -> None:
    counts = np.array([9_000_000, 1_000_000])
    hyper = {"pool_size": 400, "pool_refresh": 0.5, "sample": 0}
    config = TrainingConfig.from_keywords(HYPER | hyper)
    default = dataclasses.replace(config, deterministic=False)
    assert engine.pool_refresh(counts, default) == 0.5
    short, long = schedule.SHARD_CHUNK_TOKENS, schedule.CHUNK_TOKENS
    refresh = engine.pool_refresh(counts, config)
    assert 400 / short + refresh == pytest.approx(400 / long + 0.5)
    # Of a small corpus both have the shortest chunks, and a pool may last longer than a chunk.
    assert engine.pool_refresh(counts // 1000, config) == 0.5
    assert engine.pool_refresh(counts, dataclasses.replace(config, pool_size=10_000)) == 0


# ---- Fingerprints --------------------------------------------------------------------------------


def matrices() -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [generator.random((5000, 7), dtype=np.float32) for _ in range(2)]


def vocabulary(**changed: Any) -> Vocabulary:
    words = [f"wörd{i}" for i in range(5000)]
    counts = np.arange(5000, 0, -1)
    return Vocabulary(changed.get("words", words), changed.get("counts", counts))


def test_a_fingerprint_does_not_depend_on_padding() -> None:
    inputs, outputs = matrices()
    wide = np.full((5000, 16), np.nan, np.float32)
    wide[:, :7] = inputs
    expected = fingerprint(vocabulary(), inputs, outputs)
    assert fingerprint(vocabulary(), wide[:, :7], np.asfortranarray(outputs)) == expected
    assert len(expected) == 64
    int(expected, 16)


def test_a_fingerprint_depends_on_every_word_count_and_bit() -> None:
    inputs, outputs = matrices()
    words = vocabulary().words
    other_words = [*words[:-1], "word"]
    resplit = [words[0] + "w", words[1][1:], *words[2:]]  # the same letters in a row
    counts = vocabulary().counts.copy()
    counts[0] += 1
    other = outputs.copy()
    other[-1, -1] = np.nextafter(other[-1, -1], 2, dtype=np.float32)
    prints = [
        fingerprint(vocabulary(), inputs, outputs),
        fingerprint(vocabulary(), outputs, inputs),
        fingerprint(vocabulary(), inputs, other),
        fingerprint(vocabulary(), inputs, None),
        fingerprint(vocabulary(words=other_words), inputs, outputs),
        fingerprint(vocabulary(words=resplit), inputs, outputs),
        fingerprint(vocabulary(counts=counts), inputs, outputs),
    ]
    assert len(set(prints)) == len(prints)


def test_a_model_that_was_saved_keeps_its_fingerprint(
    topics: EncodedCorpus, tmp_path: Path
) -> None:
    model = model_of(topics, **HYPER)
    model.save(tmp_path / "model")
    loaded = Word2Vec.load(tmp_path / "model")
    assert loaded.fingerprint() == model.fingerprint()
    assert loaded.config.deterministic


def test_a_model_without_vectors_or_with_changed_ones_has_no_fingerprint() -> None:
    sentences: Corpus = topic_sentences(50)
    with pytest.raises(RuntimeError, match="there are no vectors yet"):
        Word2Vec(sentences).fingerprint()
    model = model_of(sentences, min_count=1)
    model.wv["0.1"] = np.ones(100, np.float32)
    with pytest.raises(RuntimeError, match="wv was changed"):
        model.fingerprint()
