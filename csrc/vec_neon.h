/* SPDX-License-Identifier: Apache-2.0 */
/* The vector vocabulary (see vec_portable.h) in AArch64 NEON: 32 registers of 4 floats. */
#ifndef FASTW2V_VEC_NEON_H
#define FASTW2V_VEC_NEON_H

#include <arm_neon.h>
#include <string.h>
#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"

#define VEC_WIDTH 4
#define VEC_REGISTERS 32
#define MOST_TARGETS 14 /* 14 rows + 14 sums + 3 others = 31 registers; 2 x 14 sums + 3 rows */
#define VEC_ANY_POWER false
#define TILE_ROWS 8       /* 24 sums + 3 vecs of queries + 1 element of a row = 28 */
#define TILE_VECS 3
#define DOT_QUERIES 4 /* 16 sums of four rows + 4 queries + 1 row = 21 */
#define CODE_QUERIES 4 /* 16 sums + 4 vecs of rows + 1 query + 2 others = 23 */
#define CODE_BLOCKS 1
#define CODE_STEPS 0

typedef float32x4_t vec;

FW_INLINE vec vec_zero(void) { return vdupq_n_f32(0.0f); }
FW_INLINE vec vec_set1(float a) { return vdupq_n_f32(a); }
FW_INLINE vec vec_load(const float *p) { return vld1q_f32(p); }
FW_INLINE vec vec_load_once(const float *p) { return vec_load(p); }
FW_INLINE vec vec_load_half(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
FW_INLINE vec vec_load_int8(const int8_t *p)
{
    int32_t four;
    memcpy(&four, p, sizeof four);
    const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}
FW_INLINE void vec_store(float *p, vec a) { vst1q_f32(p, a); }
FW_INLINE vec vec_loadu(const float *p) { return vld1q_f32(p); }
FW_INLINE void vec_storeu(float *p, vec a) { vst1q_f32(p, a); }
FW_INLINE vec vec_add(vec a, vec b) { return vaddq_f32(a, b); }
FW_INLINE vec vec_sub(vec a, vec b) { return vsubq_f32(a, b); }
FW_INLINE vec vec_mul(vec a, vec b) { return vmulq_f32(a, b); }
FW_INLINE vec vec_div(vec a, vec b) { return vdivq_f32(a, b); }
FW_INLINE vec vec_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
FW_INLINE vec vec_min(vec a, vec b) { return vminq_f32(a, b); } /* NaN if either is */
FW_INLINE vec vec_max(vec a, vec b) { return vmaxq_f32(a, b); }
FW_INLINE unsigned vec_greater(vec a, vec b)
{
    static const uint32_t bits[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vcgtq_f32(a, b), vld1q_u32(bits)));
}
FW_INLINE vec vec_round(vec a) { return vrndnq_f32(a); }

FW_INLINE vec vec_scale(vec a, vec k)
{
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(k), vdupq_n_s32(127));
    return vmulq_f32(a, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
}

FW_INLINE vec vec_sums(const vec *a)
{
    return vpaddq_f32(vpaddq_f32(a[0], a[1]), vpaddq_f32(a[2], a[3]));
}

typedef int32x4_t vec_int;

FW_INLINE vec_int vec_int_set1(int32_t a) { return vdupq_n_s32(a); }
FW_INLINE vec_int vec_int_add(vec_int a, vec_int b) { return vaddq_s32(a, b); }
FW_INLINE vec_int vec_int_and(vec_int a, vec_int b) { return vandq_s32(a, b); }
FW_INLINE vec_int vec_int_load(const int32_t *p) { return vld1q_s32(p); }
FW_INLINE bool vec_int_is_negative(vec_int a) { return vmaxvq_s32(a) < 0; }
FW_INLINE vec_int vec_to_int(vec a) { return vcvtnq_s32_f32(a); }
FW_INLINE vec_int vec_add_sums(vec_int a, vec_int sums) { return vaddq_s32(a, sums); }
FW_INLINE float vec_largest(vec a) { return vmaxvq_f32(a); }
FW_INLINE vec vec_from_int(vec_int a) { return vcvtq_f32_s32(a); }
FW_INLINE vec_int vec_codes_load(const uint8_t *p) { return vreinterpretq_s32_u8(vld1q_u8(p)); }
FW_INLINE void vec_int_store(int32_t *p, vec_int a) { vst1q_s32(p, a); }
FW_INLINE vec_int vec_low_codes(vec_int x)
{
    return vreinterpretq_s32_u8(vandq_u8(vreinterpretq_u8_s32(x), vdupq_n_u8(15)));
}
FW_INLINE vec_int vec_high_codes(vec_int x)
{
    return vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(x), 4));
}
FW_INLINE vec_int vec_dot_fours(vec_int a, vec_int x, int32_t four)
{
    const int8x16_t xs = vreinterpretq_s8_s32(x);
    const int8x8_t ys = vreinterpret_s8_s32(vdup_n_s32(four));
    const int16x8_t low = vmull_s8(vget_low_s8(xs), ys), high = vmull_s8(vget_high_s8(xs), ys);
    return vpadalq_s16(a, vpaddq_s16(low, high));
}

FW_INLINE void vec_sum4(vec a, vec b, vec c, vec d, float *out)
{
    vst1q_f32(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}

#endif
