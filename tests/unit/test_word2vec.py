# SPDX-License-Identifier: Apache-2.0
"""The estimator: what a user sees before, during and after training."""

from __future__ import annotations

import errno
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import ISAS, Corpus, fastw2v_threads, model_of, same_bits, topic_sentences

import fastw2v
from fastw2v import EncodedCorpus, TrainingConfig, Word2Vec, encode_corpus, system
from fastw2v.persistence.model_file import load_model, save_model


@pytest.fixture(scope="module")
def sentences() -> Corpus:
    return topic_sentences(300)


@pytest.fixture(scope="module")
def model(sentences: Corpus) -> Word2Vec:
    return model_of(sentences, sg=1, vector_size=19, epochs=2, alpha=0.03, max_final_vocab=150)


# ---- Before training -----------------------------------------------------------------------------


def test_nothing_is_read_before_training() -> None:
    def sentences() -> Any:
        raise AssertionError("read")
        yield

    Word2Vec(sentences())


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda model: model.wv, "there are no vectors yet: call train"),
        (lambda model: model.save("model"), "there is nothing to save yet: call train"),
        (
            lambda model: model.train(),
            r"there is no corpus to train on: give one, train\(corpus",
        ),
    ],
)
def test_what_needs_training_says_so(use: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        use(Word2Vec())
    assert not Path("model").exists()


def test_a_model_lets_go_of_its_corpus(sentences: Corpus) -> None:
    model = Word2Vec(sentences, workers=1, epochs=1)
    assert not model.is_trained
    assert model.train(progress=False) is model
    assert model.is_trained
    before = model.wv.vectors.copy()
    with pytest.raises(RuntimeError, match="trained already"):
        model.train()
    np.testing.assert_array_equal(model.wv.vectors, before)


def test_the_signature_shows_every_hyper_parameter_and_its_default() -> None:
    parameters = inspect.signature(Word2Vec).parameters
    assert next(iter(parameters)) == "corpus"
    defaults = {name: p.default for name, p in parameters.items() if name != "corpus"}
    config = TrainingConfig()
    assert defaults == {name: getattr(config, name) for name in defaults}
    assert set(defaults) == set(config.to_dict()) | {"workers", "isa"}


def test_repr_says_what_kind_of_model_and_how_large() -> None:
    assert repr(Word2Vec(sg=1)) == "Word2Vec(skip-gram, not trained, vector_size=100)"
    model = model_of([["a", "b"] * 5], epochs=1, vector_size=7)
    assert repr(model) == "Word2Vec(CBOW, 2 words, vector_size=7)"


# ---- The user's iterator -------------------------------------------------------------------------


class ReaderError(Exception):
    pass


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kind", [ReaderError, ValueError, TypeError, KeyError, StopAsyncIteration])
def test_what_an_iterator_raises_reaches_the_caller_unchanged(
    kind: type[Exception], workers: int
) -> None:
    failure = kind("the database is gone")

    def sentences() -> Any:
        yield ["a", "b"]
        raise failure

    model = Word2Vec(sentences(), workers=workers)
    with pytest.raises(kind) as caught:
        model.train()
    assert caught.value is failure
    assert not model.is_trained
    assert fastw2v_threads() == []


# ---- Encoded corpora -----------------------------------------------------------------------------


@pytest.mark.parametrize("saved", [False, True])
def test_an_encoded_corpus_brings_its_bounds(
    sentences: Corpus, saved: bool, tmp_path: Path
) -> None:
    corpus = encode_corpus(sentences, min_count=2, max_final_vocab=60)
    if saved:
        corpus.save(tmp_path / "corpus")
        corpus = EncodedCorpus.open(tmp_path / "corpus")
    settings = {"epochs": 1, "vector_size": 10}
    model = model_of(corpus, **settings)
    assert (model.config.min_count, model.config.max_final_vocab) == (2, 60)
    assert same_bits(model, model_of(sentences, min_count=2, max_final_vocab=60, **settings))
    assert same_bits(model, model_of(corpus, min_count=2, max_final_vocab=60, **settings))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min_count": 5}, "min_count was 2 when this corpus was encoded, got 5"),
        ({"max_final_vocab": 10}, "max_final_vocab was 60 when this corpus was encoded, got 10"),
        ({"max_final_vocab": None}, "max_final_vocab was 60 .*, got None"),
    ],
)
def test_bounds_that_contradict_an_encoded_corpus_are_refused(
    sentences: Corpus, given: dict[str, Any], message: str
) -> None:
    corpus = encode_corpus(sentences, min_count=2, max_final_vocab=60)
    with pytest.raises(ValueError, match=message):
        Word2Vec(corpus, **given)


