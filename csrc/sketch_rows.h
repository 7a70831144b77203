/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search in a sketch (nearest.h), written once over vec_dot_fours of a vec_*.h, which must be
 * included first. With the row u = s c + e, the query q = t k + f, and |e| <= E:
 *   |u . q - s t (c . k)| = |e . q + s c . f| <= E |q| + |s c| |f|
 * and a row is considered if s t (c . k) + E |q| + |s c| |f| is greater than the threshold. This is
 * asked twice: with the coarse c, which are half of the memory, and where that does not decide, with
 * all of it. What rounding does to this sum and to the score in full is in E.
 *
 * Before the coarse codes are asked row by row, the sums of codes of a group are compared with the least
 * with which any of the rows could pass: they begin at minus that, so that one look at all signs is enough.
 *
 * A lane is a row, so that nothing is summed over lanes and a block is read from its begin to its
 * end. That header also sets the register blocking:
 *   CODE_BLOCKS, CODE_QUERIES   blocks of rows and queries whose products are summed side by side
 *   CODE_STEPS                  steps of 8 elements after which sums must be widened; 0: never
 */
#include "sketch_queries.h"
#include "sketch_dots.h"

/* ---- Rows that are left --------------------------------------------------------------------- */

/* What the coarse codes leave of a block of rows to a group of queries. */
typedef struct left_block {
    size_t first, lane; /* the first query and row */
    int nq;             /* 0: no such block */
    int n_passed;       /* queries that rows are left to */
    unsigned rows[CODE_QUERIES]; /* that are left, as bits */
    _Alignas(FW_ALIGNMENT) int32_t sums[CODE_QUERIES][FW_SKETCH_ROWS];
} left_block;

/* A row that the fine codes leave to a query, too. */
typedef struct left_row {
    size_t query, row; /* row: of the stretch, or NO_ROW */
} left_row;
#define NO_ROW SIZE_MAX

/*
 * What is left waits until its memory, asked for at once, has come: until so many others are left, or
 * the stretch ends. A query meets rows in the order of their ids.
 */
enum { LEFT_BLOCKS = 16, LEFT_ROWS = 16 };

/* A stretch of rows, and the blocks that have them: row i is lane i + skipped, of all lanes. */
typedef struct code_rows {
    const fw_rows *rows;
    size_t coarse_bytes, fine_bytes, skipped;
    int32_t first_id;
    size_t n_left_blocks, n_left_rows; /* so far; they take places in turn */
    left_block left_blocks[LEFT_BLOCKS];
    left_row left_rows[LEFT_ROWS];
} code_rows;

static inline void prefetch_lines(const void *begin, size_t size)
{
    for (size_t b = 0; b < size; b += FW_ALIGNMENT)
        prefetch_line((const char *)begin + b);
}

/* Let a row wait, and consider the one that waited longest. */
static void leave_row(const fw_search_state *s, code_rows *c, size_t query, size_t row)
{
    left_row *const place = &c->left_rows[c->n_left_rows++ % LEFT_ROWS];
    if (place->row != NO_ROW)
        fw_search_consider(s, c->rows, place->row, place->query, c->first_id + (int32_t)place->row);
    *place = (left_row){query, row};
    if (row != NO_ROW)
        prefetch_lines((const char *)c->rows->data + row * c->rows->row_bytes, c->rows->row_bytes);
}

/* Ask all of the codes of the rows that are left. */
static void refine(const fw_search_state *s, code_rows *c, const left_block *left)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t b = left->lane / FW_SKETCH_ROWS, first = left->first;
    const uint8_t *const fine = c->rows->sketch->fine + b * c->fine_bytes;
    const float *const errors = numbers_of(s, fine);
    const float *const scales = numbers_of(s, c->rows->sketch->coarse + b * c->coarse_bytes);
    const float *const lengths = scales + FW_SKETCH_ROWS;
    _Alignas(FW_ALIGNMENT) int32_t low[CODE_QUERIES][FW_SKETCH_ROWS];
    const code_pair at = {fine, 0, query_bytes(s) / 8, y->codes + first * query_bytes(s), 0};
    const bool is_dense = left->n_passed > 2;
    int32_t starts[CODE_QUERIES];
    for (int q = 0; q < CODE_QUERIES; ++q)
        starts[q] = ABOVE_SUMS;
    if (is_dense)
        dot_group(1, left->nq, at, starts, low);
    for (int q = 0; q < left->nq; ++q) {
        if (left->rows[q] == 0)
            continue;
        if (!is_dense)
            dot_query(fine, at.n_steps, at.codes + 4 * q, (size_t)left->nq, low[q]);
        const size_t query = first + (size_t)q;
        const vec_int less = vec_int_set1(-128 * y->sum[query] - ABOVE_SUMS);
        for (size_t l = 0; l < FW_SKETCH_ROWS; l += VEC_WIDTH) {
            vec_int dot = vec_int_load(&left->sums[q][l]);
            for (int i = 0; i < 4; ++i) /* 16 times */
                dot = vec_int_add(dot, dot);
            dot = vec_int_add(vec_int_add(dot, vec_int_load(&low[q][l])), less);
            const vec bound = vec_fma(vec_load(errors + l), vec_set1(y->length[query]),
                                      vec_mul(vec_load(lengths + l), vec_set1(y->error[query])));
            const vec score = vec_fma(vec_mul(vec_from_int(dot), vec_set1(y->scale[query])),
                                      vec_load(scales + l), bound);
            unsigned passed = vec_greater(score, vec_set1(s->thresholds[query])) & left->rows[q] >> l;
            for (size_t row = left->lane + l - c->skipped; passed != 0; ++row, passed >>= 1)
                if ((passed & 1u) && row < (size_t)c->rows->n_rows)
                    leave_row(s, c, query, row);
        }
    }
}

