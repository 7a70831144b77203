/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maths of the block step (fastw2v.h), written once over the vector vocabulary of a vec_*.h,
 * which must be included first. That header also sets the register blocking:
 *   VEC_WIDTH      floats in a vec, a divisor of FW_ROW_FLOATS
 *   DOT_INPUTS x DOT_TARGETS   pairs whose dot products are summed side by side, at most 4 x 6
 *   VEC_REGISTERS              registers of a vec, 16 or 32
 *   UPDATE_TARGETS             targets whose chunk and delta stay in registers, 6 or 14
 *
 * Shapes: n inputs, m targets; i counts inputs, j targets, d floats of a row.
 */
#include "compiler.h"
#include "kernels.h"

/* ---- 1. Logits -------------------------------------------------------------------------- */

/* Dot products of ni x nj pairs into sums[i * nj + j]; writes up to three floats beyond. */
FW_INLINE void dot_tile(const int ni, const int nj, float *const *x, float *const *y, size_t stride,
                        float *sums)
{
    vec acc[DOT_INPUTS * DOT_TARGETS + 3]; /* +3: the last group of four may be part empty */
    FW_UNROLL
    for (int a = 0; a < ni * nj + 3; ++a)
        acc[a] = vec_zero();
    for (size_t d = 0; d < stride; d += VEC_WIDTH) {
        vec xi[DOT_INPUTS];
        FW_UNROLL
        for (int i = 0; i < ni; ++i)
            xi[i] = vec_load(x[i] + d);
        FW_UNROLL
        for (int j = 0; j < nj; ++j) {
            const vec yj = vec_load(y[j] + d);
            FW_UNROLL
            for (int i = 0; i < ni; ++i)
                acc[i * nj + j] = vec_fma(xi[i], yj, acc[i * nj + j]);
        }
    }
    FW_UNROLL
    for (int a = 0; a < ni * nj; a += 4)
        vec_sum4(acc[a], acc[a + 1], acc[a + 2], acc[a + 3], sums + a);
}

FW_INLINE void dot_inputs(int ni, const int nj, float *const *x, float *const *y, size_t stride,
                          float *sums)
{
    switch (ni) {
    case 1: dot_tile(1, nj, x, y, stride, sums); break;
    case 2: dot_tile(2, nj, x, y, stride, sums); break;
#if DOT_INPUTS > 2
    case 3: dot_tile(3, nj, x, y, stride, sums); break;
    case 4: dot_tile(4, nj, x, y, stride, sums); break;
#endif
    default: break;
    }
}

static void dot_pairs(int ni, int nj, float *const *x, float *const *y, size_t stride, float *sums)
{
    switch (nj) {
    case 1: dot_inputs(ni, 1, x, y, stride, sums); break;
    case 2: dot_inputs(ni, 2, x, y, stride, sums); break;
    case 3: dot_inputs(ni, 3, x, y, stride, sums); break;
    case 4: dot_inputs(ni, 4, x, y, stride, sums); break;
    case 5: dot_inputs(ni, 5, x, y, stride, sums); break;
    case 6: dot_inputs(ni, 6, x, y, stride, sums); break;
    default: break;
    }
}

static inline int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* s_ij for all pairs. */
static void block_logits(const fw_block *b)
{
    const int n = b->n_inputs;
    const int m = b->n_targets;
    if (m <= DOT_TARGETS) { /* whole rows: the sums are in place */
        for (int i = 0; i < n; i += DOT_INPUTS)
            dot_pairs(smaller(n - i, DOT_INPUTS), m, b->inputs + i, b->targets, b->stride,
                      b->logits + (size_t)i * (size_t)m);
        return;
    }
    float sums[DOT_INPUTS * DOT_TARGETS + 3];
    for (int j = 0; j < m; j += DOT_TARGETS) {
        const int nj = smaller(m - j, DOT_TARGETS);
        for (int i = 0; i < n; i += DOT_INPUTS) {
            const int ni = smaller(n - i, DOT_INPUTS);
            dot_pairs(ni, nj, b->inputs + i, b->targets + j, b->stride, sums);
            for (int a = 0; a < ni; ++a)
                for (int c = 0; c < nj; ++c)
                    b->logits[(size_t)(i + a) * (size_t)m + (size_t)(j + c)] = sums[a * nj + c];
        }
    }
}

