/* SPDX-License-Identifier: Apache-2.0 */
/* The search in a sketch with the byte products of AVX-512 VNNI; the rest of such a CPU is AVX-512. */
#include <math.h>
#include <string.h>

#include "isa.h"
#include "nearest_state.h"

#ifdef FW_HAVE_X86

/* Only what follows may use these instructions; the rest of the build stays at the baseline. */
#if defined(__clang__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512vnni,avx2,fma,f16c"))),          \
                             apply_to = function)
#elif defined(__GNUC__)
#pragma GCC target("avx512f,avx512vnni,avx2,fma,f16c")
#endif

#include "vec_avx512.h"

#define BYTE_QUERIES 4
#define SKETCH_TILES
#define CODE_ROWS 8 /* 16 sums + 2 vecs of queries + 4 bytes of a row = 19; gcc 12 spills with 8 x 3 */
#define CODE_VECS 2

typedef __m512i vec_int;

FW_INLINE vec_int vec_int_zero(void) { return _mm512_setzero_si512(); }
FW_INLINE vec_int vec_int_load(const void *p) { return _mm512_load_si512(p); }
/* The same four bytes in every lane. */
FW_INLINE vec_int vec_int_set4(const uint8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}
FW_INLINE vec vec_from_int(vec_int a) { return _mm512_cvtepi32_ps(a); }
FW_INLINE vec_int vec_dot_bytes(vec_int a, const uint8_t *x, const int8_t *y)
{
    return _mm512_dpbusd_epi32(a, _mm512_load_si512(x), _mm512_load_si512(y));
}
/* Every lane of a grows by the product of its four bytes of x and of y. */
FW_INLINE vec_int vec_dot_fours(vec_int a, vec_int x, vec_int y)
{
    return _mm512_dpbusd_epi32(a, x, y);
}

#include "sketch_rows.h"

const fw_sketch_kernels fw_sketch_vnni = {pack_codes, search_codes, true};

#ifdef __clang__
#pragma clang attribute pop
#endif

#else
typedef int fw_no_vnni_kernels; /* ISO C wants something in every file */
#endif
