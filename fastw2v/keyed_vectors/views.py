# SPDX-License-Identifier: Apache-2.0
"""Vectors to look at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.keyed_vectors.keys import Key
from fastw2v.keyed_vectors.queries import checked_int
from fastw2v.keyed_vectors.rows import converted
from fastw2v.keyed_vectors.table import VectorTable


class VectorViews(VectorTable):
    """Pictures and pages of vectors; see `KeyedVectors`."""

    def explore(
        self,
        path: str | os.PathLike[str],
        *,
        limit: int = 20_000,
        map_words: int = 1_000,
        method: str = "tsne",
        title: str | None = None,
    ) -> None:
        """Write one HTML page to search these vectors in a browser, without a network.

        It has a search box, the neighbours of each word to click on, sums and differences of words,
        and a map. Rows are kept in it as int8: cosines differ by some thousandths from the exact.

        Parameters
        ----------
        path : path-like
            File to write, replaced if it exists.
        limit : int
            How many first, that is most frequent, words the page contains. A word takes about 1.4
            bytes for each dimension.
        map_words : int
            How many of them are always on the map; others appear when they are asked for.
        method : "pca", "tsne" or "umap"
            How the map is made. "tsne" takes some seconds for 1,000 words, and 4 times as long for
            twice as many. "umap" needs the package umap-learn.
        title : str, optional
            By default the name of the file.

        Raises
        ------
        ValueError
            A number is out of range, the method is unknown, or a vector on the map is not finite.
        ModuleNotFoundError
            The package for "umap" is not installed.
        """
        from fastw2v.drawing.projection import METHOD_NAMES, project
        from fastw2v.explorer import Contents, write_page

        n_words = min(len(self), checked_int("limit", limit, 1))
        n_mapped = min(n_words, checked_int("map_words", map_words, 0))
        first = slice(0, n_words)
        scales = None if self.scales is None else self.scales[first]
        contents = Contents(
            title=Path(path).stem if title is None else title,
            words=[str(key) for key in self.index_to_key[first]],
            rows=converted(self.vectors[first], scales, "int8")[0],
            counts=self.counts[first] if self._counts_are_known() else None,
            vocab_size=len(self),
            places=project(self.rows(slice(0, n_mapped)), method),
            method=METHOD_NAMES[method],
        )
        write_page(path, contents)

    def plot(
        self,
        words: Iterable[Key] | str = "top 500",
        method: str = "pca",
        interactive: bool = False,
        *,
        ax: Any = None,
    ) -> Any:
        """Draw words in the plane.

        Parameters
        ----------
        words : several words, or "top N"
            "top N" means the N most frequent. Of these a word that would cover another one has a
            point and no label; words that were named all have one.
        method : "pca", "tsne" or "umap"
            How places are found: see `explore`. "pca" and "tsne" need no other package.
        interactive : bool
            Make a figure of plotly to point at and to zoom into (``write_html`` makes a page of it)
            rather than one of matplotlib.
        ax : matplotlib.axes.Axes, optional
            Where to draw, else in a new figure. Not for interactive ones.

        Returns
        -------
        matplotlib.axes.Axes or plotly.graph_objects.Figure

        Raises
        ------
        KeyError
            A word is not in the vocabulary; the message says why.
        ValueError
            There is no word, the method is unknown, or a vector is not finite.
        ModuleNotFoundError
            matplotlib, plotly or umap-learn is needed and not installed.

        Notes
        -----
        Characters that matplotlib's own font does not have are taken from installed fonts that do.
        matplotlib joins the letters of Arabic and Indic scripts, and writes from right to left,
        from its version 3.11 on.
        """
        from fastw2v.drawing.plotting import plot_words, plot_words_interactive
        from fastw2v.drawing.projection import project

        if interactive and ax is not None:
            raise ValueError("ax is of matplotlib: with interactive=True it must be None")
        ids = self._ids_to_plot(words)
        places = project(self.rows(ids), method)
        keys = [str(self.index_to_key[i]) for i in ids]
        if interactive:
            return plot_words_interactive(keys, places)
        return plot_words(keys, places, axes=ax, label_all=not isinstance(words, str))

    def _ids_to_plot(self, words: Iterable[Key] | str) -> NDArray[np.intp]:
        if isinstance(words, str):
            top = re.fullmatch(r"top[ _-]?([1-9][0-9]*)", words)
            if top is None:
                raise ValueError(f"words must be several words or 'top N', not {words!r}")
            return np.arange(min(int(top[1]), len(self)))
        ids = np.array([self.get_index(word) for word in words], np.intp)
        if len(ids) == 0:
            raise ValueError("words must be at least one")
        return ids

    def _counts_are_known(self) -> bool:
        """Whether counts are more than the placeholders vocab_size, ..., 2, 1."""
        return not np.array_equal(self.counts, np.arange(len(self), 0, -1))
