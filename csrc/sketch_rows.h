/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search in a sketch (nearest.h), written once over vec_dot_fours of a vec_*.h, which must be
 * included first. With the row u = s c + e, the query q = t k + f, and |e| <= E:
 *   |u . q - s t (c . k)| = |e . q + s c . f| <= E |q| + |s c| |f|
 * and a row is considered if s t (c . k) + E |q| + |s c| |f| is greater than the threshold. This is
 * asked twice: with the coarse c, which are half of the memory, and where that does not decide,
 * with all of it. What rounding does to this sum and to the score in full is in E.
 *
 * Where there are many queries, the sums of each group are first compared with the least with which
 * any of the rows could pass: they begin at minus that, so that one look at their signs is enough.
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
 * What is left waits until its memory, asked for at once, has come: until so many others are left,
 * or the stretch ends. A query meets rows in the order of their ids.
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
        dot_group(1, left->nq, &at, starts, low);
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
            unsigned passed = vec_greater(score, vec_set1(s->thresholds[query]));
            passed &= left->rows[q] >> l;
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
    return place;
}

/* Wait for nothing any more. */
static void end_stretch(const fw_search_state *s, code_rows *c)
{
    for (int i = 0; i < LEFT_BLOCKS; ++i)
        next_block(s, c)->nq = 0;
    for (int i = 0; i < LEFT_ROWS; ++i)
        leave_row(s, c, 0, NO_ROW);
}

/* ---- Blocks of rows against groups of queries ---------------------------------------------- */

/* Blocks from one whose first row is `lane`, and a group of queries. */
typedef struct code_tile {
    int n_blocks, nq;
    size_t lane, first;
} code_tile;

static inline const uint8_t *block_of(const code_rows *c, size_t lane)
{
    return c->rows->sketch->coarse + lane / FW_SKETCH_ROWS * c->coarse_bytes;
}

static inline code_pair pair_of(const fw_search_state *s, const code_rows *c, code_tile t)
{
    const size_t bytes = query_bytes(s);
    return (code_pair){block_of(c, t.lane), c->coarse_bytes, bytes / 8,
                       s->sketch.codes + t.first * bytes,
                       t.first == 0 ? SKETCH_PREFETCH_BYTES : 0}; /* 0: there already */
}

/*
 * starts[q] is such that starts[q] + the product of the codes of query q and of a row of these
 * blocks is negative only if the row cannot be among the best. A row passes if
 *   16 scale * t (product + offset) + bound > threshold
 * or product > (threshold - bound) / (16 scale * t) - offset: the bound is taken as the greatest of
 * the rows, the scale as the greatest or the least, whichever gives less.
 */
static void start_blocks(int n_blocks, const fw_search_state *s, const uint8_t *block,
                         size_t block_bytes)
{
    const fw_sketch_queries *const y = &s->sketch;
    vec most_scale = vec_zero(), least_scale = vec_set1(INFINITY);
    vec length = vec_zero(), error = vec_zero();
    for (int v = 0; v < n_blocks * BLOCK_VECS; ++v) {
        const uint8_t *const of_vec = block + (size_t)(v / BLOCK_VECS) * block_bytes;
        const float *const numbers = numbers_of(s, of_vec) + v % BLOCK_VECS * VEC_WIDTH;
        most_scale = vec_max(most_scale, vec_load(numbers));
        least_scale = vec_min(least_scale, vec_load(numbers));
        length = vec_max(length, vec_load(numbers + FW_SKETCH_ROWS));
        error = vec_max(error, vec_load(numbers + 2 * FW_SKETCH_ROWS));
    }
    const vec zero = vec_zero(), tiny = vec_set1(0x1p-20f);
    /* At most so large that nothing becomes infinite, and a sum of codes is larger or smaller. */
    const vec far = vec_set1(1e30f), most = vec_set1(1.5e9f);
    const vec least_inverse = vec_set1(0.0625f / (vec_largest(most_scale) + 0x1p-60f));
    const float least = -vec_largest(vec_sub(zero, least_scale));
    const vec most_inverse = vec_set1(0.0625f / (least + 0x1p-120f));
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
        const vec sizes = vec_add(vec_max(sum, vec_sub(zero, sum)),
                                  vec_max(offset, vec_sub(zero, offset)));
        const vec slack = vec_fma(sizes, tiny, vec_set1(1.0f));
        vec_int_store(y->starts + q, vec_to_int(vec_add(vec_sub(offset, sum), slack)));
    }
}

/*
 * The rows of block b that may be among the best, as bits for each query; return whether there are
 * any. sums[q * n_blocks + b] are starts[q] + the products.
 */
FW_INLINE bool test_block(const fw_search_state *s, const float *numbers, const code_tile t,
                          const int b, int32_t (*sums)[FW_SKETCH_ROWS], unsigned *passed)
{
    const fw_sketch_queries *const y = &s->sketch;
    const vec error = vec_set1(y->error[t.first]);
    const vec length = vec_add(vec_set1(y->length[t.first]), error);
    unsigned any = 0;
    for (int q = 0; q < t.nq; ++q)
        passed[q] = 0;
    for (size_t l = 0; l < FW_SKETCH_ROWS; l += VEC_WIDTH) {
        const vec scale = vec_mul(vec_load(numbers + l), vec_set1(16.0f));
        const vec bound = vec_fma(vec_load(numbers + 2 * FW_SKETCH_ROWS + l), length,
                                  vec_mul(vec_load(numbers + FW_SKETCH_ROWS + l), error));
        for (int q = 0; q < t.nq; ++q) {
            const size_t query = t.first + (size_t)q;
            const vec_int dot = vec_int_add(vec_int_load(&sums[q * t.n_blocks + b][l]),
                                            vec_int_set1(-y->starts[query]));
            const vec sum = vec_add(vec_from_int(dot), vec_set1(y->offset[query]));
            const vec score = vec_fma(vec_mul(sum, vec_set1(y->scale[query])), scale, bound);
            passed[q] |= vec_greater(score, vec_set1(s->thresholds[query])) << l;
            any |= passed[q];
        }
    }
    return any != 0;
}

