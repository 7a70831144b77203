# SPDX-License-Identifier: Apache-2.0
# Mirror of the headers of csrc, which hold the documentation.
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t


cdef extern from "fastw2v.h" nogil:
    ctypedef enum fw_status:
        FW_OK
        FW_ERROR_ARGUMENT
        FW_ERROR_ALIGNMENT
        FW_ERROR_ID_RANGE
        FW_ERROR_SENTENCE_ENDS
        FW_ERROR_PROBABILITY
        FW_ERROR_NOT_FINITE
        FW_ERROR_ISA_UNKNOWN
        FW_ERROR_ISA_UNAVAILABLE
        FW_ERROR_MEMORY
        FW_ERROR_VOCABULARY_SIZE
        FW_STATUS_COUNT
    const char *fw_status_message(fw_status status)

    ctypedef enum fw_isa:
        FW_ISA_PORTABLE
        FW_ISA_COUNT
    bint fw_isa_available(fw_isa isa)
    fw_isa fw_isa_best()
    const char *fw_isa_name(fw_isa isa)
    fw_status fw_isa_parse(const char *name, fw_isa *isa)

    ctypedef enum fw_purpose:
        FW_PURPOSE_TOKENS
    uint64_t fw_stream(uint64_t seed, uint64_t epoch, uint64_t chunk)
    uint64_t fw_substream(uint64_t stream, fw_purpose purpose)
    uint64_t fw_draw(uint64_t substream, uint64_t counter)

    ctypedef struct fw_alias:
        uint32_t threshold
        int32_t other
    fw_status fw_noise_build(const double *weights, int32_t size, fw_alias *table, double *scaled,
                             int32_t *work)

    ctypedef struct fw_block:
        int32_t n_inputs
        int32_t n_targets
        size_t stride
        float learning_rate
        float **inputs
        float **targets
        float **gradients
        const float *labels
        const float *weights
        float *logits
        float *residuals
        float *scratch
    size_t fw_block_floats(int32_t n_inputs, int32_t n_targets)
    size_t fw_block_scratch(int32_t n_inputs, int32_t n_targets, size_t stride)
    fw_status fw_block_step(fw_isa isa, const fw_block *block)
    fw_status fw_combine_rows(fw_isa isa, size_t stride, float **to, int32_t n_to,
                              const float **source, int32_t n_source, const float *coefficients,
                              bint accumulate)

    ctypedef enum fw_architecture:
        FW_CBOW
        FW_SKIP_GRAM
    ctypedef enum fw_scope:
        FW_SCOPE_EXAMPLE
        FW_SCOPE_WINDOW
        FW_SCOPE_POOL

    ctypedef struct fw_settings:
        fw_isa isa
        fw_architecture architecture
        fw_scope scope
        int32_t window
        bint shrink_windows
        int32_t negatives
        float negative_weight
        int32_t pool_size
        uint32_t pool_refresh
        bint cbow_mean
        bint cbow_exact_gradient
        int32_t chunk_tokens
        int32_t loss_interval
        int32_t private_rows

    ctypedef struct fw_anchor:
        const float *input
        const float *output
        size_t input_stride
        size_t output_stride
        const int32_t *rows
        const float *strength

    ctypedef struct fw_model:
        float *input
        float *output
        size_t stride
        size_t vector_size
        int32_t vocab_size
        const uint32_t *keep_threshold
        const fw_alias *noise
        const uint8_t *frozen
        const fw_anchor *anchor

    ctypedef struct fw_stretch:
        const int32_t *ids
        size_t n_chunks
        const int64_t *borders
        const int64_t *sentence_ends
        size_t n_sentences
        const uint64_t *streams
        const double *learning_rates

    ctypedef struct fw_stats:
        int64_t kept_tokens
        int64_t examples
        int64_t loss_examples
        double loss_sum

    size_t fw_workspace_size(const fw_settings *settings, size_t stride)
    fw_status fw_train_chunks(const fw_settings *settings, const fw_model *model,
                              const fw_stretch *stretch, void *workspace, fw_stats *stats)


cdef extern from "shards.h" nogil:
    enum:
        FW_MOST_SHARDS

    ctypedef struct fw_shards:
        int32_t n_shards
        uint8_t *marks
        void **memory
        const float *pairs

    ctypedef struct fw_phase:
        const int32_t *ids
        const int64_t *sentence_ends
        int32_t n_chunks
        const int64_t *begins
        const int64_t *ends
        const int64_t *first_ends
        const int64_t *last_ends
        const uint64_t *streams
        const double *learning_rates

    size_t fw_shard_size(const fw_settings *settings, const fw_model *model)
    fw_status fw_train_shards(const fw_settings *settings, const fw_model *model,
                              const fw_shards *shards, const fw_phase *phase, int32_t first,
                              int32_t last, void *workspace, fw_stats *stats)
    fw_status fw_merge_shards(const fw_settings *settings, const fw_model *model,
                              const fw_shards *shards, const fw_phase *next, int32_t first,
                              int32_t last, void *workspace)


