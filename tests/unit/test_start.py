# SPDX-License-Identifier: Apache-2.0
"""Where vectors begin, which of them stay there, and how strongly others are held."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import model_of, same_bits, topic_sentences

from fastw2v import Callback, KeyedVectors, Vocabulary, Word2Vec, encode_corpus
from fastw2v.config import TrainingConfig
from fastw2v.training.checkpoints import load_newest
from fastw2v.training.sampling import PULL, pull_per_token
from fastw2v.training.start import Learnt, anchor_to

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 16, "epochs": 3, "workers": 1, "min_count": 3}
#: A run that moves nothing by more than rounding.
STILL: dict[str, Any] = HYPER | {"alpha": 1e-9, "min_alpha": 0.0, "epochs": 1}
TEXT = topic_sentences(500)
WORDS = sorted({word for line in TEXT for word in line})


def vectors_of(words: list[str], size: int = 16, scale: float = 1.0) -> KeyedVectors:
    rows = np.random.default_rng(5).normal(scale=scale, size=(len(words), size))
    counts = np.arange(len(words), 0, -1)
    return KeyedVectors(Vocabulary(words, counts), rows.astype(np.float32))


GIVEN = vectors_of([*WORDS[::2], "unheard", "of"])


@pytest.fixture
def model() -> Word2Vec:
    return model_of(TEXT, **HYPER)


class StopAfterFirstEpoch(Callback):
    def on_epoch_end(self, model: Word2Vec) -> None:
        raise KeyboardInterrupt


# ---- init_vectors --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_words_begin_at_the_vectors_that_are_given(dtype: str) -> None:
    given = GIVEN.astype(dtype)
    model = Word2Vec(TEXT, **STILL).train(progress=False, init_vectors=given)
    np.testing.assert_allclose(model.wv[WORDS[::2]], given[WORDS[::2]], atol=1e-6)
    assert np.abs(model.wv[WORDS[1::2]]).max() <= 1 / 16, "others begin as ever"
    assert len(model.wv) == len(WORDS)


@pytest.mark.parametrize("name", ["v.safetensors", "v.txt", "v.bin", "v.npy"])
def test_a_file_of_vectors_will_do(name: str, tmp_path: Path) -> None:
    GIVEN.save(tmp_path / name)
    models = [
        Word2Vec(TEXT, **HYPER).train(progress=False, init_vectors=given)
        for given in (GIVEN, tmp_path / name)
    ]
    assert same_bits(*models)


def test_it_is_said_how_much_began_there(caplog: pytest.LogCaptureFixture) -> None:
    text = [["a", "b"]] * 30 + [["b", "c"]] * 10
    with caplog.at_level(logging.INFO, "fastw2v"):
        model = Word2Vec(text, **HYPER).train(
            progress=False, init_vectors=vectors_of(["b", "a", "z"])
        )
    coverage = model.init_coverage
    assert coverage is not None
    assert (coverage.words, coverage.vocab_size) == (2, 3)
    assert coverage.token_share == pytest.approx(70 / 80)
    assert str(coverage) == "2 of 3 words begin at init_vectors, 87.5% of the tokens"
    assert str(coverage) in caplog.text
    model.train(text, progress=False)
    assert model.init_coverage is None


def test_vectors_of_another_scale_are_trained_on() -> None:
    given = vectors_of(WORDS, scale=30.0)
    model = Word2Vec(TEXT, **HYPER).train(progress=False, init_vectors=given)
    assert np.isfinite(model.wv.vectors).all()


def test_new_words_of_an_update_begin_there_and_known_ones_do_not(model: Word2Vec) -> None:
    before = model.wv[WORDS].copy()
    model.config = TrainingConfig.from_keywords(STILL)
    new = [[f"new-{word}" for word in line] for line in TEXT]
    given = vectors_of([*WORDS, *[f"new-{word}" for word in WORDS]])
    model.update(new, init_vectors=given, progress=False)
    np.testing.assert_allclose(model.wv[WORDS], before, atol=1e-6)
    renamed = [f"new-{word}" for word in WORDS]
    np.testing.assert_allclose(model.wv[renamed], given[renamed], atol=1e-6)
    assert model.init_coverage is not None
    assert model.init_coverage.token_share == 1.0


def never_read() -> Any:
    raise AssertionError("the corpus is read")
    yield


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"init_vectors": vectors_of(WORDS, 15)}, ValueError, "have 15 numbers .* model 16"),
        ({"init_vectors": np.ones((3, 16))}, TypeError, "KeyedVectors or the path .* got ndarray"),
        ({"init_vectors": "no-such-file"}, FileNotFoundError, "no-such-file"),
        ({"freeze": "word"}, TypeError, "freeze must be a list of words"),
        ({"freeze": 3}, TypeError, "freeze must be a list of words"),
        ({"freeze": True}, ValueError, "no vectors to freeze before this run"),
        ({"freeze": [True, False]}, ValueError, "no vectors to freeze before this run"),
        ({"init_vectors": GIVEN, "freeze": ["a", True]}, TypeError, "it has other values"),
        ({"init_vectors": GIVEN, "freeze": [True]}, ValueError, "for each of 102 words, has 1"),
        ({"anchor": 1.0}, ValueError, "there are none before this"),
        ({"init_vectors": GIVEN, "anchor": -1}, ValueError, "a number >= 0, got -1"),
        ({"init_vectors": GIVEN, "anchor": "1"}, TypeError, "a number >= 0, got '1'"),
        ({"init_vectors": GIVEN, "anchor": float("nan")}, ValueError, "a number >= 0, got nan"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = Word2Vec(never_read(), **HYPER)
    with pytest.raises(error, match=message):
        model.train(progress=False, **options)
    assert not model.is_trained


def test_vectors_that_are_of_no_use_are_refused(model: Word2Vec) -> None:
    untrained = Word2Vec(TEXT, **HYPER)
    with pytest.raises(ValueError, match="have no word of the corpus"):
        untrained.train(progress=False, init_vectors=vectors_of(["other", "words"]))
    broken = vectors_of(WORDS)
    broken[WORDS[3]] = np.full(16, np.inf)
    with pytest.raises(ValueError, match=f"not finite, that of '{WORDS[3]}'"):
        untrained.train(progress=False, init_vectors=broken)
    with pytest.raises(ValueError, match="no word that is new to the model"):
        model.train(TEXT, init_vectors=GIVEN, progress=False)


# ---- freeze --------------------------------------------------------------------------------------

MODES = [
    {"sg": sg, "negative_scope": scope} for sg in (0, 1) for scope in ("example", "window", "pool")
]


@pytest.mark.parametrize("mode", MODES, ids=str)
@pytest.mark.parametrize("workers", [1, 3])
def test_frozen_words_keep_every_bit(mode: dict[str, Any], workers: int) -> None:
    frozen = GIVEN.index_to_key[:40]
    model = Word2Vec(TEXT, **HYPER | mode | {"workers": workers, "held_out": 0.05})
    model.train(progress=False, init_vectors=GIVEN, freeze=frozen)
    assert np.array_equal(model.wv[frozen], GIVEN[frozen])
    others = WORDS[::2][40:]
    assert not np.any(np.all(model.wv[others] == GIVEN[others], axis=1))


def test_a_mask_and_true_are_about_the_words_that_had_vectors() -> None:
    words = GIVEN.index_to_key
    mask = np.arange(len(words)) % 3 == 0
    for freeze, expected in (
        (mask, mask),
        (mask.tolist(), mask),
        (True, np.ones(len(words), bool)),
        (False, np.zeros(len(words), bool)),
    ):
        model = Word2Vec(TEXT, **HYPER).train(progress=False, init_vectors=GIVEN, freeze=freeze)
        for word, is_frozen in zip(words[:-2], expected, strict=False):  # the last two are not read
            assert np.array_equal(model.wv[word], GIVEN[word]) == is_frozen


def test_an_update_can_leave_all_that_was_there(model: Word2Vec) -> None:
    before, outputs = model.wv[WORDS].copy(), model._output_vectors
    mixed = [[*line, "new", "words"] for line in topic_sentences(100)]
    model.update(mixed, freeze=True, progress=False)
    assert np.array_equal(model.wv[WORDS], before)
    assert model._output_vectors is not None
    assert outputs is not None
    assert not np.array_equal(model._output_vectors[:50], outputs[:50]), "output vectors learn"
    assert np.linalg.norm(model.wv["new"]) > 0.2


def test_a_trained_model_can_freeze_some_words(model: Word2Vec) -> None:
    frozen = WORDS[:20]
    before = model.wv[WORDS].copy()
    model.train(TEXT, freeze=frozen, progress=False)
    same = np.all(model.wv[WORDS] == before, axis=1)
    assert same[:20].all()
    assert not same[20:].any()


def test_words_to_freeze_that_nobody_knows_are_named(model: Word2Vec) -> None:
    with pytest.raises(ValueError, match="freeze names 2 words without a vector: huose, tre"):
        model.train(TEXT, freeze=[WORDS[0], "huose", "tre"], progress=False)
    untrained = Word2Vec(TEXT, **HYPER)
    untrained.train(progress=False, init_vectors=GIVEN, freeze=[WORDS[0], "unheard"])


# ---- anchor --------------------------------------------------------------------------------------


def cosines(model: Word2Vec, words: list[str], before: np.ndarray) -> np.ndarray:
    now = model.wv[words]
    lengths = np.linalg.norm(now, axis=1) * np.linalg.norm(before, axis=1)
    return np.einsum("ij,ij->i", now, before) / lengths


@pytest.mark.parametrize("sg", [0, 1])
def test_an_anchor_holds_words_where_they_were(sg: int) -> None:
    means = []
    for options in ({"anchor": 0.0}, {"anchor": 1.0}, {}, {"anchor": 100.0}):
        model = model_of(TEXT, **HYPER | {"sg": sg})
        before = model.wv[WORDS].copy()
        report = model.update(topic_sentences(100, seed=9), epochs=10, progress=False, **options)
        means.append(cosines(model, WORDS, before).mean())
        assert report.mean_cosine == pytest.approx(means[-1])
        assert str(report).endswith(f"with what they were: {report.mean_cosine:.4f}")
    loose, usual, default, tight = means
    assert loose < usual < tight
    assert default == usual
    assert tight > 0.999


def test_words_that_were_given_vectors_are_held_there() -> None:
    means = []
    for anchor in (0.0, 10.0):
        model = Word2Vec(TEXT, **HYPER | {"epochs": 20})
        model.train(progress=False, init_vectors=GIVEN, anchor=anchor)
        means.append(cosines(model, WORDS[::2], GIVEN[WORDS[::2]]).mean())
    assert means[0] < 0.9 < means[1]


def test_a_word_is_held_by_the_share_of_its_text_that_is_old() -> None:
    known = Vocabulary(["a", "b"], np.array([90, 60]))
    corpus = encode_corpus([["b"] * 10 + ["a"] * 9 + ["d"] * 5], min_count=1)
    rows = np.zeros((2, 16), np.float32)
    anchor = anchor_to(Learnt(known, rows, rows), corpus, pull=0.5)
    assert corpus.vocabulary.words == ["b", "a", "d"]
    assert anchor.rows.tolist() == [1, 0, -1]
    assert anchor.strength.tolist() == [3.0, 5.0, 0.0]


def test_the_pull_follows_how_a_token_is_used() -> None:
    def pull(**hyper_parameters: Any) -> float:
        return pull_per_token(TrainingConfig(**hyper_parameters)) / PULL

    assert pull(sg=1) == pytest.approx(6)
    assert pull(sg=1, window=2, shrink_windows=False) == pytest.approx(4)
    assert pull(sg=0) == pytest.approx(1)
    assert pull(sg=0, cbow_gradient="exact") == pytest.approx(1 / 6)
    assert pull(sg=0, cbow_mean=False) == pytest.approx(6)


# ---- Resumed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{"freeze": WORDS[:20], "anchor": 0.0}, {"anchor": 2.0}, {"freeze": True}],
    ids=str,
)
def test_an_update_goes_on_as_it_began(options: dict[str, Any], tmp_path: Path) -> None:
    new = [[*line, "new"] for line in topic_sentences(200, seed=3)]
    whole, stopped = model_of(TEXT, **HYPER), model_of(TEXT, **HYPER)
    before = whole.wv[WORDS].copy()
    whole.update(new, progress=False, **options)
    with pytest.raises(KeyboardInterrupt):
        stopped.update(
            new, progress=False, checkpoint=tmp_path / "run", callbacks=[StopAfterFirstEpoch()],
            **options,
        )  # fmt: skip
    assert load_newest(tmp_path / "run").state.position > 0
    resumed = Word2Vec.resume(tmp_path / "run", progress=False)
    assert same_bits(resumed, whole)
    assert np.all(resumed.wv[WORDS] == before) == (options.get("freeze") is True)


def test_a_first_training_goes_on_as_it_began(tmp_path: Path) -> None:
    options: dict[str, Any] = {"init_vectors": GIVEN, "anchor": 1.0, "freeze": WORDS[:10:2]}
    whole = Word2Vec(TEXT, **HYPER).train(progress=False, **options)
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(TEXT, **HYPER).train(
            progress=False, checkpoint=tmp_path, callbacks=[StopAfterFirstEpoch()], **options
        )
    assert same_bits(Word2Vec.resume(tmp_path, progress=False), whole)
