/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the lexicon: a word as numbers that are quick to hash and compare. */
#ifndef FASTW2V_WORD_H
#define FASTW2V_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "whitespace.h"

/* Words up to here are compared as two numbers; 99.9 % of English tokens are. */
enum { FW_SHORT_BYTES = 16 };

typedef struct fw_word {
    uint64_t low, high; /* short word: its bytes, zero-padded; long word: its hash, and FW_IS_LONG */
    uint64_t hash;
    const uint8_t *bytes;
    size_t length;
} fw_word;

/* What no entry has in `high`, so that two long words never pass for equal without their bytes. */
#define FW_IS_LONG UINT64_MAX

/* Odd constants with irregular bits: 2^64 over the golden ratio, and two of xxHash's primes. */
#define FW_MIX_A 0x9E3779B97F4A7C15u
#define FW_MIX_B 0xC2B2AE3D27D4EB4Fu
#define FW_MIX_C 0x165667B19E3779F9u

/* The table takes the highest bits, on which every bit of the word has a say. */
static inline uint64_t fw_mix(uint64_t low, uint64_t high)
{
    uint64_t hash = low * FW_MIX_A + (high ^ high >> 31) * FW_MIX_B;
    hash ^= hash >> 32;
    return hash * FW_MIX_C;
}

static inline uint64_t fw_hash_long(const uint8_t *bytes, size_t length)
{
    uint64_t hash = length;
    for (size_t i = 0; i + 8 <= length; i += 8)
        hash = fw_mix(fw_load_u64(bytes + i), hash);
    return fw_mix(fw_load_u64(bytes + length - 8), hash);
}

/* A short word of whose 16 bytes all can be read. No branch, for lengths vary. */
static inline void fw_load_short(fw_word *word, const uint8_t *bytes, size_t length)
{
    /* Shifts by up to 64 bits, in two steps since 64 at once has no meaning. */
    size_t n_low = length < 8 ? length : 8, n_high = length - n_low;
    word->low = fw_load_u64(bytes) & (((uint64_t)1 << 4 * n_low << 4 * n_low) - 1);
    word->high = fw_load_u64(bytes + 8) & (((uint64_t)1 << 4 * n_high << 4 * n_high) - 1);
}

/* A short word of which no byte more can be read: from loads that overlap. */
static inline void fw_load_exactly(fw_word *word, const uint8_t *bytes, size_t length)
{
    if (length >= 8) {
        word->low = fw_load_u64(bytes);
        word->high = length > 8 ? fw_load_u64(bytes + length - 8) >> 8 * (16 - length) : 0;
    } else if (length >= 4) {
        word->low = fw_load_u32(bytes) | fw_load_u32(bytes + length - 4) << 8 * (length - 4);
    } else if (length > 0) {
        size_t middle = length / 2, last = length - 1;
        word->low = bytes[0] | (uint64_t)bytes[middle] << 8 * middle |
                    (uint64_t)bytes[last] << 8 * last;
    }
}

/* `room` bytes can be read at `bytes`; at least `length`. */
static inline fw_word fw_make_word(const uint8_t *bytes, size_t length, size_t room)
{
    fw_word made = {0, 0, 0, bytes, length};
    if (length > FW_SHORT_BYTES) {
        made.low = made.hash = fw_hash_long(bytes, length);
        made.high = FW_IS_LONG;
        return made;
    }
    if (room >= FW_SHORT_BYTES)
        fw_load_short(&made, bytes, length);
    else
        fw_load_exactly(&made, bytes, length);
    made.hash = fw_mix(made.low, made.high);
    return made;
}

#endif
