/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products of rows and queries (nearest.h), written once over the vector vocabulary of a
 * vec_*.h, which must be included first. That header also sets the register blocking:
 *   TILE_ROWS x TILE_VECS   rows and vecs of queries whose products are summed side by side
 *   DOT_QUERIES             queries whose products with four rows are, at most 4
 *
 * Few queries: a lane is an element of a row, and lanes are summed at the end. Many queries: a lane
 * is a query, an element of a row meets them all, and the sums are compared where they are made.
 */
#include <math.h>
#include <string.h>

#include "compiler.h"
#include "half.h"
#include "prefetch.h"
#include "nearest_state.h"

#define DOT_ROWS 4
/* How far ahead memory is asked for where it is read from its begin to its end: one query, rows of 300
 * floats in memory: 41 ms with 0, 39 with 1200, 36 with 2400, 34 with 4096, 33.5 with 8192. */
#define PREFETCH_BYTES 8192

static inline size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- Rows ------------------------------------------------------------------------------- */

static inline const void *row_at(const fw_rows *rows, size_t i)
{
    return (const char *)rows->data + i * rows->row_bytes;
}

FW_INLINE vec load_elements(const fw_row_type type, const void *row, size_t d)
{
    switch (type) {
    case FW_ROW_FLOAT16: return vec_load_half((const uint16_t *)row + d);
    case FW_ROW_INT8: return vec_load_int8((const int8_t *)row + d);
    default: return vec_loadu((const float *)row + d);
    }
}

FW_INLINE size_t element_bytes(const fw_row_type type)
{
    return type == FW_ROW_INT8 ? 1 : type == FW_ROW_FLOAT16 ? 2 : 4;
}

static float load_element(fw_row_type type, const void *row, size_t d)
{
    switch (type) {
    case FW_ROW_FLOAT16: return half_to_float(((const uint16_t *)row)[d]);
    case FW_ROW_INT8: return (float)((const int8_t *)row)[d];
    default: return ((const float *)row)[d];
    }
}

/* Write a row as floats. A last vec that is not full overlaps the one before. */
FW_INLINE void unpack_as(const fw_row_type type, const void *row, size_t size, float *to)
{
    for (size_t d = 0; d + VEC_WIDTH <= size; d += VEC_WIDTH)
        vec_store(to + d, load_elements(type, row, d));
    if (size % VEC_WIDTH != 0) {
        _Alignas(FW_ALIGNMENT) float last[VEC_WIDTH];
        vec_store(last, load_elements(type, row, size - VEC_WIDTH));
        memcpy(to + size - VEC_WIDTH, last, sizeof last);
    }
}

static void unpack(fw_row_type type, const void *row, size_t size, float *to)
{
    if (size < VEC_WIDTH) {
        for (size_t d = 0; d < VEC_WIDTH; ++d)
            to[d] = d < size ? load_element(type, row, d) : 0.0f;
        return;
    }
    switch (type) {
    case FW_ROW_FLOAT16: unpack_as(FW_ROW_FLOAT16, row, size, to); break;
    case FW_ROW_INT8: unpack_as(FW_ROW_INT8, row, size, to); break;
    default: unpack_as(FW_ROW_FLOAT32, row, size, to); break;
    }
}

static inline float factor_of(const fw_rows *rows, size_t i)
{
    return rows->scales ? rows->scales[i] * rows->inverse_norms[i] : rows->inverse_norms[i];
}

/* ---- Few queries ------------------------------------------------------------------------ */

/*
 * A query in the order of the vecs of a row: whole ones, then a last one that overlaps the vec before
 * it and has zeros there, so that no element counts twice. A row shorter than a vec is one of zeros
 * and its elements.
 */
