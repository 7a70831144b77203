/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search in a sketch (nearest.h), written once over vec_dot_fours of a vec_*.h, which must be
 * included first. With the row u = s c + e, the query q = t k + f, and |e| <= E:
 *   |u . q - s t (c . k)| = |e . q + s c . f| <= E |q| + |s c| |f|
 * and a row is considered if s t (c . k) + E |q| + |s c| |f| is greater than the threshold. What
 * rounding does to this sum and to the score in full is in E.
 *
 * Codes of rows are 128 + c, because x86 multiplies unsigned with signed bytes; the query's offset,
 * -ZERO_CODE times the sum of k, takes that back.
 *
 * A lane is a row, so that nothing is summed over lanes and a block is read from its begin to its
 * end. That header also sets the register blocking:
 *   CODE_BLOCKS, CODE_QUERIES   blocks of rows and queries whose products are summed side by side
 */
#include <math.h>
#include <string.h>

#include "compiler.h"
#include "nearest_state.h"
#include "prefetch.h"

#define BLOCK_VECS (FW_SKETCH_ROWS / VEC_WIDTH)
#define CODE_VECS (CODE_BLOCKS * BLOCK_VECS)
/* As PREFETCH_BYTES of nearest_rows.h. */
#define SKETCH_PREFETCH_BYTES 8192

/* Queries are taken alone, or in whole or half groups, of which the last is filled up. */
static inline int group_size(size_t n_left)
{
    return n_left == 1 ? 1 : n_left <= CODE_QUERIES / 2 ? CODE_QUERIES / 2 : CODE_QUERIES;
}

static inline size_t fours_of(const fw_search_state *s)
{
    return (s->search->vector_size + 3) / 4;
}

/* ---- Queries ---------------------------------------------------------------------------- */

/*
 * The codes of a query, four of them each 4 * nq bytes after the four before, and the numbers of its
 * bounds. One that is not finite finds nothing.
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
    y->offset[query] = -ZERO_CODE * sum;
    y->scale[query] = usable ? scale : 0.0f;
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
    y->length[first] = length;
    y->error[first] = error;
}

static void pack_codes(const fw_search_state *s)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t n = (size_t)s->search->n_queries;
    memset(y->codes, 0, s->n_lanes * 4 * fours_of(s));
    for (size_t q = n; q < s->n_lanes; ++q) { /* no query, and a threshold that nothing passes */
        y->offset[q] = 0;
        y->scale[q] = y->length[q] = y->error[q] = 0.0f;
    }
    int nq;
    for (size_t first = 0; first < n; first += (size_t)nq) {
        nq = group_size(n - first);
        int8_t *const codes = y->codes + first * 4 * fours_of(s);
        for (size_t q = 0; q < (size_t)nq && first + q < n; ++q)
            sketch_query(s, first + q, codes + 4 * q, (size_t)nq);
        share_bounds(y, first, nq);
    }
}

/* ---- Blocks of rows against groups of queries ---------------------------------------------- */

/* A stretch of rows, and the blocks that have them: row i is lane i + skipped, of all lanes. */
typedef struct code_rows {
    const fw_rows *rows;
    size_t block_bytes, skipped;
    int32_t first_id;
} code_rows;

/* sums[q * n_blocks * BLOCK_VECS + v] = the products of query first + q with vec v of the rows. */
FW_INLINE void dot_codes(const int n_blocks, const int nq, const fw_search_state *s,
                         const uint8_t *block, size_t block_bytes, size_t first, vec_int *sums)
{
    const int n_vecs = n_blocks * BLOCK_VECS;
    const int8_t *codes = s->sketch.codes + first * 4 * fours_of(s);
    const size_t ahead = first == 0 ? SKETCH_PREFETCH_BYTES : 0; /* 0: there already */
    FW_UNROLL
    for (int a = 0; a < nq * n_vecs; ++a)
        sums[a] = vec_int_set1(s->sketch.offset[first + (size_t)(a / n_vecs)]);
    FW_NO_UNROLL
    for (size_t f = fours_of(s); f != 0; --f, block += FW_ALIGNMENT, codes += 4 * nq) {
        vec_int x[CODE_VECS];
        FW_UNROLL
        for (int b = 0; b < n_blocks; ++b)
            prefetch_line(block + (size_t)b * block_bytes + ahead);
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v)
            x[v] = vec_codes_load(block + (size_t)(v / BLOCK_VECS) * block_bytes +
                                  v % BLOCK_VECS * 4 * VEC_WIDTH);
        FW_UNROLL
        for (int q = 0; q < nq; ++q) {
            int32_t four;
            memcpy(&four, codes + 4 * q, sizeof four);
            FW_UNROLL
            for (int v = 0; v < n_vecs; ++v)
                sums[q * n_vecs + v] = vec_dot_fours(sums[q * n_vecs + v], x[v], four);
        }
    }
}