/* Let a block wait with what its coarse codes leave. */
FW_APART static void leave_block(const fw_search_state *s, code_rows *c, code_tile t, int b,
                                 int32_t (*sums)[FW_SKETCH_ROWS], const unsigned *passed)
{
    left_block *const place = next_block(s, c);
    place->first = t.first;
    place->lane = t.lane + (size_t)b * FW_SKETCH_ROWS;
    place->nq = t.nq;
    place->n_passed = 0;
    for (int q = 0; q < t.nq; ++q) {
        const vec_int less = vec_int_set1(-s->sketch.starts[t.first + (size_t)q]);
        for (size_t l = 0; l < FW_SKETCH_ROWS; l += VEC_WIDTH) {
            const vec_int sum = vec_int_load(&sums[q * t.n_blocks + b][l]);
            vec_int_store(&place->sums[q][l], vec_int_add(sum, less));
        }
        place->rows[q] = passed[q];
        place->n_passed += passed[q] != 0;
    }
    const size_t at = place->lane / FW_SKETCH_ROWS * c->fine_bytes;
    prefetch_lines(c->rows->sketch->fine + at, c->fine_bytes);
}

/* Ask row by row, and let what is left wait. */
FW_INLINE void test_blocks(const fw_search_state *s, code_rows *c, const code_tile t,
                           int32_t (*sums)[FW_SKETCH_ROWS])
{
    for (int b = 0; b < t.n_blocks; ++b) {
        unsigned passed[CODE_QUERIES];
        const uint8_t *const block = block_of(c, t.lane) + (size_t)b * c->coarse_bytes;
        if (test_block(s, numbers_of(s, block), t, b, sums, passed))
            leave_block(s, c, t, b, sums, passed);
    }
}

/* The only group of queries: its sums begin where all of them pass. */
FW_INLINE void search_group(const fw_search_state *s, code_rows *c, const code_tile t)
{
    _Alignas(FW_ALIGNMENT) int32_t sums[CODE_BLOCKS * CODE_QUERIES][FW_SKETCH_ROWS];
    const code_pair at = pair_of(s, c, t);
    const int32_t *const starts = s->sketch.starts;
    if (t.nq == 1 ? dot_codes(t.n_blocks, 1, at, starts, sums)
                  : dot_group(t.n_blocks, t.nq, &at, starts, sums))
        test_blocks(s, c, t, sums);
}

/* The next of n_groups whole groups that rows may be left to, or n_groups. */
static size_t next_group(const fw_search_state *s, const code_rows *c, code_tile t, size_t group,
                         size_t n_groups, int32_t (*sums)[FW_SKETCH_ROWS])
{
    for (; group < n_groups; ++group) {
        t.first = group * CODE_QUERIES;
        const code_pair at = pair_of(s, c, t);
        const int32_t *const starts = s->sketch.starts + t.first;
        if (t.n_blocks == CODE_BLOCKS)
            return group + dot_groups(&at, starts, n_groups - group, sums);
        if (dot_group(t.n_blocks, CODE_QUERIES, &at, starts, sums))
            break;
    }
    return group;
}

/* Many queries: for those of one group alone, starts cost more than they save. */
FW_APART static void search_groups(const fw_search_state *s, code_rows *c, code_tile t)
{
    const size_t n = (size_t)s->search->n_queries, n_groups = whole_groups(n);
    _Alignas(FW_ALIGNMENT) int32_t sums[CODE_BLOCKS * CODE_QUERIES][FW_SKETCH_ROWS];
    start_blocks(t.n_blocks, s, block_of(c, t.lane), c->coarse_bytes);
    t.nq = CODE_QUERIES;
    for (size_t g = next_group(s, c, t, 0, n_groups, sums); g < n_groups;
         g = next_group(s, c, t, g + 1, n_groups, sums)) {
        t.first = g * CODE_QUERIES;
        test_blocks(s, c, t, sums);
    }
    t.first = n_groups * CODE_QUERIES;
    if (t.first >= n)
        return;
    t.nq = group_size(n - t.first);
    const code_pair at = pair_of(s, c, t);
    if (dot_group(t.n_blocks, t.nq, &at, s->sketch.starts + t.first, sums))
        test_blocks(s, c, t, sums);
}

FW_INLINE void search_blocks(const int n_blocks, const fw_search_state *s, code_rows *c, size_t b)
{
    const size_t n = (size_t)s->search->n_queries, lane = b * FW_SKETCH_ROWS;
    if (n == 1)
        search_group(s, c, (code_tile){n_blocks, 1, lane, 0});
    else if (n <= CODE_QUERIES / 2)
        search_group(s, c, (code_tile){n_blocks, CODE_QUERIES / 2, lane, 0});
    else if (n <= CODE_QUERIES)
        search_group(s, c, (code_tile){n_blocks, CODE_QUERIES, lane, 0});
    else
        search_groups(s, c, (code_tile){n_blocks, CODE_QUERIES, lane, 0});
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
        search_blocks(CODE_BLOCKS, s, &c, b);
    for (; b < n_blocks; ++b)
        search_blocks(1, s, &c, b);
    end_stretch(s, &c);
}
