# SPDX-License-Identifier: Apache-2.0
# Vectors in text and in word2vec's binary form, a block of a file at a time. Included by _core.pyx.

LONGEST_FLOAT = FW_FLOAT_CHARS


cdef int check_spans(const int64_t[::1] begins, const int64_t[::1] ends, Py_ssize_t n_bytes,
                     int64_t least) except -1:
    """Each begins[i] .. ends[i] must lie in the text and have at least so many bytes."""
    cdef Py_ssize_t i
    if begins.shape[0] != ends.shape[0]:
        raise ValueError(f"{begins.shape[0]} begins and {ends.shape[0]} ends do not match")
    for i in range(begins.shape[0]):
        if not 0 <= begins[i] <= ends[i] <= n_bytes or ends[i] - begins[i] < least:
            raise ValueError(f"span {i}, {begins[i]} to {ends[i]}, does not fit {n_bytes} bytes")
    return 0


def find_lines(text, word_ends, ends) -> int:
    """Find where lines and their first words end (fw_find_lines); return how many lines."""
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef int64_t[::1] word_ends_view = int64_out(word_ends, "word_ends")
    cdef int64_t[::1] ends_view = int64_out(ends, "ends")
    cdef size_t capacity = min(word_ends_view.shape[0], ends_view.shape[0]), n = 0
    if text_view.shape[0] > 0 and capacity > 0:
        with nogil:
            n = fw_find_lines(&text_view[0], <size_t>text_view.shape[0], capacity,
                              &word_ends_view[0], &ends_view[0])
    return n


def find_entries(text, Py_ssize_t row_bytes, begins, word_ends) -> int:
    """Find the words of binary entries (fw_find_entries); return how many."""
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef int64_t[::1] begins_view = int64_out(begins, "begins")
    cdef int64_t[::1] word_ends_view = int64_out(word_ends, "word_ends")
    cdef size_t capacity = min(begins_view.shape[0], word_ends_view.shape[0]), n = 0
    if row_bytes < 0:
        raise ValueError(f"row_bytes must be >= 0, got {row_bytes}")
    if text_view.shape[0] > 0 and capacity > 0:
        with nogil:
            n = fw_find_entries(&text_view[0], <size_t>text_view.shape[0], <size_t>row_bytes,
                                capacity, &begins_view[0], &word_ends_view[0])
    return n


def parse_rows(text, begins, ends, float[:, ::1] rows) -> int:
    """Read lines of numbers into `rows` (fw_parse_rows); return how many are as they should be."""
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef const int64_t[::1] begins_view = int64_in(begins, "begins")
    cdef const int64_t[::1] ends_view = int64_in(ends, "ends")
    cdef size_t n = <size_t>begins_view.shape[0], done = 0
    check_spans(begins_view, ends_view, text_view.shape[0], 0)
    if rows.shape[0] < begins_view.shape[0]:
        raise ValueError(f"rows has {rows.shape[0]} rows, not {n}")
    if n > 0 and rows.shape[1] > 0 and text_view.shape[0] > 0:
        with nogil:
            done = fw_parse_rows(&text_view[0], &begins_view[0], &ends_view[0], n,
                                 <size_t>rows.shape[1], &rows[0, 0])
    return done


def copy_rows(text, begins, uint8_t[:, ::1] rows) -> None:
    """Copy a row from each place of a text (fw_copy_rows)."""
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef const int64_t[::1] begins_view = int64_in(begins, "begins")
    cdef Py_ssize_t i, n = begins_view.shape[0], row_bytes = rows.shape[1]
    if rows.shape[0] != n:
        raise ValueError(f"rows has {rows.shape[0]} rows, not {n}")
    for i in range(n):
        if not 0 <= begins_view[i] <= text_view.shape[0] - row_bytes:
            raise ValueError(f"row {i} at {begins_view[i]} does not fit {text_view.shape[0]} bytes")
    if n > 0 and row_bytes > 0:
        with nogil:
            fw_copy_rows(&text_view[0], &begins_view[0], <size_t>n, <size_t>row_bytes, &rows[0, 0])


def decode_spans(text, begins, ends, str errors) -> list:
    """Return the words text[begins[i]:ends[i]]."""
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef const int64_t[::1] begins_view = int64_in(begins, "begins")
    cdef const int64_t[::1] ends_view = int64_in(ends, "ends")
    cdef Py_ssize_t i, n = begins_view.shape[0]
    cdef bytes errors_bytes = errors.encode()
    cdef list words = [None] * n
    check_spans(begins_view, ends_view, text_view.shape[0], 0)
    for i in range(n):
        words[i] = PyUnicode_DecodeUTF8(
            <const char *>&text_view[0] + begins_view[i],
            <Py_ssize_t>(ends_view[i] - begins_view[i]), errors_bytes
        )
    return words


def print_rows(str isa, words, offsets, const float[:, :] rows, out) -> int:
    """Write lines of a word with its space and numbers to `out` (fw_print_rows); return how many bytes."""
    cdef fw_isa chosen = _parse_isa(isa)
    cdef const uint8_t[::1] words_view = bytes_in(words, "words")
    cdef const int64_t[::1] offsets_view = int64_in(offsets, "offsets")
    cdef uint8_t[::1] out_view = bytes_out(out, "out")
    cdef Py_ssize_t i, n = rows.shape[0], columns = rows.shape[1], stride = columns
    cdef size_t written = 0
    if offsets_view.shape[0] != n + 1:
        raise ValueError(f"{offsets_view.shape[0]} offsets do not match {n} rows")
    for i in range(n):
        if not 0 <= offsets_view[i] <= offsets_view[i + 1] <= words_view.shape[0]:
            raise ValueError(f"offsets must rise from 0 to {words_view.shape[0]}")
    if n == 0 or columns == 0:
        raise ValueError(f"rows must have a number, got shape ({n}, {columns})")
    if n > 1:
        stride = rows.strides[0] // <Py_ssize_t>sizeof(float)
    if ((columns > 1 and rows.strides[1] != sizeof(float))
            or (n > 1 and (stride < 0 or rows.strides[0] % sizeof(float) != 0))):
        raise ValueError("the numbers of a row must be adjacent, and rows follow one another")
    if out_view.shape[0] < (offsets_view[n] - offsets_view[0]
                            + n * columns * (FW_FLOAT_CHARS + 1)):
        raise ValueError(f"out has only {out_view.shape[0]} bytes")
    with nogil:
        written = fw_print_rows(chosen,
                                &words_view[0] if words_view.shape[0] > 0 else <const uint8_t *>"",
                                &offsets_view[0], &rows[0, 0], <size_t>n, <size_t>columns,
                                <size_t>stride, &out_view[0])
    return written
