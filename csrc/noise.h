/* SPDX-License-Identifier: Apache-2.0 */
/* Inline draw from the alias table, for the walk; fastw2v.h states the rule. */
#ifndef FASTW2V_NOISE_H
#define FASTW2V_NOISE_H

#include "fastw2v.h"
#include "rng.h"

static inline int32_t noise_draw(const fw_alias *table, int32_t size, uint64_t substream,
                                 uint64_t counter)
{
    const uint64_t r = rng_draw(substream, counter);
    const uint32_t column = rng_below((uint32_t)(r >> 32), (uint32_t)size);
    const fw_alias entry = table[column];
    return (uint32_t)r < entry.threshold ? (int32_t)column : entry.other;
}

#endif
