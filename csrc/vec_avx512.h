/* SPDX-License-Identifier: Apache-2.0 */
/* The vector vocabulary (see vec_portable.h) in AVX-512F: 32 registers of 16 floats. */
#ifndef FASTW2V_VEC_AVX512_H
#define FASTW2V_VEC_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#include "compiler.h"

#define VEC_WIDTH 16
#define VEC_REGISTERS 32
#define MOST_TARGETS 14 /* 14 rows + 14 sums + 3 others = 31 registers; 2 x 14 sums + 3 rows */
#define VEC_ANY_POWER true
#define TILE_ROWS 8       /* 24 sums + 3 vecs of queries + 1 element of a row = 28 */
#define TILE_VECS 3
#define DOT_QUERIES 4 /* 16 sums of four rows + 4 queries + 1 row = 21 */

typedef __m512 vec;

FW_INLINE vec vec_zero(void) { return _mm512_setzero_ps(); }
FW_INLINE vec vec_set1(float a) { return _mm512_set1_ps(a); }
FW_INLINE vec vec_load(const float *p) { return _mm512_load_ps(p); }
FW_INLINE vec vec_load_once(const float *p)
{
    vec a = vec_load(p);
    FW_IN_REGISTER(a);
    return a;
}
FW_INLINE vec vec_load_half(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
FW_INLINE vec vec_load_int8(const int8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
FW_INLINE void vec_store(float *p, vec a) { _mm512_store_ps(p, a); }
FW_INLINE vec vec_loadu(const float *p) { return _mm512_loadu_ps(p); }
FW_INLINE void vec_storeu(float *p, vec a) { _mm512_storeu_ps(p, a); }
FW_INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
FW_INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
FW_INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
FW_INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
FW_INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
FW_INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
FW_INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
FW_INLINE unsigned vec_greater(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
FW_INLINE vec vec_round(vec a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
FW_INLINE vec vec_scale(vec a, vec k) { return _mm512_scalef_ps(a, k); }

FW_INLINE vec add_unpacked(vec a, vec b)
{
    return _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
}

/* Each quarter of the result: the sums of that quarter of a[0], a[1], a[2], a[3]. */
FW_INLINE vec quarter_sums(const vec *a)
{
    const __m512d ab = _mm512_castps_pd(add_unpacked(a[0], a[1])); /* a0+a2 b0+b2 a1+a3 b1+b3 */
    const __m512d cd = _mm512_castps_pd(add_unpacked(a[2], a[3]));
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                         _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
}

/* Quarters a0+a1 a2+a3 b0+b1 b2+b3. */
FW_INLINE vec add_quarters(vec a, vec b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

FW_INLINE vec vec_sums(const vec *a)
{
    return add_quarters(add_quarters(quarter_sums(a), quarter_sums(a + 4)),
                        add_quarters(quarter_sums(a + 8), quarter_sums(a + 12)));
}

FW_INLINE void vec_sum4(vec a, vec b, vec c, vec d, float *out)
{
    /* ab = a0+a2 b0+b2 a1+a3 b1+b3 in each quarter; then the halves of ab and cd side by side. */
    const __m512d ab = _mm512_castps_pd(add_unpacked(a, b));
    const __m512d cd = _mm512_castps_pd(add_unpacked(c, d));
    const vec abcd = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                                   _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(abcd), 1));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), high);
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}

#endif
