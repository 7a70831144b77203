# SPDX-License-Identifier: Apache-2.0
"""Progress on standard error: a tqdm bar if tqdm is installed, a plain line otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

#: Seconds between plain lines.
_PLAIN_INTERVAL = 2.0


class Progress:
    """Shows how far a run is.

    Parameters
    ----------
    total_words : int
    show : bool or None
        None: if standard error is a terminal.
    """

    def __init__(self, total_words: int, show: bool | None = None) -> None:
        self._total = total_words
        self._wanted = sys.stderr.isatty() if show is None else show
        self._bar: Any = None
        self._began = time.perf_counter()
        self._shown = self._began

    def __enter__(self) -> Progress:
        if self._wanted:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                pass
            else:
                self._bar = tqdm(total=self._total, unit=" words", unit_scale=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, words_done: int, loss: float) -> None:
        """Say that `words_done` words are done and how large the loss is."""
        if self._bar is not None:
            self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            self._bar.update(words_done - self._bar.n)
        elif self._wanted:
            self._show_plain(words_done, loss)

    def _show_plain(self, words_done: int, loss: float) -> None:
        now = time.perf_counter()
        if words_done < self._total and now - self._shown < _PLAIN_INTERVAL:
            return
        self._shown = now
        rate = words_done / max(now - self._began, 1e-9)
        share = words_done / self._total
        print(f"{share:6.1%}  {rate:,.0f} words/s  loss {loss:.4f}", file=sys.stderr, flush=True)
