/* SPDX-License-Identifier: Apache-2.0 */
#include "rng.h"

#include "fastw2v.h"

uint64_t fw_stream(uint64_t seed, uint64_t epoch, uint64_t chunk)
{
    /* Hashed at every level: counters as seeds would make every stream the same one, shifted. */
    const uint64_t run = rng_mix(seed + FW_GOLDEN);
    const uint64_t all_epochs = rng_mix(run + chunk + FW_GOLDEN) & ~FW_EPOCH_BITS;
    return all_epochs | (epoch & FW_EPOCH_BITS);
}

uint64_t fw_substream(uint64_t stream, fw_purpose purpose)
{
    return rng_mix(stream + ((uint64_t)purpose + 1) * FW_GOLDEN);
}

uint64_t fw_draw(uint64_t substream, uint64_t counter)
{
    return rng_draw(substream, counter);
}
