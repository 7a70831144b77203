/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search in a sketch (nearest.h), written once over vec_dot_fours of a vec_*.h, which must be
 * included first. With the row u = s c + e, the query q = t k + f, and |e| <= E:
 *   |u . q - s t (c . k)| = |e . q + s c . f| <= E |q| + |s c| |f|
 * and a row is considered if s t (c . k) + E |q| + |s c| |f| is greater than the threshold. This is
 * asked twice: with the coarse c, which are half of the memory, and where that does not decide, with
 * all of it. What rounding does to this sum and to the score in full is in E.
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

#define MOST_QUERY_CODE 127
#define BLOCK_VECS (FW_SKETCH_ROWS / VEC_WIDTH)
#define CODE_VECS (CODE_BLOCKS * BLOCK_VECS)
/* As PREFETCH_BYTES of nearest_rows.h. */
#define SKETCH_PREFETCH_BYTES 8192

/* Queries are taken alone, or in whole or half groups, of which the last is filled up. */
static inline int group_size(size_t n_left)
{
    return n_left == 1 ? 1 : n_left <= CODE_QUERIES / 2 ? CODE_QUERIES / 2 : CODE_QUERIES;
}

/* Bytes of the codes of a query. */
static inline size_t query_bytes(const fw_search_state *s)
{
    return (s->search->vector_size + 7) / 8 * 8;
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
    y->sum[query] = sum;
    y->scale[query] = usable ? scale : 0.0f;
    y->offset[query] = -120.5f / 16.0f * (float)sum * y->scale[query];
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
    memset(y->codes, 0, s->n_lanes * query_bytes(s));
    for (size_t q = n; q < s->n_lanes; ++q) { /* no query, and a threshold that nothing passes */
        y->sum[q] = 0;
        y->scale[q] = y->offset[q] = y->length[q] = y->error[q] = 0.0f;
    }
    int nq;
    for (size_t first = 0; first < n; first += (size_t)nq) {
        nq = group_size(n - first);
        int8_t *const codes = y->codes + first * query_bytes(s);
        for (size_t q = 0; q < (size_t)nq && first + q < n; ++q)
            sketch_query(s, first + q, codes + 4 * q, (size_t)nq);
        share_bounds(y, first, nq);
    }
}

/* ---- Blocks of rows against groups of queries ---------------------------------------------- */

/* A stretch of rows, and the blocks that have them: row i is lane i + skipped, of all lanes. */
typedef struct code_rows {
    const fw_rows *rows;
    size_t coarse_bytes, fine_bytes, skipped;
    int32_t first_id;
} code_rows;

/* sums[q * n_blocks * BLOCK_VECS + v] = the products of query first + q with vec v of the rows. */
FW_INLINE void dot_codes(const int n_blocks, const int nq, const fw_search_state *s,
                         const uint8_t *block, size_t block_bytes, size_t first, vec_int *sums)
{
    const int n_vecs = n_blocks * BLOCK_VECS;
    const size_t bytes = query_bytes(s);
    const int8_t *codes = s->sketch.codes + first * bytes, *const end = codes + (size_t)nq * bytes;
    const size_t ahead = first == 0 ? SKETCH_PREFETCH_BYTES : 0; /* 0: there already */
    FW_UNROLL
    for (int a = 0; a < nq * n_vecs; ++a)
        sums[a] = vec_int_set1(0);
    FW_NO_UNROLL
    for (; codes != end; block += FW_ALIGNMENT, codes += 8 * nq) {
        vec_int x[CODE_VECS];
        FW_UNROLL
        for (int b = 0; b < n_blocks; ++b)
            prefetch_line(block + (size_t)b * block_bytes + ahead);
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v)
            x[v] = vec_codes_load(block + (size_t)(v / BLOCK_VECS) * block_bytes +
                                  v % BLOCK_VECS * 4 * VEC_WIDTH);
        FW_UNROLL
        for (int half = 0; half < 2; ++half) {
            vec_int y[CODE_VECS];
            FW_UNROLL
            for (int v = 0; v < n_vecs; ++v)
                y[v] = half ? vec_high_codes(x[v]) : vec_low_codes(x[v]);
            FW_UNROLL
            for (int q = 0; q < nq; ++q) {
                int32_t four;
                memcpy(&four, codes + 4 * (half * nq + q), sizeof four);
                FW_UNROLL
                for (int v = 0; v < n_vecs; ++v)
                    sums[q * n_vecs + v] = vec_dot_fours(sums[q * n_vecs + v], y[v], four);
            }
        }
    }
}

/* The floats of a block: 16 of each kind, after the codes. */
static inline const float *numbers_of(const fw_search_state *s, const uint8_t *block)
{
    return (const float *)(const void *)(block + (s->search->vector_size + 7) / 8 * FW_ALIGNMENT);
}

/* What the coarse codes of a block of rows say of a group of queries. */
typedef struct coarse_block {
    size_t lane;                   /* its first row */
    unsigned passed[CODE_QUERIES]; /* rows that may be among the best, as bits */
    _Alignas(FW_ALIGNMENT) int32_t sums[CODE_QUERIES][FW_SKETCH_ROWS];
} coarse_block;

