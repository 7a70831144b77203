# SPDX-License-Identifier: Apache-2.0
"""Arrays that grow: appending row by row costs linear time in all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Growing:
    """An array with room behind its last row.

    An array that it was given is never written to, nor copied before the first change: it may be
    shared with a model, or be a map of a file.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, ...)
    owned : bool
        Whether nobody else has a use for `rows`.
    """

    def __init__(self, rows: NDArray[Any], *, owned: bool = False) -> None:
        self._room = rows
        self._n_rows = len(rows)
        self.owned = owned

    def __len__(self) -> int:
        return self._n_rows

    @property
    def rows(self) -> NDArray[Any]:
        """The rows: a view, which stays as it was when the array is next moved to more room."""
        # A view is made each time and not kept, so that a deep copy or a pickle has one array.
        return self._room if self._n_rows == len(self._room) else self._room[: self._n_rows]

    def writable(self) -> NDArray[Any]:
        """Return the rows as an array of our own."""
        if not self.owned:
            self._move(self._n_rows)
        return self.rows

    def reserve(self, n_rows: int) -> None:
        """Make room for so many rows in all."""
        if not self.owned or n_rows > len(self._room):
            self._move(max(n_rows, self._n_rows))

    def extend(self, rows: NDArray[Any]) -> None:
        """Append rows; when there is no room, make twice as much as there was."""
        end = self._n_rows + len(rows)
        if end > len(self._room):  # as it always is of an array that is not our own
            self._move(max(end, 2 * self._n_rows))
        self._room[self._n_rows : end] = rows
        self._n_rows = end

    def _move(self, capacity: int) -> None:
        room = np.empty((capacity, *self._room.shape[1:]), self._room.dtype)
        room[: self._n_rows] = self.rows
        self._room, self.owned = room, True