/* ---- 2. Residuals ----------------------------------------------------------------------- */

/*
 * 1 / (1 + e^-s), within 3 * 2^-24 on all floats; NaN stays NaN. e^-s = 2^k 2^f with k whole and
 * abs(f) <= 1/2; 2^f is the Taylor polynomial of e^(f ln 2) to degree 7, whose remainder
 * (ln 2 / 2)^8 / 8! = 5e-9 is below half an ulp. The product s log2 e is rounded once: for s < 0 the
 * relative error grows to (1.2 abs(s) + 3) * 2^-24, which a gradient does not notice.
 */
FW_INLINE vec vec_sigmoid(vec s)
{
    /* Beyond +-87 the result is 1 or below 2e-38 anyway, and 2^k stays a normal number. */
    s = vec_max(vec_set1(-87.0f), vec_min(vec_set1(87.0f), s));
    const vec t = vec_mul(s, vec_set1(-1.44269504f)); /* -log2 e */
    const vec k = vec_round(t);
    const vec f = vec_sub(t, k);
    vec p = vec_set1(1.52527338e-5f); /* (ln 2)^i / i!, i = 7 .. 0 */
    p = vec_fma(p, f, vec_set1(1.54035304e-4f));
    p = vec_fma(p, f, vec_set1(1.33335581e-3f));
    p = vec_fma(p, f, vec_set1(9.61812911e-3f));
    p = vec_fma(p, f, vec_set1(5.55041087e-2f));
    p = vec_fma(p, f, vec_set1(2.40226507e-1f));
    p = vec_fma(p, f, vec_set1(6.93147181e-1f));
    p = vec_fma(p, f, vec_set1(1.0f));
    return vec_div(vec_set1(1.0f), vec_add(vec_set1(1.0f), vec_scale(p, k)));
}

/* g_ij = learning_rate * weight_ij * (label_ij - sigmoid(s_ij)). */
static void block_residuals(const fw_block *b)
{
    const size_t pairs = (size_t)b->n_inputs * (size_t)b->n_targets;
    const vec rate = vec_set1(b->learning_rate);
    for (size_t a = 0; a < pairs; a += VEC_WIDTH) {
        const vec miss = vec_sub(vec_load(b->labels + a), vec_sigmoid(vec_load(b->logits + a)));
        vec_store(b->residuals + a, vec_mul(vec_mul(rate, vec_load(b->weights + a)), miss));
    }
}

/* ---- 3. Update -------------------------------------------------------------------------- */

/*
 * Without `gradients`, all m = nj <= UPDATE_TARGETS targets at once, from float `d` of the rows on:
 * `width` vecs of each and of its delta stay in registers while the inputs pass by. Two vecs share the
 * loads of the residuals, which one vec by itself waits for.
 */
FW_INLINE void update_chunk(const int nj, const int width, size_t d, float *const *targets,
                            const fw_block *b)
{
    float *const *const inputs = b->inputs;
    const int n = b->n_inputs;
    const float *g = b->residuals;
    vec y[2][UPDATE_TARGETS];
    vec delta[2][UPDATE_TARGETS];
    FW_UNROLL
    for (int j = 0; j < nj; ++j) {
        FW_UNROLL
        for (int c = 0; c < width; ++c) {
            y[c][j] = vec_load(targets[j] + d + c * VEC_WIDTH);
            delta[c][j] = vec_zero();
        }
    }
    for (int i = 0; i < n; ++i, g += nj) {
        float *const x_row = inputs[i] + d;
        vec x[2];
        vec gradient[2];
        FW_UNROLL
        for (int c = 0; c < width; ++c) {
            x[c] = vec_load(x_row + c * VEC_WIDTH);
            gradient[c] = vec_zero();
        }
        FW_UNROLL
        for (int j = 0; j < nj; ++j) {
            const vec g_ij = vec_set1(g[j]);
            FW_UNROLL
            for (int c = 0; c < width; ++c) {
                gradient[c] = vec_fma(g_ij, y[c][j], gradient[c]);
                delta[c][j] = vec_fma(g_ij, x[c], delta[c][j]);
            }
        }
        FW_UNROLL
        for (int c = 0; c < width; ++c)
            vec_store(x_row + c * VEC_WIDTH, vec_add(x[c], gradient[c]));
    }
    /* Loaded again: a target that stands twice has moved by now. */
    FW_UNROLL
    for (int j = 0; j < nj; ++j) {
        FW_UNROLL
        for (int c = 0; c < width; ++c) {
            float *const y_row = targets[j] + d + c * VEC_WIDTH;
            vec_store(y_row, vec_add(vec_load(y_row), delta[c][j]));
        }
    }
}

