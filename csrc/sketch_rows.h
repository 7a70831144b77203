/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search in a sketch (nearest.h), written once over vec_dot_bytes of a vec_*.h, which must be
 * included first. With the row u = s c + e, the query q = t k + f, and |e| <= E:
 *   |u . q - s t (c . k)| = |e . q + s c . f| <= E |q| + |s c| |f|
 * and a row is considered if s t (c . k) + E |q| + |s c| |f| is greater than the threshold. What
 * rounding does to this sum and to the score in full is in E.
 *
 * Codes of rows are 128 + c, because CPUs multiply unsigned with signed bytes; the query's offset,
 * -128 times the sum of k, takes that back.
 */
#include "compiler.h"
#include "nearest_state.h"
#include "prefetch.h"

#define BYTE_ROWS 4
#define VEC_BYTES (4 * VEC_WIDTH)
/* As PREFETCH_BYTES of nearest_rows.h. */
#define SKETCH_PREFETCH_BYTES 8192

static inline int smaller_count(int a, int b)
{
    return a < b ? a : b;
}

/* ---- Few queries ------------------------------------------------------------------------ */

/* Products of nq queries with four rows into sums[query][row], as floats. */
FW_INLINE void dot_codes(const int nq, const uint8_t *const *rows, size_t code_bytes,
                         const int8_t *queries, float (*sums)[BYTE_ROWS])
{
    _Alignas(FW_ALIGNMENT) float partial[BYTE_QUERIES][BYTE_ROWS][VEC_WIDTH];
    FW_NO_UNROLL
    for (int r = 0; r < BYTE_ROWS; ++r) {
        vec_int acc[BYTE_QUERIES];
        FW_UNROLL
        for (int q = 0; q < nq; ++q)
            acc[q] = vec_int_zero();
        FW_NO_UNROLL
        for (size_t b = 0; b < code_bytes; b += VEC_BYTES) {
            prefetch_line(rows[r] + b + SKETCH_PREFETCH_BYTES);
            FW_UNROLL
            for (int q = 0; q < nq; ++q)
                acc[q] = vec_dot_bytes(acc[q], rows[r] + b, queries + (size_t)q * code_bytes + b);
        }
        FW_UNROLL
        for (int q = 0; q < nq; ++q)
            vec_store(partial[q][r], vec_from_int(acc[q]));
    }
    FW_UNROLL
    for (int q = 0; q < nq; ++q)
        vec_sum4(vec_load(partial[q][0]), vec_load(partial[q][1]), vec_load(partial[q][2]),
                 vec_load(partial[q][3]), sums[q]);
}

FW_INLINE void dot_some_codes(int nq, const uint8_t *const *rows, size_t code_bytes,
                              const int8_t *queries, float (*sums)[BYTE_ROWS])
{
    switch (nq) {
    case 1: dot_codes(1, rows, code_bytes, queries, sums); break;
    case 2: dot_codes(2, rows, code_bytes, queries, sums); break;
#if BYTE_QUERIES > 2
    case 3: dot_codes(3, rows, code_bytes, queries, sums); break;
    case 4: dot_codes(4, rows, code_bytes, queries, sums); break;
#endif
    default: break;
    }
}

static void sketch_few(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    const fw_sketch *const sketch = rows->sketch;
    const fw_sketch_queries *const y = &s->sketch;
    const int n_queries = s->search->n_queries, n_rows = rows->n_rows;
    for (int i = 0; i < n_rows; i += BYTE_ROWS) {
        float sums[FW_FEW_QUERIES][BYTE_ROWS];
        const uint8_t *codes[BYTE_ROWS];
        for (int r = 0; r < BYTE_ROWS; ++r)
            codes[r] = sketch->codes + (size_t)smaller_count(i + r, n_rows - 1) * y->code_bytes;
        for (int q = 0; q < n_queries; q += BYTE_QUERIES)
            dot_some_codes(smaller_count(n_queries - q, BYTE_QUERIES), codes, y->code_bytes,
                           y->codes + (size_t)q * y->code_bytes, sums + q);
        for (int r = i; r < smaller_count(i + BYTE_ROWS, n_rows); ++r) {
            const fw_sketch_row x = sketch->rows[r];
            for (int q = 0; q < n_queries; ++q) {
                const float dot = sums[q][r - i] + (float)y->offset[q];
                const float bound = x.error * y->length[q] + x.length * y->error[q];
                if (dot * y->scale[q] * x.scale + bound > s->thresholds[q])
                    fw_search_consider(s, rows, (size_t)r, (size_t)q, first_id + r);
            }
        }
    }
}

