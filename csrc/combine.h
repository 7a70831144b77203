/* SPDX-License-Identifier: Apache-2.0 */
/* Weighted sums of rows, written once over the vector vocabulary of a vec_*.h, to be included first. */
#ifndef FASTW2V_COMBINE_H
#define FASTW2V_COMBINE_H

#include "compiler.h"
#include "kernels.h"

/* Coefficient (i, j) is c[i * row + j * column]. */
typedef struct coefficients {
    const float *c;
    size_t row, column;
} coefficients;

/*
 * Sum i < ni <= 4 of the `count` vecs, or pairs of vecs, that stand `d` floats behind where `rows` point; if
 * `rows` is null, one pair after another from `packed` on. Two vecs share the loads of the coefficients,
 * which one by itself waits for.
 */
FW_INLINE void sum_rows(const int ni, const int width, const float *const *rows, size_t d,
                        const float *packed, int count, const coefficients *by, vec (*sum)[2])
{
    FW_UNROLL
    for (int i = 0; i < ni; ++i)
        sum[i][0] = sum[i][1] = vec_zero();
    for (int j = 0; j < count; ++j) {
        const float *const from = rows ? rows[j] + d : packed + 2 * VEC_WIDTH * j;
        vec row[2];
        FW_UNROLL
        for (int v = 0; v < width; ++v)
            row[v] = vec_load_once(from + v * VEC_WIDTH);
        FW_UNROLL
        for (int i = 0; i < ni; ++i) {
            const vec c = vec_set1(by->c[(size_t)i * by->row + (size_t)j * by->column]);
            FW_UNROLL
            for (int v = 0; v < width; ++v)
                sum[i][v] = vec_fma(c, row[v], sum[i][v]);
        }
    }
}

/* Put, or add, sums to what stands `d` floats behind `to`; in order, for a row may stand twice in it. */
FW_INLINE void store_sums(const int ni, const int width, float *const *to, size_t d, bool accumulate,
                          vec (*sum)[2])
{
    FW_UNROLL
    for (int i = 0; i < ni; ++i) {
        FW_UNROLL
        for (int v = 0; v < width; ++v) {
            float *const out = to[i] + d + v * VEC_WIDTH;
            vec_store(out, accumulate ? vec_add(vec_load(out), sum[i][v]) : sum[i][v]);
        }
    }
}

FW_INLINE void combine_tile(const int ni, size_t stride, float *const *to, const float *const *from,
                            int32_t n_from, const float *c, bool accumulate)
{
    const coefficients by = {c, (size_t)n_from, 1};
    vec sum[4][2];
    size_t d = 0;
    for (; d + 2 * VEC_WIDTH <= stride; d += 2 * VEC_WIDTH) {
        sum_rows(ni, 2, from, d, NULL, n_from, &by, sum);
        store_sums(ni, 2, to, d, accumulate, sum);
    }
    for (; d < stride; d += VEC_WIDTH) {
        sum_rows(ni, 1, from, d, NULL, n_from, &by, sum);
        store_sums(ni, 1, to, d, accumulate, sum);
    }
}

static void combine_rows(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                         int32_t n_from, const float *c, bool accumulate)
{
    int32_t i = 0;
    for (; i + 4 <= n_to; i += 4, c += 4 * (size_t)n_from)
        combine_tile(4, stride, to + i, from, n_from, c, accumulate);
    for (; i + 2 <= n_to; i += 2, c += 2 * (size_t)n_from)
        combine_tile(2, stride, to + i, from, n_from, c, accumulate);
    if (i < n_to)
        combine_tile(1, stride, to + i, from, n_from, c, accumulate);
}

#endif