/* A place for a block to wait, after the one that waited longest in it. */
static left_block *next_block(const fw_search_state *s, code_rows *c)
{
    left_block *const place = &c->left_blocks[c->n_left_blocks++ % LEFT_BLOCKS];
    if (place->nq != 0)
        refine(s, c, place);
    place->nq = 0;
    return place;
}

/* Wait for nothing any more. */
static void end_stretch(const fw_search_state *s, code_rows *c)
{
    for (int i = 0; i < LEFT_BLOCKS; ++i)
        next_block(s, c);
    for (int i = 0; i < LEFT_ROWS; ++i)
        leave_row(s, c, 0, NO_ROW);
}

/* ---- Blocks of rows against groups of queries ---------------------------------------------- */

/*
 * starts[q] = less than minus the least product of the codes of query q and a row of some blocks with
 * which the row could be among the best. A row passes if
 *   scale * 16 * t (sum - offset) + bound > threshold,
 * and bound and 1 / scale are at most, or 1 / scale at least, what they are for one of the rows.
 */
static void start_blocks(int n_blocks, const fw_search_state *s, const uint8_t *block,
                         size_t block_bytes)
{
    const fw_sketch_queries *const y = &s->sketch;
    vec most_scale = vec_zero(), least_scale = vec_set1(INFINITY), length = vec_zero(), error = vec_zero();
    for (int v = 0; v < n_blocks * BLOCK_VECS; ++v) {
        const float *const numbers = numbers_of(s, block + (size_t)(v / BLOCK_VECS) * block_bytes) +
                                     v % BLOCK_VECS * VEC_WIDTH;
        most_scale = vec_max(most_scale, vec_load(numbers));
        least_scale = vec_min(least_scale, vec_load(numbers));
        length = vec_max(length, vec_load(numbers + FW_SKETCH_ROWS));
        error = vec_max(error, vec_load(numbers + 2 * FW_SKETCH_ROWS));
    }
    const vec zero = vec_zero(), tiny = vec_set1(0x1p-20f);
    /* At most so large that nothing becomes infinite, and a sum of codes is larger or smaller. */
    const vec far = vec_set1(1e30f), most = vec_set1(1.5e9f);
    const vec least_inverse = vec_set1(0.0625f / (vec_largest(most_scale) + 0x1p-60f));
    const vec most_inverse = vec_set1(0.0625f / (-vec_largest(vec_sub(zero, least_scale)) + 0x1p-120f));
    length = vec_set1(vec_largest(length));
    error = vec_set1(vec_largest(error));
    for (size_t q = 0; q < s->n_lanes; q += VEC_WIDTH) {
        const vec missed = vec_load(y->error + q), offset = vec_load(y->offset + q);
        const vec bound = vec_fma(error, vec_add(vec_load(y->length + q), missed),
                                  vec_mul(length, missed));
        vec need = vec_sub(vec_load(s->thresholds + q), vec_fma(bound, tiny, bound));
        need = vec_mul(vec_max(vec_min(need, far), vec_sub(zero, far)), vec_load(y->inverse + q));
        vec sum = vec_min(vec_mul(need, least_inverse), vec_mul(need, most_inverse));
        sum = vec_max(vec_min(sum, most), vec_sub(zero, most));
        /* What rounding does to these. */
        const vec slack = vec_fma(vec_add(vec_max(sum, vec_sub(zero, sum)), vec_max(offset, vec_sub(zero, offset))), tiny, vec_set1(1.0f));
        vec_int_store(y->starts + q, vec_to_int(vec_add(vec_sub(offset, sum), slack)));
    }
}

/*
 * The rows of a block that may be among the best of a group of queries, as bits for each query; return
 * how many queries have any.
 */
