/* SPDX-License-Identifier: Apache-2.0 */
/* Private to lexicon.c: a word as numbers that are quick to hash and compare. */
#ifndef FASTW2V_WORD_H
#define FASTW2V_WORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "whitespace.h"

/* Words up to here are compared as two numbers; 99.9 % of English tokens are. */
enum { FW_SHORT_BYTES = 16 };

typedef struct fw_word {
    uint64_t low, high;   /* short word: its bytes, zero-padded; long word: its hash, and zero */
    uint64_t hash;
    const uint8_t *bytes;
    size_t length;
} fw_word;

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

/* `room` bytes can be read at `bytes`; at least `length`. */
static inline fw_word fw_make_word(const uint8_t *bytes, size_t length, size_t room)
{
    fw_word made = {0, 0, 0, bytes, length};
    if (length > FW_SHORT_BYTES) {
        made.low = made.hash = fw_hash_long(bytes, length);
        return made;
    }
    if (room >= FW_SHORT_BYTES) {
        made.low = fw_load_u64(bytes);
        made.high = fw_load_u64(bytes + 8);
        if (length < 8) {
            made.low &= ((uint64_t)1 << 8 * length) - 1;
            made.high = 0;
        } else if (length < FW_SHORT_BYTES) {
            made.high &= ((uint64_t)1 << 8 * (length - 8)) - 1;
        }
    } else {
        uint8_t padded[FW_SHORT_BYTES] = {0};
        if (length > 0)
            memcpy(padded, bytes, length);
        made.low = fw_load_u64(padded);
        made.high = fw_load_u64(padded + 8);
    }
    made.hash = fw_mix(made.low, made.high);
    return made;
}

#endif
