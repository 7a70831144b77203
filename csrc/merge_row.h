/* SPDX-License-Identifier: Apache-2.0 */
/* What a row takes from a copy of it, written once over the vector vocabulary of a vec_*.h, to be included
 * first. kernels.h says what it is. */
#ifndef FASTW2V_MERGE_ROW_H
#define FASTW2V_MERGE_ROW_H

#include "compiler.h"
#include "kernels.h"

/* How much of the others' move is in the copy's, from nothing to all of it. */
FW_INLINE float common_share(const float *row, const float *copy, const float *base, size_t stride)
{
    vec product = vec_zero();
    vec square = vec_zero();
    for (size_t d = 0; d < stride; d += VEC_WIDTH) {
        const vec before = vec_load(base + d);
        const vec others = vec_sub(vec_load(row + d), before);
        product = vec_fma(vec_sub(vec_load(copy + d), before), others, product);
        square = vec_fma(others, others, square);
    }
    float sums[4];
    vec_sum4(product, square, product, square, sums);
    return sums[0] <= 0.0f ? 0.0f : sums[0] < sums[1] ? sums[0] / sums[1] : 1.0f;
}

static void merge_row(float *row, const float *copy, const float *base, size_t stride)
{
    const vec less = vec_set1(-common_share(row, copy, base, stride));
    for (size_t d = 0; d < stride; d += VEC_WIDTH) {
        const vec before = vec_load(base + d);
        const vec now = vec_load(row + d);
        const vec move = vec_sub(vec_load(copy + d), before);
        vec_store(row + d, vec_add(now, vec_fma(less, vec_sub(now, before), move)));
    }
}

#endif
