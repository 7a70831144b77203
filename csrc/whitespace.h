/* SPDX-License-Identifier: Apache-2.0 */
/* Private to lexicon.c: where the white space is in 64 bytes of text, as one bit a byte. */
#ifndef FASTW2V_WHITESPACE_H
#define FASTW2V_WHITESPACE_H

#include <stdint.h>
#include <string.h>

/* SSE2 belongs to every x86-64, so this is no run-time choice. */
#if defined(__SSE2__) || defined(_M_X64)
#define FW_HAVE_SSE2 1
#include <emmintrin.h>
#else
#define FW_HAVE_SSE2 0
#endif
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
#elif FW_HAVE_SSE2
    _mm_prefetch((const char *)address, _MM_HINT_T0);
#else
    (void)address;
#endif
}

/*
 * Eight bytes a step. Within the low seven bits of each byte, adding 0x7f carries into bit 7 unless
 * the byte is zero, adding 128 - k carries if it is >= k; no carry leaves its byte.
 */
static inline uint64_t fw_space_mask_portable(const uint8_t *text)
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

#if FW_HAVE_SSE2
static inline uint64_t fw_space_mask_sse2(const uint8_t *text)
{
    const __m128i blank = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t');
    const __m128i controls = _mm_set1_epi8('\r' - '\t');
    uint64_t mask = 0;
    for (unsigned i = 0; i < 4; i++) {
        __m128i chars = _mm_loadu_si128((const __m128i *)(const void *)(text + 16 * i));
        __m128i shifted = _mm_sub_epi8(chars, tab);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(shifted, controls), shifted);
        __m128i spaces = _mm_or_si128(_mm_cmpeq_epi8(chars, blank), control);
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(spaces) << 16 * i;
    }
    return mask;
}
#endif

static inline uint64_t fw_space_mask(const uint8_t *text)
{
#if FW_HAVE_SSE2
    return fw_space_mask_sse2(text);
#else
    return fw_space_mask_portable(text);
#endif
}

#endif
