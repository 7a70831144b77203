/* SPDX-License-Identifier: Apache-2.0 */
/* Several bytes of text as one number, the same on every machine. */
#ifndef FASTW2V_BYTES_H
#define FASTW2V_BYTES_H

#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

/* Eight bytes as a number, the first byte lowest, on any machine. */
static inline uint64_t fw_load_u64(const uint8_t *bytes)
{
#if defined(_MSC_VER) || (defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
#else
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
#endif
}

/* Write a number as eight bytes, the lowest first. */
static inline void fw_store_u64(uint64_t value, uint8_t *bytes)
{
#if defined(_MSC_VER) || (defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
    memcpy(bytes, &value, sizeof value);
#else
    for (int i = 0; i < 8; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
#endif
}

/* Four bytes as a number. */
static inline uint64_t fw_load_u32(const uint8_t *bytes)
{
    return bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
           (uint64_t)bytes[3] << 24; /* compilers make one load of it */
}

/* The number of the lowest bit that is set; mask != 0. */
static inline unsigned fw_lowest_bit(uint64_t mask)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(mask);
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
    unsigned long bit;
    _BitScanForward64(&bit, mask);
    return (unsigned)bit;
#else
    unsigned bit = 0;
    while (!(mask >> bit & 1))
        bit++;
    return bit;
#endif
}

/* The number of the highest bit that is set; mask != 0. */
static inline unsigned fw_highest_bit(uint64_t mask)
{
#if defined(__GNUC__)
    return 63 - (unsigned)__builtin_clzll(mask);
#elif defined(_MSC_VER) && (defined(_M_X64) || defined(_M_ARM64))
    unsigned long bit;
    _BitScanReverse64(&bit, mask);
    return (unsigned)bit;
#else
    unsigned bit = 0;
    while (mask >>= 1)
        bit++;
    return bit;
#endif
}

#endif
