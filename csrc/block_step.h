/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maths of the block step (fastw2v.h), written once over the vector vocabulary of a vec_*.h,
 * which must be included first. That header also sets the register blocking:
 *   VEC_WIDTH      floats in a vec, a divisor of FW_ROW_FLOATS
 *   VEC_REGISTERS  registers of a vec, 16 or 32
 *   MOST_TARGETS   targets whose chunk and delta, or whose sums with two inputs, stay in registers: 6
 *                  or 14
 *
 * Shapes: n inputs, m targets; i counts inputs, j targets, d floats of a row.
 */
#include <string.h>

#include "compiler.h"
#include "kernels.h"
#include "many_targets.h"
#include "vec_math.h"

static inline int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* ---- 1. Residuals ----------------------------------------------------------------------- */

/* Store s and g = learning_rate * weight * (label - sigmoid(s)) of the VEC_WIDTH pairs from `a` on. */
FW_INLINE void store_residuals(const fw_block *b, size_t a, vec s)
{
    vec_storeu(b->logits + a, s);
    const vec rate = vec_mul(vec_set1(b->learning_rate), vec_loadu(b->weights + a));
    const vec miss = vec_sub(vec_loadu(b->labels + a), vec_sigmoid(s));
    vec_storeu(b->residuals + a, vec_mul(rate, miss));
}

/* The products of a vec of ni <= 4 rows x and nj <= MOST_TARGETS rows y, added to acc[i * nj + j]; the
 * first ones begin the sums, which costs less than to clear them. */
FW_INLINE void dot_vec(const bool first, const int ni, const int nj, float *const *x, float *const *y,
                       size_t d, vec *acc)
{
    vec xi[4];
    FW_UNROLL
    for (int i = 0; i < ni; ++i)
        xi[i] = vec_load(x[i] + d);
    FW_UNROLL
    for (int j = 0; j < nj; ++j) {
        const vec yj = vec_load_once(y[j] + d);
        FW_UNROLL
        for (int i = 0; i < ni; ++i) {
            vec *const sum = acc + i * nj + j;
            *sum = first ? vec_mul(xi[i], yj) : vec_fma(xi[i], yj, *sum);
        }
    }
}

/* Dot products of rows x and y into acc, lanes unsummed. */
FW_INLINE void dot_rows(const int ni, const int nj, float *const *x, float *const *y, size_t stride,
                        vec *acc)
{
    dot_vec(true, ni, nj, x, y, 0, acc);
    for (size_t d = VEC_WIDTH; d < stride; d += VEC_WIDTH)
        dot_vec(false, ni, nj, x, y, d, acc);
}

/*
 * Residuals of inputs i .. i + ni - 1 and nj targets from `first` on. If these are all targets, they are
 * made from the sums while still in registers: the next inputs' products do not wait for these
 * sigmoids, nor does the update of the first inputs for the last ones'. A vec is stored whole, so up to
 * VEC_WIDTH - 1 floats beyond are spoilt until the next call. Otherwise only the logits are stored.
 */
FW_INLINE void residuals_of(const int ni, const int nj, int i, int first, const fw_block *b)
{
    const int m = b->n_targets;
    const size_t row = (size_t)i * (size_t)m;
    vec acc[4 * MOST_TARGETS + VEC_WIDTH - 1];
    dot_rows(ni, nj, b->inputs + i, b->targets + first, b->stride, acc);
    FW_UNROLL /* fours that only repeat the last ones: the compiler sums them once */
    for (int a = ni * nj; a < ni * nj + VEC_WIDTH - 1; ++a)
        acc[a] = acc[a < 4 ? 0 : a - 4];
    if (nj == m) {
        FW_UNROLL
        for (int a = 0; a < ni * nj; a += VEC_WIDTH)
            store_residuals(b, row + (size_t)a, vec_sums(acc + a));
        return;
    }
    float sums[4 * MOST_TARGETS + VEC_WIDTH];
    FW_UNROLL
    for (int a = 0; a < ni * nj; a += VEC_WIDTH)
        vec_storeu(sums + a, vec_sums(acc + a));
    for (int r = 0; r < ni; ++r)
        memcpy(b->logits + row + (size_t)(r * m + first), sums + r * nj, (size_t)nj * sizeof(float));
}

