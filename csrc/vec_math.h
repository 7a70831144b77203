/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of numbers, written once over the vector vocabulary of a vec_*.h, to be included first. That
 * also sets VEC_ANY_POWER: whether vec_round and vec_scale take any number, not those up to 126 alone.
 * Polynomials have the least greatest relative error of their degree (Remez 1934). NaN stays NaN.
 */
#ifndef FASTW2V_VEC_MATH_H
#define FASTW2V_VEC_MATH_H

#include "compiler.h"

/* 2^t = 2^k 2^f with k whole and abs(f) <= 1/2; the polynomial in f is exact to 7.5e-8. */
FW_INLINE vec vec_exp2(vec t)
{
    if (!VEC_ANY_POWER) /* beyond, 1 + 2^t is 1 or above 8e37 anyway */
        t = vec_max(vec_set1(-126.0f), vec_min(vec_set1(126.0f), t));
    const vec k = vec_round(t);
    const vec f = vec_sub(t, k);
    /* Summed as a tree: the step waits for this (Estrin 1960). */
    const vec f2 = vec_mul(f, f);
    const vec p01 = vec_fma(vec_set1(6.93146944e-1f), f, vec_set1(1.00000012f));
    const vec p23 = vec_fma(vec_set1(5.55071309e-2f), f, vec_set1(2.40221202e-1f));
    const vec p45 = vec_fma(vec_set1(1.32764725e-3f), f, vec_set1(9.67554096e-3f));
    return vec_scale(vec_fma(vec_fma(p45, f2, p23), f2, p01), k);
}

/* e^-s; the product is rounded once, a relative error of (1.2 abs(s) + 2) * 2^-24. */
FW_INLINE vec vec_exp_minus(vec s)
{
    return vec_exp2(vec_mul(s, vec_set1(-1.44269504f))); /* -log2 e */
}

/* 1 / (1 + e^-s), within 3 * 2^-24 on all finite floats. For s < 0 the relative error is that of e^-s, which
 * a gradient does not notice. */
FW_INLINE vec vec_sigmoid(vec s)
{
    return vec_div(vec_set1(1.0f), vec_add(vec_set1(1.0f), vec_exp_minus(s)));
}

/* log(1 + e) for 0 <= e <= 1, as e times a polynomial: a relative error of 3.5 * 2^-24. */
FW_INLINE vec vec_log1p(vec e)
{
    static const float rising[] = {5.23269456e-3f,  -2.95052435e-2f, 7.82259628e-2f,
                                   -1.36632472e-1f, 1.91060081e-1f,  -2.48429820e-1f,
                                   3.33190978e-1f,  -4.99994934e-1f, 9.99999940e-1f};
    vec p = vec_set1(rising[0]);
    FW_UNROLL
    for (int i = 1; i < 9; ++i)
        p = vec_fma(p, e, vec_set1(rising[i]));
    return vec_mul(e, p);
}

/* log(1 + e^s), with no overflow. */
FW_INLINE vec vec_softplus(vec s)
{
    const vec magnitude = vec_max(s, vec_sub(vec_zero(), s));
    return vec_add(vec_max(s, vec_zero()), vec_log1p(vec_exp_minus(magnitude)));
}

#endif