static int test_block(const fw_search_state *s, const left_block *left, const float *numbers,
                      unsigned *passed)
{
    const fw_sketch_queries *const y = &s->sketch;
    const vec error = vec_set1(y->error[left->first]);
    const vec length = vec_add(vec_set1(y->length[left->first]), error);
    for (int q = 0; q < left->nq; ++q)
        passed[q] = 0;
    for (size_t l = 0; l < FW_SKETCH_ROWS; l += VEC_WIDTH) {
        const vec scale = vec_mul(vec_load(numbers + l), vec_set1(16.0f));
        const vec bound = vec_fma(vec_load(numbers + 2 * FW_SKETCH_ROWS + l), length,
                                  vec_mul(vec_load(numbers + FW_SKETCH_ROWS + l), error));
        for (int q = 0; q < left->nq; ++q) {
            const size_t query = left->first + (size_t)q;
            const vec sum = vec_add(vec_from_int(vec_int_load(&left->sums[q][l])),
                                    vec_set1(y->offset[query]));
            const vec score = vec_fma(vec_mul(sum, vec_set1(y->scale[query])), scale, bound);
            passed[q] |= vec_greater(score, vec_set1(s->thresholds[query])) << l;
        }
    }
    int n_passed = 0;
    for (int q = 0; q < left->nq; ++q)
        n_passed += passed[q] != 0;
    return n_passed;
}

/* What the coarse codes leave of blocks from one whose first row is `lane`. */
static void leave_blocks(int n_blocks, int nq, const fw_search_state *s, code_rows *c, size_t lane,
                         size_t first, int32_t (*sums)[FW_SKETCH_ROWS])
{
    for (int b = 0; b < n_blocks; ++b, lane += FW_SKETCH_ROWS) {
        const uint8_t *const block = c->rows->sketch->coarse + lane / FW_SKETCH_ROWS * c->coarse_bytes;
        left_block *const place = next_block(s, c);
        place->first = first;
        place->lane = lane;
        place->nq = nq;
        for (int q = 0; q < nq; ++q) {
            const vec_int less = vec_int_set1(-s->sketch.starts[first + (size_t)q]);
            for (size_t l = 0; l < FW_SKETCH_ROWS; l += VEC_WIDTH)
                vec_int_store(&place->sums[q][l], vec_int_add(vec_int_load(&sums[q * n_blocks + b][l]), less));
        }
        place->n_passed = test_block(s, place, numbers_of(s, block), place->rows);
        if (place->n_passed != 0)
            prefetch_lines(c->rows->sketch->fine + lane / FW_SKETCH_ROWS * c->fine_bytes, c->fine_bytes);
        else
            c->n_left_blocks -= 1, place->nq = 0;
    }
}

static void search_blocks(int n_blocks, const fw_search_state *s, code_rows *c, size_t lane)
{
    const size_t n = (size_t)s->search->n_queries, bytes = query_bytes(s);
    _Alignas(FW_ALIGNMENT) int32_t sums[CODE_BLOCKS * CODE_QUERIES][FW_SKETCH_ROWS];
    code_pair at = {c->rows->sketch->coarse + lane / FW_SKETCH_ROWS * c->coarse_bytes, c->coarse_bytes,
                    bytes / 8, s->sketch.codes, SKETCH_PREFETCH_BYTES};
    start_blocks(n_blocks, s, at.block, c->coarse_bytes);
    for (size_t first = 0; first < n;) {
        at.codes = s->sketch.codes + first * bytes;
        int nq = group_size(n - first);
        if (n_blocks == CODE_BLOCKS && nq == CODE_QUERIES) {
            const size_t n_groups = (n - first + CODE_QUERIES / 2 - 1) / CODE_QUERIES;
            const size_t g = dot_groups(&at, s->sketch.starts + first, n_groups, sums);
            first += g * CODE_QUERIES;
            if (g == n_groups)
                nq = 0;
        } else if (!dot_group(n_blocks, nq, at, s->sketch.starts + first, sums)) {
            first += (size_t)nq;
            nq = 0;
        }
        if (nq > 0)
            leave_blocks(n_blocks, nq, s, c, lane, first, sums);
        first += (size_t)nq;
        at.ahead = 0; /* there already */
    }
}

static void search_codes(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    code_rows c;
    c.rows = rows;
    c.coarse_bytes = fw_sketch_coarse_bytes(rows->vector_size);
    c.fine_bytes = fw_sketch_fine_bytes(rows->vector_size);
    c.skipped = (size_t)first_id % FW_SKETCH_ROWS;
    c.first_id = first_id;
    c.n_left_blocks = c.n_left_rows = 0;
    for (int i = 0; i < LEFT_BLOCKS; ++i)
        c.left_blocks[i].nq = 0;
    for (int i = 0; i < LEFT_ROWS; ++i)
        c.left_rows[i].row = NO_ROW;
    const size_t n_lanes = c.skipped + (size_t)rows->n_rows;
    const size_t n_blocks = (n_lanes + FW_SKETCH_ROWS - 1) / FW_SKETCH_ROWS;
    size_t b = 0;
    for (; b + CODE_BLOCKS <= n_blocks; b += CODE_BLOCKS)
        search_blocks(CODE_BLOCKS, s, &c, b * FW_SKETCH_ROWS);
    for (; b < n_blocks; ++b)
        search_blocks(1, s, &c, b * FW_SKETCH_ROWS);
    end_stretch(s, &c);
}