FW_INLINE void update_in_place(const int nj, const fw_block *b)
{
    float *targets[UPDATE_TARGETS]; /* a copy: for all the compiler knows, a store moves b->targets */
    FW_UNROLL
    for (int j = 0; j < nj; ++j)
        targets[j] = b->targets[j];
    size_t d = 0;
    if (4 * nj + 5 <= VEC_REGISTERS) /* two of y, delta, x and D, and a residual */
        for (; d + 2 * VEC_WIDTH <= b->stride; d += 2 * VEC_WIDTH)
            update_chunk(nj, 2, d, targets, b);
    for (; d < b->stride; d += VEC_WIDTH)
        update_chunk(nj, 1, d, targets, b);
}

/*
 * With `gradients`, which take the D: the nj <= UPDATE_TARGETS targets from `first` on. If that is not
 * all of them, `gradients` sums over the tiles and `scratch` takes the deltas: no target may move
 * before the last tile, since it may stand in several.
 */
FW_INLINE void update_tile(const int nj, int first, const fw_block *b)
{
    const int n = b->n_inputs;
    const int m = b->n_targets;
    float *const *const inputs = b->inputs;
    float *const *const gradients = b->gradients;
    const bool whole = nj == m;
    float *const deltas = b->scratch + (size_t)first * b->stride; /* (nj, stride) */
    float *targets[UPDATE_TARGETS]; /* a copy, as above */
    FW_UNROLL
    for (int j = 0; j < nj; ++j)
        targets[j] = b->targets[first + j];
    for (size_t d = 0; d < b->stride; d += VEC_WIDTH) {
        vec y[UPDATE_TARGETS];
        vec delta[UPDATE_TARGETS];
        FW_UNROLL
        for (int j = 0; j < nj; ++j) {
            y[j] = vec_load(targets[j] + d);
            delta[j] = vec_zero();
        }
        const float *g = b->residuals + first;
        for (int i = 0; i < n; ++i, g += m) {
            const vec x = vec_load(inputs[i] + d);
            vec gradient = first == 0 ? vec_zero() : vec_load(gradients[i] + d);
            FW_UNROLL
            for (int j = 0; j < nj; ++j) {
                const vec g_ij = vec_set1(g[j]);
                gradient = vec_fma(g_ij, y[j], gradient);
                delta[j] = vec_fma(g_ij, x, delta[j]);
            }
            vec_store(gradients[i] + d, gradient);
        }
        FW_UNROLL
        for (int j = 0; j < nj; ++j) {
            if (whole) /* loaded again, as above */
                vec_store(targets[j] + d, vec_add(vec_load(targets[j] + d), delta[j]));
            else
                vec_store(deltas + (size_t)j * b->stride + d, delta[j]);
        }
    }
}

static void add_deltas(const fw_block *b)
{
    const float *delta = b->scratch; /* (m, stride) */
    for (int j = 0; j < b->n_targets; ++j, delta += b->stride)
        for (size_t d = 0; d < b->stride; d += VEC_WIDTH)
            vec_store(b->targets[j] + d, vec_add(vec_load(b->targets[j] + d), vec_load(delta + d)));
}