static void pack_query(const float *query, size_t size, float *packed)
{
    const size_t whole = size / VEC_WIDTH * VEC_WIDTH;
    memcpy(packed, query, whole * sizeof *query);
    if (whole == size)
        return;
    for (size_t l = 0; l < VEC_WIDTH; ++l) {
        const size_t d = size < VEC_WIDTH ? l : size - VEC_WIDTH + l;
        packed[whole + l] = d >= whole && d < size ? query[d] : 0.0f;
    }
}

/*
 * Dot products of nq queries with four rows of at least a vec into sums[query][row]. Row after row:
 * memory that is read from its begin to its end comes faster than four rows in step.
 */
FW_INLINE void four_rows(const int nq, const fw_row_type type, const void *const *x, size_t size,
                        const float *queries, size_t stride, float (*sums)[DOT_ROWS])
{
    _Alignas(FW_ALIGNMENT) float partial[DOT_QUERIES][DOT_ROWS][VEC_WIDTH];
    const size_t whole = size / VEC_WIDTH * VEC_WIDTH;
    FW_NO_UNROLL
    for (int r = 0; r < DOT_ROWS; ++r) {
        vec acc[DOT_QUERIES];
        FW_UNROLL
        for (int q = 0; q < nq; ++q)
            acc[q] = vec_zero();
        FW_NO_UNROLL
        for (size_t d = 0; d < whole; d += VEC_WIDTH) {
            prefetch_line((const char *)x[r] + d * element_bytes(type) + PREFETCH_BYTES);
            const vec xr = load_elements(type, x[r], d);
            FW_UNROLL
            for (int q = 0; q < nq; ++q)
                acc[q] = vec_fma(xr, vec_load(queries + (size_t)q * stride + d), acc[q]);
        }
        if (whole < size) {
            const vec xr = load_elements(type, x[r], size - VEC_WIDTH);
            FW_UNROLL
            for (int q = 0; q < nq; ++q)
                acc[q] = vec_fma(xr, vec_load(queries + (size_t)q * stride + whole), acc[q]);
        }
        FW_UNROLL
        for (int q = 0; q < nq; ++q)
            vec_store(partial[q][r], acc[q]);
    }
    FW_UNROLL
    for (int q = 0; q < nq; ++q)
        vec_sum4(vec_load(partial[q][0]), vec_load(partial[q][1]), vec_load(partial[q][2]),
                 vec_load(partial[q][3]), sums[q]);
}

FW_INLINE void dot_queries(int nq, const fw_row_type type, const void *const *x, size_t size,
                           const float *queries, size_t stride, float (*sums)[DOT_ROWS])
{
    switch (nq) {
    case 1: four_rows(1, type, x, size, queries, stride, sums); break;
    case 2: four_rows(2, type, x, size, queries, stride, sums); break;
#if DOT_QUERIES > 2
    case 3: four_rows(3, type, x, size, queries, stride, sums); break;
    case 4: four_rows(4, type, x, size, queries, stride, sums); break;
#endif
    default: break;
    }
}

/* Sums of four rows (the last one again where there are fewer) with all of few queries. */
FW_INLINE void dot_all(const fw_row_type type, const fw_search_state *s, int32_t n_queries,
                       const float *packed, const fw_rows *rows, size_t first,
                       float (*sums)[DOT_ROWS])
{
    const void *x[DOT_ROWS];
    const bool is_short = rows->vector_size < VEC_WIDTH;
    for (size_t r = 0; r < DOT_ROWS; ++r) {
        x[r] = row_at(rows, at_most(first + r, (size_t)rows->n_rows - 1));
        if (is_short) {
            float *const floats = s->unpacked + r * s->row_floats;
            unpack(type, x[r], rows->vector_size, floats);
            x[r] = floats;
        }
    }
    for (int32_t q = 0; q < n_queries; q += DOT_QUERIES) {
        const int nq = n_queries - q < DOT_QUERIES ? n_queries - q : DOT_QUERIES;
        const float *const queries = packed + (size_t)q * s->row_floats;
        if (is_short)
            dot_queries(nq, FW_ROW_FLOAT32, x, VEC_WIDTH, queries, s->row_floats, sums + q);
        else
            dot_queries(nq, type, x, rows->vector_size, queries, s->row_floats, sums + q);
    }
}