/* ---- Many queries ----------------------------------------------------------------------- */

#ifdef SKETCH_TILES

/* Panels as of floats in nearest_rows.h, four elements of a query in a lane. */
static void pack_code_panels(const fw_search_state *s, const int8_t *codes, int8_t *to)
{
    const size_t n_vecs = s->n_lanes / VEC_WIDTH, row = s->sketch.code_bytes;
    for (size_t v = 0; v < n_vecs; v += CODE_VECS) {
        const size_t lanes = (n_vecs - v < CODE_VECS ? n_vecs - v : CODE_VECS) * VEC_WIDTH;
        for (size_t d = 0; d < row; d += 4)
            for (size_t l = v * VEC_WIDTH; l < v * VEC_WIDTH + lanes; ++l, to += 4)
                memcpy(to, codes + l * row + d, 4);
    }
}

static void consider_lanes(const fw_search_state *s, const fw_rows *rows, size_t i,
                           size_t first_query, int32_t id, unsigned passed)
{
    for (size_t l = 0; passed != 0; ++l, passed >>= 1)
        if (passed & 1u)
            fw_search_consider(s, rows, i, first_query + l, id);
}

/* Rows i .. of the sketch against a panel; where no row is, the last one again. `bounds` of the rows
 * hold for all queries, which is less exact and less to compute. */
FW_INLINE void code_panel(const int n_vecs, const fw_search_state *s, const fw_rows *rows, size_t i,
                          const float *bounds, int32_t first_id, const int8_t *panel,
                          size_t first_query)
{
    const fw_sketch_queries *const y = &s->sketch;
    const size_t n_there = (size_t)rows->n_rows - i;
    const uint8_t *x[CODE_ROWS];
    for (size_t r = 0; r < CODE_ROWS; ++r)
        x[r] = rows->sketch->codes + (i + (r < n_there ? r : n_there - 1)) * y->code_bytes;
    vec_int acc[CODE_ROWS * CODE_VECS];
    FW_UNROLL
    for (int a = 0; a < CODE_ROWS * n_vecs; ++a)
        acc[a] = vec_int_load(y->offset + first_query + (size_t)(a % n_vecs) * VEC_WIDTH);
    const size_t end = (s->search->vector_size + 3) / 4 * 4;
    for (size_t d = 0; d < end; d += 4, panel += n_vecs * VEC_BYTES) {
        vec_int four[CODE_VECS];
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v)
            four[v] = vec_int_load(panel + v * VEC_BYTES);
        FW_UNROLL
        for (int r = 0; r < CODE_ROWS; ++r) {
            const vec_int xr = vec_int_set4(x[r] + d);
            FW_UNROLL
            for (int v = 0; v < n_vecs; ++v)
                acc[r * n_vecs + v] = vec_dot_fours(acc[r * n_vecs + v], xr, four[v]);
        }
    }
    /* All comparisons before the first call, which would want the registers. */
    unsigned passed[CODE_ROWS * CODE_VECS], any = 0;
    FW_UNROLL
    for (int r = 0; r < CODE_ROWS; ++r) {
        const size_t there = (size_t)r < n_there ? (size_t)r : n_there - 1;
        const vec scale = vec_set1(rows->sketch->rows[i + there].scale);
        const vec bound = vec_set1(bounds[r]);
        FW_UNROLL
        for (int v = 0; v < n_vecs; ++v) {
            const size_t query = first_query + (size_t)v * VEC_WIDTH;
            const vec dot = vec_mul(vec_from_int(acc[r * n_vecs + v]), vec_load(y->scale + query));
            const vec most = vec_fma(dot, scale, bound);
            passed[r * n_vecs + v] = vec_greater(most, vec_load(s->thresholds + query));
            any |= passed[r * n_vecs + v];
        }
    }
    for (int a = 0; any && a < CODE_ROWS * n_vecs; ++a) {
        const int r = a / n_vecs, v = a % n_vecs;
        consider_lanes(s, rows, i + (size_t)r, first_query + (size_t)v * VEC_WIDTH, first_id + r,
                       passed[a]);
    }
}