/* Any m, in place: one input at a time, since it may move only when its D is complete. */
static void update_many(const fw_block *b)
{
    const int m = b->n_targets;
    float *const deltas = b->scratch; /* (m, VEC_WIDTH) */
    for (size_t d = 0; d < b->stride; d += VEC_WIDTH) {
        for (int j = 0; j < m; ++j)
            vec_store(deltas + j * VEC_WIDTH, vec_zero());
        const float *g = b->residuals;
        for (int i = 0; i < b->n_inputs; ++i, g += m) {
            float *const x_row = b->inputs[i] + d;
            const vec x = vec_load(x_row);
            vec gradient = vec_zero();
            for (int j = 0; j < m; ++j) {
                const vec g_ij = vec_set1(g[j]);
                float *const delta = deltas + j * VEC_WIDTH;
                gradient = vec_fma(g_ij, vec_load(b->targets[j] + d), gradient);
                vec_store(delta, vec_fma(g_ij, x, vec_load(delta)));
            }
            vec_store(x_row, vec_add(x, gradient));
        }
        for (int j = 0; j < m; ++j) {
            float *const y_row = b->targets[j] + d;
            vec_store(y_row, vec_add(vec_load(y_row), vec_load(deltas + j * VEC_WIDTH)));
        }
    }
}

FW_INLINE void update_targets(const int nj, int first, const fw_block *b)
{
    if (b->gradients)
        update_tile(nj, first, b);
    else
        update_in_place(nj, b);
}

/* update_targets with a literal: one jump a block, then straight code. */
static void update_few(int nj, int first, const fw_block *b)
{
    switch (nj) {
    case 1: update_targets(1, first, b); break;
    case 2: update_targets(2, first, b); break;
    case 3: update_targets(3, first, b); break;
    case 4: update_targets(4, first, b); break;
    case 5: update_targets(5, first, b); break;
    case 6: update_targets(6, first, b); break;
#if UPDATE_TARGETS > 6
    case 7: update_targets(7, first, b); break;
    case 8: update_targets(8, first, b); break;
    case 9: update_targets(9, first, b); break;
    case 10: update_targets(10, first, b); break;
    case 11: update_targets(11, first, b); break;
    case 12: update_targets(12, first, b); break;
    case 13: update_targets(13, first, b); break;
    case 14: update_targets(14, first, b); break;
#endif
    default: break;
    }
}

static void block_update(const fw_block *b)
{
    const int m = b->n_targets;
    if (m > UPDATE_TARGETS && !b->gradients) {
        update_many(b);
        return;
    }
    for (int first = 0; first < m; first += UPDATE_TARGETS)
        update_few(smaller(m - first, UPDATE_TARGETS), first, b);
    if (m > UPDATE_TARGETS)
        add_deltas(b);
}

static void block_step(const fw_block *block)
{
    block_logits(block);
    block_residuals(block);
    block_update(block);
}

/* ---- Weighted sums of rows -------------------------------------------------------------- */

/* nt <= 4 rows of `to`; c is (nt, n_from). */
FW_INLINE void combine_tile(const int nt, size_t stride, float *const *to, const float *const *from,
                            int32_t n_from, const float *c, bool accumulate)
{
    for (size_t d = 0; d < stride; d += VEC_WIDTH) {
        vec sum[4];
        FW_UNROLL
        for (int i = 0; i < nt; ++i)
            sum[i] = vec_zero();
        for (int32_t j = 0; j < n_from; ++j) {
            const vec row = vec_load(from[j] + d);
            FW_UNROLL
            for (int i = 0; i < nt; ++i)
                sum[i] = vec_fma(vec_set1(c[(size_t)i * (size_t)n_from + (size_t)j]), row, sum[i]);
        }
        FW_UNROLL
        for (int i = 0; i < nt; ++i) {
            float *const out = to[i] + d;
            vec_store(out, accumulate ? vec_add(vec_load(out), sum[i]) : sum[i]);
        }
    }
}

static void combine_rows(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                         int32_t n_from, const float *coefficients, bool accumulate)
{
    int32_t i = 0;
    for (; i + 4 <= n_to; i += 4, coefficients += 4 * (size_t)n_from)
        combine_tile(4, stride, to + i, from, n_from, coefficients, accumulate);
    for (; i < n_to; ++i, coefficients += n_from)
        combine_tile(1, stride, to + i, from, n_from, coefficients, accumulate);
}
