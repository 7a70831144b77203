# SPDX-License-Identifier: Apache-2.0
# Exact search in the rows of a matrix. Included by _core.pyx.


cdef dict _ROW_TYPES = {
    "float32": (FW_ROW_FLOAT32, 4),
    "float16": (FW_ROW_FLOAT16, 2),
    "int8": (FW_ROW_INT8, 1),
}


#: Rows that a block of a sketch has.
SKETCH_ROWS = FW_SKETCH_ROWS

cdef bint _HAS_BYTE_DOTS = fw_isa_has_byte_dots()


cdef uint8_t[::1] _aligned_bytes(size_t size):
    cdef uint8_t[::1] memory = np.empty(size + 64, dtype=np.uint8)
    cdef size_t begin = (64 - <size_t><uintptr_t>&memory[0] % 64) % 64
    return memory[begin:begin + size]


cdef fw_rows _rows_of(const uint8_t[:, :] elements, str dtype, const float[::1] scales,
                      const float[::1] inverse_norms) except *:
    """Return the C view of rows given as bytes, with everything checked but their alignment."""
    cdef fw_rows rows
    cdef Py_ssize_t n = elements.shape[0], size
    if dtype not in _ROW_TYPES:
        raise TypeError(f"rows must be {', '.join(_ROW_TYPES)}, not {dtype}")
    rows.type, size = _ROW_TYPES[dtype]
    if elements.shape[1] == 0 or elements.shape[1] % size != 0 or n > 2147483647:
        raise ValueError(f"{n} rows of {elements.shape[1]} bytes are not rows of {dtype}")
    if n > 0 and (elements.strides[0] < 0 or elements.strides[1] != 1):
        raise ValueError("the elements of a row must be adjacent, and rows in rising order")
    for name, values in (("scales", scales), ("inverse_norms", inverse_norms)):
        if values is not None and values.shape[0] != n:
            raise ValueError(f"{name} must have {n} elements, has {values.shape[0]}")
    rows.n_rows = <int32_t>n
    rows.vector_size = <size_t>(elements.shape[1] // size)
    rows.row_bytes = <size_t>elements.strides[0]
    rows.data = &elements[0, 0] if n > 0 else NULL
    rows.scales = &scales[0] if scales is not None and n > 0 else NULL
    rows.sketch = NULL
    rows.inverse_norms = &inverse_norms[0] if inverse_norms is not None and n > 0 else NULL
    return rows


cdef fw_sketch _sketch_of(const uint8_t[:, ::1] coarse, const uint8_t[:, ::1] fine,
                          Py_ssize_t n_lanes, size_t vector_size) except *:
    """Return the C view of the blocks of so many rows, checked but for their alignment."""
    cdef fw_sketch sketch
    cdef Py_ssize_t n = (n_lanes + FW_SKETCH_ROWS - 1) // FW_SKETCH_ROWS
    cdef size_t coarse_bytes = fw_sketch_coarse_bytes(vector_size)
    cdef size_t fine_bytes = fw_sketch_fine_bytes(vector_size)
    for name, blocks, size in (("coarse", coarse, coarse_bytes), ("fine", fine, fine_bytes)):
        if blocks.shape[0] != n or <size_t>blocks.shape[1] != size or size == 0:
            raise ValueError(f"the {name} blocks of {n_lanes} rows of {vector_size} elements have "
                             f"the shape ({n}, {size}), not "
                             f"({blocks.shape[0]}, {blocks.shape[1]})")
    sketch.coarse = <uint8_t *>&coarse[0, 0] if n > 0 else NULL
    sketch.fine = <uint8_t *>&fine[0, 0] if n > 0 else NULL
    return sketch


cdef class Search:
    """The best rows for each of some queries (fw_search); used by one thread at a time.

    Parameters
    ----------
    isa : str
    queries : ndarray of shape (n_queries, vector_size), float32
        Kept as a view.
    n_found : int
        How many rows to find for each query.
    excluded : ndarray of shape (n_queries, n), int32, optional
        Rows that are no answer to a query; numbers below 0 say nothing. Kept as a view.
    has_sketch : bool
        Whether every call of `search_rows` comes with a sketch of its rows.
    """

    cdef fw_search search
    cdef const float[:, ::1] queries
    cdef const int32_t[:, ::1] excluded
    cdef float[:, ::1] scores
    cdef int32_t[:, ::1] ids
    cdef uint8_t[::1] workspace

    def __init__(self, str isa, const float[:, ::1] queries, int32_t n_found,
                 const int32_t[:, ::1] excluded=None, bint has_sketch=False):
        cdef Py_ssize_t n = queries.shape[0], size = queries.shape[1]
        if n < 1 or n > 1 << 24 or size < 1 or size > 1 << 24 or n_found < 1:
            raise ValueError(f"cannot search {n_found} rows for {n} queries of {size} floats")
        if excluded is not None and excluded.shape[0] != n:
            raise ValueError(f"excluded must have {n} rows, has {excluded.shape[0]}")
        self.queries, self.excluded = queries, excluded
        self.scores = np.empty((n, n_found), dtype=np.float32)
        self.ids = np.empty((n, n_found), dtype=np.int32)
        self.search.isa = _parse_isa(isa)
        self.search.vector_size, self.search.n_queries = <size_t>size, <int32_t>n
        self.search.queries, self.search.n_found = &queries[0, 0], n_found
        if excluded is not None and excluded.shape[1] > 0:
            self.search.n_excluded = <int32_t>excluded.shape[1]
            self.search.excluded = &excluded[0, 0]
        self.search.has_sketch, self.search.has_byte_dots = has_sketch, _HAS_BYTE_DOTS
        if has_sketch and fw_sketch_coarse_bytes(<size_t>size) == 0:
            raise ValueError(f"rows of {size} elements have no sketch")
        self.search.scores, self.search.ids = &self.scores[0, 0], &self.ids[0, 0]
        self.workspace = _aligned_bytes(fw_search_workspace_size(&self.search))
        raise_status(fw_search_begin(&self.search, &self.workspace[0]))

    def search_rows(self, const uint8_t[:, :] elements, str dtype, int32_t first_id,
                    const float[::1] inverse_norms, const float[::1] scales=None,
                    const uint8_t[:, ::1] coarse=None, const uint8_t[:, ::1] fine=None) -> None:
        """Search rows first_id, first_id + 1, ...; call with rising `first_id` (fw_search_rows).

        `elements` is a view of rows of `dtype` as bytes; `coarse` and `fine` are the blocks of a
        sketch that have these rows.
        """
        cdef fw_rows rows = _rows_of(elements, dtype, scales, inverse_norms)
        cdef fw_sketch sketch
        cdef fw_status status
        if rows.n_rows == 0:
            return
        if coarse is not None and fine is not None:
            sketch = _sketch_of(coarse, fine, first_id % FW_SKETCH_ROWS + <Py_ssize_t>rows.n_rows,
                                rows.vector_size)
            rows.sketch = &sketch
        with nogil:
            status = fw_search_rows(&self.search, &rows, first_id, &self.workspace[0])
        raise_status(status)

    def end(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ids, int32, and scores, both of shape (n_queries, n_found): the best first.

        Where there are fewer rows, ids are -1 and scores NaN.
        """
        cdef fw_status status
        with nogil:
            status = fw_search_end(&self.search, &self.workspace[0])
        raise_status(status)
        return np.asarray(self.ids), np.asarray(self.scores)


def score_rows(str isa, const uint8_t[:, :] elements, str dtype, const float[::1] query,
               float[::1] scores, const float[::1] inverse_norms,
               const float[::1] scales=None) -> None:
    """Write the score of every row with one query (fw_score_rows)."""
    cdef fw_rows rows = _rows_of(elements, dtype, scales, inverse_norms)
    cdef fw_isa chosen = _parse_isa(isa)
    cdef fw_status status
    if <size_t>query.shape[0] != rows.vector_size or scores.shape[0] != rows.n_rows:
        raise ValueError(f"{rows.n_rows} rows of {rows.vector_size} elements, a query of "
                         f"{query.shape[0]} and {scores.shape[0]} scores do not match")
    if rows.n_rows == 0:
        return
    cdef uint8_t[::1] workspace = _aligned_bytes(fw_score_workspace_size(rows.vector_size))
    with nogil:
        status = fw_score_rows(chosen, &rows, &query[0], &scores[0], &workspace[0])
    raise_status(status)


def measure_rows(str isa, const uint8_t[:, :] elements, str dtype, float[::1] norms,
                 const float[::1] scales=None) -> None:
    """Write the Euclidean length of every row (fw_measure_rows)."""
    cdef fw_rows rows = _rows_of(elements, dtype, scales, None)
    cdef fw_isa chosen = _parse_isa(isa)
    cdef fw_status status
    if norms.shape[0] != rows.n_rows:
        raise ValueError(f"norms must have {rows.n_rows} elements, has {norms.shape[0]}")
    if rows.n_rows == 0:
        return
    cdef uint8_t[::1] workspace = _aligned_bytes(fw_score_workspace_size(rows.vector_size))
    with nogil:
        status = fw_measure_rows(chosen, &rows, &norms[0], &workspace[0])
    raise_status(status)


def sketch_bytes(Py_ssize_t vector_size) -> tuple[int, int]:
    """Bytes of a coarse and of a fine block of a sketch; 0 if rows of that size have none."""
    cdef size_t size = <size_t>max(vector_size, 0)
    return fw_sketch_coarse_bytes(size), fw_sketch_fine_bytes(size)


def sketch_rows(str isa, const uint8_t[:, :] elements, str dtype, uint8_t[:, ::1] coarse,
                uint8_t[:, ::1] fine, const float[::1] inverse_norms,
                const float[::1] scales=None) -> None:
    """Write the blocks of rows, the first of which begins a block (fw_sketch_rows)."""
    cdef fw_rows rows = _rows_of(elements, dtype, scales, inverse_norms)
    cdef fw_isa chosen = _parse_isa(isa)
    cdef fw_status status
    cdef fw_sketch sketch = _sketch_of(coarse, fine, rows.n_rows, rows.vector_size)
    if rows.n_rows == 0:
        return
    cdef uint8_t[::1] workspace = _aligned_bytes(fw_score_workspace_size(rows.vector_size))
    with nogil:
        status = fw_sketch_rows(chosen, &rows, &sketch, &workspace[0])
    raise_status(status)
