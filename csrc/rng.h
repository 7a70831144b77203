/* SPDX-License-Identifier: Apache-2.0 */
/* Counter-based random numbers, inline for the walk; fastw2v.h states the formulas. */
#ifndef FASTW2V_RNG_H
#define FASTW2V_RNG_H

#include <stdint.h>

/* 2^64 divided by the golden ratio: the increment of SplitMix64 (Steele, Lea, Flood 2014). */
#define FW_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline uint64_t rng_draw(uint64_t substream, uint64_t counter)
{
    return rng_mix(substream + (counter + 1) * FW_GOLDEN);
}

/*
 * A number in [0, n) from 32 random bits. The bias is at most n / 2^32: 0.2 % for the rarest of ten
 * million words, and nothing to reject, so every draw costs the same.
 */
static inline uint32_t rng_below(uint32_t bits, uint32_t n)
{
    return (uint32_t)(((uint64_t)bits * n) >> 32);
}

#endif
