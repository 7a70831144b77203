# SPDX-License-Identifier: Apache-2.0
"""Mirror of the headers in csrc/; they hold the documentation."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t

# ---- status.h and lexicon.h ----


cdef extern from "status.h" nogil:
    ctypedef enum fw_status:
        FW_OK
        FW_ERROR_MEMORY
        FW_ERROR_VOCABULARY_SIZE

    const char *fw_status_message(fw_status status)


cdef extern from "lexicon.h" nogil:
    ctypedef struct fw_lexicon:
        pass

    ctypedef struct fw_scan:
        const uint8_t *text
        size_t n_bytes
        bint final
        int32_t *ids
        size_t ids_capacity
        int64_t *ends
        size_t ends_capacity
        size_t n_consumed
        size_t n_ids
        size_t n_ends
        int64_t n_tokens
        int64_t sentence_begin

    ctypedef struct fw_encoding:
        int32_t *ids
        size_t n_ids
        const int32_t *id_map
        size_t map_size
        int64_t *ends
        size_t n_ends
        size_t n_kept
        int64_t n_read
        int64_t n_written
        size_t ends_read
        size_t ends_written
        int64_t sentence_begin

    fw_lexicon *fw_lexicon_new()
    void fw_lexicon_free(fw_lexicon *lexicon)
    int32_t fw_lexicon_size(const fw_lexicon *lexicon)
    int64_t fw_lexicon_word_bytes(const fw_lexicon *lexicon)
    fw_status fw_lexicon_add(fw_lexicon *lexicon, const uint8_t *bytes, size_t length, int32_t *id)
    fw_status fw_lexicon_scan(fw_lexicon *lexicon, fw_scan *scan)
    fw_status fw_lexicon_merge(fw_lexicon *into, const fw_lexicon *source, int32_t *id_map)
    void fw_lexicon_export(const fw_lexicon *lexicon, uint8_t *bytes, int64_t *offsets,
                           int64_t *counts)
    fw_status fw_encode(fw_encoding *encoding)