/* Offer the scores of few queries, or write those of one to `scores`. */
FW_INLINE void few_queries(const fw_row_type type, const fw_search_state *s, int32_t n_queries,
                           const fw_rows *rows, int32_t first_id, float *scores)
{
    const size_t n_rows = (size_t)rows->n_rows;
    for (size_t i = 0; i < n_rows; i += DOT_ROWS) {
        float sums[FW_FEW_QUERIES][DOT_ROWS];
        dot_all(type, s, n_queries, s->packed, rows, i, sums);
        for (size_t r = i; r < at_most(i + DOT_ROWS, n_rows); ++r) {
            const float factor = factor_of(rows, r);
            if (scores) {
                scores[r] = sums[0][r - i] * factor;
                continue;
            }
            for (size_t q = 0; q < (size_t)n_queries; ++q)
                if (sums[q][r - i] * factor > s->thresholds[q])
                    fw_search_offer(s, q, first_id + (int32_t)r, sums[q][r - i] * factor);
        }
    }
}

static void search_few(const fw_search_state *s, int32_t n_queries, const fw_rows *rows,
                       int32_t first_id, float *scores)
{
    switch (rows->type) {
    case FW_ROW_FLOAT16: few_queries(FW_ROW_FLOAT16, s, n_queries, rows, first_id, scores); break;
    case FW_ROW_INT8: few_queries(FW_ROW_INT8, s, n_queries, rows, first_id, scores); break;
    default: few_queries(FW_ROW_FLOAT32, s, n_queries, rows, first_id, scores); break;
    }
}

static void score_rows(const fw_search_state *s, const fw_rows *rows, const float *query,
                       float *scores)
{
    pack_query(query, rows->vector_size, s->packed);
    search_few(s, 1, rows, 0, scores);
}

/* ---- Many queries ----------------------------------------------------------------------- */

/* How many vecs of queries the panel has that begins with a vec. */
static inline int panel_vecs(size_t n_vecs, size_t begin)
{
    return (int)at_most(n_vecs - begin, TILE_VECS);
}

/* Panels of up to TILE_VECS vecs of queries: in each, element after element of all its queries. */
static void pack_panels(const fw_search_state *s)
{
    const fw_search *const search = s->search;
    const size_t n_vecs = s->n_lanes / VEC_WIDTH, n_queries = (size_t)search->n_queries;
    float *to = s->packed;
    for (size_t v = 0; v < n_vecs; v += TILE_VECS) {
        const size_t begin = v * VEC_WIDTH, lanes = (size_t)panel_vecs(n_vecs, v) * VEC_WIDTH;
        for (size_t d = 0; d < search->vector_size; ++d, to += lanes)
            for (size_t l = 0; l < lanes; ++l)
                to[l] = begin + l < n_queries
                            ? search->queries[(begin + l) * search->vector_size + d]
                            : 0.0f;
    }
}

static void offer_lanes(const fw_search_state *s, size_t first_query, int32_t id, vec scores,
                        unsigned passed)
{
    _Alignas(FW_ALIGNMENT) float lanes[VEC_WIDTH];
    vec_store(lanes, scores);
    for (size_t l = 0; passed != 0; ++l, passed >>= 1)
        if (passed & 1u)
            fw_search_offer(s, first_query + l, id, lanes[l]);
}