FW_INLINE void residuals_tile(const int nj, int first, const fw_block *b)
{
    int i = 0;
    if (4 * nj + 5 <= VEC_REGISTERS) /* sums, four inputs and a target */
        for (; i + 4 <= b->n_inputs; i += 4)
            residuals_of(4, nj, i, first, b);
    for (; i + 2 <= b->n_inputs; i += 2)
        residuals_of(2, nj, i, first, b);
    if (i < b->n_inputs)
        residuals_of(1, nj, i, first, b);
}

/* ---- 2. Update -------------------------------------------------------------------------- */

/*
 * One input's part in `width` vecs of nj targets y: x and its residuals g make its gradient and add to the
 * targets' deltas, which the first input begins.
 */
FW_INLINE void update_input(const bool first, const int nj, const int width, const vec *x,
                            const float *g, vec (*y)[MOST_TARGETS], vec (*delta)[MOST_TARGETS],
                            vec *gradient)
{
    FW_UNROLL
    for (int j = 0; j < nj; ++j) {
        const vec g_ij = vec_set1(g[j]);
        FW_UNROLL
        for (int c = 0; c < width; ++c) {
            gradient[c] = j == 0 ? vec_mul(g_ij, y[c][j]) : vec_fma(g_ij, y[c][j], gradient[c]);
            delta[c][j] = first ? vec_mul(g_ij, x[c]) : vec_fma(g_ij, x[c], delta[c][j]);
        }
    }
}

/* The same in place. */
FW_INLINE void move_input(const bool first, const int nj, const int width, float *x_row, const float *g,
                          vec (*y)[MOST_TARGETS], vec (*delta)[MOST_TARGETS])
{
    vec x[2];
    vec gradient[2];
    FW_UNROLL
    for (int c = 0; c < width; ++c)
        x[c] = vec_load(x_row + c * VEC_WIDTH);
    update_input(first, nj, width, x, g, y, delta, gradient);
    FW_UNROLL
    for (int c = 0; c < width; ++c)
        vec_store(x_row + c * VEC_WIDTH, vec_add(x[c], gradient[c]));
}

/*
 * Without `gradients`, all m = nj <= MOST_TARGETS targets at once, from float `d` of the rows on:
 * `width` vecs of each and of its delta stay in registers while the inputs pass by. Two vecs share the
 * loads of the residuals, which one vec by itself waits for.
 */