/* Consider the rows of a block whose bits are set. */
static void consider_lanes(const fw_search_state *s, const code_rows *c, size_t lane, size_t query,
                           unsigned passed)
{
    for (; passed != 0; ++lane, passed >>= 1)
        if ((passed & 1u) != 0 && lane >= c->skipped && lane - c->skipped < (size_t)c->rows->n_rows)
            fw_search_consider(s, c->rows, lane - c->skipped, query,
                               c->first_id + (int32_t)(lane - c->skipped));
}

/* Blocks from one whose first row is `lane` against a group of queries. */
FW_INLINE void search_group(const int n_blocks, const int nq, const fw_search_state *s,
                            const code_rows *c, const uint8_t *block, size_t lane, size_t first)
{
    const fw_sketch_queries *const y = &s->sketch;
    const int n_vecs = n_blocks * BLOCK_VECS;
    vec_int sums[CODE_VECS * CODE_QUERIES];
    dot_codes(n_blocks, nq, s, block, c->block_bytes, first, sums);
    /* All comparisons before the first call, which would want the registers. */
    unsigned passed[CODE_BLOCKS * CODE_QUERIES] = {0}, any = 0;
    FW_UNROLL
    for (int v = 0; v < n_vecs; ++v) {
        const int b = v / BLOCK_VECS, l = v % BLOCK_VECS * VEC_WIDTH;
        const float *const numbers =
            (const float *)(const void *)(block + (size_t)b * c->block_bytes +
                                          fours_of(s) * FW_ALIGNMENT) + l;
        const vec scale = vec_load(numbers);
        const vec length = vec_load(numbers + FW_SKETCH_ROWS);
        const vec error = vec_load(numbers + 2 * FW_SKETCH_ROWS);
        const vec bound = vec_fma(error, vec_set1(y->length[first]),
                                  vec_mul(length, vec_set1(y->error[first])));
        FW_UNROLL
        for (int q = 0; q < nq; ++q) {
            const vec dot = vec_mul(vec_from_int(sums[q * n_vecs + v]),
                                    vec_set1(y->scale[first + (size_t)q]));
            const vec threshold = vec_set1(s->thresholds[first + (size_t)q]);
            const unsigned bits = vec_greater(vec_fma(dot, scale, bound), threshold);
            passed[b * nq + q] |= bits << l;
            any |= bits;
        }
    }
    for (int p = 0; any != 0 && p < n_blocks * nq; ++p)
        consider_lanes(s, c, lane + (size_t)(p / nq) * FW_SKETCH_ROWS, first + (size_t)(p % nq),
                       passed[p]);
}

FW_INLINE void search_blocks(const int n_blocks, const fw_search_state *s, const code_rows *c,
                             size_t lane)
{
    const uint8_t *const block = c->rows->sketch + lane / FW_SKETCH_ROWS * c->block_bytes;
    const size_t n = (size_t)s->search->n_queries;
    int nq;
    for (size_t first = 0; first < n; first += (size_t)nq) {
        nq = group_size(n - first);
        if (nq == 1)
            search_group(n_blocks, 1, s, c, block, lane, first);
        else if (nq == CODE_QUERIES)
            search_group(n_blocks, CODE_QUERIES, s, c, block, lane, first);
        else
            search_group(n_blocks, CODE_QUERIES / 2, s, c, block, lane, first);
    }
}

static void search_codes(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    const code_rows c = {rows, fw_sketch_block_bytes(rows->vector_size),
                         (size_t)first_id % FW_SKETCH_ROWS, first_id};
    const size_t n_lanes = c.skipped + (size_t)rows->n_rows;
    const size_t n_blocks = (n_lanes + FW_SKETCH_ROWS - 1) / FW_SKETCH_ROWS;
    size_t b = 0;
    for (; b + CODE_BLOCKS <= n_blocks; b += CODE_BLOCKS)
        search_blocks(CODE_BLOCKS, s, &c, b * FW_SKETCH_ROWS);
    for (; b < n_blocks; ++b)
        search_blocks(1, s, &c, b * FW_SKETCH_ROWS);
}
