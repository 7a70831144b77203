# SPDX-License-Identifier: Apache-2.0
"""Figures: words in the plane, and how a run went. matplotlib and plotly are imported when used."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastw2v.drawing.fonts import fonts_for
from fastw2v.drawing.projection import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from plotly.graph_objects import Figure

_GAP = 4.0  # points between a point and its label
_POINT, _SPEED, _INK = "#b4400a", "#0b559f", "#1c1e21"


class Box(NamedTuple):
    """A rectangle, in pixels."""

    left: float
    bottom: float
    right: float
    top: float


def plot_words(
    words: Sequence[str], places: Floats, *, axes: Axes | None = None, label_all: bool
) -> Axes:
    """Draw words as points with labels beside them, with matplotlib.

    A label stands on the first side of its point where it covers no other. One that has no such
    side is left out, unless `label_all`.
    """
    axes = axes if axes is not None else _new_axes(8, 8)
    axes.scatter(places[:, 0], places[:, 1], s=10, c=_POINT, linewidths=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08)
    axes.spines[:].set_color("#d0d0d0")
    words = [_printable(word) for word in words]
    fonts = fonts_for("".join(words))
    # parse_math: a word with two dollars is no formula.
    style: dict[str, Any] = {"fontsize": 9, "color": _INK, "family": fonts, "parse_math": False}
    labels = [
        axes.annotate(
            word, place, (0, 0), textcoords="offset points", annotation_clip=True, **style
        )
        for word, place in zip(words, places, strict=True)
    ]
    _arrange(axes, labels, places, label_all)
    return axes


def _new_axes(width: float, height: float) -> Axes:
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a plot needs the package matplotlib: pip install 'fastw2v[plot]'"
        ) from error
    axes: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return axes


def _arrange(axes: Axes, labels: list[Any], places: Floats, label_all: bool) -> None:
    """Put each label where it covers no other; remove those that have no room."""
    figure = axes.get_figure(root=True)
    figure.draw_without_rendering()  # now the size of everything is known
    points = axes.transData.transform(places)
    pixels = figure.dpi / 72  # in a point
    taken: list[Box] = []
    for label, (x, y) in zip(labels, points.tolist(), strict=True):
        extent = label.get_window_extent()
        sides = list(_sides(x, y, extent.width, extent.height, _GAP * pixels))
        free = next((side for side in sides if not _covers(side, taken)), None)
        if free is None and not label_all:
            label.remove()
            continue
        box = free or sides[0]
        taken.append(box)
        # The label stands with its anchor, left on the base line, at the place that we give it.
        shift = (box.left - extent.x0, box.bottom - extent.y0)
        label.set_position((shift[0] / pixels, shift[1] / pixels))


def _sides(x: float, y: float, width: float, height: float, gap: float) -> Iterator[Box]:
    """Yield boxes right and left of a point, above, below and at its corners."""
    for horizontal, vertical in (
        *((1, 0), (-1, 0), (0, 1), (0, -1)),
        *((1, 1), (-1, 1), (1, -1), (-1, -1)),
    ):
        left = x + horizontal * (gap + width / 2) - width / 2
        bottom = y + vertical * (gap + height / 2) - height / 2
        yield Box(left, bottom, left + width, bottom + height)


def _covers(box: Box, taken: Iterable[Box]) -> bool:
    return any(
        box.left < other.right
        and other.left < box.right
        and box.bottom < other.top
        and other.bottom < box.top
        for other in taken
    )


def plot_words_interactive(words: Sequence[str], places: Floats) -> Figure:
    """Draw words as points to point at and to zoom into, with plotly."""
    try:
        from plotly.graph_objects import Figure, Scatter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "interactive=True needs the package plotly: pip install 'fastw2v[plot]'"
        ) from error
    texts = [_for_plotly(word) for word in words]
    points = Scatter(
        x=places[:, 0],
        y=places[:, 1],
        text=texts,
        mode="markers+text",
        textposition="middle right",
        hovertemplate="%{text}<extra></extra>",
        marker={"size": 5, "color": _POINT},
    )
    figure = Figure(points)
    axis = {"showticklabels": False, "showgrid": False, "zeroline": False, "title": None}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, scaleanchor="x")
    figure.update_layout(
        template="plotly_white", dragmode="pan", margin={"l": 20, "r": 20, "t": 20, "b": 20}
    )
    return figure


def _printable(word: str) -> str:
    """Return a word with a sign in place of control characters and lone surrogates."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in word)


def _for_plotly(word: str) -> str:
    """Return a word such that plotly, which reads some HTML, shows it as it is."""
    return _printable(word).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plot_epochs(
    epochs: Sequence[int],
    losses: Sequence[float],
    margins: Sequence[float],
    speeds: Sequence[float],
    held_out: Mapping[int, float],
    axes: Axes | None,
) -> Axes:
    """Draw losses, and speed on a second axis, by epoch, with matplotlib."""
    axes = axes if axes is not None else _new_axes(6, 4)
    margins = np.nan_to_num(margins).tolist()  # unknown: none to draw
    axes.errorbar(epochs, losses, margins, color=_POINT, marker="o", capsize=3, label="training")
    if held_out:
        axes.plot(*zip(*held_out.items(), strict=True), "--s", color=_POINT, label="held out")
        axes.legend(frameon=False)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss", color=_POINT)
    axes.xaxis.get_major_locator().set_params(integer=True)
    right = axes.twinx()
    right.plot(epochs, np.asarray(speeds) / 1e6, color=_SPEED, marker="^")
    right.set_ylabel("million words / s", color=_SPEED)
    right.set_ylim(bottom=0)
    return axes
