# SPDX-License-Identifier: Apache-2.0
"""Draw quality against the time of training, from the JSON of quality.py. See README.md."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import options
import points
from quality import merge

#: Told apart by shape as well as by colour, so that a print in black and white will do.
MARKERS = {
    "fastw2v": ("o", "#0b559f"),
    "gensim": ("s", "#c44e00"),
    "gensim-sentences": ("D", "#c44e00"),
    "fasttext": ("^", "#3d7a2a"),
}
TITLES = {"analogies": "analogies", "ws353": "WordSim-353", "simlex": "SimLex-999"}
#: The same data make the same file: a fixed salt for ids, no date, text as text.
STYLE = {
    "svg.hashsalt": "fastw2v",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
METADATA = {"Date": None, "Creator": None}
#: Where the number of a point may stand, in points from its middle; the first free place is taken.
PLACES = [
    (radius * x, radius * y)
    for radius in (10, 16, 23, 31, 40)
    for x, y in ((0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8), (1, 0), (-1, 0))
]
#: Half the room that a number and a marker take, in points.
NUMBER_ROOM, MARKER_ROOM = (6.0, 5.0), (4.5, 4.5)


def main() -> int:
    """Draw the plot and write its points beside it."""
    parser = _parser()
    chosen = parser.parse_args()
    try:
        plot = points.select(merge(chosen.reports)["runs"], chosen.vector_size, chosen.settings)
    except ValueError as error:
        parser.error(str(error))
    draw(plot, chosen.output)
    chosen.output.with_suffix(".json").write_text(json.dumps(plot, indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=options.existing_file, nargs="+", metavar="IN.json")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="OUT.svg", help="and its points, OUT.json"
    )
    parser.add_argument("--vector-size", type=options.positive, metavar="N")
    parser.add_argument(
        "--settings", type=lambda text: text.split(","), metavar="A,B,...", help="only these"
    )
    return parser


def draw(plot: dict[str, Any], output: Path) -> None:
    """Write an SVG with a panel for each test and a key of all settings below."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        tests = plot["tests"]
        rows = -(-len(plot["points"]) // 2)
        height, key_height = 3.4, 0.45 + 0.19 * rows
        figure, panels = pyplot.subplots(
            1, len(tests), figsize=(3.4 * len(tests), height + key_height), squeeze=False
        )
        figure.subplots_adjust(
            left=0.06,
            right=0.99,
            wspace=0.2,
            top=0.93,
            bottom=(key_height + 0.45) / (height + key_height),
        )
        for panel, test in zip(panels[0], tests, strict=True):
            _draw_panel(panel, plot["points"], test)
        panels[0][0].set_ylabel("share right, or rank correlation")
        for panel in panels[0]:
            panel.set_xlabel("training, CPU seconds per epoch")
        _draw_key(figure, plot, key_height / (height + key_height), rows)
        figure.savefig(output, metadata=METADATA)
        pyplot.close(figure)


def _draw_panel(panel: Any, all_points: Sequence[dict[str, Any]], test: str) -> None:
    """Draw every point, the spread over its seeds, and its number where there is room."""
    panel.set_title(TITLES.get(test, test), fontsize=10)
    panel.set_xscale("log")
    panel.grid(color="#dddddd", linewidth=0.5)
    panel.set_axisbelow(True)
    middles = []
    for point in all_points:
        seconds, scores = point["cpu_seconds_per_epoch"], point["scores"][test]
        x, y = statistics.median(seconds), statistics.fmean(scores)
        middles.append((x, y))
        panel.errorbar(
            x,
            y,
            xerr=[[x - min(seconds)], [max(seconds) - x]],
            yerr=[[y - min(scores)], [max(scores) - y]],
            elinewidth=0.8,
            **_look(point),
        )
    panel.margins(0.12)
    _ticks(panel)
    panel.figure.canvas.draw()  # only now are the limits those that will be shown
    in_points = panel.transData.transform(middles) * 72 / panel.figure.dpi
    for number, (middle, offset) in enumerate(
        zip(middles, places(in_points.tolist()), strict=True), start=1
    ):
        panel.annotate(
            str(number),
            middle,
            offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"},
            arrowprops={"arrowstyle": "-", "color": "#888888", "linewidth": 0.5, "shrinkB": 4},
        )


def _ticks(panel: Any) -> None:
    """Write times as plain numbers: 2, 5, 10 and not powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_formatter(NullFormatter())


def places(middles: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Return for each point the offset of its number, clear of all points and earlier numbers.

    Where nothing is free, it is the place with the most room.
    """
    taken = [(x, y, *MARKER_ROOM) for x, y in middles]
    chosen = []
    for x, y in middles:
        room, _, best = max(
            (min(_gap(x + dx, y + dy, other) for other in taken), -index, (dx, dy))
            for index, (dx, dy) in enumerate(PLACES)
        )
        for dx, dy in PLACES:
            if room >= 0 and min(_gap(x + dx, y + dy, other) for other in taken) >= 0:
                best = (dx, dy)
                break
        taken.append((x + best[0], y + best[1], *NUMBER_ROOM))
        chosen.append(best)
    return chosen


def _gap(x: float, y: float, other: tuple[float, float, float, float]) -> float:
    """Return the space between a number at (x, y) and something else; negative if they overlap."""
    other_x, other_y, width, height = other
    return max(
        abs(x - other_x) - width - NUMBER_ROOM[0], abs(y - other_y) - height - NUMBER_ROOM[1]
    )


def _look(point: dict[str, Any]) -> dict[str, Any]:
    """Shape and colour say the trainer; skip-gram is filled, CBOW is hollow."""
    marker, colour = MARKERS[point["trainer"]]
    filled = point["architecture"] == "skip-gram"
    return {
        "marker": marker,
        "color": colour,
        "markerfacecolor": colour if filled else "white",
        "markersize": 6,
        "linestyle": "none",
    }


def _draw_key(figure: Any, plot: dict[str, Any], height: float, rows: int) -> None:
    """Name the settings by number below the panels, in two columns."""
    key = figure.add_axes((0.06, 0.0, 0.93, height))
    key.set_axis_off()
    key.set_xlim(0, 2)
    key.set_ylim(rows + 1.2, -0.4)
    for index, point in enumerate(plot["points"]):
        column, row = divmod(index, rows)
        key.plot(column + 0.045, row, **_look(point))
        n_seeds = len(point["seeds"])
        seeds = f"{n_seeds} seeds" if n_seeds > 1 else "1 seed"
        key.text(column + 0.02, row, str(index + 1), ha="right", va="center", fontsize=8)
        key.text(column + 0.07, row, f"{point['setting']} ({seeds})", va="center", fontsize=8)
    key.text(
        0,
        rows + 0.4,
        f"Vectors of {plot['vector_size']} numbers, {plot['epochs']} epochs, one worker. Filled: "
        "skip-gram, hollow: CBOW. Mean over seeds; lines are from the least to the most.",
        va="center",
        fontsize=8,
    )


if __name__ == "__main__":
    sys.exit(main())
