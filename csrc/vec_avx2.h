/* SPDX-License-Identifier: Apache-2.0 */
/* The vector vocabulary (see vec_portable.h) in AVX2 with FMA: 16 registers of 8 floats. */
#ifndef FASTW2V_VEC_AVX2_H
#define FASTW2V_VEC_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

#define VEC_WIDTH 8
#define VEC_REGISTERS 16
#define MOST_TARGETS 6 /* 6 rows + 6 sums + 3 others = 15 registers; 2 x 6 sums + 3 rows */
#define VEC_ANY_POWER false
#define TILE_ROWS 6      /* 12 sums + 2 vecs of queries + 1 element of a row = 15 */
#define TILE_VECS 2
#define DOT_QUERIES 2 /* 8 sums of four rows + 2 queries + 1 row = 11 */
#define CODE_QUERIES 4 /* 8 sums + 2 vecs of rows + ones + 1 query + 1 other = 13 */
#define CODE_BLOCKS 1
#define CODE_STEPS 4 /* 2 * 4 products of pairs, at most 2 * 15 * 127 * 2 * 4 = 30480 */

typedef __m256 vec;

FW_INLINE vec vec_zero(void) { return _mm256_setzero_ps(); }
FW_INLINE vec vec_set1(float a) { return _mm256_set1_ps(a); }
FW_INLINE vec vec_load(const float *p) { return _mm256_load_ps(p); }
FW_INLINE vec vec_load_once(const float *p)
{
    vec a = vec_load(p);
    FW_IN_REGISTER(a);
    return a;
}
FW_INLINE vec vec_load_half(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
FW_INLINE vec vec_load_int8(const int8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
FW_INLINE void vec_store(float *p, vec a) { _mm256_store_ps(p, a); }
FW_INLINE vec vec_loadu(const float *p) { return _mm256_loadu_ps(p); }
FW_INLINE void vec_storeu(float *p, vec a) { _mm256_storeu_ps(p, a); }
FW_INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
FW_INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
FW_INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
FW_INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
FW_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
FW_INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
FW_INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
FW_INLINE unsigned vec_greater(vec a, vec b)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ));
}
FW_INLINE vec vec_round(vec a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

FW_INLINE vec vec_scale(vec a, vec k)
{
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

/* Each half of the result: the sums of that half of a[0], a[1], a[2], a[3]. */
FW_INLINE vec half_sums(const vec *a)
{
    return _mm256_hadd_ps(_mm256_hadd_ps(a[0], a[1]), _mm256_hadd_ps(a[2], a[3]));
}

FW_INLINE vec vec_sums(const vec *a)
{
    const vec low = half_sums(a);
    const vec high = half_sums(a + 4);
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

typedef __m256i vec_int;

FW_INLINE vec_int vec_int_set1(int32_t a) { return _mm256_set1_epi32(a); }
FW_INLINE vec_int vec_int_add(vec_int a, vec_int b) { return _mm256_add_epi32(a, b); }
FW_INLINE vec_int vec_int_and(vec_int a, vec_int b) { return _mm256_and_si256(a, b); }
FW_INLINE vec_int vec_int_load(const int32_t *p) { return _mm256_load_si256((const __m256i *)p); }
FW_INLINE bool vec_int_is_negative(vec_int a) { return _mm256_movemask_ps(_mm256_castsi256_ps(a)) == 255; }
FW_INLINE vec_int vec_to_int(vec a) { return _mm256_cvtps_epi32(a); }
FW_INLINE float vec_largest(vec a)
{
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
FW_INLINE vec vec_from_int(vec_int a) { return _mm256_cvtepi32_ps(a); }
FW_INLINE vec_int vec_codes_load(const uint8_t *p) { return _mm256_load_si256((const __m256i *)p); }
FW_INLINE void vec_int_store(int32_t *p, vec_int a) { _mm256_store_si256((__m256i *)p, a); }
FW_INLINE vec_int vec_low_codes(vec_int x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
FW_INLINE vec_int vec_high_codes(vec_int x) { return vec_low_codes(_mm256_srli_epi16(x, 4)); }
FW_INLINE vec_int vec_dot_fours(vec_int a, vec_int x, int32_t four)
{
    return _mm256_add_epi16(a, _mm256_maddubs_epi16(x, _mm256_set1_epi32(four)));
}
FW_INLINE vec_int vec_add_sums(vec_int a, vec_int sums)
{
    return _mm256_add_epi32(a, _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
}

FW_INLINE void vec_sum4(vec a, vec b, vec c, vec d, float *out)
{
    const __m256 pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(pairs), _mm256_extractf128_ps(pairs, 1)));
}

#endif
