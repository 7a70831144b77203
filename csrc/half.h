/* SPDX-License-Identifier: Apache-2.0 */
/* float16 (IEEE 754 binary16) to float32, where the CPU has no instruction for it. */
#ifndef FASTW2V_HALF_H
#define FASTW2V_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_to_float(uint16_t half)
{
    /* The exponent and the fraction in their places of a float32; the bias is 127 there, 15 here. */
    const uint32_t shifted = (uint32_t)(half & 0x7fffu) << 13;
    float value;
    memcpy(&value, &shifted, sizeof value);
    value *= 0x1p112f; /* exact, for subnormal numbers too */
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (shifted >= 0x1fu << 23) /* infinite or NaN */
        bits |= 0xffu << 23;
    bits |= (uint32_t)(half & 0x8000u) << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
