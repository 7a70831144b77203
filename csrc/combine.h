/* SPDX-License-Identifier: Apache-2.0 */
/* Weighted sums of rows, written once over the vector vocabulary of a vec_*.h, to be included first. */
#include "compiler.h"
#include "kernels.h"

/* `width` <= 2 vecs, from float d on, of nt <= 4 rows of `to`; c is (nt, n_from). Two vecs share the loads
 * of the coefficients, which one by itself waits for. */
FW_INLINE void combine_chunk(const int nt, const int width, size_t d, float *const *to,
                             const float *const *from, int32_t n_from, const float *c, bool accumulate)
{
    vec sum[4][2];
    FW_UNROLL
    for (int i = 0; i < nt; ++i)
        sum[i][0] = sum[i][1] = vec_zero();
    for (int32_t j = 0; j < n_from; ++j) {
        vec row[2];
        FW_UNROLL
        for (int v = 0; v < width; ++v)
            row[v] = vec_load_once(from[j] + d + v * VEC_WIDTH);
        FW_UNROLL
        for (int i = 0; i < nt; ++i) {
            const vec c_ij = vec_set1(c[(size_t)i * (size_t)n_from + (size_t)j]);
            FW_UNROLL
            for (int v = 0; v < width; ++v)
                sum[i][v] = vec_fma(c_ij, row[v], sum[i][v]);
        }
    }
    FW_UNROLL
    for (int i = 0; i < nt; ++i) { /* in order: a row may stand twice in `to` */
        FW_UNROLL
        for (int v = 0; v < width; ++v) {
            float *const out = to[i] + d + v * VEC_WIDTH;
            vec_store(out, accumulate ? vec_add(vec_load(out), sum[i][v]) : sum[i][v]);
        }
    }
}

FW_INLINE void combine_tile(const int nt, size_t stride, float *const *to, const float *const *from,
                            int32_t n_from, const float *c, bool accumulate)
{
    size_t d = 0;
    for (; d + 2 * VEC_WIDTH <= stride; d += 2 * VEC_WIDTH)
        combine_chunk(nt, 2, d, to, from, n_from, c, accumulate);
    for (; d < stride; d += VEC_WIDTH)
        combine_chunk(nt, 1, d, to, from, n_from, c, accumulate);
}

static void combine_rows(size_t stride, float *const *to, int32_t n_to, const float *const *from,
                         int32_t n_from, const float *coefficients, bool accumulate)
{
    const float *c = coefficients;
    int32_t i = 0;
    for (; i + 4 <= n_to; i += 4, c += 4 * (size_t)n_from)
        combine_tile(4, stride, to + i, from, n_from, c, accumulate);
    for (; i + 2 <= n_to; i += 2, c += 2 * (size_t)n_from)
        combine_tile(2, stride, to + i, from, n_from, c, accumulate);
    if (i < n_to)
        combine_tile(1, stride, to + i, from, n_from, c, accumulate);
}