def test_an_encoded_corpus_without_tokens_is_refused() -> None:
    vocabulary = encode_corpus([["a", "b"]], min_count=1).vocabulary
    empty = EncodedCorpus(np.empty(0, np.int32), np.empty(0, np.int64), vocabulary, 0)
    with pytest.raises(ValueError, match="the corpus is empty"):
        Word2Vec(empty)


def test_several_models_train_on_one_encoded_corpus(sentences: Corpus) -> None:
    corpus = encode_corpus(sentences)
    ids = corpus.ids.copy()
    first, second = (model_of(corpus, epochs=1) for _ in range(2))
    assert same_bits(first, second)
    np.testing.assert_array_equal(corpus.ids, ids)


# ---- Files ---------------------------------------------------------------------------------------


def test_a_saved_model_comes_back(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "topics.model"
    model.save(path)
    loaded = Word2Vec.load(path)
    assert same_bits(loaded, model)
    np.testing.assert_array_equal(loaded.wv.counts, model.wv.counts)
    assert loaded.config.to_dict() == model.config.to_dict()
    assert loaded.is_trained
    assert loaded.history == []
    word = model.wv.index_to_key[0]
    assert loaded.wv.most_similar(word) == model.wv.most_similar(word)
    with pytest.raises(RuntimeError, match="trained already"):
        loaded.train()
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_damaged_file_is_a_value_error_that_names_it(model: Word2Vec, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    model.save(whole)
    content = whole.read_bytes()
    damaged = tmp_path / "damaged.model"
    for data in (b"", content[:100], content[:-1], content + b"x", b"\xff" * 500, b"not a model"):
        damaged.write_bytes(data)
        with pytest.raises(ValueError, match=r"damaged\.model"):
            Word2Vec.load(damaged)
    with pytest.raises(FileNotFoundError):
        Word2Vec.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subwords": 5}, "unknown hyper-parameter 'subwords'"),
        ({"window": -1}, "window must be >= 1, got -1"),
        ({"window": "5"}, "window must be an integer, got '5'"),
        ({"vector_size": 20}, "vector_size is 20, its vectors have 19 numbers"),
    ],
)
def test_a_file_with_other_hyper_parameters_is_refused(
    model: Word2Vec, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "strange.model"
    save_model(
        path,
        vocabulary=model.wv.vocabulary,
        input_vectors=model.wv.vectors,
        output_vectors=None,
        hyper_parameters={**model.config.to_dict(), **changes},
    )
    with pytest.raises(ValueError, match=rf"strange\.model.*{message}"):
        Word2Vec.load(path)


def test_a_full_disk_leaves_the_old_file(
    model: Word2Vec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"the old file")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == b"the old file"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_directory_without_permission_leaves_the_old_file(
    model: Word2Vec, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"the old file")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            model.save(path)
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == b"the old file"


def test_a_saved_file_can_be_read_without_training(model: Word2Vec, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").hyper_parameters == model.config.to_dict()


# ---- Instruction sets ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sse9", "", "AVX2", "neon" if "neon" not in ISAS else "avx2"])
def test_an_instruction_set_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(ValueError, match="available here: ") as caught:
        Word2Vec(isa=name)
    assert repr(name) in str(caught.value)
    assert ", ".join(ISAS) in str(caught.value)


@pytest.mark.parametrize("isa", ISAS)
def test_an_instruction_set_can_be_forced(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert system.resolve_isa(isa) == isa
    monkeypatch.setenv("FASTW2V_ISA", isa)
    assert system.resolve_isa(None) == isa


def test_the_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTW2V_ISA", "nonsense")
    assert system.resolve_isa("portable") == "portable"
    with pytest.raises(ValueError, match="environment variable FASTW2V_ISA: isa 'nonsense'"):
        Word2Vec()


def test_an_empty_environment_variable_means_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTW2V_ISA", "")
    assert system.resolve_isa(None) == ISAS[-1]


def test_the_environment_reaches_the_engine(sentences: Corpus) -> None:
    """A forced instruction set gives the bits of that set, in a process of its own."""
    script = (
        "import sys, hashlib; from fastw2v import Word2Vec\n"
        "sentences = [line.split() for line in sys.stdin]\n"
        "model = Word2Vec(sentences, epochs=1, workers=1).train(progress=False)\n"
        "print(hashlib.sha256(model.wv.vectors.tobytes()).hexdigest())"
    )
    text = "\n".join(" ".join(sentence) for sentence in sentences)

    def digest(isa: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script],
            input=text,
            env={**os.environ, "FASTW2V_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert digest("portable") == digest("portable")
    if len(ISAS) > 1:
        assert digest("portable") != digest(ISAS[-1])


def test_show_config_prints_what_a_bug_report_needs(capsys: pytest.CaptureFixture[str]) -> None:
    fastw2v.show_config()
    printed = capsys.readouterr().out
    for fact in (fastw2v.__version__, ISAS[-1], np.__version__, "compiler", "usable CPUs"):
        assert fact in printed
