# SPDX-License-Identifier: Apache-2.0
"""A trained model goes on, and takes in a new corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_support import Corpus, model_of, topic_purity, topic_sentences

from fastw2v import Callback, KeyedVectors, Vocabulary, Word2Vec, encode_corpus
from fastw2v.training.growth import encoded_by, grown_vocabulary

HYPER: dict[str, Any] = {"sg": 1, "vector_size": 16, "epochs": 3, "workers": 1, "min_count": 3}


@pytest.fixture
def model() -> Word2Vec:
    return model_of(topic_sentences(500), **HYPER)


def vocabulary_of(counts: dict[str, int], min_count: int = 1) -> Vocabulary:
    sentences = [[word] * count for word, count in counts.items()]
    return encode_corpus(sentences, min_count=min_count).vocabulary


# ---- Going on ------------------------------------------------------------------------------------


def test_a_trained_model_goes_on_with_a_corpus(model: Word2Vec) -> None:
    before, counts = model.wv.vectors.copy(), model.wv.counts.copy()
    purity = topic_purity(model)
    assert model.train(topic_sentences(500), epochs=10, alpha=0.05, progress=False) is model
    assert [record.epoch for record in model.history] == list(range(1, 14))
    assert model.epochs_trained == 10
    assert model.config.epochs == 3, "what was asked for once"
    assert not np.array_equal(before, model.wv.vectors)
    assert np.array_equal(counts, model.wv.counts)
    assert topic_purity(model) > purity


def test_going_on_begins_where_the_model_is(model: Word2Vec) -> None:
    """At a learning rate of almost nothing nothing moves: rows are carried over as they are."""
    before = model.wv.vectors.copy()
    outputs = model._output_vectors
    assert outputs is not None
    outputs = outputs.copy()
    model.config = type(model.config).from_keywords(HYPER | {"min_alpha": 0.0})
    model.train(topic_sentences(500), epochs=1, alpha=1e-12, progress=False)
    np.testing.assert_allclose(model.wv.vectors, before, atol=1e-6)
    np.testing.assert_allclose(model._output_vectors, outputs, atol=1e-6)


def test_a_loaded_model_goes_on_and_its_file_stays(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "model"
    model.save(path)
    content = path.read_bytes()
    loaded = Word2Vec.load(path)
    loaded.train(topic_sentences(500), epochs=1, progress=False)
    assert not np.array_equal(loaded.wv.vectors, model.wv.vectors)
    assert path.read_bytes() == content


def test_words_that_a_model_does_not_know_are_passed_over(model: Word2Vec) -> None:
    words = model.wv.index_to_key.copy()
    mixed = [[*line, "unheard", "of"] for line in topic_sentences(100)]
    model.train(mixed, epochs=1, progress=False)
    assert model.wv.index_to_key == words
    with pytest.raises(ValueError, match="knows no word of the corpus"):
        model.train([["unheard", "of"]] * 100, progress=False)


@pytest.mark.parametrize("how", ["train", "update"])
def test_every_known_word_of_new_text_is_trained_however_rare_it_is_there(how: str) -> None:
    """min_count and max_final_vocab choose the vocabulary, not what is read of new text."""
    model = model_of(topic_sentences(500), **HYPER | {"max_final_vocab": 50, "sample": 0.0})
    known = model.wv.index_to_key[-2:]
    before = model.wv[known].copy()
    others = [[f"other-{i}", f"other-{i}"] for i in range(60)] * 3
    getattr(model, how)([known, *others], epochs=1, progress=False)
    assert len(model.wv) == 50
    assert np.all(np.any(model.wv[known] != before, axis=1))


def test_a_corpus_may_be_given_to_train_alone() -> None:
    model = Word2Vec(**HYPER).train(topic_sentences(500), progress=False)
    assert np.array_equal(model.wv.vectors, model_of(topic_sentences(500), **HYPER).wv.vectors)


def test_what_fails_leaves_the_model_as_it_was(model: Word2Vec) -> None:
    before = model.wv.vectors.copy()

    def broken() -> Any:
        yield ["0.0", "0.1"]
        raise LookupError("of the iterator")

    for go_on in (model.train, model.update):
        with pytest.raises(LookupError, match="of the iterator"):
            go_on(broken(), progress=False)
    with pytest.raises(FloatingPointError, match="training diverged"):
        model.train(topic_sentences(500), alpha=100.0, epochs=20, progress=False)
    assert np.array_equal(model.wv.vectors, before)
    assert [record.epoch for record in model.history] == [1, 2, 3], "of what was taken back too"


# ---- Update --------------------------------------------------------------------------------------


def test_new_words_get_in_and_old_ones_keep_their_places(model: Word2Vec) -> None:
    old_words = set(model.wv.index_to_key)
    renamed = [[f"new-{word}" for word in line] for line in topic_sentences(500, seed=1)]
    mixed: Corpus = [[*a, *b] for a, b in zip(renamed, topic_sentences(500), strict=True)]
    report = model.update(mixed, epochs=5, progress=False)
    assert report.words_before == 200
    assert report.words_after == len(model.wv) == 400
    assert set(report.added) == {f"new-{word}" for word in old_words}
    assert report.coverage == 1.0
    assert "200 words before, 400 now (200 new: new-" in str(report)
    assert old_words <= set(model.wv.index_to_key)
    counts = model.wv.counts
    assert np.all(counts[:-1] >= counts[1:])
    assert counts.sum() == 500 * 12 * 3
    assert model.wv.norms.min() > 0


def test_a_word_seen_twice_and_twice_again_gets_in() -> None:
    line = ["a", "b", "c"]
    first = [[*line, "rare"]] * 2 + [line] * 200
    model = model_of(first, **HYPER)
    assert "rare" not in model.wv
    report = model.update([[*line, "rare"]] * 2 + [line] * 10, progress=False)
    assert report.added == ["rare"]
    assert model.wv.get_vecattr("rare", "count") == 4
    again = model.update([[*line, "rarer"]] * 2, progress=False)
    assert again.added == []
    assert again.coverage == pytest.approx(6 / 8)


def test_the_count_of_a_dropped_word_survives_a_file(tmp_path: Path) -> None:
    line = ["a", "b", "c"]
    model_of([[*line, "rare"]] * 2 + [line] * 200, **HYPER).save(tmp_path / "model")
    model = Word2Vec.load(tmp_path / "model")
    assert model.update([[*line, "rare"]] * 2, progress=False).added == ["rare"]


def test_the_grown_vocabulary_counts_both_texts() -> None:
    known = vocabulary_of({"a": 5, "b": 4, "c": 1, "d": 2}, min_count=3)
    new = vocabulary_of({"b": 3, "e": 3, "d": 1, "c": 1, "f": 9})
    grown = grown_vocabulary(known, new, min_count=3, max_final_vocab=None)
    assert list(zip(grown.words, grown.counts.tolist(), strict=True)) == [
        ("f", 9), ("b", 7), ("a", 5), ("d", 3), ("e", 3),
    ]  # fmt: skip
    assert grown.dropped is not None
    assert grown.dropped.count("c") == 2
    bounded = grown_vocabulary(known, new, min_count=3, max_final_vocab=3)
    assert bounded.words == ["f", "b", "a"]
    full = grown_vocabulary(known, new, min_count=3, max_final_vocab=1)
    assert sorted(full.words) == ["a", "b"], "known words stay"


def test_a_corpus_in_ids_of_another_vocabulary() -> None:
    corpus = encode_corpus([["a", "b", "x"], ["x"], ["b", "a"]], min_count=1)
    encoded = encoded_by(corpus, vocabulary_of({"b": 2, "a": 1}))
    assert encoded.ids.tolist() == [1, 0, 0, 1]
    assert encoded.sentence_ends.tolist() == [2, 4]


def test_an_update_can_be_resumed(model: Word2Vec, tmp_path: Path) -> None:
    new = [[f"new-{word}" for word in line] for line in topic_sentences(300)]
    model.update(new, epochs=2, progress=False, checkpoint=tmp_path / "run")
    resumed = Word2Vec.resume(tmp_path / "run", progress=False)
    assert np.array_equal(resumed.wv.vectors, model.wv.vectors)
    assert resumed.wv.index_to_key == model.wv.index_to_key


@pytest.mark.parametrize("go_on", ["train", "update"])
def test_a_model_whose_vectors_were_changed_is_not_trained_on(model: Word2Vec, go_on: str) -> None:
    model.wv.add_vector("new", np.ones(model.wv.vector_size))
    before = model.wv.vectors.copy()
    with pytest.raises(RuntimeError, match=r"wv was changed.*nor trained on"):
        getattr(model, go_on)(topic_sentences(), progress=False)
    assert np.array_equal(model.wv.vectors, before)


def test_what_a_callback_makes_of_the_vectors_does_not_stay(model: Word2Vec) -> None:
    class Normalizer(Callback):
        def on_epoch_end(self, model: Word2Vec) -> None:
            model.wv.unit_normalize_all()

    same = model_of(topic_sentences(500), **HYPER)
    for each, callbacks in ((model, [Normalizer()]), (same, [])):
        each.train(topic_sentences(500), epochs=2, progress=False, callbacks=callbacks)
    assert not model.wv.changed
    assert np.array_equal(model.wv.vectors, same.wv.vectors)


def test_what_cannot_be_updated_says_so(model: Word2Vec) -> None:
    with pytest.raises(RuntimeError, match=r"call train\(\) first"):
        Word2Vec().update(topic_sentences())
    with pytest.raises(TypeError, match="epoch_count"):
        model.update(topic_sentences(), epoch_count=3)
    with pytest.raises(ValueError, match="epochs must be >= 1, got 0"):
        model.update(topic_sentences(), epochs=0)
    model._output_vectors = None
    with pytest.raises(RuntimeError, match="no output vectors"):
        model.update(topic_sentences(), progress=False)
    assert isinstance(model.wv, KeyedVectors)
