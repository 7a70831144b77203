/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update of a block with more targets than registers hold, in place: two products of matrices, one for
 * the D of the inputs and one for the targets' deltas, a vec or two of every row at a time.
 */
#ifndef FASTW2V_MANY_TARGETS_H
#define FASTW2V_MANY_TARGETS_H

#include "combine.h"

/* The inputs i .. i + ni - 1 move one after another; the targets are still the old ones. What each input was
 * before, which the targets are to see, goes to `scratch`. */
FW_INLINE void move_inputs(const int ni, const int width, int i, size_t d, const fw_block *b)
{
    const size_t m = (size_t)b->n_targets;
    const coefficients by = {b->residuals + (size_t)i * m, m, 1};
    vec sum[4][2];
    sum_rows(ni, width, (const float *const *)b->targets, d, NULL, b->n_targets, &by, sum);
    FW_UNROLL
    for (int k = 0; k < ni; ++k) {
        FW_UNROLL
        for (int v = 0; v < width; ++v) {
            float *const x_row = b->inputs[i + k] + d + v * VEC_WIDTH;
            const vec x = vec_load(x_row);
            vec_store(b->scratch + (2 * (i + k) + v) * VEC_WIDTH, x);
            vec_store(x_row, vec_add(x, sum[k][v]));
        }
    }
}

/* Then the targets j .. j + nj - 1. */
FW_INLINE void move_targets(const int nj, const int width, int j, size_t d, const fw_block *b)
{
    const coefficients by = {b->residuals + j, 1, (size_t)b->n_targets};
    vec sum[4][2];
    sum_rows(nj, width, NULL, 0, b->scratch, b->n_inputs, &by, sum);
    store_sums(nj, width, b->targets + j, d, true, sum);
}

FW_INLINE void update_many_chunk(const int width, size_t d, const fw_block *b)
{
    int i = 0;
    for (; i + 4 <= b->n_inputs; i += 4)
        move_inputs(4, width, i, d, b);
    for (; i + 2 <= b->n_inputs; i += 2)
        move_inputs(2, width, i, d, b);
    if (i < b->n_inputs)
        move_inputs(1, width, i, d, b);
    int j = 0;
    for (; j + 4 <= b->n_targets; j += 4)
        move_targets(4, width, j, d, b);
    for (; j + 2 <= b->n_targets; j += 2)
        move_targets(2, width, j, d, b);
    if (j < b->n_targets)
        move_targets(1, width, j, d, b);
}

static void update_many(const fw_block *b)
{
    size_t d = 0;
    for (; d + 2 * VEC_WIDTH <= b->stride; d += 2 * VEC_WIDTH)
        update_many_chunk(2, d, b);
    for (; d < b->stride; d += VEC_WIDTH)
        update_many_chunk(1, d, b);
}

#endif
