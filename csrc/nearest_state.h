/* SPDX-License-Identifier: Apache-2.0 */
/* Private: the workspace of a search, and what nearest.c does for the kernels of nearest_rows.h. */
#ifndef FASTW2V_NEAREST_STATE_H
#define FASTW2V_NEAREST_STATE_H

#include "nearest.h"

/* Rows that a kernel takes at a time, at most; places for them in the workspace. */
#define FW_MOST_TILE_ROWS 8
/* Up to so many queries each row is multiplied with each query by itself, and more of them in tiles,
 * where a lane is a query: 1 M rows of 300 floats, 8 queries: 61 ms, in tiles 84; 16: 101 and 79. */
#define FW_FEW_QUERIES 8

/* Steps of codes below this (the least normal number) might not be divided by. */
#define FW_LEAST_SCALE 0x1p-126f

/* A query in the sketch of a search: about scale * codes, with both bounds of it. */
typedef struct fw_sketch_queries {
    int8_t *codes;   /* in the order in which a kernel reads them */
    int32_t *sum;    /* (n_lanes): of the codes */
    float *scale;    /* (n_lanes) */
    float *inverse;  /* (n_lanes): 1 / scale, or 0 */
    float *offset;   /* (n_lanes): -120.5 / 16 * sum */
    float *length;   /* (n_lanes): of the query, or the longest of a group */
    float *error;    /* (n_lanes): length of the query - scale * codes, alike */
    int32_t *starts; /* (n_lanes): where sums begin: only those that are not negative may pass */
} fw_sketch_queries;

typedef struct fw_search_state {
    const fw_search *search;
    size_t n_lanes;    /* n_queries rounded up to FW_ROW_FLOATS */
    float *thresholds; /* (n_lanes): only a greater score is among the best; infinite where no query is */
    int32_t *n_held;   /* (n_queries) rows held so far, in a heap with the worst at the root */
    float *packed;     /* the queries in the order in which a kernel reads them */
    float *unpacked;   /* (FW_MOST_TILE_ROWS, row_floats): rows as floats */
    size_t row_floats; /* vector_size rounded up to FW_ROW_FLOATS */
    fw_sketch_queries sketch;
} fw_search_state;

/* Hold a row whose score is greater than the threshold, unless it is excluded. */
void fw_search_offer(const fw_search_state *state, size_t query, int32_t id, float score);
/* Do so with row i of `rows` if its score, computed in full, is greater. */
void fw_search_consider(const fw_search_state *state, const fw_rows *rows, size_t i, size_t query,
                        int32_t id);

/* The search in a sketch, of an instruction set that multiplies bytes in its own way. */
typedef struct fw_sketch_kernels {
    void (*pack_queries)(const fw_search_state *state);
    void (*search_rows)(const fw_search_state *state, const fw_rows *rows, int32_t first_id);
    bool has_tiles; /* whether it is faster than the products in full for many queries, too */
} fw_sketch_kernels;

extern const fw_sketch_kernels fw_sketch_neon;
extern const fw_sketch_kernels fw_sketch_avx2;
extern const fw_sketch_kernels fw_sketch_vnni;

/* AVX-512 has no products of bytes without VNNI; it then takes AVX2's. Null for portable kernels, which
 * would take longer than without (1 M rows of 300 floats: 68 ms and 36). */
const fw_sketch_kernels *fw_sketch_kernels_of(fw_isa isa, bool has_byte_dots);
#endif
