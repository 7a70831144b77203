/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact search: of the rows of a matrix, those of largest cosine with each of some queries.
 *
 * The rows are read once, in stretches that the caller chooses, for all queries of a search
 * together; nothing is kept of a row but its place among the best. They are read where they lie, of
 * any stride and with no alignment beyond that of their elements.
 */
#ifndef FASTW2V_NEAREST_H
#define FASTW2V_NEAREST_H

#include "fastw2v.h"

typedef enum fw_row_type { FW_ROW_FLOAT32, FW_ROW_FLOAT16, FW_ROW_INT8, FW_ROW_TYPE_COUNT } fw_row_type;

/*
 * A sketch is a quarter of what float32 rows are, to look at first. A row times its inverse norm is
 * about scale * (c - 128), c being integers from 1 to 255, and about scale * (16 h - 120.5), h = c / 16
 * without its fraction, and differs from these by vectors no longer than `error` and `coarse error`.
 * The product with a query can so be told within bounds, first from h and then from all of c, and only
 * rows that may be among the best are read in full: what is found is the same.
 *
 * Rows i .. i + 15, i a multiple of 16, are a block of each of two arrays. It begins with bytes: that of
 * element 0 of the first row, elements 1, 2, 3, of the second row, ..., element 8 of the first row and
 * so on. Byte d has element d in its lower and element d + 4 in its higher four bits. Then come floats,
 * 16 of each kind.
 */
enum { FW_SKETCH_ROWS = 16 };

typedef struct fw_sketch {
    uint8_t *coarse; /* h; scale, length of the row or more, coarse error: with what rounding can add
                        to a score, and -inf for a row that is not finite or not there */
    uint8_t *fine;   /* c - 16 h; error */
} fw_sketch;

/* A stretch of the rows of a matrix. Row i is scales[i] times its elements. */
typedef struct fw_rows {
    fw_row_type type;
    const void *data;           /* aligned as an element */
    size_t row_bytes;           /* from a row to the next; a multiple of the size of an element */
    size_t vector_size;         /* >= 1 */
    int32_t n_rows;             /* >= 0 */
    const float *scales;        /* (n_rows), or null: all 1 */
    const float *inverse_norms; /* (n_rows): 1 / length of the row, 0 for a row of zeros */
    const fw_sketch *sketch;    /* from the block that has the first of these rows on, 64-byte aligned;
                                   read in a search with has_sketch only */
} fw_rows;

/* Whether this CPU multiplies bytes (AVX-512 VNNI). Ask once and keep it: asking the CPU is slow. */
bool fw_isa_has_byte_dots(void);

/*
 * Queries, and the best rows found for each so far. The score of a row is its dot product with the
 * query times inverse_norms: the cosine, if the query has length 1. A score that is NaN or -inf is
 * never found; of equal scores the one of the smaller row is the better.
 */
typedef struct fw_search {
    fw_isa isa;
    size_t vector_size;
    int32_t n_queries;       /* >= 1 */
    const float *queries;    /* (n_queries, vector_size) */
    int32_t n_excluded;      /* >= 0 */
    const int32_t *excluded; /* (n_queries, n_excluded): rows that are no answer; those below 0 say
                                nothing */
    bool has_sketch;         /* whether all rows come with a sketch */
    bool has_byte_dots;      /* fw_isa_has_byte_dots(), or false */
    int32_t n_found;         /* >= 1: how many rows to find for each query */
    float *scores;           /* (n_queries, n_found), written */
    int32_t *ids;            /* (n_queries, n_found), written */
} fw_search;

/* Bytes of 64-byte aligned scratch of a search; 0 if a number is out of range. */
size_t fw_search_workspace_size(const fw_search *search);
/*
 * Begin a search, read rows first_id, first_id + 1, ... of the matrix as often as there are
 * stretches, in rising order of first_id, and end it: then `scores` and `ids` are in order, the best
 * first, with ids of -1 and scores of NaN where fewer rows were found. Search and workspace must be
 * the same in all these calls. Threads that share a matrix have a search each.
 */
fw_status fw_search_begin(const fw_search *search, void *workspace);
fw_status fw_search_rows(const fw_search *search, const fw_rows *rows, int32_t first_id,
                         void *workspace);
fw_status fw_search_end(const fw_search *search, void *workspace);

/* Bytes of 64-byte aligned scratch of the following; 0 if vector_size is out of range. */
size_t fw_score_workspace_size(size_t vector_size);
/* scores[i] = the score of row i with a query of shape (vector_size). */
fw_status fw_score_rows(fw_isa isa, const fw_rows *rows, const float *query, float *scores,
                        void *workspace);
/* norms[i] = the Euclidean length of row i; inverse_norms of `rows` are not read. */
fw_status fw_measure_rows(fw_isa isa, const fw_rows *rows, float *norms, void *workspace);

/* Bytes of a block; 0 if vector_size is out of range: at most 2^16 have sums that fit an int32. */
size_t fw_sketch_coarse_bytes(size_t vector_size);
size_t fw_sketch_fine_bytes(size_t vector_size);
/* Make the blocks of rows, the first of which begins a block; 64-byte aligned. `rows->sketch` is not
 * read; scratch is that of fw_score_rows. */
fw_status fw_sketch_rows(fw_isa isa, const fw_rows *rows, const fw_sketch *sketch, void *workspace);

#endif
