# SPDX-License-Identifier: Apache-2.0
"""Progress on standard error: a tqdm bar if tqdm is installed, a plain line otherwise."""

from __future__ import annotations

import importlib
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

#: Seconds between plain lines.
_PLAIN_INTERVAL = 2.0
#: What writing to standard error raises when its reader is gone or it was closed.
_NO_DISPLAY = (OSError, ValueError)


class Progress:
    """Shows how far a run is. No trouble with the display ever ends the run.

    Parameters
    ----------
    total_words : int
    show : bool or None
        None: if standard error is a terminal.
    """

    def __init__(self, total_words: int, show: bool | None = None) -> None:
        self._total = total_words
        self._wanted = sys.stderr is not None and (sys.stderr.isatty() if show is None else show)
        self._bar: Any = None
        self._began = self._said_at = time.perf_counter()
        self._said_words = -1

    def __enter__(self) -> Progress:
        if self._wanted:
            with suppress(ImportError, *_NO_DISPLAY):
                tqdm = importlib.import_module("tqdm.auto").tqdm
                self._bar = tqdm(total=self._total, unit=" words", unit_scale=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            with suppress(*_NO_DISPLAY):
                self._bar.close()

    def show(self, words_done: int, total_words: int, loss: float) -> None:
        """Say that so many words of so many are done and how large the loss is."""
        self._total = total_words
        try:
            if self._bar is not None:
                self._bar.total = total_words
                self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
                self._bar.update(words_done - self._bar.n)
            elif self._wanted:
                self._show_plain(words_done, loss)
        except _NO_DISPLAY:
            self._bar, self._wanted = None, False

    def _show_plain(self, words_done: int, loss: float) -> None:
        now = time.perf_counter()
        is_due = words_done >= self._total or now - self._said_at >= _PLAIN_INTERVAL
        if not is_due or words_done == self._said_words:
            return
        self._said_at, self._said_words = now, words_done
        rate = words_done / max(now - self._began, 1e-9)
        left = max(self._total - words_done, 0) / max(rate, 1e-9)
        print(
            f"{words_done / max(self._total, 1):6.1%}  {rate:,.0f} words/s  loss {loss:.4f}  "
            f"{int(left) // 60}:{int(left) % 60:02} left",
            file=sys.stderr,
            flush=True,
        )