/* A tile of rows against a panel. Rows that are not there have NaN for a factor, and pass nowhere. */
FW_INLINE void tile_panel(const int n_vecs, const fw_search_state *s, const float *const *x,
                          const float *factors, int32_t first_id, const float *panel,
                          size_t first_query)
{
    vec acc[TILE_ROWS * TILE_VECS];
    FW_UNROLL
    for (int a = 0; a < TILE_ROWS * n_vecs; ++a)
        acc[a] = vec_zero();
    const size_t size = s->search->vector_size;
    for (size_t d = 0; d < size; ++d, panel += n_vecs * VEC_WIDTH) {
        vec y[TILE_VECS];
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v)
            y[v] = vec_load(panel + v * VEC_WIDTH);
        FW_UNROLL
        for (int r = 0; r < TILE_ROWS; ++r) {
            const vec xr = vec_set1(x[r][d]);
            FW_UNROLL
            for (int v = 0; v < n_vecs; ++v)
                acc[r * n_vecs + v] = vec_fma(xr, y[v], acc[r * n_vecs + v]);
        }
    }
    FW_UNROLL
    for (int r = 0; r < TILE_ROWS; ++r) {
        const vec factor = vec_set1(factors[r]);
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v) {
            const size_t query = first_query + (size_t)v * VEC_WIDTH;
            const vec scores = vec_mul(acc[r * n_vecs + v], factor);
            const unsigned passed = vec_greater(scores, vec_load(s->thresholds + query));
            if (passed)
                offer_lanes(s, query, first_id + r, scores, passed);
        }
    }
}

static void search_tile(const fw_search_state *s, const float *const *x, const float *factors,
                        int32_t first_id)
{
    const size_t n_vecs = s->n_lanes / VEC_WIDTH;
    for (size_t v = 0; v < n_vecs; v += TILE_VECS) {
        const size_t query = v * VEC_WIDTH;
        const float *const panel = s->packed + query * s->search->vector_size;
        switch (panel_vecs(n_vecs, v)) {
        case 1: tile_panel(1, s, x, factors, first_id, panel, query); break;
        case 2: tile_panel(2, s, x, factors, first_id, panel, query); break;
#if TILE_VECS > 2
        case 3: tile_panel(3, s, x, factors, first_id, panel, query); break;
#endif
        default: break;
        }
    }
}

static inline void prefetch_bytes(const char *begin, size_t size)
{
    for (size_t b = 0; b < size; b += FW_ALIGNMENT)
        prefetch_line(begin + b);
}

static void search_many(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    const size_t n_rows = (size_t)rows->n_rows;
    const size_t row_size = rows->vector_size * element_bytes(rows->type);
    for (size_t i = 0; i < n_rows; i += TILE_ROWS) {
        const float *x[TILE_ROWS];
        float factors[TILE_ROWS];
        for (size_t r = 0; r < TILE_ROWS; ++r) {
            const bool is_there = i + r < n_rows;
            const void *const row = row_at(rows, is_there ? i + r : n_rows - 1);
            factors[r] = is_there ? factor_of(rows, i + r) : NAN;
            if (i + TILE_ROWS + r < n_rows) /* the next tile's */
                prefetch_bytes((const char *)row + TILE_ROWS * rows->row_bytes, row_size);
            x[r] = row;
            if (rows->type != FW_ROW_FLOAT32) {
                float *const floats = s->unpacked + r * s->row_floats;
                unpack(rows->type, row, rows->vector_size, floats);
                x[r] = floats;
            }
        }
        search_tile(s, x, factors, first_id + (int32_t)i);
    }
}

/* ---- The kernels ------------------------------------------------------------------------ */

static void pack_queries(const fw_search_state *s, bool in_tiles)
{
    const fw_search *const search = s->search;
    if (in_tiles) {
        pack_panels(s);
        return;
    }
    for (size_t q = 0; q < (size_t)search->n_queries; ++q)
        pack_query(search->queries + q * search->vector_size, search->vector_size,
                   s->packed + q * s->row_floats);
}

static void search_rows(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    if (s->search->n_queries > FW_FEW_QUERIES)
        search_many(s, rows, first_id);
    else
        search_few(s, s->search->n_queries, rows, first_id, NULL);
}

#include "nearest_singles.h"