FW_INLINE void update_chunk(const int nj, const int width, size_t d, float *const *targets,
                            const fw_block *b)
{
    float *const *const inputs = b->inputs;
    const int n = b->n_inputs;
    const float *g = b->residuals;
    vec y[2][MOST_TARGETS];
    vec delta[2][MOST_TARGETS];
    FW_UNROLL
    for (int j = 0; j < nj; ++j) {
        FW_UNROLL
        for (int c = 0; c < width; ++c)
            y[c][j] = vec_load(targets[j] + d + c * VEC_WIDTH);
    }
    move_input(true, nj, width, inputs[0] + d, g, y, delta);
    for (int i = 1; i < n; ++i)
        move_input(false, nj, width, inputs[i] + d, g += nj, y, delta);
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
    float *targets[MOST_TARGETS]; /* a copy: for all the compiler knows, a store moves b->targets */
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

/* The same with the gradient put, or added, to where it is asked for. */
FW_INLINE void keep_gradient(const bool first, const int nj, const float *x_row, const float *g,
                             bool put, float *to, vec (*y)[MOST_TARGETS], vec (*delta)[MOST_TARGETS])
{
    const vec x = vec_load(x_row);
    vec gradient;
    update_input(first, nj, 1, &x, g, y, delta, &gradient);
    vec_store(to, put ? gradient : vec_add(vec_load(to), gradient));
}

/*
 * With `gradients`, which take the D: the nj <= MOST_TARGETS targets from `first` on. `gradients` sums over
 * the tiles. No target may move before the last tile, since it may stand in several: until then `scratch`
 * takes the deltas.
 */
FW_INLINE void update_gradients(const int nj, int first, const fw_block *b)
{
    const int n = b->n_inputs;
    const int m = b->n_targets;
    float *const *const inputs = b->inputs;
    float *const *const gradients = b->gradients;
    const bool is_last = first + nj == m;
    float *const deltas = b->scratch + (size_t)first * b->stride; /* (nj, stride) */
    float *targets[MOST_TARGETS]; /* a copy, as above */
    FW_UNROLL
    for (int j = 0; j < nj; ++j)
        targets[j] = b->targets[first + j];
    for (size_t d = 0; d < b->stride; d += VEC_WIDTH) {
        vec y[1][MOST_TARGETS];
        vec delta[1][MOST_TARGETS];
        FW_UNROLL
        for (int j = 0; j < nj; ++j)
            y[0][j] = vec_load(targets[j] + d);
        const float *g = b->residuals + first;
        keep_gradient(true, nj, inputs[0] + d, g, first == 0, gradients[0] + d, y, delta);
        for (int i = 1; i < n; ++i)
            keep_gradient(false, nj, inputs[i] + d, g += m, first == 0, gradients[i] + d, y, delta);
        FW_UNROLL
        for (int j = 0; j < nj; ++j) {
            if (is_last) /* loaded again, as above */
                vec_store(targets[j] + d, vec_add(vec_load(targets[j] + d), delta[0][j]));
            else
                vec_store(deltas + (size_t)j * b->stride + d, delta[0][j]);
        }
    }
}

/* To the first n targets. */
static void add_deltas(const fw_block *b, int n)
{
    const float *delta = b->scratch; /* (n, stride) */
    for (int j = 0; j < n; ++j, delta += b->stride)
        for (size_t d = 0; d < b->stride; d += VEC_WIDTH)
            vec_store(b->targets[j] + d, vec_add(vec_load(b->targets[j] + d), vec_load(delta + d)));
}

FW_INLINE void update_tile(const int nj, int first, const fw_block *b)
{
    if (b->gradients)
        update_gradients(nj, first, b);
    else
        update_in_place(nj, b);
}

/* ---- The step --------------------------------------------------------------------------- */

typedef enum stage { RESIDUALS, UPDATE } stage;

FW_INLINE void tile_of(const stage part, const int nj, int first, const fw_block *b)
{
    if (part == RESIDUALS)
        residuals_tile(nj, first, b);
    else
        update_tile(nj, first, b);
}

/* tile_of with a literal nj: one jump a block, then straight code. */
FW_INLINE void tile(const stage part, int nj, int first, const fw_block *b)
{
    switch (nj) {
    case 1: tile_of(part, 1, first, b); break;
    case 2: tile_of(part, 2, first, b); break;
    case 3: tile_of(part, 3, first, b); break;
    case 4: tile_of(part, 4, first, b); break;
    case 5: tile_of(part, 5, first, b); break;
    case 6: tile_of(part, 6, first, b); break;
#if MOST_TARGETS > 6
    case 7: tile_of(part, 7, first, b); break;
    case 8: tile_of(part, 8, first, b); break;
    case 9: tile_of(part, 9, first, b); break;
    case 10: tile_of(part, 10, first, b); break;
    case 11: tile_of(part, 11, first, b); break;
    case 12: tile_of(part, 12, first, b); break;
    case 13: tile_of(part, 13, first, b); break;
    case 14: tile_of(part, 14, first, b); break;
#endif
    default: break;
    }
}

static void block_residuals(const fw_block *b)
{
    const int m = b->n_targets;
    for (int first = 0; first < m; first += MOST_TARGETS)
        tile(RESIDUALS, smaller(m - first, MOST_TARGETS), first, b);
    if (m > MOST_TARGETS)
        for (size_t a = 0; a < (size_t)b->n_inputs * (size_t)m; a += VEC_WIDTH)
            store_residuals(b, a, vec_load(b->logits + a));
}

static void block_update(const fw_block *b)
{
    const int m = b->n_targets;
    if (m > MOST_TARGETS && !b->gradients) {
        update_many(b);
        return;
    }
    /* The smallest tile first: most targets are in the last one, which needs no scratch. */
    const int odd = m % MOST_TARGETS;
    if (odd > 0)
        tile(UPDATE, odd, 0, b);
    for (int first = odd; first < m; first += MOST_TARGETS)
        tile(UPDATE, MOST_TARGETS, first, b);
    if (m > MOST_TARGETS)
        add_deltas(b, m - MOST_TARGETS);
}

/* ---- The loss --------------------------------------------------------------------------- */

/* A vec is stored whole, as of the residuals. */
static void block_losses(const fw_block *b, float *losses)
{
    for (size_t a = 0; a < (size_t)b->n_inputs * (size_t)b->n_targets; a += VEC_WIDTH) {
        const vec s = vec_loadu(b->logits + a);
        const vec loss = vec_sub(vec_softplus(s), vec_mul(vec_loadu(b->labels + a), s));
        vec_storeu(losses + a, vec_mul(vec_loadu(b->weights + a), loss));
    }
}
