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

#define CODE_QUERIES 8 /* 16 sums + 2 vecs of rows + 1 query + 2 others = 21 */
#define CODE_BLOCKS 2
#define CODE_STEPS 0

typedef __m512i vec_int;

FW_INLINE vec_int vec_int_set1(int32_t a) { return _mm512_set1_epi32(a); }
FW_INLINE vec_int vec_int_add(vec_int a, vec_int b) { return _mm512_add_epi32(a, b); }
FW_INLINE vec_int vec_int_and(vec_int a, vec_int b) { return _mm512_and_si512(a, b); }
FW_INLINE vec_int vec_int_load(const int32_t *p) { return _mm512_load_si512(p); }
FW_INLINE bool vec_int_is_negative(vec_int a)
{
    return _mm512_cmplt_epi32_mask(a, _mm512_setzero_si512()) == 0xffff;
}
FW_INLINE vec_int vec_to_int(vec a) { return _mm512_cvtps_epi32(a); }
FW_INLINE vec_int vec_add_sums(vec_int a, vec_int sums) { return _mm512_add_epi32(a, sums); }
FW_INLINE float vec_largest(vec a) { return _mm512_reduce_max_ps(a); }
FW_INLINE vec vec_from_int(vec_int a) { return _mm512_cvtepi32_ps(a); }
FW_INLINE vec_int vec_codes_load(const uint8_t *p) { return _mm512_load_si512(p); }
FW_INLINE void vec_int_store(int32_t *p, vec_int a) { _mm512_store_si512(p, a); }
FW_INLINE vec_int vec_low_codes(vec_int x) { return _mm512_and_si512(x, _mm512_set1_epi32(0x0f0f0f0f)); }
FW_INLINE vec_int vec_high_codes(vec_int x) { return vec_low_codes(_mm512_srli_epi32(x, 4)); }
FW_INLINE vec_int vec_dot_fours(vec_int a, vec_int x, int32_t four)
{
    return _mm512_dpbusd_epi32(a, x, _mm512_set1_epi32(four));
}

#include "sketch_rows.h"

const fw_sketch_kernels fw_sketch_vnni = {pack_codes, search_codes, true};

#ifdef __clang__
#pragma clang attribute pop
#endif

#else
typedef int fw_no_vnni_kernels; /* ISO C wants something in every file */
#endif
