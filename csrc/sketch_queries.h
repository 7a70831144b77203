/* SPDX-License-Identifier: Apache-2.0 */
/* Queries in bytes, and their bounds; part of sketch_rows.h. */
#include <math.h>
#include <string.h>

#include "compiler.h"
#include "nearest_state.h"
#include "prefetch.h"

#define MOST_QUERY_CODE 127
#define BLOCK_VECS (FW_SKETCH_ROWS / VEC_WIDTH)
#define CODE_VECS (CODE_BLOCKS * BLOCK_VECS)
/* As PREFETCH_BYTES of nearest_rows.h. */
#define SKETCH_PREFETCH_BYTES 8192

/* More than the magnitude of a product of codes of four bits: 2^16 * 15 * 127 at most. */
#define ABOVE_SUMS (1 << 30)

/* Queries are taken alone, or in whole or half groups, of which the last is filled up. */
static inline int group_size(size_t n_left)
{
    return n_left == 1 ? 1 : n_left <= CODE_QUERIES / 2 ? CODE_QUERIES / 2 : CODE_QUERIES;
}

/* How many groups are whole; the others are one at most. */
static inline size_t whole_groups(size_t n_queries)
{
    return (n_queries + CODE_QUERIES / 2 - 1) / CODE_QUERIES;
}

/* Bytes of the codes of a query. */
static inline size_t query_bytes(const fw_search_state *s)
{
    return (s->search->vector_size + 7) / 8 * 8;
}

/* ---- Queries ---------------------------------------------------------------------------- */

/*
 * The codes of a query, four of them each 4 * nq bytes after the four before, and the numbers of
 * its bounds. One that is not finite finds nothing.
 */
static void sketch_query(const fw_search_state *s, size_t query, int8_t *codes, size_t nq)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t size = s->search->vector_size;
    const float *const q = s->search->queries + query * size;
    float most = 0.0f;
    double square = 0.0, missed = 0.0;
    for (size_t d = 0; d < size; ++d) {
        most = fabsf(q[d]) > most ? fabsf(q[d]) : most;
        square += (double)q[d] * (double)q[d];
    }
    const float scale = most / (float)MOST_QUERY_CODE;
    const bool usable = isfinite(square) && isfinite(scale) && scale > FW_LEAST_SCALE;
    int32_t sum = 0;
    for (size_t d = 0; usable && d < size; ++d) {
        const int8_t code = (int8_t)lrintf(q[d] / scale);
        const double difference = (double)q[d] - (double)scale * (double)code;
        missed += difference * difference;
        codes[d / 4 * 4 * nq + d % 4] = code;
        sum += code;
    }
    y->sum[query] = sum;
    y->scale[query] = usable ? scale : 0.0f;
    y->inverse[query] = usable ? 1.0f / scale : 0.0f;
    y->offset[query] = -120.5f / 16.0f * (float)sum;
    y->length[query] = isfinite(square) ? (float)sqrt(square) : 0.0f;
    y->error[query] = isfinite(square) ? (float)sqrt(usable ? missed : square) : 0.0f;
    if (!isfinite(square))
        s->thresholds[query] = INFINITY;
}

/* One bound for all queries of a group: a little less exact, and less to compute. */
static void share_bounds(const fw_sketch_queries *y, size_t first, int nq)
{
    float length = 0.0f, error = 0.0f;
    for (int q = 0; q < nq; ++q) {
        length = y->length[first + (size_t)q] > length ? y->length[first + (size_t)q] : length;
        error = y->error[first + (size_t)q] > error ? y->error[first + (size_t)q] : error;
    }
    for (int q = 0; q < nq; ++q) {
        y->length[first + (size_t)q] = length;
        y->error[first + (size_t)q] = error;
    }
}

static void pack_codes(const fw_search_state *s)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t n = (size_t)s->search->n_queries;
    memset(y->codes, 0, s->n_lanes * query_bytes(s));
    for (size_t q = n; q < s->n_lanes; ++q) { /* no query, and a threshold that nothing passes */
        y->sum[q] = 0;
        y->scale[q] = y->inverse[q] = y->offset[q] = y->length[q] = y->error[q] = 0.0f;
    }
    for (size_t q = 0; q < s->n_lanes; ++q)
        y->starts[q] = ABOVE_SUMS; /* every sum passes */
    int nq;
    for (size_t first = 0; first < n; first += (size_t)nq) {
        nq = group_size(n - first);
        int8_t *const codes = y->codes + first * query_bytes(s);
        for (size_t q = 0; q < (size_t)nq && first + q < n; ++q)
            sketch_query(s, first + q, codes + 4 * q, (size_t)nq);
        share_bounds(y, first, nq);
    }
}
