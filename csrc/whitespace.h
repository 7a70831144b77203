/* SPDX-License-Identifier: Apache-2.0 */
/* Private to lexicon.c: where the white space is in 64 bytes of text, as one bit a byte. */
#ifndef FASTW2V_WHITESPACE_H
#define FASTW2V_WHITESPACE_H

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

static inline void fw_prefetch(const void *address)
{
#if defined(__GNUC__)
    __builtin_prefetch(address);
#elif defined(_MSC_VER) && defined(_M_X64)
    _mm_prefetch((const char *)address, _MM_HINT_T0);
#else
    (void)address;
#endif
}

/*
 * Eight bytes a step. Within the low seven bits of each byte, adding 0x7f carries into bit 7 unless
 * the byte is zero, adding 128 - k carries if it is >= k; no carry leaves its byte. SSE2 masks were
 * tried: the table sets the pace (500 MB/s on a Zen 4 core), and reading became no faster.
 */
static inline uint64_t fw_space_mask(const uint8_t *text)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
    uint64_t mask = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t chars = fw_load_u64(text + 8 * i);
        uint64_t low = chars & low7;
        uint64_t not_blank = (low ^ ones * ' ') + low7;
        uint64_t from_tab = low + ones * (128 - '\t');
        uint64_t beyond_return = low + ones * (128 - '\r' - 1);
        uint64_t spaces = (~not_blank | (from_tab & ~beyond_return)) & ~chars & ~low7;
        /* Bit 7 of byte j goes to bit 56 + j; the seven products never meet. */
        mask |= ((spaces >> 7) * 0x0102040810204080 >> 56) << 8 * i;
    }
    return mask;
}

#endif
