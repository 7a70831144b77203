/* SPDX-License-Identifier: Apache-2.0 */
/* The vector vocabulary (see vec_portable.h) in AArch64 NEON: 32 registers of 4 floats. */
#ifndef FASTW2V_VEC_NEON_H
#define FASTW2V_VEC_NEON_H

#include <arm_neon.h>

#include "compiler.h"

#define VEC_WIDTH 4
#define VEC_REGISTERS 32
#define MOST_TARGETS 14 /* 14 rows + 14 sums + 3 others = 31 registers; 2 x 14 sums + 3 rows */

typedef float32x4_t vec;

FW_INLINE vec vec_zero(void) { return vdupq_n_f32(0.0f); }
FW_INLINE vec vec_set1(float a) { return vdupq_n_f32(a); }
FW_INLINE vec vec_load(const float *p) { return vld1q_f32(p); }
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

#endif
