# SPDX-License-Identifier: Apache-2.0
"""Figures by matplotlib and plotly."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_support import WORDS, vectors_of

from fastw2v import Word2Vec
from fastw2v.drawing.fonts import fonts_for
from fastw2v.drawing.plotting import plot_words
from fastw2v.drawing.projection import project
from fastw2v.keyed_vectors import KeyedVectors
from fastw2v.training.history import EpochRecord, History

matplotlib = pytest.importorskip("matplotlib")
plotly = pytest.importorskip("plotly")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

FOUR = ["king", "queen", "man", "woman"]


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture
def kv() -> KeyedVectors:
    return vectors_of(WORDS)


def labels_of(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def boxes_of(axes: Any) -> list[Any]:
    axes.figure.draw_without_rendering()
    return [text.get_window_extent() for text in axes.texts]


def test_words_stand_at_the_places_of_the_projection(kv: KeyedVectors) -> None:
    axes = kv.plot(FOUR, method="pca")
    np.testing.assert_allclose(axes.collections[0].get_offsets(), project(kv[FOUR], "pca"))
    assert labels_of(axes) == FOUR


def test_it_draws_where_it_is_told_to_and_saves(kv: KeyedVectors, tmp_path: Path) -> None:
    figure, (left, right) = pyplot.subplots(1, 2)
    assert kv.plot(FOUR, ax=right) is right
    assert (labels_of(left), labels_of(right)) == ([], FOUR)
    figure.savefig(tmp_path / "words.png")
    assert (tmp_path / "words.png").stat().st_size > 1000


@pytest.mark.parametrize(("top", "n"), [("top 3", 3), ("top3", 3), ("top 9999", len(WORDS))])
def test_top_n_are_the_first_words(kv: KeyedVectors, top: str, n: int) -> None:
    figure = kv.plot(top, interactive=True)
    assert len(figure.data[0].text) == n
    assert figure.data[0].text[:3] == tuple(WORDS[:3])


def test_labels_of_words_that_were_named_are_all_there_those_of_top_n_cover_none() -> None:
    words = [f"word{i}" for i in range(300)]
    kv = vectors_of(words)
    named, top = kv.plot(words), kv.plot("top 300")
    assert labels_of(named) == words
    kept = labels_of(top)
    assert kept[0] == words[0]  # room goes to the most frequent
    assert 50 < len(kept) < 300
    boxes = boxes_of(top)
    covered = [
        (i, j) for i in range(len(boxes)) for j in range(i)
        if boxes[i].shrunk(0.9, 0.9).overlaps(boxes[j].shrunk(0.9, 0.9))
    ]  # fmt: skip
    assert covered == []


def test_two_words_on_one_spot_are_both_legible() -> None:
    words = ["aa", "bb"]
    axes = plot_words(words, np.zeros((2, 2)), label_all=False)
    boxes = boxes_of(axes)
    assert labels_of(axes) == words
    assert not boxes[0].overlaps(boxes[1])


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")  # not every machine has every font
def test_words_are_drawn_as_they_are(tmp_path: Path) -> None:
    words = ["$x_1$", "$\\frac$", "a\udcff", *WORDS]
    axes = vectors_of(words).plot(words)
    axes.figure.savefig(tmp_path / "words.png")
    for word, label in zip(words, labels_of(axes), strict=True):
        assert label == word.translate({0: "\ufffd", 9: "\ufffd", 0xDCFF: "\ufffd"})


def test_latin_words_need_no_font_but_the_usual() -> None:
    assert fonts_for("naïve Ångström") == matplotlib.rcParams["font.family"]


@pytest.mark.parametrize("text", ["国王", "서울", "राजा", "ราชา", "தமிழ்", "አማርኛ"])
def test_other_scripts_are_written_in_an_installed_font(text: str, tmp_path: Path) -> None:
    fonts = fonts_for(text)
    if fonts == matplotlib.rcParams["font.family"]:
        pytest.skip("no font of this script is installed")
    axes = plot_words([text], np.zeros((1, 2)), label_all=True)
    axes.figure.savefig(tmp_path / "script.png")  # a missing sign would be a warning, so an error


def test_plotly_shows_words_as_they_are_and_writes_a_page(tmp_path: Path) -> None:
    figure = vectors_of(["a<b>c</b>", "&lt;", "x\udcff"]).plot("top 3", interactive=True)
    assert figure.data[0].text == ("a&lt;b&gt;c&lt;/b&gt;", "&amp;lt;", "x\ufffd")
    figure.write_html(tmp_path / "words.html", include_plotlyjs=False)
    assert "a&lt;b" in (tmp_path / "words.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "options", "error", "message"),
    [
        ("king", {}, ValueError, r"several words or 'top N', not 'king'"),
        ("top 0", {}, ValueError, "'top 0'"),
        ([], {}, ValueError, "at least one"),
        (["king", "kong"], {}, KeyError, "'kong' has no vector"),
        (FOUR, {"method": "lda"}, ValueError, "method must be one of"),
        (FOUR, {"interactive": True, "ax": 1}, ValueError, "it must be None"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    kv: KeyedVectors, words: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        kv.plot(words, **options)


@pytest.mark.parametrize(("package", "options"), [
    ("matplotlib", {}), ("plotly.graph_objects", {"interactive": True})
])  # fmt: skip
def test_a_missing_package_is_said_with_the_way_to_get_it(
    kv: KeyedVectors, package: str, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'fastw2v\[plot\]'"):
        kv.plot(FOUR, **options)


def test_the_history_of_a_run_draws_losses_and_speed() -> None:
    settings: dict[str, Any] = {"min_count": 1, "vector_size": 8, "epochs": 3, "workers": 1}
    model = Word2Vec([["a", "b", "c"]] * 500, **settings)
    with pytest.raises(ValueError, match="no epoch has ended"):
        model.history.plot()
    axes = model.train().history.plot()
    left, right = axes.figure.axes
    assert axes is left
    assert left.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert left.lines[0].get_ydata().tolist() == [record.loss for record in model.history]
    speeds = [record.words_per_second for record in model.history]
    np.testing.assert_allclose(right.lines[0].get_ydata() * 1e6, speeds)


def record(epoch: int, **values: Any) -> EpochRecord:
    known = {"seconds": 1, "words": 2, "words_per_second": 2, "examples": 2, "learning_rate": 0.1}
    loss = {"loss": 0.5, "loss_margin": 0.1, "idle_share": 0.0}
    return EpochRecord(epoch, **{**known, **loss, **values})


def test_a_history_draws_where_it_is_told_to_and_shows_the_held_out_loss() -> None:
    axes = pyplot.subplots()[1]
    history = History([record(1), record(2, held_out_loss=0.7, loss_margin=np.nan)])
    assert history.plot(ax=axes) is axes
    names = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    assert names["held out"].get_xydata().tolist() == [[2, 0.7]]


def test_a_run_without_held_out_sentences_has_one_loss() -> None:
    assert History([record(1)]).plot().get_legend() is None
