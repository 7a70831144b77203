/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most multiply-adds that a core does in a second: the floor under every kernel's time.
 *
 * Each function does `rounds` x ACCUMULATORS multiply-adds of vectors in registers, without a load
 * or a store. A multiply-add takes 4 cycles and up to 4 start in one, so 16 independent chains keep
 * any core busy; with AVX2's 16 registers there is room for 14 chains and their two operands, and
 * 4 cycles x 2 a cycle need 8.
 *
 * fma_peak.py compiles it at run time with -O3 -ffp-contract=off; each returns its sum, so that no
 * compiler can leave the work out.
 */
#include <stdint.h>

#define CHAINS(count, vector, set, step)                   \
    vector chain[count];                                   \
    const vector factor = set(x), addend = set(y);         \
    for (int j = 0; j < (count); ++j)                      \
        chain[j] = set(x * (float)j);                      \
    for (int64_t i = 0; i < rounds; ++i)                   \
        _Pragma("GCC unroll 16") for (int j = 0; j < (count); ++j) chain[j] = step;

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) float fma_avx512(int64_t rounds, float x, float y)
{
    CHAINS(16, __m512, _mm512_set1_ps, _mm512_fmadd_ps(chain[j], factor, addend))
    __m512 sum = chain[0];
    for (int j = 1; j < 16; ++j)
        sum = _mm512_add_ps(sum, chain[j]);
    return _mm512_reduce_add_ps(sum);
}

__attribute__((target("avx2,fma"))) float fma_avx2(int64_t rounds, float x, float y)
{
    CHAINS(14, __m256, _mm256_set1_ps, _mm256_fmadd_ps(chain[j], factor, addend))
    __m256 sum = chain[0];
    for (int j = 1; j < 14; ++j)
        sum = _mm256_add_ps(sum, chain[j]);
    float lanes[8];
    _mm256_storeu_ps(lanes, sum);
    return lanes[0] + lanes[7];
}

/* The baseline of x86-64 has no fused multiply-add: a multiplication and an addition. */
float fma_portable(int64_t rounds, float x, float y)
{
    CHAINS(14, __m128, _mm_set1_ps, _mm_add_ps(_mm_mul_ps(chain[j], factor), addend))
    __m128 sum = chain[0];
    for (int j = 1; j < 14; ++j)
        sum = _mm_add_ps(sum, chain[j]);
    return _mm_cvtss_f32(sum);
}
#elif defined(__aarch64__)
#include <arm_neon.h>

float fma_neon(int64_t rounds, float x, float y)
{
    CHAINS(16, float32x4_t, vdupq_n_f32, vfmaq_f32(addend, chain[j], factor))
    float32x4_t sum = chain[0];
    for (int j = 1; j < 16; ++j)
        sum = vaddq_f32(sum, chain[j]);
    return vaddvq_f32(sum);
}

float fma_portable(int64_t rounds, float x, float y)
{
    CHAINS(16, float32x4_t, vdupq_n_f32, vaddq_f32(vmulq_f32(chain[j], factor), addend))
    float32x4_t sum = chain[0];
    for (int j = 1; j < 16; ++j)
        sum = vaddq_f32(sum, chain[j]);
    return vaddvq_f32(sum);
}
#endif