cdef extern from "prefetch.h" nogil:
    void prefetch_line(const void *address)


cdef extern from "sentences.h" nogil:
    ctypedef struct fw_sentences:
        const void *rows
        Py_ssize_t row_bytes
        size_t element_bytes
        size_t vector_size
        int32_t n_rows
        const float *scales
        const float *weights
        const int32_t *ids
        int64_t n_tokens
        const int64_t *ends
        size_t n_sentences
    fw_status fw_sum_sentences(const fw_sentences *sentences, float *sums, double *totals,
                               int64_t *known)


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
        const int32_t *ids
        size_t n_ids
        int32_t *kept
        size_t kept_capacity
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
    fw_status fw_lexicon_add(fw_lexicon *lexicon, const uint8_t *const *words,
                             const size_t *lengths, size_t n_words, int32_t *ids)
    fw_status fw_lexicon_scan(fw_lexicon *lexicon, fw_scan *scan)
    fw_status fw_lexicon_merge(fw_lexicon *into, const fw_lexicon *source, int32_t *id_map)
    void fw_lexicon_export(const fw_lexicon *lexicon, uint8_t *bytes, int64_t *offsets,
                           int64_t *counts)
    void fw_lexicon_counts(const fw_lexicon *lexicon, int64_t *counts)
    fw_status fw_encode(fw_encoding *encoding)


cdef extern from "decimal.h" nogil:
    enum:
        FW_FLOAT_CHARS


cdef extern from "vector_lines.h" nogil:
    size_t fw_find_lines(const uint8_t *text, size_t n_bytes, size_t capacity, int64_t *word_ends,
                         int64_t *ends)
    size_t fw_find_entries(const uint8_t *text, size_t n_bytes, size_t row_bytes, size_t capacity,
                           int64_t *begins, int64_t *word_ends)
    size_t fw_parse_rows(const uint8_t *text, const int64_t *begins, const int64_t *ends,
                         size_t n_rows, size_t columns, float *rows)
    void fw_copy_rows(const uint8_t *text, const int64_t *begins, size_t n_rows, size_t row_bytes,
                      uint8_t *rows)
    size_t fw_print_rows(fw_isa isa, const uint8_t *words, const int64_t *offsets, const float *rows,
                         size_t n_rows, size_t columns, size_t stride, uint8_t *out)


cdef extern from "nearest.h" nogil:
    ctypedef enum fw_row_type:
        FW_ROW_FLOAT32
        FW_ROW_FLOAT16
        FW_ROW_INT8
    enum:
        FW_SKETCH_ROWS
    ctypedef struct fw_sketch:
        uint8_t *coarse
        uint8_t *fine
    ctypedef struct fw_rows:
        fw_row_type type
        const void *data
        size_t row_bytes
        size_t vector_size
        int32_t n_rows
        const float *scales
        const float *inverse_norms
        const fw_sketch *sketch
    ctypedef struct fw_search:
        fw_isa isa
        size_t vector_size
        int32_t n_queries
        const float *queries
        int32_t n_excluded
        const int32_t *excluded
        bint has_sketch
        bint has_byte_dots
        int32_t n_found
        float *scores
        int32_t *ids
    bint fw_isa_has_byte_dots()
    size_t fw_search_workspace_size(const fw_search *search)
    fw_status fw_search_begin(const fw_search *search, void *workspace)
    fw_status fw_search_rows(const fw_search *search, const fw_rows *rows, int32_t first_id,
                             void *workspace)
    fw_status fw_search_end(const fw_search *search, void *workspace)
    size_t fw_score_workspace_size(size_t vector_size)
    fw_status fw_score_rows(fw_isa isa, const fw_rows *rows, const float *query, float *scores,
                            void *workspace)
    fw_status fw_measure_rows(fw_isa isa, const fw_rows *rows, float *norms, void *workspace)
    size_t fw_sketch_coarse_bytes(size_t vector_size)
    size_t fw_sketch_fine_bytes(size_t vector_size)
    fw_status fw_sketch_rows(fw_isa isa, const fw_rows *rows, const fw_sketch *sketch,
                             void *workspace)