static float largest(const float *values, size_t n)
{
    float most = 0.0f;
    for (size_t i = 0; i < n; ++i)
        most = values[i] > most ? values[i] : most;
    return most;
}

static void sketch_many(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
    const size_t n_vecs = s->n_lanes / VEC_WIDTH;
    const float length = largest(s->sketch.length, (size_t)s->search->n_queries);
    const float error = largest(s->sketch.error, (size_t)s->search->n_queries);
    for (size_t i = 0; i < (size_t)rows->n_rows; i += CODE_ROWS) {
        float bounds[CODE_ROWS]; /* where no row is, none passes */
        for (size_t r = 0; r < CODE_ROWS; ++r) {
            const fw_sketch_row *const x = rows->sketch->rows + i + r;
            const bool is_there = i + r < (size_t)rows->n_rows;
            bounds[r] = is_there ? x->error * length + x->length * error : -INFINITY;
        }
        const int32_t id = first_id + (int32_t)i;
        for (size_t b = 0; b < CODE_ROWS * s->sketch.code_bytes; b += FW_ALIGNMENT)
            prefetch_line(rows->sketch->codes + (i + CODE_ROWS) * s->sketch.code_bytes + b);
        for (size_t v = 0; v < n_vecs; v += CODE_VECS) {
            const size_t query = v * VEC_WIDTH;
            const int8_t *const panel = s->sketch.codes + query * s->sketch.code_bytes;
            switch (n_vecs - v) {
            case 1: code_panel(1, s, rows, i, bounds, id, panel, query); break;
            default: code_panel(2, s, rows, i, bounds, id, panel, query); break;
            }
        }
    }
}

#endif

/* ---- The kernels ------------------------------------------------------------------------ */

/* The codes of a query, and the numbers of its bounds. One that is not finite finds nothing. */
static void sketch_query(const fw_search_state *s, size_t query, int8_t *codes)
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
    memset(codes, 0, y->code_bytes);
    y->offset[query] = 0;
    const float scale = most / 127.0f;
    const bool usable = isfinite(square) && isfinite(scale) && scale > FW_LEAST_SCALE;
    for (size_t d = 0; usable && d < size; ++d) {
        codes[d] = (int8_t)lrintf(q[d] / scale);
        const double difference = (double)q[d] - (double)scale * (double)codes[d];
        missed += difference * difference;
        y->offset[query] -= 128 * codes[d];
    }
    y->scale[query] = usable ? scale : 0.0f;
    y->length[query] = (float)sqrt(square);
    y->error[query] = (float)sqrt(usable ? missed : square);
}

static void pack_codes(const fw_search_state *s)
{
    int8_t *const codes = s->sketch.codes;
    const size_t n = (size_t)s->search->n_queries, bytes = s->sketch.code_bytes;
#ifdef SKETCH_TILES
    int8_t *const made = n > FW_FEW_QUERIES ? codes + s->n_lanes * bytes : codes;
#else
    int8_t *const made = codes;
#endif
    for (size_t q = 0; q < n; ++q) {
        sketch_query(s, q, made + q * bytes);
        if (isnan(s->sketch.length[q]))
            s->thresholds[q] = INFINITY;
    }
#ifdef SKETCH_TILES
    for (size_t q = n; q < s->n_lanes; ++q) /* lanes without a query: their threshold is infinite */
        s->sketch.scale[q] = s->sketch.length[q] = s->sketch.error[q] = 0.0f;
    if (n > FW_FEW_QUERIES)
        pack_code_panels(s, made, codes);
#endif
}

static void search_codes(const fw_search_state *s, const fw_rows *rows, int32_t first_id)
{
#ifdef SKETCH_TILES
    if (s->search->n_queries > FW_FEW_QUERIES) {
        sketch_many(s, rows, first_id);
        return;
    }
#endif
    sketch_few(s, rows, first_id);
}