/* Consider the rows that pass with all of their codes, too. */
FW_INLINE void refine_block(const int nq, const fw_search_state *s, const code_rows *c,
                            const coarse_block *found, size_t first)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t b = found->lane / FW_SKETCH_ROWS;
    const uint8_t *const fine = c->rows->sketch->fine + b * c->fine_bytes;
    const float *const errors = numbers_of(s, fine);
    const float *const scales = numbers_of(s, c->rows->sketch->coarse + b * c->coarse_bytes);
    const float *const lengths = scales + FW_SKETCH_ROWS;
    _Alignas(FW_ALIGNMENT) int32_t low[CODE_QUERIES][FW_SKETCH_ROWS];
    vec_int sums[BLOCK_VECS * CODE_QUERIES];
    dot_codes(1, nq, s, fine, 0, first, sums);
    FW_UNROLL
    for (int a = 0; a < nq * BLOCK_VECS; ++a)
        vec_int_store(&low[a / BLOCK_VECS][a % BLOCK_VECS * VEC_WIDTH], sums[a]);
    for (int q = 0; q < nq; ++q)
        for (size_t l = 0; l < FW_SKETCH_ROWS; ++l) {
            const size_t query = first + (size_t)q, row = found->lane + l - c->skipped;
            if ((found->passed[q] >> l & 1u) == 0 || row >= (size_t)c->rows->n_rows)
                continue;
            const int64_t dot = 16 * (int64_t)found->sums[q][l] + low[q][l] - 128 * (int64_t)y->sum[query];
            const float bound = errors[l] * y->length[first] + lengths[l] * y->error[first];
            if ((float)dot * y->scale[query] * scales[l] + bound > s->thresholds[query])
                fw_search_consider(s, c->rows, row, query, c->first_id + (int32_t)row);
        }
}

/* Blocks from one whose first row is `lane` against a group of queries. */
FW_INLINE void search_group(const int n_blocks, const int nq, const fw_search_state *s,
                            const code_rows *c, size_t lane, size_t first)
{
    const fw_sketch_queries *const y = &s->sketch;
    const uint8_t *const block =
        c->rows->sketch->coarse + lane / FW_SKETCH_ROWS * c->coarse_bytes;
    const int n_vecs = n_blocks * BLOCK_VECS;
    vec_int sums[CODE_VECS * CODE_QUERIES];
    dot_codes(n_blocks, nq, s, block, c->coarse_bytes, first, sums);
    unsigned passed[CODE_BLOCKS][CODE_QUERIES] = {{0}}, any = 0;
    FW_UNROLL
    for (int v = 0; v < n_vecs; ++v) {
        const int b = v / BLOCK_VECS, l = v % BLOCK_VECS * VEC_WIDTH;
        const float *const numbers = numbers_of(s, block + (size_t)b * c->coarse_bytes) + l;
        const vec scale = vec_mul(vec_load(numbers), vec_set1(16.0f));
        const vec length = vec_load(numbers + FW_SKETCH_ROWS);
        const vec error = vec_load(numbers + 2 * FW_SKETCH_ROWS);
        const vec bound = vec_fma(error, vec_set1(y->length[first] + y->error[first]),
                                  vec_mul(length, vec_set1(y->error[first])));
        FW_UNROLL
        for (int q = 0; q < nq; ++q) {
            const size_t query = first + (size_t)q;
            const vec dot = vec_fma(vec_from_int(sums[q * n_vecs + v]), vec_set1(y->scale[query]),
                                    vec_set1(y->offset[query]));
            const unsigned bits =
                vec_greater(vec_fma(dot, scale, bound), vec_set1(s->thresholds[query]));
            passed[b][q] |= bits << l;
            any |= bits;
        }
    }
    for (int b = 0; any != 0 && b < n_blocks; ++b) {
        coarse_block found = {.lane = lane + (size_t)b * FW_SKETCH_ROWS};
        memcpy(found.passed, passed[b], sizeof passed[b]);
        FW_UNROLL
        for (int a = 0; a < nq * BLOCK_VECS; ++a)
            vec_int_store(&found.sums[a / BLOCK_VECS][a % BLOCK_VECS * VEC_WIDTH],
                          sums[a / BLOCK_VECS * n_vecs + b * BLOCK_VECS + a % BLOCK_VECS]);
        refine_block(nq, s, c, &found, first);
    }
}

FW_INLINE void search_blocks(const int n_blocks, const fw_search_state *s, const code_rows *c,
                             size_t lane)
{
    const size_t n = (size_t)s->search->n_queries;
    int nq;
    for (size_t first = 0; first < n; first += (size_t)nq) {
        nq = group_size(n - first);
        if (nq == 1)
            search_group(n_blocks, 1, s, c, lane, first);
        else if (nq == CODE_QUERIES)
            search_group(n_blocks, CODE_QUERIES, s, c, lane, first);
        else
            search_group(n_blocks, CODE_QUERIES / 2, s, c, lane, first);
    }
}

static void search_codes(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    const code_rows c = {rows, fw_sketch_coarse_bytes(rows->vector_size),
                         fw_sketch_fine_bytes(rows->vector_size),
                         (size_t)first_id % FW_SKETCH_ROWS, first_id};
    const size_t n_lanes = c.skipped + (size_t)rows->n_rows;
    const size_t n_blocks = (n_lanes + FW_SKETCH_ROWS - 1) / FW_SKETCH_ROWS;
    size_t b = 0;
    for (; b + CODE_BLOCKS <= n_blocks; b += CODE_BLOCKS)
        search_blocks(CODE_BLOCKS, s, &c, b * FW_SKETCH_ROWS);
    for (; b < n_blocks; ++b)
        search_blocks(1, s, &c, b * FW_SKETCH_ROWS);
}
