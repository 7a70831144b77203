# SPDX-License-Identifier: Apache-2.0
# Reading: text and token lists -> provisional ids -> final ids. Included by _core.pyx.

import reprlib

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define FASTW2V_MAY_BORROW 0 /* another thread may change a list at any time */
    #else
    #define FASTW2V_MAY_BORROW 1
    #endif
    """
    bint MAY_BORROW "FASTW2V_MAY_BORROW"

cdef extern from "Python.h":
    ctypedef struct PyObject
    int PyList_Check(object value)
    PyObject *PyList_GetItem(object values, Py_ssize_t i) except NULL
    PyObject *PyTuple_GetItem(object values, Py_ssize_t i) except NULL
    void PyErr_Clear()
    const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *size)
    str PyUnicode_DecodeUTF8(const char *text, Py_ssize_t size, const char *errors)
    bytes PyBytes_FromStringAndSize(const char *text, Py_ssize_t size)
    char *PyBytes_AsString(object text) except NULL


cdef const uint8_t[::1] bytes_in(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a contiguous buffer of bytes: {error}") from None


cdef const int32_t[::1] int32_in(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a contiguous int32 array: {error}") from None


cdef const int64_t[::1] int64_in(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a contiguous int64 array: {error}") from None


cdef int32_t[::1] int32_out(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a writable, contiguous int32 array: {error}") from None


cdef int64_t[::1] int64_out(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a writable, contiguous int64 array: {error}") from None


cdef uint8_t[::1] bytes_out(object buffer, str name):
    try:
        return buffer
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a writable, contiguous uint8 array: {error}") from None


cdef enum:
    TOKENS_AT_ONCE = 64


cdef inline PyObject *token_at(object tokens, Py_ssize_t i) except NULL:
    """A borrowed reference: no Python code runs, so nobody changes the list, until it is used."""
    if PyList_Check(tokens):
        return PyList_GetItem(tokens, i)
    return PyTuple_GetItem(tokens, i)


cdef inline const uint8_t *utf8_of(PyObject *token, Py_ssize_t i, size_t *length) except NULL:
    """Return the bytes of a token, which live as long as it does."""
    cdef Py_ssize_t size = 0
    cdef const char *utf8 = PyUnicode_AsUTF8AndSize(token, &size)
    if utf8 is NULL:
        PyErr_Clear()
        refuse_token(<object>token, i)
    length[0] = <size_t>size
    return <const uint8_t *>utf8


cdef int refuse_token(object token, Py_ssize_t i) except -1:
    if not isinstance(token, str):
        raise TypeError(
            f"token {i} must be a str, got {type(token).__name__}: {reprlib.repr(token)}"
        )
    try:
        token.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"token {i} cannot be written as UTF-8: {reprlib.repr(token)} ({error.reason})"
        ) from None
    raise MemoryError(f"no memory for the UTF-8 of token {i}")


cdef class Lexicon:
    """Words in order of first appearance, with counts; used by one thread at a time."""

    cdef fw_lexicon *lexicon
    cdef bint busy  # a call runs without the GIL

    def __cinit__(self):
        self.lexicon = fw_lexicon_new()
        if self.lexicon is NULL:
            raise MemoryError("no memory for a lexicon")

    def __dealloc__(self):
        fw_lexicon_free(self.lexicon)

    cdef int check_free(self) except -1:
        if self.busy:
            raise RuntimeError("a Lexicon may be used by one thread at a time")
        return 0

    def __len__(self):
        self.check_free()
        return fw_lexicon_size(self.lexicon)

    def scan(self, text, bint final, ids, ends, int64_t n_tokens, int64_t sentence_begin):
        self.check_free()
        cdef const uint8_t[::1] text_view = bytes_in(text, "text")
        cdef int32_t[::1] ids_view = int32_out(ids, "ids")
        cdef int64_t[::1] ends_view = int64_out(ends, "ends")
        if ids_view.shape[0] == 0 or ends_view.shape[0] == 0:
            raise ValueError("ids and ends must have room for at least one element")
        if not 0 <= sentence_begin <= n_tokens:
            raise ValueError(
                f"sentence_begin must be in [0, n_tokens={n_tokens}], got {sentence_begin}"
            )
        cdef fw_scan scan
        cdef fw_status status
        memset(&scan, 0, sizeof(scan))
        scan.text = &text_view[0]
        scan.n_bytes = text_view.shape[0]
        scan.final = final
        scan.ids = &ids_view[0]
        scan.ids_capacity = ids_view.shape[0]
        scan.ends = &ends_view[0]
        scan.ends_capacity = ends_view.shape[0]
        scan.n_tokens = n_tokens
        scan.sentence_begin = sentence_begin
        self.busy = True
        with nogil:
            status = fw_lexicon_scan(self.lexicon, &scan)
        self.busy = False
        raise_status(status)
        return scan.n_consumed, scan.n_ids, scan.n_ends

    def add_sentence(self, tokens, ids):
        self.check_free()
        if not (MAY_BORROW and isinstance(tokens, list)):
            tokens = tuple(tokens)
        cdef int32_t[::1] ids_view = int32_out(ids, "ids")
        cdef Py_ssize_t i, begin, n, n_words = len(tokens)
        cdef const uint8_t *words[TOKENS_AT_ONCE]
        cdef size_t lengths[TOKENS_AT_ONCE]
        if ids_view.shape[0] < n_words:
            raise ValueError(
                f"ids must have room for {n_words} tokens, got shape ({ids_view.shape[0]},)"
            )
        for begin in range(0, n_words, TOKENS_AT_ONCE):
            n = min(n_words - begin, TOKENS_AT_ONCE)
            for i in range(n):
                words[i] = utf8_of(token_at(tokens, begin + i), begin + i, &lengths[i])
            raise_status(fw_lexicon_add(self.lexicon, words, lengths, n, &ids_view[begin]))
        return n_words

    def merge(self, Lexicon other not None, id_map):
        self.check_free()
        other.check_free()
        cdef int32_t[::1] map_view = int32_out(id_map, "id_map")
        cdef fw_status status
        if other is self:
            raise ValueError("a lexicon cannot be merged into itself")
        if map_view.shape[0] != fw_lexicon_size(other.lexicon):
            raise ValueError(
                f"id_map must have shape ({fw_lexicon_size(other.lexicon)},), "
                f"got ({map_view.shape[0]},)"
            )
        self.busy = other.busy = True
        with nogil:
            status = fw_lexicon_merge(self.lexicon, other.lexicon, &map_view[0])
        self.busy = other.busy = False
        raise_status(status)

    def export(self, offsets, counts):
        self.check_free()
        cdef int64_t[::1] offsets_view = int64_out(offsets, "offsets")
        cdef int64_t[::1] counts_view = int64_out(counts, "counts")
        cdef int64_t n_words = fw_lexicon_size(self.lexicon)
        shapes = (offsets_view.shape[0], counts_view.shape[0])
        if shapes != (n_words + 1, n_words):
            raise ValueError(
                f"offsets, counts must have lengths {(n_words + 1, n_words)}, got {shapes}"
            )
        cdef bytes words = PyBytes_FromStringAndSize(NULL, fw_lexicon_word_bytes(self.lexicon))
        fw_lexicon_export(
            self.lexicon, <uint8_t *>PyBytes_AsString(words), &offsets_view[0], &counts_view[0]
        )
        return words

    def counts(self, counts):
        self.check_free()
        cdef int64_t[::1] counts_view = int64_out(counts, "counts")
        if counts_view.shape[0] != fw_lexicon_size(self.lexicon):
            raise ValueError(
                f"counts must have shape ({fw_lexicon_size(self.lexicon)},), "
                f"got ({counts_view.shape[0]},)"
            )
        fw_lexicon_counts(self.lexicon, &counts_view[0])


cdef enum:
    WORDS_AHEAD = 8


def decode_words(text, offsets, positions, str errors):
    cdef const uint8_t[::1] text_view = bytes_in(text, "text")
    cdef const int64_t[::1] offsets_view = int64_in(offsets, "offsets")
    cdef const int64_t[::1] positions_view = int64_in(positions, "positions")
    cdef Py_ssize_t i, n = positions_view.shape[0], n_words = offsets_view.shape[0] - 1
    cdef int64_t position, begin, end
    cdef bytes errors_bytes = errors.encode()
    cdef list words = [None] * n
    for i in range(n):
        position = positions_view[i]
        if not 0 <= position < n_words:
            raise IndexError(f"positions must be in [0, {n_words}), got {position}")
    for i in range(n):
        # Words are asked for in order of frequency, which is at random: three misses for each.
        if i + 2 * WORDS_AHEAD < n:
            prefetch_line(&offsets_view[positions_view[i + 2 * WORDS_AHEAD]])
        if i + WORDS_AHEAD < n:
            prefetch_line(&text_view[0] + offsets_view[positions_view[i + WORDS_AHEAD]])
        position = positions_view[i]
        begin, end = offsets_view[position], offsets_view[position + 1]
        if not 0 <= begin <= end <= text_view.shape[0]:
            raise ValueError(f"offsets must rise from 0 to {text_view.shape[0]}, got {begin}, {end}")
        words[i] = PyUnicode_DecodeUTF8(
            <const char *>&text_view[0] + begin, <Py_ssize_t>(end - begin), errors_bytes
        )
    return words


cdef class Encoder:
    """Provisional ids to final ones, block after block; used by one thread at a time."""

    cdef fw_encoding encoding
    cdef const int32_t[::1] id_map
    cdef int64_t[::1] ends
    cdef bint busy

    def __cinit__(self, id_map, ends, int64_t n_before):
        self.id_map = int32_in(id_map, "id_map")
        self.ends = int64_out(ends, "ends")
        if n_before < 0:
            raise ValueError(f"n_before must be >= 0, got {n_before}")
        memset(&self.encoding, 0, sizeof(self.encoding))
        self.encoding.id_map = &self.id_map[0]
        self.encoding.map_size = self.id_map.shape[0]
        self.encoding.ends = &self.ends[0]
        self.encoding.n_ends = self.ends.shape[0]
        self.encoding.n_written = self.encoding.sentence_begin = n_before

    @property
    def n_sentences(self):
        return self.encoding.ends_written

    def encode(self, ids, kept):
        cdef const int32_t[::1] ids_view = int32_in(ids, "ids")
        cdef int32_t[::1] kept_view = int32_out(kept, "kept")
        cdef fw_status status
        if self.busy:
            raise RuntimeError("an Encoder may be used by one thread at a time")
        self.encoding.ids = &ids_view[0]
        self.encoding.n_ids = ids_view.shape[0]
        self.encoding.kept = &kept_view[0]
        self.encoding.kept_capacity = kept_view.shape[0]
        self.busy = True
        with nogil:
            status = fw_encode(&self.encoding)
        self.busy = False
        raise_status(status)
        return self.encoding.n_kept
