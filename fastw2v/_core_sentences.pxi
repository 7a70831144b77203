# SPDX-License-Identifier: Apache-2.0
# Sentences: lists of words -> ids -> sums of rows. Included by _core.pyx.


def find_words(dict index not None, list sentences not None, ids, list unknown not None,
               Py_ssize_t first_number) -> None:
    cdef int32_t[::1] ids_view = int32_out(ids, "ids")
    cdef Py_ssize_t i, number, n_tokens, n = 0, room = ids_view.shape[0]
    for number, tokens in enumerate(sentences, first_number):
        if not (MAY_BORROW and isinstance(tokens, list)):
            tokens = tuple(tokens)
        n_tokens = len(tokens)
        if n_tokens > room - n:
            raise ValueError(f"ids must have room for all tokens, got shape ({room},)")
        for i in range(n_tokens):
            token = <object>token_at(tokens, i)
            word_id = index.get(token)
            if word_id is None:
                if not isinstance(token, str):
                    raise TypeError(
                        f"sentence {number}: token {i} must be a str, got "
                        f"{type(token).__name__}: {reprlib.repr(token)}"
                    )
                unknown.append(token)
                ids_view[n + i] = -1
            else:
                ids_view[n + i] = word_id
        n += n_tokens
    if n != room:
        raise ValueError(f"ids must have room for {n} tokens and no more, got shape ({room},)")


cdef const float *floats_of(const float[::1] values, Py_ssize_t n, str name) except? NULL:
    """The elements of an array that may be None, which must be `n`."""
    if values is None:
        return NULL
    if values.shape[0] != n:
        raise ValueError(f"{name} must have shape ({n},), got ({values.shape[0]},)")
    return &values[0]


def sum_sentences(const uint8_t[:, :] elements not None, size_t element_bytes, ids, ends,
                  float[:, ::1] sums not None, double[::1] totals not None, known, *,
                  const float[::1] scales=None, const float[::1] weights=None) -> None:
    cdef const int32_t[::1] ids_view = int32_in(ids, "ids")
    cdef const int64_t[::1] ends_view = int64_in(ends, "ends")
    cdef int64_t[::1] known_view = int64_out(known, "known")
    cdef fw_sentences sentences
    cdef fw_status status
    cdef Py_ssize_t n_rows = elements.shape[0], n = ends_view.shape[0]
    if n_rows > 2147483647:
        raise ValueError(f"there must be at most 2,147,483,647 rows, got {n_rows}")
    if elements.strides[1] != 1 or <size_t>elements.shape[1] != element_bytes * sums.shape[1]:
        raise ValueError(
            f"elements must have {element_bytes * sums.shape[1]} adjacent bytes in a row, got "
            f"{elements.shape[1]} with a stride of {elements.strides[1]}"
        )
    if sums.shape[0] != n or totals.shape[0] != n or known_view.shape[0] != n:
        raise ValueError(
            f"sums, totals and known must have {n} rows, got {sums.shape[0]}, {totals.shape[0]} "
            f"and {known_view.shape[0]}"
        )
    sentences.rows, sentences.row_bytes = &elements[0, 0], elements.strides[0]
    sentences.element_bytes, sentences.vector_size = element_bytes, <size_t>sums.shape[1]
    sentences.n_rows = <int32_t>n_rows
    sentences.scales = floats_of(scales, n_rows, "scales")
    sentences.weights = floats_of(weights, n_rows, "weights")
    sentences.ids, sentences.n_tokens = &ids_view[0], ids_view.shape[0]
    sentences.ends, sentences.n_sentences = &ends_view[0], <size_t>n
    with nogil:
        status = fw_sum_sentences(&sentences, &sums[0, 0], &totals[0], &known_view[0])
    raise_status(status)
