/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector vocabulary in plain C: what every vec_*.h provides, and the meaning of each word.
 * Compilers turn these loops into whatever the baseline of the architecture has.
 */
#ifndef FASTW2V_VEC_PORTABLE_H
#define FASTW2V_VEC_PORTABLE_H

#include <stdint.h>
#include <string.h>

#include "compiler.h"
#include "half.h"

#define VEC_WIDTH 4
#define VEC_REGISTERS 16
#define MOST_TARGETS 6
#define VEC_ANY_POWER false
#define TILE_ROWS 6
#define TILE_VECS 2
#define DOT_QUERIES 2
#define CODE_QUERIES 2
#define CODE_BLOCKS 1

typedef struct vec {
    float f[VEC_WIDTH];
} vec;

#define VEC_EACH for (int l = 0; l < VEC_WIDTH; ++l)

FW_INLINE vec vec_set1(float a)
{
    vec r;
    VEC_EACH r.f[l] = a;
    return r;
}

FW_INLINE vec vec_zero(void)
{
    return vec_set1(0.0f);
}

/* From 64-byte aligned memory. */
FW_INLINE vec vec_load(const float *p)
{
    vec r;
    memcpy(r.f, p, sizeof r.f);
    return r;
}

/* The same, of what has several uses: where they could read memory themselves, they shall not. */
FW_INLINE vec vec_load_once(const float *p)
{
    return vec_load(p);
}

/* From memory of any alignment that an element may have. */
FW_INLINE vec vec_load_half(const uint16_t *p)
{
    vec r;
    VEC_EACH r.f[l] = half_to_float(p[l]);
    return r;
}

FW_INLINE vec vec_load_int8(const int8_t *p)
{
    vec r;
    VEC_EACH r.f[l] = (float)p[l];
    return r;
}

FW_INLINE void vec_store(float *p, vec a)
{
    memcpy(p, a.f, sizeof a.f);
}

/* From memory of any alignment. */
FW_INLINE vec vec_loadu(const float *p)
{
    return vec_load(p);
}

FW_INLINE void vec_storeu(float *p, vec a)
{
    vec_store(p, a);
}

FW_INLINE vec vec_add(vec a, vec b)
{
    VEC_EACH a.f[l] += b.f[l];
    return a;
}

FW_INLINE vec vec_sub(vec a, vec b)
{
    VEC_EACH a.f[l] -= b.f[l];
    return a;
}

FW_INLINE vec vec_mul(vec a, vec b)
{
    VEC_EACH a.f[l] *= b.f[l];
    return a;
}

FW_INLINE vec vec_div(vec a, vec b)
{
    VEC_EACH a.f[l] /= b.f[l];
    return a;
}

/* a * b + c. Rounded twice here, once where the CPU has it fused: fmaf() is a slow call without. */
FW_INLINE vec vec_fma(vec a, vec b, vec c)
{
    return vec_add(vec_mul(a, b), c);
}

/* The smaller (larger); b if either is NaN. */
FW_INLINE vec vec_min(vec a, vec b)
{
    VEC_EACH b.f[l] = a.f[l] < b.f[l] ? a.f[l] : b.f[l];
    return b;
}

FW_INLINE vec vec_max(vec a, vec b)
{
    VEC_EACH b.f[l] = a.f[l] > b.f[l] ? a.f[l] : b.f[l];
    return b;
}

/* Bit l is set if a > b in lane l; it is not if either is NaN. */
FW_INLINE unsigned vec_greater(vec a, vec b)
{
    unsigned bits = 0;
    VEC_EACH bits |= (unsigned)(a.f[l] > b.f[l]) << l;
    return bits;
}

/* To the nearest whole number, for abs(a) < 2^22: adding 1.5 * 2^23 leaves no bits for a fraction. */
FW_INLINE vec vec_round(vec a)
{
    const vec magic = vec_set1(12582912.0f);
    return vec_sub(vec_add(a, magic), magic);
}

/* a * 2^k for whole k with abs(k) <= 126. */
FW_INLINE vec vec_scale(vec a, vec k)
{
    vec power;
    VEC_EACH
    {
        /* NaN has no integer: the product is NaN whatever the power. */
        const int32_t whole = k.f[l] == k.f[l] ? (int32_t)k.f[l] : 0;
        const uint32_t bits = (uint32_t)(whole + 127) << 23;
        memcpy(&power.f[l], &bits, sizeof bits);
    }
    return vec_mul(a, power);
}

/* Lane l of the result is the sum of all lanes of a[l]. */
FW_INLINE vec vec_sums(const vec *a)
{
    vec r;
    VEC_EACH r.f[l] = (a[l].f[0] + a[l].f[1]) + (a[l].f[2] + a[l].f[3]);
    return r;
}

/*
 * Those of sketch_rows.h are not here, because in plain C they take longer than products of floats.
 * A vec_int has an int32_t or four bytes a lane:
 *   vec_int_set1(a)           all lanes a
 *   vec_int_load(p), vec_int_store(p, a)   from and to 64-byte aligned memory
 *   vec_int_add(a, b), vec_int_and(a, b), vec_from_int(a), vec_to_int(a): rounded
 *   vec_int_is_negative(a)    whether all lanes are; vec_largest(a): of all lanes, floats
 *   vec_codes_load(p)         bytes, from 64-byte aligned memory
 *   vec_low_codes(x)          the lower four bits of each byte; vec_high_codes: the higher
 *   vec_dot_fours(a, x, y)    lane l: a + the products of its bytes in x, at most 15, with the four
 *                             signed bytes of y, an int32_t as they are in memory; of up to
 *                             2 * CODE_STEPS products (0: of any), lane l may be kept in parts
 *   vec_add_sums(a, b)        lane l: a + the parts of lane l of such sums
 */

/* out[0..3] = the sums of all lanes of a, b, c, d. */
FW_INLINE void vec_sum4(vec a, vec b, vec c, vec d, float *out)
{
    out[0] = (a.f[0] + a.f[1]) + (a.f[2] + a.f[3]);
    out[1] = (b.f[0] + b.f[1]) + (b.f[2] + b.f[3]);
    out[2] = (c.f[0] + c.f[1]) + (c.f[2] + c.f[3]);
    out[3] = (d.f[0] + d.f[1]) + (d.f[2] + d.f[3]);
}

#endif
